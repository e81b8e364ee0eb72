"""The troubleshooting of the product's documents: each trouble is told with its cause and what to do."""

from datetime import UTC, datetime, timedelta

import pytest

from local.api_client import Json, Reply
from local.stack import Stack
from tests.end_to_end.conftest import Connect
from tests.end_to_end.reading import evidence, row, rows, synced

UNKNOWN = "00000000-1111-4222-8333-444444444444"


def _auth_of(stack: Stack, name: str) -> dict[str, str]:
    """Give the credential of a simulated application by name."""
    [application] = [one for one in rows(stack.azure.directory["applications"]) if one["name"] == name]
    [secret] = rows(application["secrets"])
    return {
        "method": "client_secret",
        "tenant_id": str(application["tenant_id"]),
        "client_id": str(application["client_id"]),
        "client_secret": str(secret["client_secret"]),
    }


def _refused(stack: Stack, auth: dict[str, str], name: str = "production") -> Json:
    """Try to connect and give the problem."""
    reply = _connect(stack, auth, name)
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert list(stack.api.items("/connections")) == []
    return {"status": reply.status, **reply.document}


def _connect(stack: Stack, auth: dict[str, str], name: str) -> Reply:
    return stack.api.call(
        "POST",
        "/connections",
        {"name": name, "auth": auth, "subscription_ids": [stack.subscription_id(name)], "sync_now": False},
    )


@pytest.mark.parametrize(
    ("change", "reason", "advice"),
    [
        ({"client_secret": "made-up-8Q~wrong"}, "invalid_client_secret", "Value"),
        ({"client_id": UNKNOWN}, "unknown_application", "tenant"),
        ({"tenant_id": UNKNOWN}, "unknown_tenant", "tenant"),
    ],
)
def test_a_wrong_credential_is_told_apart(
    stack: Stack, change: dict[str, str], reason: str, advice: str
) -> None:
    """Entra's refusals are 422 authentication_failed, each with its own reason and advice."""
    problem = _refused(stack, {**stack.connector(), **change})

    assert (problem["status"], problem["code"], problem["reason"]) == (422, "authentication_failed", reason)
    assert advice.lower() in str(problem["advice"]).lower()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("expired-app", "expired_client_secret"),
        ("disabled-app", "application_disabled"),
        ("blocked-app", "blocked_by_conditional_access"),
        ("unconsented-app", "consent_required"),
    ],
)
def test_an_application_in_trouble_is_told_apart(stack: Stack, name: str, reason: str) -> None:
    """An expired secret, a disabled application, a blocked one and one without consent each say so."""
    problem = _refused(stack, _auth_of(stack, name))

    assert (problem["status"], problem["reason"]) == (422, reason)


def test_a_secret_id_is_refused_before_it_is_sent(stack: Stack) -> None:
    """Who pastes the secret's id is told to paste its value; Entra is not asked."""
    stack.azure.requests(reset=True)

    problem = _refused(stack, {**stack.connector(), "client_secret": UNKNOWN})

    [error] = rows(problem["errors"])
    assert (problem["status"], error["field"]) == (400, "auth.client_secret")
    assert "Value" in str(error["message"])
    assert not [one for one in stack.azure.requests() if "oauth2" in str(one["path"])]


def test_stray_spaces_are_trimmed(stack: Stack, connect: Connect) -> None:
    """Spaces and line ends around every pasted value do no harm."""
    auth = {name: f"  {value}\n" for name, value in stack.connector().items()}

    assert connect("production", auth=auth)["status"] == "active"


def test_an_invisible_subscription_is_rejected(stack: Stack) -> None:
    """A subscription without any role is 422 subscription_not_found."""
    problem = _refused(stack, stack.connector(), "hidden")

    assert (problem["status"], problem["code"]) == (422, "subscription_not_found")


def test_a_connected_subscription_is_not_connected_twice(stack: Stack, connect: Connect) -> None:
    """The second connect is 422 already_connected and names the connection there is."""
    connection = connect("production")

    problem = _connect(stack, stack.connector(), "production").document

    assert (problem["code"], problem["connection_id"]) == ("already_connected", connection["id"])


def test_a_disabled_subscription_is_connected_with_a_warning(connect: Connect) -> None:
    """It can be read, and the setup check says that it is disabled."""
    checks = {str(one["id"]): one for one in rows(connect("disabled")["setup_checks"])}

    assert checks["subscription_visible"]["status"] in {"warn", "fail"}
    assert "disabled" in str(checks["subscription_visible"]["detail"]).lower()


@pytest.mark.parametrize("kind", ["resource_assessments", "security_alerts"])
def test_403_says_to_add_security_reader(stack: Stack, connect: Connect, kind: str) -> None:
    """A 403 on assessments or alerts names the role, the subscription and the thirty minutes."""
    connection = connect("staging")
    synced(stack.api, connection)

    problem = row(evidence(stack.api, connection)[kind]["problem"])
    words = ("Security Reader", stack.subscription_id("staging"), "30 minutes")
    assert all(word in str(problem["advice"]) for word in words)
    assert str(problem["portal_url"]).endswith(f"/subscriptions/{stack.subscription_id('staging')}/users")


@pytest.mark.parametrize(("days", "attention"), [(29, True), (14, True), (7, True), (1, True), (60, False)])
def test_a_secret_that_ends_soon_needs_attention(
    stack: Stack, connect: Connect, days: int, attention: object
) -> None:
    """Thirty days before its secret ends, a connection asks for attention."""
    ends = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
    connection = connect("production", auth={**stack.connector(), "secret_expires_on": ends})

    assert (connection["status"] == "attention") is attention
    assert (connection["attention"] is not None) is attention


def test_a_secret_that_ended_between_syncs_loses_nothing(stack: Stack, connect: Connect) -> None:
    """The run fails, the connection asks for attention, the evidence stays and is stale."""
    connection = connect("production")
    synced(stack.api, connection)
    stack.azure.control({"operation": "expire_secret"})

    run = synced(stack.api, connection)

    now = stack.api.get(f"/connections/{connection['id']}")
    items = evidence(stack.api, connection).values()
    assert (run["status"], now["status"]) == ("failed", "attention")
    assert row(now["attention"])["code"] == "expired_client_secret"
    assert {(item["status"], item["freshness"]) for item in items} == {("collected", "stale")}
