"""Credentials: checked, tried, kept, opened once."""

from datetime import date

import pytest
from azure.core.credentials_async import AsyncTokenCredential

from collectors.errors import CredentialRejected, ServiceUnavailable
from local.azure.changes import ExpireSecret
from pipeline import credentials
from pipeline.authentication.claims import Principal, principal_of
from pipeline.authentication.method import Offer
from pipeline.authentication.methods import METHODS
from pipeline.credentials import Credentials, RefusedCredential
from pipeline.errors import InvalidRequest
from pipeline.stores.records import CredentialRecord
from tests.pipeline.app import App

TODAY = date(2026, 11, 21)


async def kept(app: App, *, ends: str | None = None) -> CredentialRecord:
    """Keep the connector's credential."""
    offer = await app.credentials.offer(app.auth(ends=ends), today=TODAY)
    principal = await app.credentials.authenticate(app.credentials.trial(offer))
    return await app.credentials.keep(offer, principal, tags={})


def token_requests(app: App) -> int:
    """Count how often Entra was asked for a token."""
    return sum(entry.path.endswith("/oauth2/v2.0/token") for entry in app.azure.simulation.log.entries)


class TestOffer:
    """What a person entered, checked beyond its types."""

    async def test_ids_are_lower_cased(self, app: App) -> None:
        """Tenant and client ids compare in any case, so they are kept in one."""
        owner = app.azure.connector
        entered = app.auth(tenant_id=owner.tenant_id.upper(), client_id=owner.client_id.upper())

        offer = await app.credentials.offer(entered, today=TODAY)

        assert (offer.record.tenant_id, offer.record.client_id) == (owner.tenant_id, owner.client_id)

    async def test_secret_id_is_refused(self, app: App) -> None:
        """A GUID in the place of the secret is the secret's id, and the sentence says so."""
        entered = app.auth(secret=app.azure.connector.secrets[0].secret_id)

        with pytest.raises(InvalidRequest) as refused:
            await app.credentials.offer(entered, today=TODAY)

        ((field, message),) = refused.value.errors
        assert field == "auth.client_secret"
        assert "Secret ID" in message

    @pytest.mark.parametrize(
        ("day", "words"),
        [("2027-02-30", "not a date"), ("2026-11-20", "has passed")],
        ids=["no date", "yesterday"],
    )
    async def test_day_is_refused(self, app: App, day: str, words: str) -> None:
        """A day that is none, or that is over, is refused by the name of its field."""
        with pytest.raises(InvalidRequest) as refused:
            await app.credentials.offer(app.auth(ends=day), today=TODAY)

        ((field, message),) = refused.value.errors
        assert field == "auth.secret_expires_on"
        assert words in message

    async def test_last_day_is_accepted(self, app: App) -> None:
        """A secret is good on its last day."""
        offer = await app.credentials.offer(app.auth(ends="2026-11-21"), today=TODAY)

        assert offer.record.secret_expires_on == "2026-11-21"

    async def test_all_faults_at_once(self, app: App) -> None:
        """Every fault of a credential is named in one answer."""
        entered = app.auth(secret=app.azure.tenant.tenant_id, ends="2020-01-01")

        with pytest.raises(InvalidRequest) as refused:
            await app.credentials.offer(entered, today=TODAY)

        assert [field for field, _ in refused.value.errors] == [
            "auth.client_secret",
            "auth.secret_expires_on",
        ]

    async def test_shows_no_secret(self, app: App) -> None:
        """An offer that is printed shows no secret."""
        offer = await app.credentials.offer(app.auth(), today=TODAY)

        assert app.azure.connector.secrets[0].value not in repr(offer)


class TestKeep:
    """What is stored of a credential."""

    async def test_principal_is_known(self, app: App) -> None:
        """The record names the service principal that the token spoke for."""
        record = await kept(app)

        assert record.principal_id == app.azure.connector.object_id

    async def test_every_version_has_a_name_of_its_own(self, app: App) -> None:
        """A secret kept twice is two secrets: a name in a vault can never be used again."""
        first, second = await kept(app), await kept(app)

        assert first.secret_name != second.secret_name
        assert len(app.vault_names) == 2

    async def test_expiry_goes_to_the_vault(self, app: App) -> None:
        """The vault knows when the secret ends."""
        record = await kept(app, ends="2031-05-01")

        assert app.azure.simulation.vault.secrets[str(record.secret_name)].newest.expires is not None

    async def test_nothing_to_keep(self, app: App) -> None:
        """A credential without a secret leaves the vault alone."""
        bare = Offer(record=CredentialRecord(method="client_secret", tenant_id="t"))

        record = await app.credentials.keep(bare, Principal(), tags={})

        assert record.secret_name is None
        assert app.vault_names == []


class TestOpen:
    """Credentials of stored connections."""

    async def test_opened_once(self, app: App) -> None:
        """A credential is built once, and its token is asked for once."""
        record = await kept(app)
        app.azure.simulation.log.clear()

        first, second = await app.credentials.open(record), await app.credentials.open(record)
        await app.credentials.authenticate(first)
        await app.credentials.authenticate(second)

        assert first is second
        assert token_requests(app) == 1

    async def test_forgotten(self, app: App) -> None:
        """A forgotten credential asks the vault and Entra anew."""
        record = await kept(app)
        first = await app.credentials.open(record)
        app.credentials.forget(record)

        assert await app.credentials.open(record) is not first

    async def test_opened_anew(self, app: App) -> None:
        """Opened anew, a credential whose secret ended is refused although its old token would still do."""
        record = await kept(app)
        await app.credentials.authenticate(await app.credentials.open(record))
        app.azure.apply(ExpireSecret())

        await app.credentials.authenticate(await app.credentials.open(record))
        with pytest.raises(CredentialRejected) as refused:
            await app.credentials.authenticate(await app.credentials.open(record, anew=True))

        assert refused.value.reason == "expired_client_secret"

    async def test_whose_secret_is_gone(self, app: App) -> None:
        """Once its secret is deleted and it is forgotten, a credential cannot be opened."""
        record = await kept(app)
        await app.credentials.open(record)
        app.credentials.forget(record)
        await app.discarded.delete("c1", record)

        with pytest.raises(CredentialRejected) as refused:
            await app.credentials.open(record)

        assert refused.value.reason == "secret_missing"
        assert app.vault_names == []

    async def test_number_is_bounded(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of too many credentials the oldest is let go."""
        monkeypatch.setattr(credentials, "KEPT_OPEN", 2)
        records = [await kept(app) for _ in range(3)]
        first, second, _ = [await app.credentials.open(record) for record in records]

        assert await app.credentials.open(records[1]) is second
        assert await app.credentials.open(records[0]) is not first

    async def test_is_a_credential(self, app: App) -> None:
        """What is opened serves every Azure client, which may close it without harm."""
        credential = await app.credentials.open(await kept(app))

        async with credential:
            assert isinstance(credential, AsyncTokenCredential)
        assert await app.credentials.authenticate(credential)

    async def test_refused(self, app: App) -> None:
        """A credential that could not be opened says why, whoever asks it."""
        why = ServiceUnavailable("The vault is away.")

        with pytest.raises(ServiceUnavailable) as failed:
            await app.credentials.authenticate(RefusedCredential(why))

        assert failed.value is why

    async def test_close(self, app: App) -> None:
        """Closing drops every credential, and connections of its own are closed with it."""
        own = Credentials(app.settings, app.secrets)
        record = await kept(app)
        before = await own.open(record)
        await own.close()
        await own.close()

        assert await own.open(record) is not before
        await own.close()


class TestPrincipal:
    """Whom a token speaks for."""

    async def test_claims_are_read(self, app: App) -> None:
        """Object id, application and tenant are read from the token."""
        owner = app.azure.connector

        found = principal_of(app.azure.token())

        assert found == Principal(
            object_id=owner.object_id, client_id=owner.client_id, tenant_id=owner.tenant_id
        )

    @pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.WyJ4Il0.c", "a.!.c", "a.\u00e9.c"])
    def test_no_jwt(self, token: str) -> None:
        """A token that is no JWT names nobody, and that is no error."""
        assert principal_of(token) == Principal()


def test_methods_are_named_after_their_requests() -> None:
    """The name of a method is the one by which its request is parsed."""
    tags = {name: method.request_type.__struct_config__.tag for name, method in METHODS.items()}

    assert tags == {name: name for name in METHODS}
