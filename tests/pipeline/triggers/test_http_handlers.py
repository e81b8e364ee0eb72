"""Claims about the routes: each asks its service what the caller asked, and answers what it said."""

import msgspec
import pytest

from pipeline.connecting.attempt_limit import Trier
from pipeline.model import Page
from pipeline.requests import (
    AuditQuery,
    ChangeRequest,
    ConnectRequest,
    EvidenceQuery,
    FindingQuery,
    ResourceQuery,
    RotateRequest,
)
from tests.pipeline.triggers.calls import BODIES, CONNECT, ROTATE, call, call_well, faults_of
from tests.pipeline.triggers.memory_services import (
    AUDITED,
    CONNECTION,
    EXPORT,
    FINDING,
    ITEM,
    RESOURCE,
    RUN,
    SERVICE_STATES,
    MemoryServices,
)


def plain(answer: object) -> object:
    """Give an answer as JSON."""
    decoded: object = msgspec.json.decode(msgspec.json.encode(answer))
    return decoded


def page(*items: object) -> object:
    """Give a last page as JSON."""
    return plain(Page(items=items, next_cursor=None))


@pytest.mark.parametrize(
    ("name", "asked", "answered"),
    [
        ("connect_subscriptions", ("connect", msgspec.convert(CONNECT, ConnectRequest)), None),
        ("list_connections", ("page", 100, None), page(CONNECTION)),
        ("get_connection", ("get", "c1"), plain(CONNECTION)),
        ("change_connection", ("change", "c1", ChangeRequest(name="Staging")), plain(CONNECTION)),
        ("disconnect_subscription", ("disconnect", "c1", False), None),
        ("verify_connection", ("verify", "c1"), plain(CONNECTION)),
        ("rotate_credentials", ("rotate", msgspec.convert(ROTATE, RotateRequest)), None),
        ("start_sync_run", ("start", "c1"), plain(RUN)),
        ("start_all_sync_runs", ("start_all",), {"items": [plain(RUN)], "next_cursor": None, "total": 1}),
        ("list_sync_runs", ("runs", "c1", 100, None), page(RUN)),
        ("get_sync_run", ("run", "c1", "r1"), plain(RUN)),
        ("list_evidence", ("evidence", EvidenceQuery()), page(ITEM)),
        ("get_evidence_item", ("item", "c1-0"), plain(ITEM)),
        ("verify_evidence_chain", ("chain", "c1"), {"items": 1, "intact": True, "first_broken": None}),
        (
            "list_service_states",
            ("services", "c1"),
            plain(Page(items=SERVICE_STATES, next_cursor=None, total=2)),
        ),
        ("list_resources", ("resources", ResourceQuery()), page(RESOURCE)),
        ("list_findings", ("findings", FindingQuery()), page(FINDING)),
        ("list_control_states", ("states", "soc2_2017", None), None),
        ("export_configuration", ("export", 100, None), plain(EXPORT)),
        ("list_audit_log", ("audit", AuditQuery()), page(AUDITED)),
    ],
)
async def test_each_route_asks_its_service(
    services: MemoryServices, name: str, asked: tuple[object, ...], answered: object
) -> None:
    """A call becomes one question, and its answer goes back whole."""
    answer = await call_well(services, name)

    assert services.asked == [asked]
    assert answered is None or answer.body == answered


async def test_connecting_answers_what_was_and_what_was_not_connected(services: MemoryServices) -> None:
    """A rejected subscription stands beside the connected one."""
    answer = await call(services, "connect_subscriptions", body=CONNECT)

    assert [one["id"] for one in answer.body["connections"]] == ["c1"]
    assert answer.body["rejected"] == [
        {"subscription_id": "s", "problem": {"code": "subscription_not_found"}}
    ]


async def test_evidence_is_purged_only_when_asked(services: MemoryServices) -> None:
    """The evidence outlives its connection unless the caller says otherwise."""
    answer = await call(services, "disconnect_subscription", params={"purge_evidence": "true"})

    assert (answer.status, answer.body) == (204, None)
    assert services.asked == [("disconnect", "c1", True)]


@pytest.mark.parametrize("name", ["list_evidence", "list_findings"])
@pytest.mark.parametrize("field", ["framework", "control", "service"])
async def test_a_filter_that_nothing_can_meet_is_named(
    services: MemoryServices, name: str, field: str
) -> None:
    """A misspelt framework is not "no findings"."""
    answer = await call(services, name, params={field: "nope"})

    assert (answer.status, list(faults_of(answer))) == (400, [field])


class TestControls:
    """Controls are a list in printed order."""

    async def test_pages_go_through_the_controls_in_order(self, services: MemoryServices) -> None:
        """Two pages give every control once, in the order of the catalogue."""
        first = await call(services, "list_control_states", params={"limit": "2"})
        rest = await call(services, "list_control_states", params={"cursor": first.body["next_cursor"]})

        ids = [state["id"] for answer in (first, rest) for state in answer.body["items"]]
        assert ids == ["CC7.1", "CC7.2", "CC1.1"]
        assert (first.body["total"], rest.body["next_cursor"]) == (3, None)

    async def test_an_unknown_framework_is_not_found(self, services: MemoryServices) -> None:
        """In a path, an id that is none is 404."""
        answer = await call(services, "list_control_states", path={"framework_id": "iso27001_1999"})

        assert (answer.status, services.asked) == (404, [])


class TestCatalogue:
    """What exists can be listed without reading anything."""

    @pytest.mark.parametrize(
        ("name", "first"),
        [
            ("list_frameworks", "iso27001_2022"),
            ("list_checks", "defender_secure_score"),
            ("list_services", "defender"),
        ],
    )
    async def test_lists_begin_with_their_first(
        self, services: MemoryServices, name: str, first: str
    ) -> None:
        """Each list is a page with a total."""
        answer = await call(services, name)

        assert first in answer.body["items"][0].values()
        assert answer.body["total"] == len(answer.body["items"])

    async def test_lists_are_paged(self, services: MemoryServices) -> None:
        """The catalogue's lists have cursors like any other."""
        first = await call(services, "list_services", params={"limit": "1"})
        rest = await call(services, "list_services", params={"cursor": first.body["next_cursor"]})

        assert [one["name"] for one in rest.body["items"]] == ["storage"]


async def test_health_tells_anybody_only_the_status(services: MemoryServices) -> None:
    """The anonymous answer has one word."""
    assert (await call(services, "get_health")).body == {"status": "ok"}


async def test_health_details_name_the_functions(services: MemoryServices) -> None:
    """Those who run the app see its version and functions."""
    body = (await call(services, "get_health_details")).body

    assert (body["version"], body["functions"]) == ("1.2.3", ["get_health"])


@pytest.mark.parametrize("name", ["connect_subscriptions", "change_connection", "rotate_credentials"])
async def test_who_tries_a_credential_is_told(services: MemoryServices, name: str) -> None:
    """So that refused ones are counted for the caller too: for the address, where a key is all there is."""
    await call(services, name, body=BODIES[name], headers={"x-forwarded-for": "203.0.113.7:49828"})

    assert services.connections.tried_by == [Trier(address="203.0.113.7")]
