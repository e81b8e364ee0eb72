"""Values that callers may send, made from the request types themselves; and any JSON at all."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from pipeline import requests
from pipeline.times import rfc3339
from pipeline.triggers.http_bodies import trim
from pipeline.triggers.http_faults import described
from pipeline.triggers.http_parsing import POSITION

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=8,
)
_LINE = st.characters(exclude_categories=("Cs", "Cc"))
_SHORT = 40
_OLDEST = datetime.fromisoformat("1000-01-01")

type Values = st.SearchStrategy[Any]


def types() -> list[type[msgspec.Struct]]:
    """Give every struct that pipeline.requests declares, but for the base of them all."""
    return [
        found
        for found in vars(requests).values()
        if isinstance(found, type)
        and issubclass(found, msgspec.Struct)
        and found.__module__ == requests.__name__
        and found is not requests.Request
    ]


def values(of: type[msgspec.Struct]) -> st.SearchStrategy[Mapping[str, Any]]:
    """Make objects that are what a type asks, as JSON has them; optional fields are there or not."""
    return _struct(described(of))


def texts(of: type[msgspec.Struct]) -> st.SearchStrategy[Mapping[str, str]]:
    """Make query parameters that are what a type asks, as an address has them."""

    def written(query: Mapping[str, Any]) -> dict[str, str]:
        return {name: _text_of(value) for name, value in query.items() if value not in {None, ""}}

    return values(of).map(written)


def _text_of(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _struct(info: inspect.StructType) -> st.SearchStrategy[Mapping[str, Any]]:
    fields = [field for field in info.fields if field.name != POSITION]
    tag = {} if info.tag_field is None else {info.tag_field: st.just(info.tag)}
    required = {field.encode_name: _of(field.type) for field in fields if field.required}
    optional = {field.encode_name: _of(field.type) for field in fields if not field.required}
    return st.fixed_dictionaries({**tag, **required}, optional=optional)


def _of(info: inspect.Type) -> Values:
    match info:
        case inspect.Metadata(extra_json_schema={"format": str(kind)}):
            return _FORMATS[kind]
        case inspect.Metadata():
            return _of(info.type)
        case inspect.StructType():
            return _struct(info)
        case inspect.UnionType():
            return st.one_of(list(map(_of, info.types)))
        case inspect.VarTupleType():
            return st.lists(_of(info.item_type), min_size=info.min_length or 0, max_size=3)
    return _plain(info)


def _plain(info: inspect.Type) -> Values:
    match info:
        case inspect.LiteralType():
            return st.sampled_from(info.values)
        case inspect.IntType():
            return st.integers(info.ge, info.le)
        case inspect.StrType():
            most = min(info.max_length or _SHORT, _SHORT)
            text = st.text(_LINE, min_size=info.min_length or 0, max_size=most)
            return text.filter(lambda one: trim(one) == one)
    return _KINDS[type(info)]


_FORMATS: Mapping[str, Values] = {
    "uuid": st.uuids().map(str),
    "date": st.dates().map(str),
    "date-time": st.datetimes(min_value=_OLDEST, timezones=st.just(UTC)).map(rfc3339),
}
_KINDS: Mapping[type[inspect.Type], Values] = {
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
}
