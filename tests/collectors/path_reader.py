"""A Reader that answers by path from memory, so that a service can be shown any subscription."""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from collectors.contract import Check, Part, Read, Reading, Verdict
from collectors.declarations.resources import JsonObject
from collectors.errors import CollectionError, ResourceAbsent

SCOPE = "/subscriptions/20ff7fc3-e762-44dd-bd96-b71116dcdc23"

type Answer = Sequence[JsonObject] | JsonObject | CollectionError


class PathReader:
    """Answers lists and objects by their path, in any case; a path nobody wrote down is absent.

    Args:
        answers: rows, an object, or the error that the reader translates Azure's answer to, by path below the
            subscription, or by whole path.
        page_size: rows on a page.
    """

    def __init__(self, answers: Mapping[str, Answer], page_size: int = 2) -> None:
        self._answers = {
            (path if path.startswith("/") else f"{SCOPE}/{path}").lower(): answer
            for path, answer in answers.items()
        }
        self._page_size = page_size
        self.sent: list[str] = []

    @property
    def subscription_id(self) -> str:
        """The subscription being read."""
        return SCOPE.rpartition("/")[2]

    @property
    def subscription_scope(self) -> str:
        """Its scope."""
        return SCOPE

    def _answer(self, read: Read, fields: Mapping[str, str]) -> Answer:
        path = read.path.format(subscription_id=self.subscription_id, **fields)
        self.sent.append(path.removeprefix(f"{SCOPE}/"))
        found = self._answers.get(path.lower(), ResourceAbsent(f"{path} does not exist."))
        if isinstance(found, CollectionError):
            raise found
        return found

    async def pages[T](self, read: Read, item: type[T], **fields: str) -> AsyncIterator[list[T]]:
        """Stream a list page by page."""
        rows = msgspec.convert(self._answer(read, fields), list[object])
        for start in range(0, len(rows), self._page_size):
            yield [msgspec.convert(row, item) for row in rows[start : start + self._page_size]]

    async def items[T](self, read: Read, item: type[T], **fields: str) -> list[T]:
        """Read a whole list."""
        return [row async for page in self.pages(read, item, **fields) for row in page]

    async def get[T](self, read: Read, of: type[T], **fields: str) -> T:
        """Read one object."""
        return msgspec.convert(self._answer(read, fields), of)

    def limits(self, check: Check) -> Mapping[str, float]:
        """Give a check's own thresholds."""
        return check.thresholds

    def client[C](self, client_class: type[C]) -> C:
        """Build an SDK client: no collector of a configuration does."""
        raise NotImplementedError(client_class)


async def read_part(part: Part, reader: PathReader) -> tuple[Reading, list[Verdict]]:
    """Collect a part; gives its reading and its verdicts, those of the population too."""
    verdicts: list[Verdict] = []

    async def keep(verdict: Verdict) -> None:
        verdicts.append(verdict)

    reading = await part.collect(reader, keep)
    assert isinstance(reading, Reading)
    return reading, verdicts


def statuses(verdicts: Sequence[Verdict]) -> dict[tuple[str, str], str]:
    """Give the status by (check id, last segment of the resource id)."""
    return {
        (one.check_id, one.resource_id.rpartition("/")[2]): one.status.value
        for one in verdicts
        if not one.check_id.startswith("population:")
    }
