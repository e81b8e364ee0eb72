"""Secrets that nothing uses any more: gone, or told of and tried again."""

from collections.abc import Callable, Coroutine
from datetime import timedelta

import pytest
from azure.core.exceptions import ServiceRequestError

from local.azure.changes import AddCertificate
from local.azure.faults import Fault, Kind
from local.azure.knobs import SetVault
from pipeline.connecting import discarded_secrets
from pipeline.errors import AlreadyConnected, SecretUnavailable
from pipeline.health import SecretsHealth
from pipeline.requests import CertificateAuth, ChangeRequest, RotateRequest
from pipeline.stores.records import ConnectionRecord, CredentialRecord
from pipeline.stores.secret_ledger import SecretLedger
from tests.key_pairs import make
from tests.pipeline.app import App

MINUTE = timedelta(minutes=1)


def ledger(app: App) -> SecretLedger:
    """Give what is noted."""
    return SecretLedger(app.tables)


async def noted(app: App) -> list[str]:
    """Give the states of all notes."""
    return [note.state for note in await ledger(app).notes()]


def vault_refuses(app: App, *, method: str = "DELETE") -> None:
    """Let the vault fail whenever a secret is to be deleted."""
    app.azure.add_fault(Fault(kind=Kind.STATUS, path="*secrets/*", method=method, count=None))


def vault_works(app: App) -> None:
    """End that."""
    app.azure.simulation.faults.clear()


async def replaced(app: App, *, purgeable: bool = True) -> ConnectionRecord:
    """Connect, and replace the secret by the same again."""
    app.azure.apply(SetVault(purgeable=purgeable))
    made = await app.connect()
    await app.connections.change(made.id, ChangeRequest(auth=app.auth()))
    return await app.store.get(made.id)


class TestNothingLeft:
    """What goes well leaves neither a secret nor a note."""

    async def test_connected(self, app: App) -> None:
        """A connection's own secret is not noted."""
        made = await app.connect()

        assert await noted(app) == []
        assert made.secrets_left == ()

    async def test_replaced_and_disconnected(self, app: App) -> None:
        """A replaced secret goes at once, and the last one with the connection."""
        record = await replaced(app)
        await app.connections.disconnect(record.id, purge_evidence=False)

        assert await noted(app) == []
        assert app.vault_names == []
        assert await app.discarded.count() == SecretsHealth(not_deleted=0, kept_by_vault=0)

    async def test_already_connected(self, app: App) -> None:
        """A secret that was put in vain is gone, and its note."""
        await app.connect()
        with pytest.raises(AlreadyConnected):
            await app.connect()

        assert await noted(app) == []
        assert len(app.vault_names) == 1


class TestKeptByTheVault:
    """Where purging is not allowed, what stays is said."""

    async def test_told(self, app: App) -> None:
        """The connection tells the name, the state and since when."""
        first = (await app.store.get((await app.connect()).id)).credential.secret_name
        app.azure.apply(SetVault(purgeable=False))
        [record], _ = await app.store.page(limit=1, position=None)

        changed = await app.connections.change(record.id, ChangeRequest(auth=app.auth()))

        [left] = changed.secrets_left
        assert (left.name, left.state) == (first, "kept_by_vault")
        assert left.since
        assert (await app.connections.get(record.id)).secrets_left == changed.secrets_left

    async def test_told_by_a_rotation(self, app: App) -> None:
        """Each connection of a rotation tells what is left of its old secret."""
        app.azure.apply(SetVault(purgeable=False))
        await app.connections.connect(app.request("production", "staging"))
        auth = app.auth()

        rotated = await app.connections.rotate(
            RotateRequest(
                tenant_id=auth.tenant_id, client_id=auth.client_id, client_secret=auth.client_secret
            )
        )

        assert [[left.state for left in one.secrets_left] for one in rotated.connections] == [
            ["kept_by_vault"],
            ["kept_by_vault"],
        ]

    async def test_of_a_certificate_too(self, app: App) -> None:
        """A private key that stays in the vault is told like a secret."""
        app.azure.apply(SetVault(purgeable=False))
        pair, owner = make(), app.azure.connector
        app.azure.apply(AddCertificate(certificate_pem=pair.certificate))
        ids = {"tenant_id": owner.tenant_id, "client_id": owner.client_id}
        made = await app.connect(auth=CertificateAuth(**ids, certificate_pem=pair.pem))

        changed = await app.connections.change(made.id, ChangeRequest(auth=app.auth()))

        assert [left.state for left in changed.secrets_left] == ["kept_by_vault"]

    async def test_until_it_is_gone(self, app: App) -> None:
        """Tried again once a day; when the retention has ended it is told of no more."""
        record = await replaced(app, purgeable=False)
        [before] = (await app.connections.get(record.id)).secrets_left

        app.now += timedelta(days=1)
        await app.discarded.sweep()
        [after] = (await app.connections.get(record.id)).secrets_left
        app.azure.simulation.vault.deleted.clear()
        app.now += timedelta(days=1)
        await app.discarded.sweep()

        assert after == before
        assert (await app.connections.get(record.id)).secrets_left == ()

    async def test_not_every_minute(self, app: App) -> None:
        """Within the day the vault is left alone."""
        await replaced(app, purgeable=False)
        app.azure.simulation.log.clear()

        app.now += timedelta(hours=23)
        await app.discarded.sweep()

        assert app.azure.simulation.log.entries == []


class TestNotDeleted:
    """Where the vault is away, what stays is said and tried again."""

    async def test_told_and_tried_again(self, app: App) -> None:
        """The new secret works, the old one is told of until the sweep deletes it."""
        made = await app.connect()
        vault_refuses(app)
        changed = await app.connections.change(made.id, ChangeRequest(auth=app.auth()))
        vault_works(app)

        await app.discarded.sweep()

        assert [left.state for left in changed.secrets_left] == ["not_deleted"]
        assert (await app.connections.get(made.id)).secrets_left == ()
        assert len(app.vault_names) == 1

    async def test_disconnected(self, app: App) -> None:
        """Whoever disconnects is told that the secret is still there; the sweep deletes it."""
        made = await app.connect()
        vault_refuses(app)
        with pytest.raises(SecretUnavailable):
            await app.connections.disconnect(made.id, purge_evidence=True)
        vault_works(app)

        counted = await app.discarded.count()
        await app.discarded.sweep()

        assert counted == SecretsHealth(not_deleted=1, kept_by_vault=0)
        assert app.vault_names == []
        assert await noted(app) == []

    async def test_vault_stays_away(self, app: App) -> None:
        """A sweep that fails again leaves the note, and since when."""
        made = await app.connect()
        vault_refuses(app)
        changed = await app.connections.change(made.id, ChangeRequest(auth=app.auth()))

        app.now += MINUTE
        await app.discarded.sweep()

        assert (await app.connections.get(made.id)).secrets_left == changed.secrets_left

    async def test_a_bounded_number(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """One sweep tries so many, the longest untried first; the next one the rest."""
        monkeypatch.setattr(discarded_secrets, "AT_A_TIME", 1)
        made = await app.connect()
        vault_refuses(app)
        for _ in range(2):
            await app.connections.change(made.id, ChangeRequest(auth=app.auth()))
        vault_works(app)

        await app.discarded.sweep()
        left = len(app.vault_names)
        await app.discarded.sweep()

        assert (left, len(app.vault_names)) == (2, 1)


class Killed(BaseException):
    """The process ends here."""


class TestKilled:
    """A kill at any point leaves nothing that nobody knows of."""

    async def killed_at(
        self, monkeypatch: pytest.MonkeyPatch, part: object, step: str, work: Coroutine[None, None, object]
    ) -> None:
        """Do something, and be killed at a step of it."""

        async def killed(*_: object, **__: object) -> None:
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(part, step, killed)
            with pytest.raises(Killed):
                await work

    async def swept(self, app: App) -> None:
        """Let a quarter of an hour pass, and sweep."""
        app.now += timedelta(minutes=15)
        await app.discarded.sweep()

    async def test_between_secret_and_row(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A secret whose row was never written is deleted."""
        await self.killed_at(monkeypatch, app.store, "create", app.connect())
        left = len(app.vault_names)

        await self.swept(app)

        assert (left, app.vault_names, await noted(app)) == (1, [], [])

    async def test_not_before_its_time(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A connect that is under way is given time to write its row."""
        create = app.store.create

        async def slow(record: ConnectionRecord) -> ConnectionRecord:
            app.now += timedelta(minutes=14)
            await app.discarded.sweep()
            return await create(record)

        monkeypatch.setattr(app.store, "create", slow)
        made = await app.connect()

        assert app.vault_names == [(await app.store.get(made.id)).credential.secret_name]

    async def test_after_the_row(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A secret whose row was written stays, and its note goes."""
        await self.killed_at(monkeypatch, app.discarded, "keep", app.connect())

        await self.swept(app)

        [record], _ = await app.store.page(limit=1, position=None)
        assert app.vault_names == [record.credential.secret_name]
        assert await noted(app) == []

    @pytest.mark.parametrize("step", ["replace", "disconnect"])
    async def test_before_the_row_changes(self, app: App, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        """A secret that was to go stays while its row names it."""
        made = await app.connect()

        work: dict[str, Callable[[], Coroutine[None, None, object]]] = {
            "replace": lambda: app.connections.change(made.id, ChangeRequest(auth=app.auth())),
            "disconnect": lambda: app.connections.disconnect(made.id, purge_evidence=False),
        }

        await self.killed_at(monkeypatch, app.store, step, work[step]())

        await self.swept(app)

        record = await app.store.get(made.id)
        assert app.vault_names == [record.credential.secret_name]
        assert await noted(app) == []

    async def test_before_the_old_one_is_deleted(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """An old secret that nobody came to delete is deleted."""
        made = await app.connect()

        await self.killed_at(
            monkeypatch,
            app.discarded,
            "drop",
            app.connections.change(made.id, ChangeRequest(auth=app.auth())),
        )
        left = len(app.vault_names)

        await self.swept(app)

        record = await app.store.get(made.id)
        assert (left, app.vault_names) == (2, [record.credential.secret_name])


class TestTableIsAway:
    """The notes themselves may fail."""

    @pytest.fixture
    def away(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let striking off fail, and listing."""

        async def fail(*_: object) -> None:
            raise ServiceRequestError("made up")

        monkeypatch.setattr(SecretLedger, "strike", fail)
        monkeypatch.setattr(app.discarded, "left", self.nothing)

    async def nothing(self) -> dict[str, object]:
        """Tell of nothing."""
        return {}

    @pytest.mark.usefixtures("away")
    async def test_what_was_done_stands(self, app: App) -> None:
        """Connecting and changing succeed although a note could not be struck off."""
        made = await app.connect()
        changed = await app.connections.change(made.id, ChangeRequest(auth=app.auth()))

        assert changed.status == "active"
        assert len(app.vault_names) == 1

    async def test_sweep(
        self, app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A sweep that cannot read its notes leaves them to the next minute."""

        async def fail(*_: object) -> None:
            raise ServiceRequestError("made up")

        monkeypatch.setattr(SecretLedger, "notes", fail)
        await app.discarded.sweep()

        assert "secret_sweep_failed error=ServiceRequestError" in caplog.text


async def test_without_a_secret(app: App) -> None:
    """A credential without a secret is never noted."""
    bare = CredentialRecord(method="managed_identity", tenant_id="t")

    await app.discarded.announce("c1", bare)
    await app.discarded.delete("c1", bare)

    assert await noted(app) == []
