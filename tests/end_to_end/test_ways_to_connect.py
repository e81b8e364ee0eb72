"""A certificate, a managed identity and a federated credential, through the host that runs the app."""

import json
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from local.api_client import Json
from local.stack import Stack
from tests.end_to_end.conftest import Connect
from tests.end_to_end.reading import synced
from tests.end_to_end.test_secrecy import rows_of
from tests.key_pairs import DAY, MadeUp, make

OTHER = "other-company.onmicrosoft.example"
ROLES = ("Reader", "Security Reader", "Monitoring Reader")


def connector_ids(stack: Stack) -> dict[str, str]:
    """Give tenant and client id of the connector."""
    return {name: stack.connector()[name] for name in ("tenant_id", "client_id")}


def certificate(stack: Stack, *, ends: timedelta = 100 * DAY) -> tuple[MadeUp, dict[str, str]]:
    """Register a certificate with the connector, and enter it."""
    pair = make(ends=ends)
    stack.azure.control({"operation": "add_certificate", "certificate_pem": pair.certificate})
    return pair, {"method": "certificate", **connector_ids(stack), "certificate_pem": pair.pem}


def identity(stack: Stack) -> dict[str, str]:
    """Let the app's own identity read, and enter it."""
    for role in ROLES:
        stack.azure.control(
            {
                "operation": "assign_role",
                "subscription": "production",
                "role": role,
                "application": "identity",
            }
        )
    return {"method": "managed_identity"}


@pytest.fixture(scope="module")
def reader(stack: Stack) -> dict[str, str]:
    """An application of our tenant in another one, which trusts the app's identity."""
    change: dict[str, object] = {"operation": "add_application", "name": "reader", "tenant": OTHER}
    ids = stack.azure.control({**change, "registered_in": connector_ids(stack)["tenant_id"]})
    stack.azure.control({"operation": "add_federated_credential", "application": "reader"})
    for role in ROLES:
        stack.azure.control(
            {"operation": "assign_role", "subscription": "foreign", "role": role, "application": "reader"}
        )
    return {"method": "federated", "tenant_id": str(ids["tenant_id"]), "client_id": str(ids["client_id"])}


class Auth(msgspec.Struct):
    """How a connection authenticates."""

    method: str
    client_id: str
    secret_expires_on: str | None
    secret_expires_on_source: str | None
    certificate_thumbprint: str | None


def auth_of(connection: Json) -> Auth:
    """Give how a connection says that it authenticates."""
    return msgspec.convert(connection["auth"], Auth)


def check_of(connection: Json, name: str) -> dict[str, str]:
    """Give one setup check of a connection."""
    checks = msgspec.convert(connection["setup_checks"], list[dict[str, str | None]])
    return {key: value or "" for key, value in next(one for one in checks if one["id"] == name).items()}


def works(stack: Stack, connection: Json) -> bool:
    """Sync and verify a connection; tell whether both went well."""
    run = synced(stack.api, connection)
    verified = stack.api.call("POST", f"/connections/{connection['id']}/verify").document
    return run["status"] == "succeeded" and check_of(verified, "subscription_visible")["status"] == "pass"


def test_a_certificate(stack: Stack, connect: Connect) -> None:
    """Connects, syncs and verifies; says when it ends."""
    _, auth = certificate(stack)

    made = connect("production", auth=auth)

    assert auth_of(made).certificate_thumbprint
    assert auth_of(made).secret_expires_on
    assert works(stack, made)


def test_a_managed_identity(stack: Stack, connect: Connect) -> None:
    """Connects, syncs and verifies without any secret; tenant and client id are learnt."""
    made = connect("production", auth=identity(stack))

    assert made["tenant_id"] == connector_ids(stack)["tenant_id"]
    assert auth_of(made).client_id
    assert check_of(made, "secret_expiry")["detail"] == "There is no secret or certificate that could end."
    assert works(stack, made)


def test_a_federated_credential(stack: Stack, connect: Connect, reader: dict[str, str]) -> None:
    """Connects, syncs and verifies a subscription of another tenant without any secret."""
    made = connect("foreign", auth=reader)

    assert made["tenant_id"] == reader["tenant_id"] != connector_ids(stack)["tenant_id"]
    assert works(stack, made)


def test_the_day_a_secret_ends_is_read(stack: Stack, connect: Connect) -> None:
    """Nobody has to enter it where the application may read itself; the connection says who told it."""
    entered = stack.connector()
    day = entered.pop("secret_expires_on")

    made = connect("production", auth=entered)

    assert (auth_of(made).secret_expires_on, auth_of(made).secret_expires_on_source) == (day, "graph")
    assert check_of(made, "secret_expiry")["detail"] == f"The client secret ends on {day}."


def test_the_day_a_secret_ends_that_nobody_may_read(stack: Stack, connect: Connect) -> None:
    """The connection is made, and its check says how the app would know the day."""
    entered = stack.connector()
    del entered["secret_expires_on"]
    fault = {"kind": "denied", "path": "/v1.0/applications(*", "count": 1}
    stack.azure.control({"operation": "add_fault", "fault": fault})

    made = connect("production", auth=entered)

    check = check_of(made, "secret_expiry")
    assert (auth_of(made).secret_expires_on, check["status"]) == (None, "unknown")
    assert "Application.Read.All" in check["advice"]


def test_a_certificate_about_to_end(stack: Stack, connect: Connect) -> None:
    """It asks for a person from thirty days ahead."""
    _, auth = certificate(stack, ends=7 * DAY)

    made = connect("production", auth=auth)

    assert made["status"] == "attention"
    assert check_of(made, "secret_expiry")["status"] == "warn"


@pytest.mark.parametrize(
    ("code", "reason"),
    [(700027, "unknown_certificate"), (1000502, "expired_certificate"), (700024, "assertion_refused")],
)
def test_refusals(stack: Stack, code: int, reason: str) -> None:
    """Each of Entra's codes is a problem with its reason and advice, and nothing is connected."""
    _, auth = certificate(stack)
    fault = {"kind": "aadsts", "code": str(code), "path": "*/oauth2/v2.0/token"}
    stack.azure.control({"operation": "add_fault", "fault": fault})

    body = {"name": "x", "auth": auth, "subscription_ids": stack.subscription_id("staging")}
    reply = stack.api.call("POST", "/connections", body)

    assert (reply.status, reply.document["reason"]) == (422, reason)
    assert reply.document["advice"]


def test_a_bad_certificate_is_named(stack: Stack) -> None:
    """The problem names the field and says what is wrong with it."""
    auth = {"method": "certificate", **connector_ids(stack), "certificate_pem": make().certificate}

    body = {"name": "x", "auth": auth, "subscription_ids": stack.subscription_id("staging")}
    reply = stack.api.call("POST", "/connections", body)

    [fault] = msgspec.convert(reply.document["errors"], list[dict[str, str]])
    assert (reply.status, fault["field"]) == (400, "auth.certificate_pem")
    assert "private key is missing" in fault["message"]


def _lost(stack: Stack, operation: dict[str, object], connection: Json) -> Json:
    """Take something away, sync, and give the connection."""
    stack.azure.control(operation)
    synced(stack.api, connection)
    return stack.api.call("GET", f"/connections/{connection['id']}").document


def test_a_withdrawn_certificate(stack: Stack, connect: Connect) -> None:
    """A sync that finds it unknown puts the connection in `attention` with the advice."""
    _, auth = certificate(stack)
    made = connect("production", auth=auth)

    shown = _lost(stack, {"operation": "remove_credentials"}, made)

    attention = msgspec.convert(shown["attention"], dict[str, str])
    assert (shown["status"], attention["code"]) == ("attention", "unknown_certificate")


def test_a_lost_identity(stack: Stack, connect: Connect) -> None:
    """A sync that finds the identity gone puts the connection in `attention`; given back, it works again."""
    second = stack.azure.control({"operation": "add_identity", "name": "second"})
    for role in ROLES:
        stack.azure.control(
            {"operation": "assign_role", "subscription": "production", "role": role, "application": "second"}
        )
    made = connect("production", auth={"method": "managed_identity", "client_id": second["client_id"]})

    shown = _lost(stack, {"operation": "set_identity", "identity": "second", "assigned": False}, made)
    attention = msgspec.convert(shown["attention"], dict[str, str])
    stack.azure.control({"operation": "set_identity", "identity": "second", "assigned": True})

    assert attention["code"] == "unknown_identity"
    assert works(stack, made)


def test_rotating_a_certificate(stack: Stack, connect: Connect) -> None:
    """One call gives the connection the new certificate."""
    _, auth = certificate(stack)
    made = connect("production", auth=auth)
    pair, _ = certificate(stack)

    reply = stack.api.call(
        "POST", "/credentials/rotate", {**connector_ids(stack), "certificate_pem": pair.pem}
    )

    [rotated] = msgspec.convert(reply.document["connections"], list[dict[str, object]])
    before = auth_of(made).certificate_thumbprint
    assert msgspec.convert(rotated["auth"], Auth).certificate_thumbprint not in {before, None}
    assert works(stack, made)


def left_of(document: Json) -> list[str]:
    """Give the states of the secrets that a connection tells of."""
    return [left["state"] for left in msgspec.convert(document["secrets_left"], list[dict[str, str]])]


@pytest.fixture
def protected(stack: Stack) -> Iterator[Stack]:
    """A stack whose vault keeps what is deleted, for one test."""
    stack.azure.control({"operation": "set_vault", "purgeable": False})
    yield stack
    stack.azure.control({"operation": "set_vault", "purgeable": True})


def test_what_a_protected_vault_keeps_is_told(protected: Stack, connect: Connect) -> None:
    """A replaced private key that purge protection keeps is told by the connection and by the health."""
    _, auth = certificate(protected)
    made = connect("production", auth=auth)
    before = protected.api.call("GET", "/health/details").document

    changed = protected.api.call(
        "PATCH", f"/connections/{made['id']}", {"auth": identity(protected)}
    ).document

    after = protected.api.call("GET", "/health/details").document
    counts = [
        msgspec.convert(one["secrets_left"], dict[str, int])["kept_by_vault"] for one in (before, after)
    ]
    assert (left_of(made), left_of(changed)) == ([], ["kept_by_vault"])
    assert counts[1] == counts[0] + 1


@pytest.fixture
def used(stack: Stack, connect: Connect, reader: dict[str, str]) -> tuple[Stack, MadeUp]:
    """A stack after all ways were connected, synced and changed, and one was refused."""
    pair, auth = certificate(stack)
    made = connect("production", auth=auth)
    synced(stack.api, made)
    synced(stack.api, connect("foreign", auth=reader))
    stack.api.call("PATCH", f"/connections/{made['id']}", {"auth": identity(stack)})
    synced(stack.api, made)
    wrong = {**auth, "certificate_pem": pair.key}
    stack.api.call("PATCH", f"/connections/{made['id']}", {"auth": wrong})
    stack.api.call("PATCH", f"/connections/{made['id']}", {"auth": auth})
    return stack, pair


def test_no_key_and_no_token_is_written_anywhere(used: tuple[Stack, MadeUp]) -> None:
    """No line of a private key, no token and no assertion is in a table, a log or an answer."""
    stack, pair = used
    lines = [line for line in pair.key.splitlines() if "PRIVATE KEY" not in line]
    places = {
        "storage": list(rows_of(stack.azurite.connection_string)),
        "host log": [stack.host.output],
        "request log": [json.dumps(stack.azure.requests())],
        "answers": [json.dumps(stack.api.call("GET", path).body) for path in ("/connections", "/findings")],
    }

    found = {
        place
        for place, texts in places.items()
        for text in texts
        for secret in (*lines, "PRIVATE KEY", "eyJ", "Bearer ")
        if secret in text
    }
    assert found == set()
    assert all(places.values())
