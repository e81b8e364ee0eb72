"""Client assertions: certificates and federated identities instead of secrets."""

import time
import uuid

import jwt
import msgspec
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import CertificateCredential, ClientAssertionCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from local.azure import SimulatedAzure
from local.azure.assertions import ASSERTION_TYPE
from local.azure.changes import AddCertificate
from local.azure.identity_changes import (
    AddApplication,
    AddFederatedCredential,
    AddIdentity,
    RemoveCredentials,
    SetIdentity,
)
from local.azure.signing_keys import base64url
from local.azure.tokens import EXCHANGE
from local.azure.world import Application
from tests.key_pairs import DAY, MadeUp, make, rsa_key
from tests.local.azure.http_client import Client

SCOPE = "https://management.azure.com/.default"
OTHER = "other-company.onmicrosoft.example"


@pytest.fixture
def key_pair() -> MadeUp:
    """A certificate and its private key."""
    return make()


def with_certificate(azure: SimulatedAzure, key_pair: MadeUp) -> CertificateCredential:
    """Make the connector's credential from a certificate."""
    app = azure.connector
    return CertificateCredential(
        app.tenant_id,
        app.client_id,
        certificate_data=key_pair.pem.encode(),
        authority=azure.url,
        connection_verify=str(azure.ca_path),
    )


def as_identity(azure: SimulatedAzure, application: Application) -> ClientAssertionCredential:
    """Make an application's credential from a token of the managed identity."""
    return ClientAssertionCredential(
        application.tenant_id,
        application.client_id,
        lambda: azure.token(azure.world.identity, EXCHANGE),
        authority=azure.url,
        connection_verify=str(azure.ca_path),
    )


async def test_a_registered_certificate_buys_a_token(azure: SimulatedAzure, key_pair: MadeUp) -> None:
    """azure-identity's certificate credential works once the certificate is registered."""
    azure.apply(AddCertificate(certificate_pem=key_pair.certificate))

    async with with_certificate(azure, key_pair) as credential:
        token = await credential.get_token(SCOPE)

    assert azure.simulation.issuer.read(token.token).appid == azure.connector.client_id


async def test_an_unregistered_certificate_is_refused(azure: SimulatedAzure, key_pair: MadeUp) -> None:
    """AADSTS700027."""
    async with with_certificate(azure, key_pair) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
            await credential.get_token(SCOPE)


async def test_a_managed_identity_stands_for_a_secret(azure: SimulatedAzure) -> None:
    """The token of an identity that the application trusts is as good as a secret."""
    async with as_identity(azure, azure.connector) as credential:
        token = await credential.get_token(SCOPE)

    assert azure.simulation.issuer.read(token.token).oid == azure.connector.object_id


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (None, 70021),
        ({"issuer": "https://sts.windows.net/made-up/"}, 700211),
        ({"audience": "api://AzureADTokenExchangeChina"}, 700212),
        ({"subject": "made-up"}, 700213),
    ],
    ids=["none", "issuer", "audience", "subject"],
)
async def test_an_untrusted_identity_is_refused(
    azure: SimulatedAzure, wrong: dict[str, str] | None, code: int
) -> None:
    """Without a federated credential, or with one that differs in a letter, there is no token."""
    if wrong is not None:
        azure.apply(AddFederatedCredential(application="roleless-app", **wrong))

    async with as_identity(azure, azure.application("roleless-app")) as credential:
        with pytest.raises(ClientAuthenticationError, match=f"AADSTS{code}:"):
            await credential.get_token(SCOPE)


async def test_an_application_registered_elsewhere_cannot_trust_it(azure: SimulatedAzure) -> None:
    """AADSTS700236: the registration must be in the identity's tenant."""
    azure.apply(AddFederatedCredential(application="other-company-app"))

    async with as_identity(azure, azure.application("other-company-app")) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS700236"):
            await credential.get_token(SCOPE)


async def test_a_multitenant_application_is_let_in_elsewhere(azure: SimulatedAzure) -> None:
    """Registered in the identity's tenant, it gets tokens in the tenant that has its service principal."""
    azure.apply(AddApplication(name="reader", tenant=OTHER, registered_in=azure.tenant.tenant_id))
    azure.apply(AddFederatedCredential(application="reader"))
    reader = azure.application("reader")

    async with as_identity(azure, reader) as credential:
        token = await credential.get_token(SCOPE)

    assert azure.simulation.issuer.read(token.token).tid == reader.tenant_id != azure.tenant.tenant_id


async def test_only_managed_identities_stand_for_a_secret(azure: SimulatedAzure) -> None:
    """AADSTS700226 for the token of an ordinary application."""
    app = azure.connector
    async with ClientAssertionCredential(
        app.tenant_id,
        app.client_id,
        lambda: azure.token(app, EXCHANGE),
        authority=azure.url,
        connection_verify=str(azure.ca_path),
    ) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS700226"):
            await credential.get_token(SCOPE)


class Signed:
    """Sends assertions that a registered certificate signed, some of them wrong."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.pair = make()
        self.app = client.application
        client.azure.apply(AddCertificate(certificate_pem=self.pair.certificate))
        self.endpoint = f"{client.azure.url}/{self.app.tenant_id}/oauth2/v2.0/token"

    async def codes(self, wrong: dict[str, object], *, kind: str = ASSERTION_TYPE, key: int = 0) -> list[int]:
        """Give the codes of the refusal, [] for a token."""
        now = int(time.time())
        right = {"iss": self.app.client_id, "sub": self.app.client_id, "aud": self.endpoint}
        claims = {**right, "jti": str(uuid.uuid4()), "nbf": now, "exp": now + 600, **wrong}
        certificate = x509.load_pem_x509_certificate(self.pair.certificate.encode())
        header = {"x5t#S256": base64url(certificate.fingerprint(hashes.SHA256()))}
        form = {
            "grant_type": "client_credentials",
            "client_id": self.app.client_id,
            "scope": SCOPE,
            "client_assertion_type": kind,
            "client_assertion": jwt.encode(claims, rsa_key(key), algorithm="PS256", headers=header),
        }
        async with self.client.session.post(self.endpoint, data=form) as response:
            body = msgspec.json.decode(await response.read(), type=dict[str, object])
        return msgspec.convert(body.get("error_codes", []), list[int])


@pytest.mark.parametrize(
    ("wrong", "codes"),
    [
        ({}, []),
        ({"iss": "made-up"}, [700021]),
        ({"sub": "made-up"}, [700021]),
        ({"aud": "https://login.example.com"}, [700023]),
        ({"exp": 1}, [700024]),
        ({"nbf": 4_000_000_000}, [700024]),
        ({"jti": ""}, [50027]),
    ],
    ids=["right", "iss", "sub", "aud", "exp", "nbf", "jti"],
)
async def test_every_claim_of_an_assertion_is_checked(
    client: Client, wrong: dict[str, object], codes: list[int]
) -> None:
    """RFC 7523: issuer, subject, audience, times and id."""
    assert await Signed(client).codes(wrong) == codes


async def test_the_signature_of_an_assertion_is_checked(client: Client) -> None:
    """Another key than the certificate's is AADSTS7000274."""
    assert await Signed(client).codes({}, key=1) == [7000274]


async def test_the_type_of_an_assertion_is_wanted(client: Client) -> None:
    """Only the type of RFC 7523 is taken."""
    assert await Signed(client).codes({}, kind="made-up") == [900144]


async def test_a_certificate_that_ended_is_refused(azure: SimulatedAzure) -> None:
    """AADSTS1000502, although it is registered."""
    pair = make(ends=-DAY / 2)
    azure.apply(AddCertificate(certificate_pem=pair.certificate))

    async with with_certificate(azure, pair) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS1000502"):
            await credential.get_token(SCOPE)


async def test_credentials_can_be_removed(azure: SimulatedAzure, key_pair: MadeUp) -> None:
    """An application whose certificates were removed knows none."""
    azure.apply(AddCertificate(certificate_pem=key_pair.certificate))

    assert azure.apply(RemoveCredentials()) == {"removed": 2}
    async with with_certificate(azure, key_pair) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
            await credential.get_token(SCOPE)


@pytest.mark.parametrize("named", [True, False], ids=["by its id", "by none"])
async def test_an_identity_that_was_taken_gets_no_token(client: Client, *, named: bool) -> None:
    """400 in the words of App Service, over plain http."""
    client.azure.apply(SetIdentity(assigned=False))
    client.headers = {"X-IDENTITY-HEADER": client.azure.simulation.identity_header}
    query = f"&client_id={client.azure.world.identity.client_id}" if named else ""
    endpoint = client.azure.simulation.identity_endpoint
    url = f"{endpoint}?api-version=2019-08-01&resource={SCOPE}{query}"

    heard = await client.send("GET", url)

    assert (heard.status, "No User Assigned" in str(heard.json["message"])) == (400, True)


async def test_a_further_identity_is_asked_for_by_its_id(client: Client) -> None:
    """Each identity of the Function App answers to its own client id."""
    made = client.azure.apply(AddIdentity(name="second"))
    client.headers = {"X-IDENTITY-HEADER": client.azure.simulation.identity_header}
    endpoint = client.azure.simulation.identity_endpoint

    heard = await client.send(
        "GET", f"{endpoint}?api-version=2019-08-01&resource={SCOPE}&client_id={made['client_id']}"
    )

    assert client.azure.simulation.issuer.read(str(heard.json["access_token"])).oid == made["object_id"]


async def test_a_malformed_assertion_is_refused(azure: SimulatedAzure) -> None:
    """AADSTS50027 for what is no JWT."""
    app = azure.connector
    async with ClientAssertionCredential(
        app.tenant_id,
        app.client_id,
        lambda: "made-up",
        authority=azure.url,
        connection_verify=str(azure.ca_path),
    ) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS50027"):
            await credential.get_token(SCOPE)
