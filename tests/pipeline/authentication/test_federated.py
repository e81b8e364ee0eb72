"""The app's identity as a federated credential of an application, here in another tenant."""

import pytest

from collectors.errors import ServiceUnavailable
from local.azure import managed_identity
from local.azure.changes import AssignRole
from local.azure.faults import Fault, Kind
from local.azure.identity_changes import AddApplication, AddFederatedCredential, AddIdentity, SetIdentity
from local.azure.tokens import EXCHANGE
from pipeline.azure.clouds import CLOUDS
from pipeline.errors import AuthenticationFailed
from pipeline.requests import FederatedAuth
from tests.pipeline.app import App, check_of

OTHER = "other-company.onmicrosoft.example"
TOKEN_PATH = "*/oauth2/v2.0/token"


def reader(app: App) -> FederatedAuth:
    """Put an application of our tenant into another one, where it may read the subscription `foreign`."""
    ids = app.azure.apply(
        AddApplication(name="reader", tenant=OTHER, registered_in=app.azure.tenant.tenant_id)
    )
    app.azure.apply(AssignRole(subscription="foreign", role="Reader", application="reader"))
    return FederatedAuth(tenant_id=str(ids["tenant_id"]), client_id=str(ids["client_id"]).upper())


async def refusal(app: App, asked: FederatedAuth) -> AuthenticationFailed:
    """Connect, and be refused."""
    with pytest.raises(AuthenticationFailed) as refused:
        await app.connect("foreign", auth=asked)
    assert refused.value.advice
    return refused.value


async def test_connects_in_another_tenant(app: App) -> None:
    """The app reads a subscription of another tenant without any secret."""
    asked = reader(app)
    app.azure.apply(AddFederatedCredential(application="reader"))

    made = await app.connect("foreign", auth=asked)

    assert (made.tenant_id, made.auth.method) == (asked.tenant_id, "federated")
    assert made.auth.client_id == asked.client_id.lower()
    assert check_of(made, "subscription_visible").status == "pass"
    assert check_of(made, "secret_expiry").detail == "There is no secret or certificate that could end."
    assert app.vault_names == []


async def test_verified(app: App) -> None:
    """A stored one gets tokens again, the identity's first."""
    asked = reader(app)
    app.azure.apply(AddFederatedCredential(application="reader"))
    made = await app.connect("foreign", auth=asked)

    assert check_of(await app.connections.verify(made.id), "subscription_visible").status == "pass"


async def test_with_another_identity(app: App) -> None:
    """Which of the app's identities is trusted can be named."""
    asked = reader(app)
    second = app.azure.apply(AddIdentity(name="second"))
    app.azure.apply(AddFederatedCredential(application="reader", identity="second"))

    named = FederatedAuth(
        tenant_id=asked.tenant_id, client_id=asked.client_id, identity_client_id=str(second["client_id"])
    )

    assert (await app.connect("foreign", auth=named)).status == "active"
    assert (await refusal(app, asked)).reason == "federated_credential_missing"


async def test_one_identity_token_serves_many(app: App) -> None:
    """The identity's token is asked for once, not for every token of the application."""
    asked = reader(app)
    app.azure.apply(AddFederatedCredential(application="reader"))
    offer = await app.credentials.offer(asked, today=app.now.date())
    credential = app.credentials.trial(offer)
    app.azure.simulation.log.clear()

    await credential.get_token(app.settings.resource_manager_scope)
    await credential.get_token(app.settings.graph_scope)

    paths = [entry.path for entry in app.azure.simulation.log.entries]
    assert paths.count(managed_identity.PATH) == 1


async def test_advice_names_what_was_presented(app: App) -> None:
    """Issuer, subject and audience stand in the advice, letter by letter as they must be entered."""
    identity = app.azure.world.identity

    refused = await refusal(app, reader(app))

    assert refused.reason == "federated_credential_missing"
    for value in (
        f"https://login.microsoftonline.com/{identity.tenant_id}/v2.0",
        identity.object_id,
        EXCHANGE,
    ):
        assert value in refused.advice


async def test_advice_cures(app: App) -> None:
    """What the advice names, entered as it stands, connects."""
    asked = reader(app)
    words = (await refusal(app, asked)).advice.split()
    issuer, subject, audience = (
        words[words.index(name) + 1].strip(",.") for name in ("Issuer", "identifier", "Audience")
    )
    app.azure.apply(
        AddFederatedCredential(application="reader", issuer=issuer, subject=subject, audience=audience)
    )

    assert (await app.connect("foreign", auth=asked)).status == "active"


@pytest.mark.parametrize("name", ["issuer", "subject", "audience"])
async def test_one_letter_differs(app: App, name: str) -> None:
    """A federated credential that differs in one of the three is none."""
    asked = reader(app)
    app.azure.apply(AddFederatedCredential(application="reader", **{name: "made-up"}))

    assert (await refusal(app, asked)).reason == "federated_credential_missing"


async def test_registered_in_the_wrong_tenant(app: App) -> None:
    """An application that is registered elsewhere cannot trust the identity at all."""
    stranger = app.azure.application("other-company-app")
    asked = FederatedAuth(tenant_id=stranger.tenant_id, client_id=stranger.client_id)

    assert (await refusal(app, asked)).reason == "identity_not_trusted"


async def test_not_in_that_tenant(app: App) -> None:
    """An application without a service principal in the other tenant is unknown there."""
    asked = FederatedAuth(
        tenant_id=app.azure.application("other-company-app").tenant_id,
        client_id=app.azure.connector.client_id,
    )

    assert (await refusal(app, asked)).reason == "unknown_application"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (70021, "federated_credential_missing"),
        (700211, "federated_credential_missing"),
        (700212, "federated_credential_missing"),
        (700213, "federated_credential_missing"),
        (700226, "identity_not_trusted"),
        (700236, "identity_not_trusted"),
        (700024, "assertion_refused"),
    ],
)
async def test_codes(app: App, code: int, reason: str) -> None:
    """Each of Entra's refusals of an identity has its reason."""
    app.azure.add_fault(Fault(kind=Kind.AADSTS, code=str(code), path=TOKEN_PATH, count=None))

    refused = await refusal(app, reader(app))

    assert refused.reason == reason
    assert f"AADSTS{code}" in refused.detail


async def test_no_identity(app: App) -> None:
    """Without an identity there is nothing to present."""
    asked = reader(app)
    app.azure.apply(SetIdentity(assigned=False))

    assert (await refusal(app, asked)).reason == "identity_not_available"


async def test_identity_endpoint_fails(app: App) -> None:
    """An endpoint that fails says nothing about the application."""
    app.azure.add_fault(Fault(kind=Kind.DROP, path=managed_identity.PATH, count=None))

    with pytest.raises(ServiceUnavailable):
        await app.connect("foreign", auth=reader(app))


def test_each_cloud_has_its_audience() -> None:
    """The audience differs by cloud ("Configure an application to trust a managed identity")."""
    assert {name: cloud.exchange_audience for name, cloud in CLOUDS.items()} == {
        "AzureCloud": "api://AzureADTokenExchange",
        "AzureUSGovernment": "api://AzureADTokenExchangeUSGov",
        "AzureChinaCloud": "api://AzureADTokenExchangeChina",
    }
