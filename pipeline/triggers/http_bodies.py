"""Reads a request body as strict JSON: UTF-8, one object, no duplicate keys, nothing JSON does not have."""

import json
from typing import NoReturn

from collectors.contract import JsonValue
from pipeline.errors import InvalidRequest

MAX_BODY_BYTES = 64 * 1024
_MAX_DEPTH = 16
_BLANK = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u2060\ufeff"
_NAME_LENGTH = 64


def decode(body: bytes) -> dict[str, JsonValue]:
    """Decode a request body, every string in it trimmed.

    Args:
        body: the bytes as they came.

    Returns:
        The object of the body.

    Raises:
        InvalidRequest: over 64 KiB (API.md), not UTF-8, not JSON as RFC 8259 has it, or not an object.
    """
    if len(body) > MAX_BODY_BYTES:
        raise _body_fault("The body is too large.", "must be at most 64 KiB")
    value = _trimmed(_load(_text(body)))
    if not isinstance(value, dict):
        raise _body_fault("The body is not a JSON object.", "must be a JSON object")
    return value


def shown(name: str) -> str:
    """Give a caller's own field name in a form that any answer can carry."""
    return name[:_NAME_LENGTH].encode("utf-8", "replace").decode()


def trim(text: str) -> str:
    """Remove white space from both ends, the invisible kinds that come with pasting too."""
    return text.strip(_BLANK)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _body_fault("The body is not UTF-8.", "must be UTF-8") from error


def _load(text: str) -> JsonValue:
    if not text.strip():
        raise _body_fault("The body is empty.", "must be a JSON object")
    try:
        loaded: JsonValue = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise _too_deep() from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _body_fault(f"The body is not JSON: see {place}.", "must be JSON") from error
    except ValueError as error:  # an integer of thousands of digits
        raise _body_fault("The body holds a number that is too long.", "must be JSON") from error
    return loaded


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = {}
    for name, value in pairs:
        if name in fields:
            fault = (shown(name), "is given twice")
            raise InvalidRequest(f"The body gives {fault[0]} twice.", errors=[fault])
        fields[name] = value
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise _body_fault(f"The body holds {name}, which JSON does not have.", "must be JSON")


def _trimmed(value: JsonValue, depth: int = 0) -> JsonValue:
    if depth > _MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, str):
        return trim(value)
    if isinstance(value, list):
        return [_trimmed(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {name: _trimmed(item, depth + 1) for name, item in value.items()}
    return value


def _too_deep() -> InvalidRequest:
    return _body_fault("The body is nested too deeply.", f"must be nested at most {_MAX_DEPTH} deep")


def _body_fault(detail: str, message: str) -> InvalidRequest:
    return InvalidRequest(detail, errors=[("body", message)])
