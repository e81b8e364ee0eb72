"""Changing the world between two syncs, in process and over the control API."""

import msgspec
import pytest

from local.azure.changes import (
    AddAlert,
    Change,
    ExpireSecret,
    FlipAssessment,
    RemoveResource,
    RotateSecret,
    SetApplication,
)
from tests.local.azure.http_client import Client, Heard


async def post(client: Client, body: object, key: str | None = None) -> Heard:
    """Post a change to the control API."""
    headers = {"X-Control-Key": key or client.azure.simulation.control_key}
    url = f"{client.azure.url}/_control"
    async with client.session.post(url, data=msgspec.json.encode(body), headers=headers) as response:
        return Heard(response.status, response.headers, await response.read())


async def log_of(client: Client, method: str = "GET", query: str = "") -> list[dict[str, object]]:
    """Read or reset the request log."""
    headers = {"X-Control-Key": client.azure.simulation.control_key}
    url = f"{client.azure.url}/_control/requests{query}"
    async with client.session.request(method, url, headers=headers) as response:
        body = await response.read()
    return msgspec.json.decode(body, type=dict[str, list[dict[str, object]]])["requests"] if body else []


async def test_the_key_is_wanted(client: Client) -> None:
    """Without the control key nothing is changed."""
    heard = await post(client, {"operation": "add_alert", "subscription": "production"}, "made-up")

    assert heard.status == 401


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "flip_assessment", "subscription": "production", "count": 2},
        {"operation": "remove_resource", "subscription": "production"},
        {"operation": "add_alert", "subscription": "production", "severity": "Low"},
        {"operation": "rotate_secret"},
        {"operation": "expire_secret"},
        {"operation": "set_application", "enabled": False},
        {"operation": "assign_role", "subscription": "hidden", "role": "Reader"},
        {"operation": "revoke_role", "subscription": "production", "role": "Reader"},
        {"operation": "set_subscription", "subscription": "production", "defender": "computing"},
        {"operation": "set_pages", "default": 5, "assessments": 10},
        {"operation": "set_tokens", "lifetime_s": 60},
        {"operation": "set_vault", "purgeable": False},
        {"operation": "grant_app_roles", "roles": ["Evidence.Read"]},
        {"operation": "rotate_signing_key"},
        {"operation": "mint_token", "claims": {"exp": 1}},
        {"operation": "add_fault", "fault": {"kind": "throttle", "path": "*/alerts", "count": 2}},
        {"operation": "clear_faults"},
    ],
    ids=lambda body: body["operation"],
)
async def test_every_change_can_be_posted(client: Client, body: dict[str, object]) -> None:
    """Each operation is accepted as JSON."""
    heard = await post(client, body)

    assert heard.status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"operation": "no_such_thing"}, 400),
        ({"operation": "add_alert", "subscription": "production", "sevrity": "Low"}, 400),
        ({"operation": "add_alert", "subscription": "no-such-subscription"}, 404),
    ],
)
async def test_a_mistake_is_named(client: Client, body: dict[str, object], status: int) -> None:
    """An unknown operation, field or name is refused with a sentence."""
    heard = await post(client, body)

    assert heard.status == status
    assert heard.json["problem"]


async def test_the_log_tells_who_asked_what(client: Client) -> None:
    """Method, path, status, principal and whether a token came along."""
    await client.get("/subscriptions")

    entry = (await log_of(client))[-1]

    told = {name: entry[name] for name in ("method", "path", "status", "principal", "authorization")}
    assert told == {
        "method": "GET",
        "path": "/subscriptions",
        "status": 200,
        "principal": client.application.client_id,
        "authorization": True,
    }


async def test_the_log_can_be_emptied(client: Client) -> None:
    """Both reading with reset and DELETE empty it; control requests are never in it."""
    await client.get("/subscriptions")

    read = await log_of(client, query="?reset=true")
    await client.get("/subscriptions")
    await log_of(client, "DELETE")

    assert (len(read), await log_of(client)) == (1, [])


async def test_the_log_holds_no_secret(client: Client) -> None:
    """Neither a secret, nor a token, nor a code of a query is kept."""
    secret = client.application.secrets[0].value
    token = msgspec.convert((await client.ask_for_token(secret)).json["access_token"], str)
    await client.send("GET", f"{client.azure.url}/subscriptions?code=made-up-code")

    written = msgspec.json.encode(await log_of(client)).decode()

    assert [word for word in (secret, token, "made-up-code") if word in written] == []


async def test_the_token_request_names_its_client(client: Client) -> None:
    """A token request stands in the log under the client id it was for."""
    await client.ask_for_token("made-up-wrong-secret")

    entry = (await log_of(client))[-1]

    assert (entry["principal"], entry["status"]) == (client.application.client_id, 401)


async def statuses_of(client: Client) -> dict[object, object]:
    """Return the status code of each of production's assessments."""
    path = f"{client.azure.subscription('production').scope}/providers/Microsoft.Security/assessments"
    rows = (await client.get(path)).value
    return {row["id"]: str(row["properties"]).split("'code': '")[1].split("'")[0] for row in rows}


async def changed_by(client: Client, change: Change) -> tuple[dict[object, object], dict[object, object]]:
    """Apply a change; gives the statuses before and after."""
    before = await statuses_of(client)
    client.azure.apply(change)
    return before, await statuses_of(client)


async def test_assessments_flip(client: Client) -> None:
    """As many as asked for change their status, no other."""
    before, after = await changed_by(client, FlipAssessment(subscription="production", count=3))

    changes = [(before[key], after[key]) for key in before if before[key] != after[key]]
    assert [new for _, new in changes] == ["Unhealthy"] * 3


async def test_a_removed_resource_takes_its_assessments_along(client: Client) -> None:
    """Nothing is said about a resource that is gone."""
    resource = client.azure.subscription("production").content.assessments.resource(60)

    before, after = await changed_by(client, RemoveResource(subscription="production", resource_id=resource))

    assert after == {key: value for key, value in before.items() if not str(key).startswith(f"{resource}/")}
    assert len(after) < len(before)


async def test_an_alert_is_added(client: Client) -> None:
    """A new alert is listed."""
    done = client.azure.apply(AddAlert(subscription="production", severity="Low"))

    path = f"{client.azure.subscription('production').scope}/providers/Microsoft.Security/alerts"
    assert done["name"] in {row["name"] for row in (await client.get(path)).value}


@pytest.mark.parametrize(("keep_old", "status"), [(False, 401), (True, 200)])
async def test_a_secret_is_rotated(client: Client, *, keep_old: bool, status: int) -> None:
    """The new secret works, the old one only if it is kept."""
    old = client.application.secrets[0].value
    new = str(client.azure.apply(RotateSecret(keep_old=keep_old))["client_secret"])

    found = (await client.ask_for_token(old)).status, (await client.ask_for_token(new)).status

    assert found == (status, 200)


@pytest.mark.parametrize(
    ("change", "status"),
    [(ExpireSecret(), 401), (SetApplication(enabled=False), 400), (SetApplication(blocked=True), 400)],
    ids=["expired", "disabled", "blocked"],
)
async def test_a_credential_is_lost(client: Client, change: Change, status: int) -> None:
    """An expired secret, a disabled or blocked application gets no token any more."""
    client.azure.apply(change)

    assert (await client.ask_for_token(client.application.secrets[0].value)).status == status
