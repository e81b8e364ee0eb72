"""A Reader over answers held in memory, so that a collector can be shown any answer without a server.

The SDK's client is the real one: only the sending of its requests ends here.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy, ContentDecodePolicy
from azure.core.rest import HttpRequest

from collectors.contract import Check, Emit, Part, Read, Reading, Verdict
from collectors.errors import CollectionError, UnexpectedAnswer

FIXTURES = Path(__file__).with_name("fixtures")
SUBSCRIPTION_ID = "20ff7fc3-e762-44dd-bd96-b71116dcdc23"

type Body = dict[str, Any]
type Pages = Sequence[Sequence[Any]] | CollectionError | str
"""The pages of a list; or the error the reader translates Azure's answer to; or a `value` that is no list."""


def official(name: str) -> list[Body]:
    """Give the rows of an example of Microsoft's REST API specification; the file names its source."""
    example: Body = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    rows: list[Body] = example["response"]["body"]["value"]
    return rows


class Sent(msgspec.Struct, frozen=True):
    """A request that reached Azure: the last segment of its path, its api-version, the page asked for."""

    list_name: str
    api_version: str
    page: int = 0


class MemoryReader:
    """Answers each list by the last segment of its path; asking for another is a mistake of the test."""

    def __init__(self, answers: Mapping[str, Pages]) -> None:
        self._answers = answers
        self._whole: dict[Read, list[Any]] = {}
        self.sent: list[Sent] = []

    @property
    def subscription_id(self) -> str:
        """The subscription being read."""
        return SUBSCRIPTION_ID

    @property
    def subscription_scope(self) -> str:
        """Its scope."""
        return f"/subscriptions/{SUBSCRIPTION_ID}"

    def limits(self, check: Check) -> Mapping[str, float]:
        """Give a check's default thresholds."""
        return check.thresholds

    def page(self, url: str, api_version: str) -> tuple[object, int | None]:
        """Give the rows of one page, and the number of the page that follows."""
        parts = urlsplit(url)
        number = int(parse_qs(parts.query).get("page", ["0"])[0])
        name = parts.path.rpartition("/")[2]
        self.sent.append(Sent(name, api_version, number))
        pages = self._answers[name]
        if isinstance(pages, CollectionError):
            raise pages
        if isinstance(pages, str):
            return pages, None
        following = number + 1 if number + 1 < len(pages) else None
        return deepcopy(list(pages[number])) if pages else [], following

    async def pages[T](self, read: Read, item: type[T], **fields: str) -> AsyncIterator[list[T]]:
        """Stream a list page by page."""
        path = read.path.format(subscription_id=SUBSCRIPTION_ID, **fields)
        number: int | None = 0
        while number is not None:
            rows, number = self.page(f"{path}?page={number}", read.api_version)
            try:
                yield [msgspec.convert(row, item) for row in msgspec.convert(rows, list[Any])]
            except msgspec.ValidationError as error:
                raise UnexpectedAnswer(str(error)) from error

    async def items[T](self, read: Read, item: type[T], **fields: str) -> list[T]:
        """Read a whole list, once."""
        if read not in self._whole:
            self._whole[read] = [one async for page in self.pages(read, item, **fields) for one in page]
        return self._whole[read]

    async def get[T](self, read: Read, of: type[T], **fields: str) -> T:
        """Read one object: no part of these collectors does."""
        raise NotImplementedError

    def client[C](self, client_class: type[C]) -> C:
        """Build the SDK's client, its requests answered from memory."""
        make: Any = client_class
        client: C = make(
            credential=_NoCredential(), subscription_id=SUBSCRIPTION_ID, policies=[_FromMemory(self)]
        )
        return client


class _NoCredential:
    async def get_token(self, *_scopes: str, **_options: object) -> object:
        raise NotImplementedError

    async def close(self) -> None:
        """Do nothing: there is nothing open."""


class _Answer:
    """As much of an HTTP response as the SDK looks at."""

    status_code = 200

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.headers: dict[str, str] = {}


class _FromMemory(AsyncHTTPPolicy[Any, Any]):
    def __init__(self, reader: MemoryReader) -> None:
        super().__init__()
        self._reader = reader

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        url = request.http_request.url
        api_version = parse_qs(urlsplit(url).query)["api-version"][0]
        rows, following = self._reader.page(url, api_version)
        body: Body = {"value": rows}
        if following is not None:
            body["nextLink"] = f"{url.partition('?')[0]}?api-version={api_version}&page={following}"
        request.context[ContentDecodePolicy.CONTEXT_NAME] = body
        return PipelineResponse(request.http_request, _Answer(request.http_request), request.context)


async def collected(part: Part, reader: MemoryReader) -> tuple[dict[str, Any], list[Verdict]]:
    """Collect a part; gives its summary and its verdicts in the order they came."""
    verdicts: list[Verdict] = []

    async def keep(verdict: Verdict) -> None:
        verdicts.append(verdict)

    emit: Emit = keep
    answer = await part.collect(reader, emit)
    return dict(answer.summary if isinstance(answer, Reading) else answer), verdicts
