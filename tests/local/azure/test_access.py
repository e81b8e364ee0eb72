"""Azure Resource Manager: who is let in, to what, and that nothing can be written."""

import time

import pytest

from local.azure.changes import AssignRole, RevokeRole, SetSubscription
from local.azure.tokens import VAULT
from local.azure.world import State
from tests.local.azure.http_client import Client, Heard

UNKNOWN = "00000000-1111-2222-3333-444444444444"


def root(client: Client, name: str) -> str:
    """Return the path of a subscription."""
    return client.azure.subscription(name).scope


async def with_header(client: Client, value: str) -> Heard:
    """List subscriptions with a given Authorization header."""
    client.headers = {"Authorization": value}
    return await client.get("/subscriptions")


async def test_no_token_is_refused(client: Client) -> None:
    """A request without a bearer token is 401 with a challenge."""
    heard = await with_header(client, "")

    assert (heard.status, heard.code) == (401, "AuthenticationFailed")
    assert "WWW-Authenticate" in heard.headers


async def test_a_foreign_token_is_refused(client: Client) -> None:
    """A token that was not issued here is 401 InvalidAuthenticationToken."""
    heard = await with_header(client, "Bearer made.up.token")

    assert (heard.status, heard.code) == (401, "InvalidAuthenticationToken")


async def test_a_token_for_something_else_is_refused(client: Client) -> None:
    """A vault token does not open Resource Manager."""
    token = client.azure.token(client.application, VAULT)

    heard = await with_header(client, f"Bearer {token}")

    assert (heard.status, heard.code) == (401, "InvalidAuthenticationToken")


async def test_an_expired_token_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token past its time is 401 ExpiredAuthenticationToken."""
    token = client.azure.token(client.application)
    later = time.time() + 7200
    monkeypatch.setattr("local.azure.tokens.time.time", lambda: later)

    heard = await with_header(client, f"Bearer {token}")

    assert (heard.status, heard.code) == (401, "ExpiredAuthenticationToken")


async def test_a_token_of_another_tenant_is_refused(client: Client) -> None:
    """A subscription of another tenant than the token's is 401 InvalidAuthenticationTokenTenant."""
    heard = await client.get(root(client, "foreign"))

    assert (heard.status, heard.code) == (401, "InvalidAuthenticationTokenTenant")


async def test_an_unknown_subscription_is_not_found(client: Client) -> None:
    """A subscription that does not exist is 404 SubscriptionNotFound."""
    heard = await client.get(f"/subscriptions/{UNKNOWN}")

    assert (heard.status, heard.code) == (404, "SubscriptionNotFound")


async def test_an_invisible_subscription_is_denied(client: Client) -> None:
    """A subscription without a role for the caller is 403 AuthorizationFailed."""
    heard = await client.get(root(client, "hidden"))

    assert (heard.status, heard.code) == (403, "AuthorizationFailed")


async def test_a_refusal_names_client_action_and_scope(client: Client) -> None:
    """The 403 is worded as the gateway words it, and says that it is the gateway's."""
    heard = await client.get(f"{root(client, 'hidden')}/providers/Microsoft.Security/alerts")

    app = client.application
    expected = (
        f"The client '{app.client_id}' with object id '{app.object_id}' does not have authorization to "
        f"perform action 'Microsoft.Security/alerts/read' over scope '{root(client, 'hidden')}' or the scope "
        "is invalid. If access was recently granted, please refresh your credentials."
    )
    assert heard.json == {"error": {"code": "AuthorizationFailed", "message": expected}}
    assert heard.headers["x-ms-failure-cause"] == "gateway"


async def test_a_principal_without_roles_sees_nothing(client: Client) -> None:
    """Who has no role anywhere gets 200 and an empty list of subscriptions."""
    client.application = client.azure.application("roleless-app")

    heard = await client.get("/subscriptions")

    assert (heard.status, heard.value) == (200, [])


async def test_the_list_holds_what_the_caller_has_a_role_in(client: Client) -> None:
    """Listing leaves out hidden subscriptions and those of other tenants, and says each state."""
    heard = await client.get("/subscriptions")

    states = {row["displayName"]: row["state"] for row in heard.value}
    assert states == {
        "specification": "Enabled",
        "production": "Enabled",
        "staging": "Enabled",
        "sandbox": "Enabled",
        "disabled": "Disabled",
        "warned": "Warned",
        "computing": "Enabled",
        "computing-missing": "Enabled",
    }


async def test_a_deleted_subscription_is_gone(client: Client) -> None:
    """A subscription in state Deleted is neither listed nor found."""
    client.azure.apply(SetSubscription(subscription="warned", state=State.DELETED))

    listed, read = await client.get("/subscriptions"), await client.get(root(client, "warned"))

    assert "warned" not in {row["displayName"] for row in listed.value}
    assert read.status == 404


@pytest.mark.parametrize("kind", ["assessments", "alerts"])
async def test_reader_may_lack_findings(client: Client, kind: str) -> None:
    """Where Reader does not cover security, assessments and alerts are denied."""
    heard = await client.get(f"{root(client, 'staging')}/providers/Microsoft.Security/{kind}")

    assert (heard.status, heard.code) == (403, "AuthorizationFailed")


async def test_security_reader_cures_it(client: Client) -> None:
    """One more role gives what the first one takes away: NotActions bind within one role only."""
    client.azure.apply(AssignRole(subscription="staging", role="Security Reader"))

    heard = await client.get(f"{root(client, 'staging')}/providers/Microsoft.Security/alerts")

    assert heard.status == 200


async def test_covering_security_again_cures_it(client: Client) -> None:
    """The knob works on roles that are assigned already."""
    client.azure.apply(SetSubscription(subscription="staging", reader_covers_security=True))

    heard = await client.get(f"{root(client, 'staging')}/providers/Microsoft.Security/assessments")

    assert heard.status == 200


async def test_security_reader_alone_reads_no_monitor(client: Client) -> None:
    """Security Reader covers Defender and nothing of Microsoft.Insights."""
    client.azure.apply(RevokeRole(subscription="production"))
    client.azure.apply(AssignRole(subscription="production", role="Security Reader"))
    providers = f"{root(client, 'production')}/providers"

    defender = await client.get(f"{providers}/Microsoft.Security/alerts")
    monitor = await client.get(f"{providers}/Microsoft.Insights/actionGroups", "2023-01-01")

    assert (defender.status, monitor.status) == (200, 403)


async def test_a_custom_role_grants_its_actions_only(client: Client) -> None:
    """A role defined by an action list lets in to just that."""
    client.azure.apply(
        AssignRole(subscription="hidden", role="Alerts only", actions=("Microsoft.Security/alerts/read",))
    )
    security = f"{root(client, 'hidden')}/providers/Microsoft.Security"

    alerts, scores = await client.get(f"{security}/alerts"), await client.get(f"{security}/secureScores")

    assert (alerts.status, scores.status) == (200, 403)


async def test_a_revoked_role_is_gone_at_once(client: Client) -> None:
    """Revoking all roles hides the subscription."""
    client.azure.apply(RevokeRole(subscription="production"))

    heard = await client.get(root(client, "production"))

    assert heard.status == 403


async def test_the_path_is_read_in_any_casing(client: Client) -> None:
    """ARM paths compare without regard to case."""
    heard = await client.get(f"{root(client, 'production')}/PROVIDERS/microsoft.security/ALERTS".upper())

    assert heard.status == 200


async def test_api_version_is_required(client: Client) -> None:
    """No api-version is 400 MissingApiVersionParameter."""
    heard = await client.send("GET", f"{client.azure.url}/subscriptions")

    assert (heard.status, heard.code) == (400, "MissingApiVersionParameter")


async def test_api_version_must_be_known(client: Client) -> None:
    """An api-version the type does not have is 400 InvalidApiVersionParameter."""
    heard = await client.get("/subscriptions", "1999-01-01")

    assert (heard.status, heard.code) == (400, "InvalidApiVersionParameter")


async def test_an_unknown_type_is_not_found(client: Client) -> None:
    """A resource type nothing answers is 404 InvalidResourceType."""
    heard = await client.get(f"{root(client, 'production')}/providers/Microsoft.Nothing/things")

    assert (heard.status, heard.code) == (404, "InvalidResourceType")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_can_be_written(client: Client, method: str) -> None:
    """Every write is refused with 405 and stands in the request log."""
    url = client.url(f"{root(client, 'production')}/providers/Microsoft.Security/alerts")

    heard = await client.send(method, url)

    assert heard.status == 405
    assert [entry.method for entry in client.azure.simulation.log.writes()] == [method]


async def test_a_write_to_a_disabled_subscription_is_a_conflict(client: Client) -> None:
    """A disabled subscription is read only: 409 ReadOnlyDisabledSubscription."""
    url = client.url(f"{root(client, 'disabled')}/providers/Microsoft.Security/alerts")

    heard = await client.send("POST", url)

    assert (heard.status, heard.code) == (409, "ReadOnlyDisabledSubscription")


async def test_a_provider_cannot_be_registered(client: Client) -> None:
    """The registration POST that Azure's own clients send by themselves is denied."""
    url = client.url(f"{root(client, 'sandbox')}/providers/Microsoft.Security/register")

    heard = await client.send("POST", url)

    assert (heard.status, heard.code) == (403, "AuthorizationFailed")
