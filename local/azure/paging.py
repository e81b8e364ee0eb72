"""Page links: the same URL with an opaque `$skipToken`, valid for ever."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from local.azure.wire import JsonObject, Query, Rows


class BadSkipTokenError(ValueError):
    """A skip token that was not made here."""


class Position(Struct, frozen=True):
    """What a skip token says."""

    start: int


def skip_token(start: int) -> str:
    """Return the token for the page that starts at a position."""
    return base64.urlsafe_b64encode(msgspec.json.encode(Position(start))).decode()


def start_of(query: Query) -> int:
    """Return the position a request asks for; 0 without a token.

    Raises:
        BadSkipTokenError: the token is not one of ours.
    """
    token = query.get("$skipToken")
    if token is None:
        return 0
    try:
        start = msgspec.json.decode(base64.urlsafe_b64decode(token), type=Position).start
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSkipTokenError(token) from error
    if start < 0:
        raise BadSkipTokenError(token)
    return start


def next_link(base: str, path: str, query: Query, start: int) -> str:
    """Return the link to the page that starts at a position.

    Takes the server's URL, the request's path and query, and the position. Gives an absolute link.
    """
    kept = query.without("$skipToken").encode()
    return f"{base}{quote(path)}?{kept}&$skipToken={quote(skip_token(start))}"


def page(rows: Rows, start: int, size: int) -> tuple[list[JsonObject], int | None]:
    """Cut one page out of rows; gives it with the next page's position, None after the last."""
    end = start + size
    return list(rows[start:end]), end if end < len(rows) else None
