"""A managed identity of the app itself."""

import msgspec
import pytest

from collectors.errors import ServiceUnavailable, Throttled
from local.azure import managed_identity
from local.azure.changes import AssignRole
from local.azure.faults import Fault, Kind
from local.azure.identity_changes import AddIdentity, SetIdentity
from local.azure.wire import json_answer
from pipeline.credentials import Credentials
from pipeline.errors import AuthenticationFailed
from pipeline.model import Connection
from pipeline.requests import ManagedIdentityAuth
from tests.pipeline.app import App, check_of

UNKNOWN = "00000000-1111-2222-3333-444444444444"


def allow(app: App, identity: str = "identity") -> None:
    """Let an identity of the app read the production subscription."""
    for role in ("Reader", "Security Reader", "Monitoring Reader"):
        app.azure.apply(AssignRole(subscription="production", role=role, application=identity))


async def connect(app: App, client_id: str | None = None) -> Connection:
    """Connect with an identity."""
    return await app.connect(auth=ManagedIdentityAuth(client_id=client_id))


async def refusal(app: App, client_id: str | None = None) -> AuthenticationFailed:
    """Connect, and be refused."""
    with pytest.raises(AuthenticationFailed) as refused:
        await connect(app, client_id)
    assert refused.value.advice
    return refused.value


async def test_connects_without_any_secret(app: App) -> None:
    """The app's own identity connects; nothing is put into the vault."""
    allow(app)

    made = await connect(app)

    assert check_of(made, "subscription_visible").status == "pass"
    assert check_of(made, "reader_role").status == "pass"
    assert app.vault_names == []


async def test_tenant_and_application_are_learnt(app: App) -> None:
    """Nobody enters the tenant: the token says it, and whose identity it is."""
    allow(app)
    identity = app.azure.world.identity

    made = await connect(app)

    assert made.tenant_id == identity.tenant_id
    assert (made.auth.method, made.auth.client_id) == ("managed_identity", identity.client_id)
    assert made.auth.secret_expires_on is None


async def test_nothing_ends(app: App) -> None:
    """The check of expiry passes and says honestly why; no notice is ever due."""
    allow(app)

    check = check_of(await connect(app), "secret_expiry")

    assert (check.status, check.detail) == ("pass", "There is no secret or certificate that could end.")


async def test_verified(app: App) -> None:
    """A stored identity gets tokens again."""
    allow(app)
    made = await connect(app)

    assert check_of(await app.connections.verify(made.id), "subscription_visible").status == "pass"


async def test_one_of_several(app: App) -> None:
    """A user-assigned identity is named by its client id, in any case."""
    second = str(app.azure.apply(AddIdentity(name="second"))["client_id"])
    allow(app, "second")

    made = await connect(app, second.upper())

    assert made.auth.client_id == second
    assert (await app.store.get(made.id)).credential.identity_client_id == second


async def test_the_settings_identity_is_the_default(app: App) -> None:
    """Without a client id the connection uses AZURE_CLIENT_ID, as the app does for itself."""
    second = str(app.azure.apply(AddIdentity(name="second"))["client_id"])
    settings = msgspec.structs.replace(app.settings, client_id=second)
    credentials = Credentials(settings, app.secrets, connections=app.wire)

    offer = await credentials.offer(ManagedIdentityAuth(), today=app.now.date())

    assert (await credentials.authenticate(credentials.trial(offer))).client_id == second


async def test_unknown_identity(app: App) -> None:
    """A client id that the app has no identity of is told so."""
    refused = await refusal(app, UNKNOWN)

    assert refused.reason == "unknown_identity"
    assert UNKNOWN in refused.detail


async def test_no_identity(app: App) -> None:
    """An app without an identity is told to switch it on."""
    app.azure.apply(SetIdentity(assigned=False))

    refused = await refusal(app)

    assert refused.reason == "identity_not_available"
    assert "Identity of the Function App" in refused.advice


async def test_not_in_azure(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody answers the app does not run in Azure, or has no identity."""
    monkeypatch.delenv("IDENTITY_ENDPOINT")
    monkeypatch.delenv("IDENTITY_HEADER")
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")

    refused = await refusal(app)

    assert refused.reason == "identity_not_available"
    assert "nobody answers" in refused.detail


@pytest.mark.parametrize(
    ("client_id", "reason"), [(None, "identity_not_available"), (UNKNOWN, "unknown_identity")]
)
async def test_on_a_virtual_machine(
    app: App, monkeypatch: pytest.MonkeyPatch, client_id: str | None, reason: str
) -> None:
    """The instance metadata service answers 400 for an identity that is not assigned."""
    base = app.azure.simulation.identity_endpoint.removesuffix(managed_identity.PATH)
    monkeypatch.delenv("IDENTITY_ENDPOINT")
    monkeypatch.delenv("IDENTITY_HEADER")
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", base)
    monkeypatch.setattr("azure.identity._credentials.imds.IMDS_TOKEN_PATH", managed_identity.PATH)
    monkeypatch.setattr(app.azure.simulation, "identity_header", "")

    assert (await refusal(app, client_id)).reason == reason


async def test_wrong_header(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that refuses the app itself is no reason to try again."""
    monkeypatch.setattr(app.azure.simulation, "identity_header", "another")

    assert (await refusal(app)).reason == "identity_not_available"


@pytest.mark.parametrize("kind", [Kind.STATUS, Kind.DROP, Kind.HTML, Kind.TRUNCATE])
async def test_endpoint_fails(app: App, kind: Kind) -> None:
    """An endpoint that fails says nothing about the identity."""
    app.azure.add_fault(Fault(kind=kind, path=managed_identity.PATH, count=None))

    with pytest.raises(ServiceUnavailable):
        await connect(app)


async def test_endpoint_throttles(app: App) -> None:
    """Too many requests are worth waiting for."""
    app.azure.add_fault(Fault(kind=Kind.THROTTLE, path=managed_identity.PATH, count=None))

    with pytest.raises(Throttled):
        await connect(app)


async def test_refused_by_entra(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the endpoint passes on a code of Entra's, that decides."""
    body = {"error": "invalid_request", "error_description": "AADSTS7000112: Kim Example disabled it."}
    monkeypatch.setattr(managed_identity, "_assigned", lambda *_: None)
    monkeypatch.setattr(managed_identity, "_refuse", lambda *_: json_answer(body, 400))

    refused = await refusal(app)

    assert refused.reason == "application_disabled"
    assert "Kim Example" not in f"{refused!r} {refused.detail}"


async def test_token_without_a_tenant(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that names no tenant connects nothing."""
    monkeypatch.setattr(type(app.azure.simulation.issuer), "issue", lambda *_, **__: "opaque")

    with pytest.raises(ServiceUnavailable):
        await connect(app)
