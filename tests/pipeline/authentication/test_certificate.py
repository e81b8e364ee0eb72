"""A service principal with a certificate, against an Entra that checks its signature."""

import logging

import msgspec
import pytest

from collectors.errors import CredentialRejected
from local.azure.changes import AddCertificate, SetApplication
from local.azure.faults import Fault, Kind
from local.azure.identity_changes import RemoveCredentials
from pipeline.errors import AuthenticationFailed, InvalidRequest
from pipeline.requests import CertificateAuth
from tests.key_pairs import DAY, MadeUp, make, rsa_key
from tests.pipeline.app import App, check_of

TOKEN_PATH = "*/oauth2/v2.0/token"


def auth(app: App, pair: MadeUp, **other: str) -> CertificateAuth:
    """Enter a certificate of the connector."""
    owner = app.azure.connector
    entered = {"tenant_id": owner.tenant_id, "client_id": owner.client_id, "certificate_pem": pair.pem}
    return CertificateAuth(**(entered | other))


def registered(app: App, pair: MadeUp | None = None) -> CertificateAuth:
    """Enter a certificate that the connector knows."""
    known = pair or make()
    app.azure.apply(AddCertificate(certificate_pem=known.certificate))
    return auth(app, known)


async def refusal(app: App, asked: CertificateAuth) -> AuthenticationFailed:
    """Connect, and be refused."""
    with pytest.raises(AuthenticationFailed) as refused:
        await app.connect(auth=asked)
    assert not app.vault_names
    return refused.value


async def test_connects(app: App) -> None:
    """A registered certificate connects; its day and thumbprint are told, its key is in the vault only."""
    pair = make()

    made = await app.connect(auth=registered(app, pair))

    assert made.auth.method == "certificate"
    assert made.auth.certificate_thumbprint is not None
    assert len(made.auth.certificate_thumbprint) == 40
    assert check_of(made, "secret_expiry").status == "pass"
    assert "The certificate ends on" in check_of(made, "secret_expiry").detail
    [secret] = app.azure.simulation.vault.secrets.values()
    assert secret.newest.value == pair.pem


async def test_the_key_is_nowhere_else(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """No line of the private key is in a row, an answer or a log."""
    caplog.set_level(logging.DEBUG)
    pair = make()
    made = await app.connect(auth=registered(app, pair))
    record = await app.store.get(made.id)

    told = caplog.text + repr(record) + msgspec.json.encode((made, record)).decode() + repr(auth(app, pair))

    assert not [line for line in pair.key.splitlines()[1:-1] if line in told]


async def test_verified(app: App) -> None:
    """A stored certificate gets tokens again, read from the vault."""
    made = await app.connect(auth=registered(app))

    assert check_of(await app.connections.verify(made.id), "subscription_visible").status == "pass"


async def test_about_to_end(app: App) -> None:
    """A certificate that ends within thirty days asks for a person, in words about certificates."""
    made = await app.connect(auth=registered(app, make(ends=7 * DAY)))

    assert made.status == "attention"
    assert made.attention is not None
    assert made.attention.code == "secret_expires_soon"
    assert made.attention.detail.startswith("The certificate ends in 7 days")
    assert "upload it" in made.attention.advice
    assert check_of(made, "secret_expiry").status == "warn"


async def test_faults_name_the_field(app: App) -> None:
    """What is wrong with the PEM is said of `auth.certificate_pem`, and no token is asked for."""
    pair = make()
    wrong = MadeUp(pair.certificate, make(rsa_key(1)).key)

    with pytest.raises(InvalidRequest) as refused:
        await app.connect(auth=auth(app, wrong))

    [(field, sentence)] = refused.value.errors
    assert field == "auth.certificate_pem"
    assert "does not belong" in sentence


async def test_not_registered(app: App) -> None:
    """A certificate that the application does not know is told where to upload it."""
    refused = await refusal(app, auth(app, make()))

    assert refused.reason == "unknown_certificate"
    assert "Upload the certificate" in refused.advice
    assert app.azure.connector.client_id in refused.portal_page


async def test_application_disabled(app: App) -> None:
    """A good certificate of a disabled application is refused for that."""
    asked = registered(app)
    app.azure.apply(SetApplication(enabled=False))

    assert (await refusal(app, asked)).reason == "application_disabled"


async def test_of_another_tenant(app: App) -> None:
    """The tenant decides before the certificate."""
    asked = registered(app)
    elsewhere = app.azure.application("other-company-app").tenant_id

    refused = await refusal(app, msgspec.structs.replace(asked, tenant_id=elsewhere))

    assert refused.reason == "unknown_application"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (700027, "unknown_certificate"),
        (1000502, "expired_certificate"),
        (7000274, "assertion_refused"),
        (700021, "assertion_refused"),
        (700023, "assertion_refused"),
        (700024, "assertion_refused"),
        (50027, "assertion_refused"),
    ],
)
async def test_codes(app: App, code: int, reason: str) -> None:
    """Each refusal of a signature has its reason, with advice."""
    asked = registered(app)
    app.azure.add_fault(Fault(kind=Kind.AADSTS, code=str(code), path=TOKEN_PATH, count=None))

    refused = await refusal(app, asked)

    assert refused.reason == reason
    assert refused.advice
    assert f"AADSTS{code}" in refused.detail


async def test_withdrawn(app: App) -> None:
    """A certificate that was removed from the application turns the connection to a person."""
    made = await app.connect(auth=registered(app))
    app.azure.apply(RemoveCredentials())

    verified = await app.connections.verify(made.id)

    assert verified.attention is not None
    assert verified.attention.code == "unknown_certificate"


async def test_unusable_in_the_vault(app: App) -> None:
    """What somebody else wrote into the vault is refused in words, without a line of it."""
    made = await app.connect(auth=registered(app))
    record = await app.store.get(made.id)
    app.azure.simulation.vault.add_version(str(record.credential.secret_name), "made-up nonsense")
    app.credentials.forget(record.credential)

    with pytest.raises(CredentialRejected) as refused:
        await app.credentials.open(record.credential)

    assert refused.value.reason == "secret_unusable"
    assert "nonsense" not in f"{refused.value!r}"
