"""Entra's answers about people: told apart, and no token shown."""

import time

import msgspec
import pytest
from azure.core.exceptions import ServiceRequestError

from collectors.errors import CredentialRejected, ServiceUnavailable
from local.azure.faults import Fault, Kind
from pipeline.sign_in.entra import Authorization, EntraSignIn, Grant, Tokens, entra_sign_in
from pipeline.sign_in.records import SignInRecord
from pipeline.sign_in.refresh import RefreshTokenCredential
from tests.pipeline.sign_in.people import People

SCOPE = "https://management.azure.com/.default"
TOKEN_REQUESTS = "*/oauth2/v2.0/token"


def entra_of(people: People, **settings: str) -> EntraSignIn:
    """Give what speaks to Entra, with other settings of the sign-in application."""
    application = people.app.settings.sign_in
    assert application is not None
    changed = msgspec.structs.replace(application, **settings)
    known = entra_sign_in(msgspec.structs.replace(people.app.settings, sign_in=changed))
    assert known is not None
    return known


async def token_of(people: People) -> tuple[str, str]:
    """Sign in; gives the refresh token and the tenant."""
    done = await people.finish()
    record = await people.table.find(done.sign_in_id)
    assert record is not None
    return people.values()[record.grant_secret], str(record.tenant_id)


def test_nothing_is_shown() -> None:
    """Printed, none of them tells a token or a verifier."""
    made = (
        Authorization("https://login.example?x=hidden", "hidden"),
        Grant(refresh_token="hidden", tenant_id="t", object_id="o"),
        Tokens("hidden", 3600, "hidden"),
    )

    assert not [one for one in made if "hidden" in repr(one)]


async def test_a_tenant_that_is_none(people: People) -> None:
    """It is told apart from an Entra that does not answer."""
    token, _ = await token_of(people)

    with pytest.raises(CredentialRejected) as refused:
        await entra_of(people).refresh(token, SCOPE, tenant_id="00000000-0000-0000-0000-000000000000")

    assert refused.value.reason == "unknown_tenant"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=Kind.STATUS, path=TOKEN_REQUESTS, count=None),
        Fault(kind=Kind.HTML, path=TOKEN_REQUESTS, count=None),
        Fault(kind=Kind.DROP, path=TOKEN_REQUESTS, count=None),
        Fault(kind=Kind.THROTTLE, path=TOKEN_REQUESTS, count=None),
        Fault(kind=Kind.HTML, path="*/openid-configuration", count=None),
        Fault(kind=Kind.STATUS, path="*/openid-configuration", count=None),
        Fault(kind=Kind.TRUNCATE, path=TOKEN_REQUESTS, count=None),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.path.rpartition('/')[2]}",
)
async def test_an_answer_that_is_none(people: People, fault: Fault) -> None:
    """Whatever stands in for Entra passes by itself, and nothing of it is quoted."""
    token, tenant_id = await token_of(people)
    people.app.azure.add_fault(fault)

    with pytest.raises(ServiceUnavailable) as failed:
        await entra_of(people).refresh(token, SCOPE, tenant_id=tenant_id)

    assert token not in repr(failed.value)
    assert failed.value.__suppress_context__ or failed.value.__cause__ is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"client_secret": "wrong"}, "SIGN_IN_CLIENT_SECRET"),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, "SIGN_IN_CLIENT_ID"),
    ],
)
async def test_the_applications_own_fault(people: People, settings: dict[str, str], words: str) -> None:
    """A person is not told to enter a secret that only whoever runs the app can renew."""
    token, tenant_id = await token_of(people)

    with pytest.raises(CredentialRejected) as refused:
        await entra_of(people, **settings).refresh(token, SCOPE, tenant_id=tenant_id)

    assert refused.value.reason == "sign_in_application_refused"
    assert words in refused.value.advice


class TestCredential:
    """The sign-in as azure-core's credential."""

    async def test_from_memory(self, people: People) -> None:
        """A token is bought once while it is good, and again with claims."""
        token, tenant_id = await token_of(people)
        credential = RefreshTokenCredential(entra_of(people), token, tenant_id=tenant_id, rotated=None)

        first, second = await credential.get_token(SCOPE), await credential.get_token(SCOPE)
        third = await credential.get_token(SCOPE, claims='{"access_token":{"nbf":{"essential":true}}}')

        assert first.token == second.token != third.token
        assert first.expires_on == pytest.approx(time.time() + 3600, abs=10)

    async def test_graph_is_not_open(self, people: People) -> None:
        """Nobody consented to Microsoft Graph, and the refusal says so."""
        token, tenant_id = await token_of(people)
        credential = RefreshTokenCredential(entra_of(people), token, tenant_id=tenant_id, rotated=None)

        with pytest.raises(CredentialRejected) as refused:
            await credential.get_token("https://graph.microsoft.com/.default")

        assert refused.value.reason == "consent_required"

    async def test_not_set_up_any_more(self) -> None:
        """Without the settings a connection says what is missing."""
        async with RefreshTokenCredential(None, "t", tenant_id="t", rotated=None) as credential:
            with pytest.raises(CredentialRejected) as refused:
                await credential.get_token(SCOPE)

        assert refused.value.reason == "sign_in_not_configured"


async def test_a_row_that_cannot_be_kept(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was granted does not stay without a row that says so."""
    came = await people.browse(await people.start())
    real = people.table.replace

    async def replace(record: SignInRecord) -> SignInRecord:
        if record.progress == "complete":
            raise ServiceRequestError("made up")
        return await real(record)

    monkeypatch.setattr(people.table, "replace", replace)

    with pytest.raises(ServiceRequestError):
        await people.sign_ins.finish(came)

    assert people.app.vault_names == []
