"""Claims about what calls leave in the audit log: every change, before and after it is tried; no value."""

import msgspec
import pytest

from pipeline.audit import Attempt
from pipeline.errors import AuditUnavailable, AuthenticationFailed
from pipeline.model import Rejected, Rotated
from pipeline.triggers.http_routes import ROUTES
from tests.pipeline.triggers.calls import BODIES, CONNECT, ROTATE, ROUTE, call, call_well
from tests.pipeline.triggers.memory_services import AUDITED, CONNECTION, MemoryServices

CHANGES = [route.name for route in ROUTES if route.method != "GET"]
HEADERS = {
    "content-type": "application/json",
    "x-forwarded-for": "198.51.100.1, 203.0.113.7:49828",
    "user-agent": "portal/1.0",
    "x-correlation-id": "portal-42",
}
TENANT, APPLICATION, SUBSCRIPTION = (f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 2, 3))


async def attempt_of(services: MemoryServices, name: str, **asked: object) -> Attempt:
    """Call a route and give what was recorded before it was handled."""
    await call(services, name, body=asked.get("body", BODIES.get(name)), headers=HEADERS)
    [attempt] = services.audit.started
    return attempt


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_that_changes_anything_is_audited(route: object) -> None:
    """Whatever is no GET names its action; a GET names none."""
    method, audited = getattr(route, "method", ""), getattr(route, "audited", None)

    assert (audited is not None) == (method != "GET")


@pytest.mark.parametrize("name", CHANGES)
async def test_every_change_leaves_who_what_when_from_where_and_result(
    services: MemoryServices, name: str
) -> None:
    """A beginning before the handler ran, and the end with the status that was answered."""
    attempt = await attempt_of(services, name)

    [(entry, ending)] = services.audit.finished
    assert (attempt.action, attempt.actor.kind) == (ROUTE[name].audited, "key")
    assert (attempt.origin.address, attempt.origin.user_agent) == ("203.0.113.7", "portal/1.0")
    assert attempt.correlation_id == "portal-42"
    assert entry is AUDITED
    assert (ending.result.outcome, ending.result.status) == ("succeeded", ROUTE[name].status)
    assert services.audit.recorded == []


@pytest.mark.parametrize("name", [name for name in ROUTE if name not in {*CHANGES, "finish_sign_in"}])
async def test_reading_leaves_nothing(services: MemoryServices, name: str) -> None:
    """Neither when it works nor when it is refused."""
    await call_well(services, name)
    await call(services, name, params={"colour": "red"})

    assert (services.audit.started, services.audit.finished, services.audit.recorded) == ([], [], [])


@pytest.mark.parametrize("name", CHANGES)
async def test_what_cannot_be_recorded_is_not_tried(services: MemoryServices, name: str) -> None:
    """The answer is 503, no service was asked, and there is no end of what never began."""
    services.audit.fails_with = AuditUnavailable("No.")

    answer = await call_well(services, name)

    assert (answer.status, answer.body["code"]) == (503, "audit_unavailable")
    assert services.asked == []
    assert (services.audit.finished, services.audit.recorded) == ([], [])


@pytest.mark.parametrize("name", CHANGES)
async def test_a_refused_change_is_recorded(services: MemoryServices, name: str) -> None:
    """With code and reason of its problem."""
    services.fails_with = AuthenticationFailed("No.", reason="invalid_client_secret")

    await call_well(services, name)

    [(_, ending)] = services.audit.finished
    result = ending.result
    assert (result.outcome, result.status) == ("refused", 422)
    assert (result.code, result.reason) == ("authentication_failed", "invalid_client_secret")


@pytest.mark.parametrize("name", CHANGES)
async def test_a_defect_is_recorded(services: MemoryServices, name: str) -> None:
    """As failed: a part may have been changed."""
    services.fails_with = RuntimeError("inner detail")

    await call_well(services, name)

    [(_, ending)] = services.audit.finished
    assert (ending.result.outcome, ending.result.code) == ("failed", "internal_error")
    assert b"inner detail" not in msgspec.json.encode(ending)


@pytest.mark.parametrize("name", CHANGES)
async def test_a_call_that_is_refused_unread_is_recorded(services: MemoryServices, name: str) -> None:
    """In one go, with what its address names and nothing of its body."""
    await call(services, name, body=b'{"hunter2~hunter2": 1', headers=HEADERS)

    [(attempt, ending)] = services.audit.recorded
    assert (attempt.action, ending.result.status) == (ROUTE[name].audited, 400)
    assert attempt.target.connection_ids == (("c1",) if "connection_id" in ROUTE[name].parameters else ())
    assert b"hunter2" not in msgspec.json.encode(attempt)
    assert services.audit.started == []


async def test_purging_is_an_action_of_its_own(services: MemoryServices) -> None:
    """Disconnecting keeps the evidence, purging does not."""
    await call(services, "disconnect_subscription", params={"purge_evidence": "true"})
    await call(services, "disconnect_subscription", params={"purge_evidence": "false"})

    assert [attempt.action for attempt in services.audit.started] == ["purge", "disconnect"]


async def test_connecting_names_the_credential_and_the_subscriptions(services: MemoryServices) -> None:
    """Ids, the method and the fields' names; the connections made come with the end."""
    attempt = await attempt_of(services, "connect_subscriptions")

    target = attempt.target
    assert (target.method, target.tenant_id, target.client_id) == ("client_secret", TENANT, APPLICATION)
    assert target.subscription_ids == (SUBSCRIPTION,)
    assert attempt.fields == ("auth", "name", "subscription_ids")
    assert services.audit.finished[0][1].connection_ids == ("c1",)


async def test_only_subscription_ids_are_kept_of_a_text(services: MemoryServices) -> None:
    """Whatever else somebody pasted there may be a secret."""
    body = {**CONNECT, "subscription_ids": f"hunter2~hunter2, {SUBSCRIPTION.upper()} ,,"}

    attempt = await attempt_of(services, "connect_subscriptions", body=body)

    assert attempt.target.subscription_ids == (SUBSCRIPTION,)


async def test_changing_names_the_fields_not_their_values(services: MemoryServices) -> None:
    """Who reads the log sees that the credential was replaced, not by what."""
    body = {"name": "Staging", "auth": CONNECT["auth"]}

    attempt = await attempt_of(services, "change_connection", body=body)

    assert attempt.fields == ("auth", "name")
    assert (attempt.target.connection_ids, attempt.target.client_id) == (("c1",), APPLICATION)
    assert b"Staging" not in msgspec.json.encode(attempt)


async def test_whose_access_a_connection_has_comes_with_the_end(services: MemoryServices) -> None:
    """Object id and tenant as the access token named them: of a sign-in the request tells neither."""
    auth = {"method": "sign_in", "sign_in_id": "s1"}

    attempt = await attempt_of(services, "connect_subscriptions", body={**CONNECT, "auth": auth})

    [(_, ending)] = services.audit.finished
    assert (attempt.target.method, attempt.target.tenant_id) == ("sign_in", None)
    assert (ending.tenant_id, ending.principal_id) == (CONNECTION.tenant_id, CONNECTION.auth.principal_id)
    assert b"s1" not in msgspec.json.encode(attempt)


async def test_rotating_names_the_application(services: MemoryServices) -> None:
    """And in the end every connection that was changed."""
    attempt = await attempt_of(services, "rotate_credentials")

    assert (attempt.target.tenant_id, attempt.target.client_id) == (TENANT, APPLICATION)
    assert services.audit.finished[0][1].connection_ids == ("c1",)


async def test_a_rotation_that_left_some_is_no_success(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where connections keep the old secret, the log says so, by the reason of the first."""
    left = Rejected(subscription_id=SUBSCRIPTION, problem={"code": "secret_unavailable"})

    async def rotate(*_: object, **__: object) -> Rotated:
        return Rotated(connections=(CONNECTION,), rejected=(left,))

    monkeypatch.setattr(services.connections, "rotate", rotate)
    await attempt_of(services, "rotate_credentials")

    [(_, ending)] = services.audit.finished
    result = ending.result
    assert (result.outcome, result.status, result.code) == ("failed", 200, "secret_unavailable")
    assert ending.connection_ids == (CONNECTION.id,)


@pytest.mark.parametrize("name", BODIES)
async def test_no_secret_is_kept(services: MemoryServices, name: str) -> None:
    """Of no body that may hold one."""
    attempt = await attempt_of(services, name)

    assert ROTATE["client_secret"].encode() not in msgspec.json.encode(attempt)


async def test_an_id_that_can_be_none_is_not_kept(services: MemoryServices) -> None:
    """What stands in the path may be anything."""
    await call(services, "change_connection", path={"connection_id": "<script>"}, body={"name": "x"})

    [(attempt, ending)] = services.audit.recorded
    assert (attempt.target.connection_ids, ending.result.status) == ((), 404)
