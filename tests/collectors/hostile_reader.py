"""A Reader that gives what the simulated Azure answered before, damaged: gone, null, or of another type."""

from collections.abc import AsyncIterator, Mapping
from random import Random

import msgspec

from collectors.contract import Check, JsonValue, Part, Read, Reader, Verdict
from collectors.declarations.resources import JsonObject
from collectors.errors import ResourceAbsent
from local.azure import SimulatedAzure
from tests.collectors.simulated_reader import reading

# Values of every type, and those that trip whoever converts without looking: far numbers, words for numbers,
# times at the ends of the calendar, digits that are none, ranges of ports and addresses that are none.
_MIXED: list[JsonValue] = [1, "x", {}]
HOSTILE: tuple[JsonValue, ...] = (
    *(None, True, False, 0, -1, 2**63 - 1, 1.5, 1e308, "", " ", "x", "Enabled", "nan", "inf", "-1", "1e999"),
    *("²", "٣", "9" * 5000, "22-", "1-99999999999999", "0.0.0.0/99", "::/0", "1.2.3.4.5", "a.b", "P", ";,"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.9999999-14:00", "2024-13-01", "/", "//", "$"),
    *([], [None], _MIXED, [[]], [{"id": "/x", "properties": None}], {}, {"a": None}, {"id": "/x"}),
)
ROWS = 6

type Answers = Mapping[Read, list[tuple[dict[str, str], object]]]


class Recorder:
    """A reader that keeps every answer."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.answers: dict[Read, list[tuple[dict[str, str], object]]] = {}

    @property
    def subscription_id(self) -> str:
        """The subscription being read."""
        return self._reader.subscription_id

    @property
    def subscription_scope(self) -> str:
        """Its scope."""
        return self._reader.subscription_scope

    def limits(self, check: Check) -> Mapping[str, float]:
        """Give a check's thresholds."""
        return self._reader.limits(check)

    def client[C](self, client_class: type[C]) -> C:
        """Build an SDK client."""
        return self._reader.client(client_class)

    async def items[T](self, read: Read, item: type[T], **fields: str) -> list[T]:
        """Read a whole list."""
        return self._kept(read, fields, await self._reader.items(read, item, **fields))

    async def get[T](self, read: Read, of: type[T], **fields: str) -> T:
        """Read one object."""
        return self._kept(read, fields, await self._reader.get(read, of, **fields))

    async def pages[T](self, read: Read, item: type[T], **fields: str) -> AsyncIterator[list[T]]:
        """Give a whole list as one page."""
        yield await self.items(read, item, **fields)

    def _kept[T](self, read: Read, fields: dict[str, str], answer: T) -> T:
        self.answers.setdefault(read, []).append((fields, answer))
        return answer


class HostileReader:
    """Answers from a record, some rows of each list, each damaged by chance but for its id.

    Args:
        answers: what Azure answered.
        chance: decides what is damaged, and how.
        harm: how likely each value is damaged.
    """

    subscription_id = "20ff7fc3-e762-44dd-bd96-b71116dcdc23"
    subscription_scope = f"/subscriptions/{subscription_id}"

    def __init__(self, answers: Answers, chance: Random, harm: float) -> None:
        self._answers = answers
        self._chance = chance
        self._harm = harm

    def limits(self, check: Check) -> Mapping[str, float]:
        """Give a check's own thresholds."""
        return check.thresholds

    async def items[T](self, read: Read, item: type[T], **fields: str) -> list[T]:
        """Give some rows of a list."""
        found = msgspec.convert(self._found(read, fields), list[JsonObject])
        rows = self._chance.sample(found, min(len(found), ROWS))
        return [msgspec.convert(self._damaged(row), item) for row in rows]

    async def get[T](self, read: Read, of: type[T], **fields: str) -> T:
        """Give one object."""
        return msgspec.convert(self._damaged(msgspec.convert(self._found(read, fields), JsonObject)), of)

    async def pages[T](self, read: Read, item: type[T], **fields: str) -> AsyncIterator[list[T]]:
        """Give some rows of a list as one page."""
        yield await self.items(read, item, **fields)

    def client[C](self, client_class: type[C]) -> C:
        """Build an SDK client: no collector of a configuration does."""
        raise NotImplementedError(client_class)

    def _found(self, read: Read, fields: dict[str, str]) -> object:
        kept = self._answers.get(read)
        if not kept:
            raise ResourceAbsent(f"{read.path} does not exist.")
        return next((answer for asked, answer in kept if asked == fields), self._chance.choice(kept)[1])

    def _damaged(self, row: JsonObject) -> JsonObject:
        return {name: row[name] if name == "id" else self._harmed(row[name]) for name in row}

    def _harmed(self, value: JsonValue) -> JsonValue:
        if self._chance.random() < self._harm:
            return self._chance.choice(HOSTILE)
        if isinstance(value, list):
            return [self._harmed(one) for one in value]
        if isinstance(value, dict):
            return {name: self._harmed(one) for name, one in value.items() if self._stays()}
        return value

    def _stays(self) -> bool:
        return self._chance.random() >= self._harm


async def recorded(part: Part) -> Answers:
    """Give what the simulated Azure answers a part: a generated subscription, then Microsoft's examples."""
    answers: dict[Read, list[tuple[dict[str, str], object]]] = {}
    for profile, name in (("demo", "production"), ("small", "specification")):
        async with SimulatedAzure(profile) as azure, reading(azure, name) as reader:
            recorder = Recorder(reader)
            await part.collect(recorder, _forget)
            for read, kept in recorder.answers.items():
                answers.setdefault(read, []).extend(kept)
    return answers


async def _forget(verdict: Verdict) -> None:
    del verdict
