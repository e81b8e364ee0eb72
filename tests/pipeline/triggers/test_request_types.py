"""Claims about every request type there is: any JSON is the type or refused by name; what is sent arrives."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InvalidRequest
from pipeline.requests import PageQuery, Request
from pipeline.triggers.http_browser import query_of
from pipeline.triggers.http_parsing import NoBody, NoQuery, parse, parse_query
from pipeline.triggers.http_routes import ROUTES
from tests.pipeline.triggers.request_values import JSON, texts, types, values

BODIES = [one for one in types() if issubclass(one, Request)]
BROWSERS = [route.query for route in ROUTES if route.browser]
QUERIES = [one for one in types() if not issubclass(one, Request) and one not in BROWSERS]
SEVERAL = settings(max_examples=50)
EACH_BODY = pytest.mark.parametrize("of", BODIES, ids=lambda of: of.__name__)
EACH_QUERY = pytest.mark.parametrize("of", QUERIES, ids=lambda of: of.__name__)
EACH_BROWSER = pytest.mark.parametrize("of", BROWSERS, ids=lambda of: of.__name__)


def names_of(of: type[msgspec.Struct]) -> list[str]:
    """Give the names that a type's fields have on the wire, and one that none has."""
    return [field.encode_name for field in msgspec.structs.fields(of)] + ["colour"]


async def opener(cursor: str, query: msgspec.Struct) -> str:
    """Open any cursor."""
    assert isinstance(query, PageQuery)
    return cursor


def demand_named(refused: InvalidRequest) -> None:
    """Hold a refusal to what callers are promised: each fault has its field and its sentence."""
    assert refused.code == "invalid_request"
    assert refused.errors
    for field, message in refused.errors:
        assert field in refused.detail or field == "body"
        assert message


def faults_of(body: bytes, of: type[msgspec.Struct]) -> list[str]:
    """Parse a body: it is the type and has no faults, or it is refused; gives the fields that are named."""
    try:
        assert isinstance(parse(body, of), of)
    except InvalidRequest as refused:
        demand_named(refused)
        return [field for field, _ in refused.errors]
    return []


def test_every_route_asks_with_a_type_that_is_tried() -> None:
    """No route parses a type that lies elsewhere, and so would not be tried here."""
    asked = {kind for route in ROUTES for kind in (route.request, route.query)}

    assert asked <= {*BODIES, *QUERIES, *BROWSERS, NoBody, NoQuery}


@EACH_BODY
@SEVERAL
@given(data=st.data())
def test_what_is_sent_arrives(of: type[msgspec.Struct], data: st.DataObject) -> None:
    """A body that is what the type asks is taken, means the same, and can be sent again."""
    body = data.draw(values(of))

    asked = parse(json.dumps(body).encode(), of)

    assert asked == msgspec.convert(body, of)
    assert parse(msgspec.json.encode(asked), of) == asked


@EACH_BODY
@SEVERAL
@given(data=st.data())
def test_any_json_is_the_type_or_refused(of: type[msgspec.Struct], data: st.DataObject) -> None:
    """Whatever stands in which field, and whatever the body is: the type, or faults by name."""
    fields = st.dictionaries(st.sampled_from(names_of(of)) | st.text(max_size=5), JSON, max_size=6)
    body = data.draw(fields | JSON)

    faults_of(json.dumps(body).encode(), of)


@EACH_BODY
@SEVERAL
@given(data=st.data())
def test_one_wrong_field_is_the_one_that_is_named(of: type[msgspec.Struct], data: st.DataObject) -> None:
    """A good body with any JSON in one field: no fault is blamed on another."""
    field = data.draw(st.sampled_from(names_of(of)))
    body = {**data.draw(values(of)), field: data.draw(JSON)}

    named = faults_of(json.dumps(body).encode(), of)

    assert {name.partition(".")[0].partition("[")[0] for name in named} <= {field}


@EACH_BODY
@SEVERAL
@given(body=st.binary())
def test_any_bytes_are_the_type_or_refused(of: type[msgspec.Struct], body: bytes) -> None:
    """Bytes of any kind end as the type or as a refusal, never otherwise."""
    faults_of(body, of)


@EACH_QUERY
@SEVERAL
@given(data=st.data())
async def test_what_is_asked_arrives(of: type[msgspec.Struct], data: st.DataObject) -> None:
    """Parameters that are what the type asks are taken, whatever their order, and mean the same."""
    params = data.draw(texts(of))

    query = await parse_query(params, of, opener)

    told = msgspec.to_builtins(query)
    assert {name: str(told[name]).lower() for name in params} == {
        name: text.lower() for name, text in params.items()
    }


@EACH_QUERY
@SEVERAL
@given(data=st.data())
async def test_any_parameters_are_the_type_or_refused(of: type[msgspec.Struct], data: st.DataObject) -> None:
    """Whatever text stands in which parameter: the type, or faults by name."""
    names = st.sampled_from([*names_of(of), "cursor", "code"]) | st.text(max_size=5)
    params = data.draw(st.dictionaries(names, st.text(), max_size=6))

    try:
        assert isinstance(await parse_query(params, of, opener), of)
    except InvalidRequest as refused:
        demand_named(refused)


@EACH_BROWSER
@SEVERAL
@given(data=st.data())
def test_a_browser_is_never_refused(of: type[msgspec.Struct], data: st.DataObject) -> None:
    """Whatever a browser comes back with is taken, and what nobody asks for is passed over."""
    params = data.draw(st.dictionaries(st.sampled_from(names_of(of)) | st.text(max_size=5), st.text()))

    query = query_of(params, of)

    told = msgspec.to_builtins(query)
    assert {name: text for name, text in told.items() if text is not None} == {
        name: params[name] for name in told.keys() & params.keys() if params[name]
    }
