"""Finds every fault of a request at once, each named by its field and said in a sentence to act on.

msgspec stops at the first fault; this walks the same types that msgspec decodes, so what is asked stands in
one place, and tests hold the two together. No sentence ever repeats a value: it might be a secret.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache

from msgspec import inspect

from collectors.contract import JsonValue
from pipeline.times import from_rfc3339
from pipeline.triggers.http_bodies import shown

type Fault = tuple[str, str]

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_TIME = re.compile(r"[1-9]\d{3}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_MOST = 2**31 - 1
_GUID_EXAMPLE = "00000000-0000-0000-0000-000000000000"
_KINDS: Mapping[type[inspect.Type], str] = {
    inspect.StrType: "a string",
    inspect.VarTupleType: "a list",
    inspect.StructType: "an object",
    inspect.IntType: "a whole number",
    inspect.BoolType: "true or false",
}


@cache
def described(of: type) -> inspect.StructType:
    """Describe a request type field by field.

    Raises:
        TypeError: it is no msgspec struct.
    """
    info = inspect.type_info(of)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{of.__name__} is no struct")
    return info


def faults(value: JsonValue, expected: inspect.Type, field: str) -> Iterator[Fault]:
    """Find what keeps a value from being of a type.

    Args:
        value: as decoded from JSON.
        expected: the type as msgspec describes it.
        field: the path of the value, such as `auth.client_id`; "" for the request itself.

    Yields:
        Pairs of field and message.
    """
    match expected:
        case inspect.Metadata():
            yield from _formatted(value, expected, field)
        case inspect.StructType():
            yield from _object(value, (expected,), field)
        case inspect.UnionType():
            yield from _union(value, expected.types, field)
        case inspect.VarTupleType():
            yield from _list(value, expected, field)
        case inspect.StrType():
            yield from _text(value, expected, field)
        case inspect.LiteralType():
            yield from _choice(value, expected.values, field)
        case inspect.IntType():
            yield from _number(value, expected, field)
        case inspect.BoolType() if not isinstance(value, bool):
            yield field, "must be true or false"


def is_time(text: str) -> bool:
    """Tell whether a text is an RFC 3339 time of a year with four digits."""
    if not _TIME.fullmatch(text):
        return False
    try:
        from_rfc3339(text.upper())
    except (ValueError, OverflowError):
        return False
    return True


def _formatted(value: JsonValue, expected: inspect.Metadata, field: str) -> Iterator[Fault]:
    extra = expected.extra_json_schema or {}
    sentence = _SENTENCES.get(str(extra.get("format")))
    if sentence and not (isinstance(value, str) and _FORMATS[str(extra["format"])](value)):
        yield field, sentence
    else:
        yield from faults(value, expected.type, field)


def _object(value: JsonValue, alternatives: Sequence[inspect.StructType], field: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield field, "must be an object"
        return
    struct, tag = alternatives[0], alternatives[0].tag_field
    if tag is not None:
        by_tag = {str(alternative.tag): alternative for alternative in alternatives}
        given = value.get(tag)
        if not isinstance(given, str) or given not in by_tag:
            yield _under(field, tag), _one_of(tuple(by_tag))
            return
        struct = by_tag[given]
    yield from _fields(value, struct, field)


def _fields(value: dict[str, JsonValue], struct: inspect.StructType, field: str) -> Iterator[Fault]:
    known = {part.encode_name: part for part in struct.fields}
    for name in value:
        if name not in known and name != struct.tag_field:
            yield _under(field, shown(name)), "unknown field"
    for name, part in known.items():
        if name in value:
            yield from faults(value[name], part.type, _under(field, name))
        elif part.required:
            yield _under(field, name), "is required"


def _union(value: JsonValue, types: Sequence[inspect.Type], field: str) -> Iterator[Fault]:
    given = [one for one in types if not isinstance(one, inspect.NoneType)]
    if value is None and any(isinstance(one, inspect.NoneType) for one in types):
        return
    structs = [one for one in given if isinstance(one, inspect.StructType)]
    if len(structs) == len(given):
        yield from _object(value, structs, field)
        return
    fitting = [one for one in given if _is_kind(value, one)]
    if len(given) == 1 or fitting:
        yield from faults(value, (fitting or given)[0], field)
    else:
        yield field, "must be " + " or ".join(_KINDS[type(_bare(one))] for one in given)


def _list(value: JsonValue, expected: inspect.VarTupleType, field: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield field, "must be a list"
    elif len(value) < (expected.min_length or 0):
        yield field, "must not be empty"
    else:
        for index, item in enumerate(value):
            yield from faults(item, expected.item_type, f"{field}[{index}]")


def _text(value: JsonValue, expected: inspect.StrType, field: str) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield field, "must be a string"
    elif len(value) < (expected.min_length or 0):
        yield field, "must not be empty"
    elif expected.max_length is not None and len(value) > expected.max_length:
        yield field, f"must be at most {expected.max_length} characters"
    elif _UNPRINTABLE.search(value):
        yield field, "must not hold control characters"


def _choice(value: JsonValue, values: Sequence[object], field: str) -> Iterator[Fault]:
    if not isinstance(value, str) or value not in values:
        yield field, _one_of([str(one) for one in values])


def _number(value: JsonValue, expected: inspect.IntType, field: str) -> Iterator[Fault]:
    least, most = expected.ge or 0, expected.le or _MOST
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        yield field, f"must be a whole number from {least} to {most}"


def _one_of(values: Sequence[str]) -> str:
    return "must be " + ("one of " if len(values) > 1 else "") + ", ".join(values)


def _under(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _bare(expected: inspect.Type) -> inspect.Type:
    return expected.type if isinstance(expected, inspect.Metadata) else expected


def _is_kind(value: JsonValue, expected: inspect.Type) -> bool:
    wanted = list if isinstance(_bare(expected), inspect.VarTupleType) else str
    return isinstance(value, wanted)


def _is_guid(text: str) -> bool:
    return _GUID.fullmatch(text) is not None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_FORMATS = {"uuid": _is_guid, "date": _is_day, "date-time": is_time}
_SENTENCES = {
    "uuid": f"must be a GUID such as {_GUID_EXAMPLE}",
    "date": "must be a date such as 2027-05-01",
    "date-time": "must be a time such as 2027-05-01T00:00:00Z (in an address, write + as %2B)",
}
