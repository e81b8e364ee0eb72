"""Claims about parsing: every fault named at once, friendly, never with a value; and msgspec agrees."""

import contextlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.authentication.methods import METHODS
from pipeline.errors import InvalidRequest
from pipeline.requests import (
    ChangeRequest,
    ClientSecretAuth,
    ConnectRequest,
    EvidenceQuery,
    FindingQuery,
    PageQuery,
    RotateRequest,
)
from pipeline.triggers.http_faults import described, faults
from pipeline.triggers.http_parsing import NoBody, NoQuery, parse, parse_query
from tests.pipeline.triggers.calls import CONNECT, ROTATE

SECRET = "hunter2~hunter2"
AUTHS = [method.request_type for method in METHODS.values()]
METHOD = "must be one of " + ", ".join(METHODS)
GUID = "must be a GUID such as 00000000-0000-0000-0000-000000000000"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=8,
)


def connect_with(**changes: object) -> bytes:
    """Write a connect request, changed."""
    return json.dumps({**CONNECT, **changes}).encode()


def auth_with(**changes: object) -> dict[str, object]:
    """Make its `auth`, changed."""
    return {**CONNECT["auth"], **changes}


def faults_of(body: bytes, of: type[msgspec.Struct] = ConnectRequest) -> dict[str, str]:
    """Give the faults that a body is refused with."""
    with pytest.raises(InvalidRequest) as raised:
        parse(body, of)
    return dict(raised.value.errors)


async def opener(cursor: str, query: msgspec.Struct) -> str:
    """Open any cursor."""
    assert isinstance(query, PageQuery)
    return cursor.removeprefix("sealed-")


async def query_faults(params: Mapping[str, str], of: type[msgspec.Struct]) -> dict[str, str]:
    """Give the faults that a query is refused with."""
    with pytest.raises(InvalidRequest) as raised:
        await parse_query(params, of, opener)
    return dict(raised.value.errors)


class TestBody:
    """Bodies become requests, or every fault is named."""

    def test_a_good_body_becomes_the_request(self) -> None:
        """What API.md shows is taken, defaults filled in."""
        asked = parse(connect_with(), ConnectRequest)

        assert asked.name == "Production"
        assert isinstance(asked.auth, ClientSecretAuth)
        assert asked.auth.client_secret == SECRET
        assert asked.frequency == "daily"
        assert asked.sync_now is True

    def test_values_are_trimmed_before_they_are_judged(self) -> None:
        """A GUID, or a secret, pasted with stray spaces works."""
        padded = auth_with(client_secret=f" {SECRET}\n", client_id=f"\t{CONNECT['auth']['client_id']} ")

        asked = parse(connect_with(auth=padded), ConnectRequest)

        assert isinstance(asked.auth, ClientSecretAuth)
        assert asked.auth.client_secret == SECRET
        assert asked.auth.client_id == CONNECT["auth"]["client_id"]

    def test_names_every_fault_at_once(self) -> None:
        """Missing, unknown, wrong and nested faults come in one answer."""
        body = {
            "auth": {"method": "client_secret", "tenant_id": "x", "client_secret": 7, "extra": 1},
            "subscription_ids": ["nope"],
            "frequency": "weekly",
            "services": "defender",
            "sync_now": "yes",
            "nome": "typo",
        }

        assert faults_of(json.dumps(body).encode()) == {
            "nome": "unknown field",
            "name": "is required",
            "auth.extra": "unknown field",
            "auth.tenant_id": GUID,
            "auth.client_id": "is required",
            "auth.client_secret": "must be a string",
            "subscription_ids[0]": GUID,
            "frequency": "must be one of daily, hourly",
            "services": "must be a list",
            "sync_now": "must be true or false",
        }

    @pytest.mark.parametrize(
        ("change", "field", "message"),
        [
            ({"name": ""}, "name", "must not be empty"),
            ({"name": "   "}, "name", "must not be empty"),
            ({"name": "x" * 121}, "name", "must be at most 120 characters"),
            ({"name": "a\u0000b"}, "name", "must not hold control characters"),
            ({"name": "\ud800"}, "name", "must not hold control characters"),
            ({"name": None}, "name", "must be a string"),
            ({"frequency": ["daily"]}, "frequency", "must be one of daily, hourly"),
            ({"auth": "secret"}, "auth", "must be an object"),
            ({"auth": {}}, "auth.method", METHOD),
            ({"auth": auth_with(method="password")}, "auth.method", METHOD),
            ({"auth": auth_with(method=["client_secret"])}, "auth.method", METHOD),
            (
                {"auth": auth_with(secret_expires_on="2027-02-30")},
                "auth.secret_expires_on",
                "must be a date such as 2027-05-01",
            ),
            (
                {"auth": auth_with(secret_expires_on="20270501")},
                "auth.secret_expires_on",
                "must be a date such as 2027-05-01",
            ),
            ({"subscription_ids": []}, "subscription_ids", "must not be empty"),
            ({"subscription_ids": 7}, "subscription_ids", "must be a list or a string"),
            ({"services": [1]}, "services[0]", "must be a string"),
            ({"x\ud800" + "y" * 100: 1}, "x?" + "y" * 62, "unknown field"),
        ],
    )
    def test_says_what_a_field_must_be(self, change: dict[str, Any], field: str, message: str) -> None:
        """Each kind of fault has one sentence."""
        assert faults_of(connect_with(**change)) == {field: message}

    def test_takes_subscriptions_as_one_text(self) -> None:
        """One text is as good as a list; connections part it at its commas."""
        given_ids = ", ".join(["00000000-0000-0000-0000-000000000003"] * 2)

        assert parse(connect_with(subscription_ids=given_ids), ConnectRequest).subscription_ids == given_ids

    def test_null_is_a_value_only_where_it_is_allowed(self) -> None:
        """Null means all services when connecting, and nothing when changing."""
        assert parse(connect_with(services=None), ConnectRequest).services is None
        assert faults_of(b'{"services": null}', ChangeRequest) == {"services": "must be a list"}

    def test_a_change_holds_what_was_given(self) -> None:
        """What a change does not name stays unset."""
        asked = parse(b'{"status": "paused"}', ChangeRequest)

        assert asked.status == "paused"
        assert asked.name is msgspec.UNSET

    def test_no_fault_repeats_a_value(self) -> None:
        """A secret in the wrong place is not echoed."""
        auth = {"method": SECRET, "tenant_id": SECRET, "client_secret": [SECRET]}
        body = connect_with(auth=auth, frequency=SECRET, subscription_ids=[SECRET], services=SECRET)

        with pytest.raises(InvalidRequest) as raised:
            parse(body, ConnectRequest)

        assert SECRET not in repr((raised.value.errors, raised.value.detail, raised.value.__cause__))

    @pytest.mark.parametrize("body", [b"", b" ", b"{}"])
    def test_a_route_without_a_body_takes_none(self, body: bytes) -> None:
        """Nothing, and an empty object, are no body."""
        assert parse(body, NoBody) == NoBody()

    def test_a_route_without_a_body_refuses_fields(self) -> None:
        """A field that nobody reads is not passed over in silence."""
        assert faults_of(b'{"force": true}', NoBody) == {"force": "unknown field"}


class Cat(msgspec.Struct, tag="cat", tag_field="kind", forbid_unknown_fields=True):
    """One of two."""

    lives: Annotated[int, msgspec.Meta(ge=1)]


class Dog(msgspec.Struct, tag="dog", tag_field="kind", forbid_unknown_fields=True):
    """The other."""

    name: str
    size: Literal["big", "small"] | None = None


class Owner(msgspec.Struct, forbid_unknown_fields=True):
    """Of one or the other."""

    pet: Cat | Dog


class TestAlternatives:
    """The sentences keep up when the credential gets more methods."""

    def test_the_tag_decides_which_fields_are_judged(self) -> None:
        """Faults are those of the alternative that was named."""
        assert faults_of(b'{"pet": {"kind": "cat", "name": "x"}}', Owner) == {
            "pet.name": "unknown field",
            "pet.lives": "is required",
        }

    def test_a_missing_tag_names_the_choices(self) -> None:
        """Without the tag, the choices are named, nothing else."""
        assert faults_of(b'{"pet": {"name": "x"}}', Owner) == {"pet.kind": "must be one of cat, dog"}

    def test_numbers_say_their_bounds(self) -> None:
        """A number out of bounds, or none, is told the bounds."""
        message = "must be a whole number from 1 to 2147483647"

        assert faults_of(b'{"pet": {"kind": "cat", "lives": 0}}', Owner) == {"pet.lives": message}
        assert faults_of(b'{"pet": {"kind": "cat", "lives": true}}', Owner) == {"pet.lives": message}

    def test_only_structs_are_described(self) -> None:
        """A type that is no struct is a programmer's mistake, said at once."""
        with pytest.raises(TypeError, match="int is no struct"):
            described(int)


class TestAgreement:
    """The walk over the types and msgspec itself never disagree."""

    @given(
        st.dictionaries(
            st.sampled_from(["name", "auth", "subscription_ids", "frequency", "services", "sync_now", "x"]),
            JSON
            | st.sampled_from(["daily", "", CONNECT["auth"], CONNECT["subscription_ids"], ["defender"]])
            | st.fixed_dictionaries(
                {"method": st.sampled_from(list(METHODS)), "tenant_id": JSON},
                optional=dict.fromkeys(("client_id", "certificate_pem", "identity_client_id"), JSON),
            ),
        ),
        st.sampled_from([ConnectRequest, ChangeRequest, RotateRequest, *AUTHS, Owner]),
    )
    def test_what_has_no_fault_is_decoded(self, value: dict[str, Any], of: type[msgspec.Struct]) -> None:
        """Any JSON is decoded or refused with named faults: never another error."""
        with contextlib.suppress(InvalidRequest):
            assert isinstance(parse(json.dumps(value).encode(), of), of)

    @given(st.sampled_from(["name", "auth", "subscription_ids", "frequency", "services", "sync_now"]), JSON)
    def test_what_msgspec_refuses_has_a_fault(self, field: str, value: object) -> None:
        """Every value that msgspec refuses is named."""
        body = {**CONNECT, field: value}
        try:
            msgspec.convert(body, ConnectRequest)
        except msgspec.ValidationError:
            assert list(faults(body, described(ConnectRequest), ""))

    @given(st.dictionaries(st.sampled_from(["limit", "cursor", "as_of", "latest", "service"]), st.text()))
    async def test_any_query_is_read_or_refused(self, params: dict[str, str]) -> None:
        """No text in any parameter ends in another error than InvalidRequest."""
        with contextlib.suppress(InvalidRequest):
            assert isinstance(await parse_query(params, EvidenceQuery, opener), EvidenceQuery)


class TestQuery:
    """Queries become the same kind of types, from text."""

    async def test_text_becomes_what_the_type_asks(self) -> None:
        """Numbers, booleans and the cursor's position are read; the function key is passed over."""
        params = {"limit": " 25 ", "latest": "true", "cursor": "sealed-p1", "code": "key", "kind": "alerts"}

        query = await parse_query(params, EvidenceQuery, opener)

        assert query == EvidenceQuery(limit=25, latest=True, position="p1", kind="alerts")

    async def test_guids_are_compared_in_lower_case(self) -> None:
        """A subscription is the same in any casing, and what is no GUID is no subscription."""
        query = await parse_query(
            {"subscription_id": "ABCDEF00-0000-0000-0000-00000000000A"}, FindingQuery, opener
        )

        assert query.subscription_id == "abcdef00-0000-0000-0000-00000000000a"
        assert await query_faults({"subscription_id": "x"}, FindingQuery) == {"subscription_id": GUID}

    async def test_what_has_no_value_is_absent(self) -> None:
        """An empty parameter, as a form sends it, is no filter."""
        assert await parse_query({"service": " ", "cursor": ""}, FindingQuery, opener) == FindingQuery()

    @pytest.mark.parametrize(
        ("text", "stored"),
        [
            ("2026-11-21T22:24:00Z", "2026-11-21T22:24:00.000000Z"),
            ("2026-11-21t22:24:00.5z", "2026-11-21T22:24:00.500000Z"),
            ("2026-11-21T23:24:00.123456789+01:00", "2026-11-21T22:24:00.123456Z"),
            ("2026-11-21 22:24:00-00:30", "2026-11-21T22:54:00.000000Z"),
        ],
    )
    async def test_times_are_given_the_width_the_stores_compare(self, text: str, stored: str) -> None:
        """Any RFC 3339 time becomes UTC with six decimals, so that text order is time order."""
        query = await parse_query({"as_of": text}, FindingQuery, opener)

        assert query.as_of == stored

    @pytest.mark.parametrize(
        "text",
        [
            "yesterday",
            "2026-11-21",
            "2026-11-21T22:24:00",
            "2026-11-21T22:24:00 01:00",
            "2026-13-21T22:24:00Z",
            "2026-W47-6T22:24:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
        ],
    )
    async def test_refuses_what_is_no_time(self, text: str) -> None:
        """Anything else, a bare date included, is refused with an example."""
        assert await query_faults({"as_of": text}, EvidenceQuery) == {
            "as_of": "must be a time such as 2027-05-01T00:00:00Z (in an address, write + as %2B)"
        }

    @pytest.mark.parametrize("text", ["0", "1001", "-1", "1.5", "ten", "9" * 40, "\u0663"])
    async def test_refuses_a_bad_limit(self, text: str) -> None:
        """A limit is a whole number from 1 to 1000."""
        assert await query_faults({"limit": text}, PageQuery) == {
            "limit": "must be a whole number from 1 to 1000"
        }

    async def test_names_every_fault_of_a_query(self) -> None:
        """Unknown parameters and wrong values come in one answer."""
        params = {"latest": "yes", "limit": "0", "colour": "red"}

        assert await query_faults(params, EvidenceQuery) == {
            "colour": "unknown field",
            "limit": "must be a whole number from 1 to 1000",
            "latest": "must be true or false",
        }

    async def test_a_position_cannot_be_given_unsealed(self) -> None:
        """Only a cursor carries a position."""
        assert await query_faults({"position": "p1"}, PageQuery) == {"position": "unknown field"}

    async def test_a_cursor_belongs_to_lists(self) -> None:
        """A route that is no list knows no cursor."""
        assert await query_faults({"cursor": "x"}, NoQuery) == {"cursor": "unknown field"}

    @pytest.mark.parametrize(("name", "value"), [("status", "open"), ("severity", "HIGH")])
    async def test_verdicts_and_severities_are_known(self, name: str, value: str) -> None:
        """A verdict or severity that no finding can have is refused, with those there are."""
        found = await query_faults({name: value}, FindingQuery)

        assert found[name].startswith("must be one of ")


def test_rotation_is_parsed_like_a_credential() -> None:
    """The fields of a rotation are judged like those of `auth`."""
    assert faults_of(json.dumps({**ROTATE, "client_id": "x"}).encode(), RotateRequest) == {"client_id": GUID}
