"""Microsoft Entra: tokens, and each way they are refused."""

import re
import time

import jwt
import msgspec
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import ClientSecretCredential, ManagedIdentityCredential

from local.azure import SimulatedAzure
from local.azure.knobs import SetTokens
from tests.local.azure.http_client import Client

UNKNOWN = "00000000-1111-2222-3333-444444444444"
SCOPE = "https://management.azure.com/.default"


class Refusal(msgspec.Struct):
    """What every refusal of the token endpoint holds."""

    error: str
    error_description: str
    error_codes: list[int]
    timestamp: str
    trace_id: str
    correlation_id: str
    error_uri: str
    suberror: str | None = None
    claims: str | None = None


def claims_of(token: str) -> dict[str, object]:
    """Read a token's claims without checking anything."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


async def test_a_secret_buys_a_token(azure: SimulatedAzure, credential: ClientSecretCredential) -> None:
    """azure-identity gets a token with issuer, audience and principal as Entra writes them."""
    token = await credential.get_token(SCOPE)

    claims = claims_of(token.token)
    expected = {
        "iss": f"https://sts.windows.net/{azure.connector.tenant_id}/",
        "aud": "https://management.azure.com",
        "tid": azure.connector.tenant_id,
        "appid": azure.connector.client_id,
        "oid": azure.connector.object_id,
    }
    assert expected == {name: claims[name] for name in expected}


async def test_the_token_life_can_be_set(azure: SimulatedAzure, credential: ClientSecretCredential) -> None:
    """A token ends as late as it was set to."""
    azure.apply(SetTokens(lifetime_s=120))

    token = await credential.get_token(SCOPE)

    assert token.expires_on - time.time() == pytest.approx(120, abs=5)


async def test_the_casing_of_the_tenant_is_ignored(client: Client) -> None:
    """A tenant id in capitals is the same tenant."""
    app = client.application

    heard = await client.ask_for_token(app.secrets[0].value, tenant=app.tenant_id.upper())

    assert heard.status == 200


async def test_the_domain_stands_for_the_tenant(client: Client) -> None:
    """A tenant may be named by its domain."""
    heard = await client.ask_for_token(client.application.secrets[0].value, tenant=client.azure.tenant.domain)

    assert heard.status == 200


async def test_a_token_is_signed_with_a_published_key(client: Client) -> None:
    """The key set that discovery names holds the key of the token's signature."""
    tenant = client.application.tenant_id
    discovery = await client.send("GET", f"{client.azure.url}/{tenant}/v2.0/.well-known/openid-configuration")
    keys = await client.send("GET", str(discovery.json["jwks_uri"]))

    key = jwt.PyJWKSet.from_json(keys.body.decode()).keys[0]
    claims = jwt.decode(client.azure.token(), key, audience="https://management.azure.com")
    assert claims["appid"] == client.application.client_id


@pytest.mark.parametrize(
    ("app", "code", "status", "error", "suberror"),
    [
        ("expired-app", 7000222, 401, "invalid_client", None),
        ("disabled-app", 7000112, 400, "unauthorized_client", None),
        ("blocked-app", 53003, 400, "invalid_grant", "message_only"),
        ("unconsented-app", 65001, 400, "invalid_grant", "consent_required"),
    ],
)
async def test_an_application_is_refused(
    client: Client, app: str, code: int, status: int, error: str, suberror: str | None
) -> None:
    """Each state of an application has its AADSTS code, HTTP status, error and suberror."""
    client.application = client.azure.application(app)

    heard = await client.ask_for_token(client.application.secrets[0].value)

    refusal = msgspec.convert(heard.json, Refusal)
    found = (heard.status, refusal.error_codes, refusal.error, refusal.suberror)
    assert found == (status, [code], error, suberror)


async def test_a_wrong_secret_is_refused(client: Client) -> None:
    """A wrong secret is AADSTS7000215 with 401."""
    heard = await client.ask_for_token("made-up-wrong-secret")

    refusal = msgspec.convert(heard.json, Refusal)
    assert (heard.status, refusal.error, refusal.error_codes) == (401, "invalid_client", [7000215])


async def test_the_id_of_a_secret_is_no_secret(client: Client) -> None:
    """Who sends the secret's id gets the refusal that says so."""
    heard = await client.ask_for_token(client.application.secrets[0].secret_id)

    assert "not the client secret ID" in msgspec.convert(heard.json, Refusal).error_description


async def test_an_application_of_another_tenant_is_unknown(client: Client) -> None:
    """AADSTS700016 names the application and the directory."""
    stranger = client.azure.application("other-company-app")

    heard = await client.ask_for_token(
        stranger.secrets[0].value, tenant=client.azure.tenant.tenant_id, client_id=stranger.client_id
    )

    refusal = msgspec.convert(heard.json, Refusal)
    start = f"AADSTS700016: Application with identifier '{stranger.client_id}' was not found in the directory"
    assert (heard.status, refusal.error) == (400, "unauthorized_client")
    assert refusal.error_description.startswith(start)


async def test_an_unknown_tenant_is_refused(client: Client) -> None:
    """AADSTS90002 is an invalid_request at the token endpoint."""
    heard = await client.ask_for_token("made-up", tenant=UNKNOWN)

    refusal = msgspec.convert(heard.json, Refusal)
    assert (heard.status, refusal.error, refusal.error_codes) == (400, "invalid_request", [90002])


async def test_an_unknown_resource_is_refused(client: Client) -> None:
    """A scope of no known resource is AADSTS500011."""
    heard = await client.ask_for_token(
        client.application.secrets[0].value, scope="https://nothing.example.com"
    )

    assert msgspec.convert(heard.json, Refusal).error_codes == [500011]


async def test_a_refusal_carries_its_ids(client: Client) -> None:
    """The description ends with the trace id, correlation id and time that stand beside it."""
    heard = await client.ask_for_token("made-up-wrong-secret")

    refusal = msgspec.convert(heard.json, Refusal)
    tail = (
        f"Trace ID: {refusal.trace_id}\r\nCorrelation ID: {refusal.correlation_id}\r\n"
        f"Timestamp: {refusal.timestamp}"
    )
    assert refusal.error_description.endswith(tail)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", refusal.timestamp)


async def test_the_sdk_understands_a_refusal(azure: SimulatedAzure) -> None:
    """azure-identity raises ClientAuthenticationError with the AADSTS text."""
    app = azure.application("expired-app")
    async with ClientSecretCredential(
        app.tenant_id,
        app.client_id,
        app.secrets[0].value,
        authority=azure.url,
        connection_verify=str(azure.ca_path),
    ) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS7000222"):
            await credential.get_token(SCOPE)


@pytest.mark.parametrize(
    ("missing", "code"), [("scope", 900144), ("client_secret", 7000216), ("client_id", 900144)]
)
async def test_a_missing_parameter_is_named(client: Client, missing: str, code: int) -> None:
    """Each parameter of the grant is wanted."""
    app = client.application
    form = {
        "grant_type": "client_credentials",
        "client_id": app.client_id,
        "client_secret": app.secrets[0].value,
        "scope": SCOPE,
    }
    del form[missing]

    async with client.session.post(
        f"{client.azure.url}/{app.tenant_id}/oauth2/v2.0/token", data=form
    ) as response:
        refusal = msgspec.json.decode(await response.read(), type=Refusal)

    assert refusal.error_codes == [code]


async def test_the_managed_identity_gets_a_token(
    azure: SimulatedAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """azure-identity's App Service managed identity works over https with the private CA."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", azure.simulation.identity_header)

    async with ManagedIdentityCredential(connection_verify=str(azure.ca_path)) as credential:
        token = await credential.get_token("https://vault.azure.net/.default")

    assert claims_of(token.token)["oid"] == azure.world.identity.object_id


async def test_the_managed_identity_wants_its_header(client: Client) -> None:
    """Without the right X-IDENTITY-HEADER there is no token."""
    client.headers = {"X-IDENTITY-HEADER": "made-up-wrong-header"}

    heard = await client.send(
        "GET", f"{client.azure.url}/msi/token?api-version=2019-08-01&resource=https://vault.azure.net"
    )

    assert heard.status == 401
