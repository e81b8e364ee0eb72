"""Turns bodies and queries into the types of `pipeline.requests`, or names every fault at once."""

from collections.abc import Mapping
from typing import Protocol

import msgspec
from msgspec import inspect

from collectors.contract import JsonValue
from pipeline.errors import InvalidRequest
from pipeline.times import from_rfc3339, rfc3339
from pipeline.triggers.http_bodies import decode, trim
from pipeline.triggers.http_faults import described, faults, is_time

CURSOR = "cursor"
POSITION = "position"
_FUNCTION_KEY = "code"
_MAX_DIGITS = 9
_BOOLEANS = {"true": True, "false": False}


class Opener(Protocol):
    """Opens a sealed cursor, given the query it came with."""

    async def __call__(self, cursor: str, query: msgspec.Struct) -> str:
        """Give the position; raises InvalidRequest for a cursor of another list."""
        ...


class NoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request without a body, or with an empty object."""


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request without query parameters."""


def parse[T: msgspec.Struct](body: bytes, of: type[T]) -> T:
    """Read a request body.

    Args:
        body: the bytes as they came.
        of: the msgspec struct that says what is asked.

    Returns:
        The body, every string trimmed.

    Raises:
        InvalidRequest: names each field that is missing, unknown, too long or not what it must be (API.md).
    """
    if of is NoBody and not body.strip():
        return of()
    return _converted(decode(body), of, described(of), "body")


async def parse_query[T: msgspec.Struct](params: Mapping[str, str], of: type[T], opener: Opener) -> T:
    """Read query parameters.

    Args:
        params: as they came; the function key is passed over, and so is what has no value.
        of: the msgspec struct that says what is asked; with a field `position`, it is a page of a list.
        opener: opens the `cursor` of such a page.

    Returns:
        The query, its times and GUIDs in the form that the stores compare.

    Raises:
        InvalidRequest: names each parameter that is unknown or not what it must be, the cursor included.
    """
    expected = public_fields(of)
    given = {name: trim(text) for name, text in params.items() if name != _FUNCTION_KEY}
    given = {name: text for name, text in given.items() if text}
    cursor = given.pop(CURSOR, None) if is_paged(of) else None
    types = {field.encode_name: _inner(field.type) for field in expected.fields}
    values = {name: _typed(text, types.get(name)) for name, text in given.items()}
    query = _converted(values, of, expected, "query")
    if cursor is None:
        return query
    return msgspec.structs.replace(query, **{POSITION: await opener(cursor, query)})


def is_paged(query: type[msgspec.Struct]) -> bool:
    """Tell whether a query asks for a page of a list."""
    return POSITION in query.__struct_fields__


def public_fields(query: type[msgspec.Struct]) -> inspect.StructType:
    """Describe what callers may give of a query: all but the position, which comes sealed in a cursor."""
    struct = described(query)
    fields = tuple(field for field in struct.fields if field.name != POSITION)
    return msgspec.structs.replace(struct, fields=fields)


def _inner(expected: inspect.Type) -> inspect.Type:
    """Strip `| None`: what is absent from a query is None."""
    if isinstance(expected, inspect.UnionType):
        return next(one for one in expected.types if not isinstance(one, inspect.NoneType))
    return expected


def _typed(text: str, expected: inspect.Type | None) -> JsonValue:
    """Read a parameter as its type asks; what cannot be read stays text, and is found at fault as that."""
    match expected:
        case inspect.IntType() if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
            return int(text)
        case inspect.BoolType():
            return _BOOLEANS.get(text, text)
        case inspect.Metadata(extra_json_schema={"format": "date-time"}) if is_time(text):
            return rfc3339(from_rfc3339(text.upper()))
        case inspect.Metadata(extra_json_schema={"format": "uuid"}):
            return text.lower()
    return text


def _converted[T](value: dict[str, JsonValue], of: type[T], expected: inspect.StructType, what: str) -> T:
    found = list(faults(value, expected, ""))
    if found:
        names = ", ".join(dict.fromkeys(field for field, _ in found))
        raise InvalidRequest(f"Not valid in the {what}: {names}.", errors=found)
    return msgspec.convert(value, of)
