"""Client assertions: certificates and federated identities instead of secrets."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import CertificateCredential, ClientAssertionCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.azure import SimulatedAzure
from local.azure.changes import AddCertificate
from local.azure.tokens import EXCHANGE
from local.azure.world import Application

SCOPE = "https://management.azure.com/.default"


@pytest.fixture(scope="module")
def key_pair() -> tuple[str, str]:
    """A certificate and its private key, PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "made-up")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(datetime.now(UTC) - timedelta(days=1))
    certificate = builder.not_valid_after(datetime.now(UTC) + timedelta(days=1)).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def with_certificate(azure: SimulatedAzure, key_pair: tuple[str, str]) -> CertificateCredential:
    """Make the connector's credential from a certificate."""
    app = azure.connector
    return CertificateCredential(
        app.tenant_id,
        app.client_id,
        certificate_data="".join(key_pair).encode(),
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


async def test_a_registered_certificate_buys_a_token(
    azure: SimulatedAzure, key_pair: tuple[str, str]
) -> None:
    """azure-identity's certificate credential works once the certificate is registered."""
    azure.apply(AddCertificate(certificate_pem=key_pair[0]))

    async with with_certificate(azure, key_pair) as credential:
        token = await credential.get_token(SCOPE)

    assert azure.simulation.issuer.read(token.token).appid == azure.connector.client_id


async def test_an_unregistered_certificate_is_refused(
    azure: SimulatedAzure, key_pair: tuple[str, str]
) -> None:
    """AADSTS700027."""
    async with with_certificate(azure, key_pair) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
            await credential.get_token(SCOPE)


async def test_a_managed_identity_stands_for_a_secret(azure: SimulatedAzure) -> None:
    """The token of an identity that the application trusts is as good as a secret."""
    async with as_identity(azure, azure.connector) as credential:
        token = await credential.get_token(SCOPE)

    assert azure.simulation.issuer.read(token.token).oid == azure.connector.object_id


async def test_an_untrusted_identity_is_refused(azure: SimulatedAzure) -> None:
    """AADSTS700213 where the application has no federated credential for it."""
    async with as_identity(azure, azure.application("roleless-app")) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS700213"):
            await credential.get_token(SCOPE)


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
