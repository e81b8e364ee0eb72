"""JSON bodies and page links: decoded in one place, followed only forwards."""

import codecs
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec

from collectors.errors import PageLoop, UnexpectedAnswer


class Page[T](msgspec.Struct):
    """One page of a list: `nextLink` of Resource Manager, `@odata.nextLink` of Graph and PolicyInsights."""

    value: list[T]
    next_link: str | None = msgspec.field(name="nextLink", default=None)
    odata_next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)

    @property
    def next(self) -> str | None:
        """The link to the next page, None on the last."""
        return self.next_link or self.odata_next_link or None


@cache
def _decoder(of: object) -> msgspec.json.Decoder[object]:
    decoder: Any = msgspec.json.Decoder
    return cast("msgspec.json.Decoder[object]", decoder(of))


def decode_page[T](body: bytes, item: type[T], path: str) -> Page[T]:
    """Decode one page.

    Takes the body, the type of an item, and the path for the words of an error.

    Raises:
        UnexpectedAnswer: the body does not fit; names the field.
    """
    page: Any = Page
    return cast("Page[T]", _decode(body, page[item], path))


def decode_object[T](body: bytes, of: type[T], path: str) -> T:
    """Decode one object.

    Takes the body, its type, and the path for the words of an error.

    Raises:
        UnexpectedAnswer: the body does not fit; names the field.
    """
    return cast("T", _decode(body, of, path))


def _decode(body: bytes, of: object, path: str) -> object:
    try:
        return _decoder(of).decode(body.removeprefix(codecs.BOM_UTF8))
    except msgspec.DecodeError as error:
        raise UnexpectedAnswer(f"The answer of {path} does not fit: {error}.") from error
    except UnicodeDecodeError as error:
        raise UnexpectedAnswer(f"The answer of {path} is not UTF-8.") from error


def is_json(body: bytes) -> bool:
    """Tell whether a body is one whole JSON value."""
    try:
        msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8), type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True


class Links:
    """The page links of one list: none followed twice, none beyond the cap.

    Args:
        path: the list's, for the words of an error.
        first: the address of the first page.
        cap: how many pages a list may have.
    """

    def __init__(self, path: str, first: str, cap: int) -> None:
        self._path = path
        self._seen = {first}
        self._cap = cap

    def follow(self, link: str) -> str:
        """Give the link back if it may be followed.

        Raises:
            PageLoop: it was followed before, or there are more pages than the cap.
        """
        if link in self._seen:
            raise PageLoop(f"The pages of {self._path} lead in a circle.")
        if len(self._seen) >= self._cap:
            raise PageLoop(f"{self._path} has more than {self._cap} pages.")
        self._seen.add(link)
        return link


class SdkLists:
    """The lists that an azure-mgmt client pages through by itself, watched from outside.

    A request to an address that no page announced starts a list anew. One client must not read one list twice
    at the same time: that would look like a circle.

    Args:
        cap: how many pages a list may have.
        check: raises ReadRefused for an address that may not be read.
    """

    def __init__(self, cap: int, check: Callable[[str], object]) -> None:
        self._cap = cap
        self._check = check
        self._list_of: dict[str, Links] = {}

    def note(self, url: str, body: object) -> int:
        """Note one decoded answer; gives how many items it holds.

        Raises:
            PageLoop: its page link was announced before, or there are more pages than the cap.
            ReadRefused: its page link may not be read; said here, before the client takes the link apart.
        """
        rows = body.get("value") if isinstance(body, Mapping) else None
        if not isinstance(body, Mapping) or not isinstance(rows, list):
            return 1
        if next_link := body.get("nextLink"):
            self._check(str(next_link))
            here, link = _canonical(url), _canonical(str(next_link))
            links = self._list_of.get(here) or Links(urlsplit(url).path, here, self._cap)
            self._list_of[links.follow(link)] = links
        return len(rows)


def _canonical(url: str) -> str:
    parts = urlsplit(url)
    query = sorted(pair for pair in parse_qsl(parts.query) if pair[0].lower() != "api-version")
    return f"{parts.netloc.lower()}{parts.path.lower()}?{query}"
