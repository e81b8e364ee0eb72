"""Connections after they were made: shown, changed, verified, rotated, disconnected."""

from datetime import timedelta

import msgspec
import pytest

from local.azure.changes import AssignRole, ExpireSecret
from local.azure.faults import Fault, Kind
from local.azure.knobs import SetVault
from pipeline.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidRequest,
    NotFound,
    SecretUnavailable,
    SubscriptionRejected,
)
from pipeline.requests import ChangeRequest
from pipeline.stores.records import ConnectionRecord
from tests.pipeline.app import REFUSED, App, check_of

LATER = timedelta(hours=1)


class TestShown:
    """get and page."""

    async def test_unknown(self, app: App) -> None:
        """An id that is none is not found."""
        with pytest.raises(NotFound):
            await app.connections.get("none")

    async def test_pages(self, app: App) -> None:
        """Connections are listed newest first, page by page."""
        for name in ("production", "staging", "sandbox"):
            app.now += LATER
            await app.connect(name)

        first = await app.connections.page(limit=2, position=None)
        second = await app.connections.page(limit=2, position=first.next_cursor)

        assert [one.subscription_name for one in (*first.items, *second.items)] == [
            "sandbox",
            "staging",
            "production",
        ]
        assert second.next_cursor is None

    async def test_attention(self, app: App) -> None:
        """What a sync found wrong with the credential shows as `attention`."""
        made = await app.connect_refused()

        shown = await app.connections.get(made.id)

        assert (shown.status, shown.attention) == ("attention", REFUSED)

    @pytest.mark.parametrize("days", [30, 14, 7, 1, 0])
    async def test_secret_ends_soon(self, app: App, days: int) -> None:
        """A secret that ends within 30 days puts the connection in `attention` before it fails."""
        ends = (app.now.date() + timedelta(days=days)).isoformat()
        made = await app.connect(auth=app.auth(ends=ends))

        assert made.status == "attention"
        assert made.attention
        assert made.attention.code == "secret_expires_soon"

    async def test_secret_lasts(self, app: App) -> None:
        """A secret that lasts longer needs nobody."""
        ends = (app.now.date() + timedelta(days=31)).isoformat()

        assert (await app.connect(auth=app.auth(ends=ends))).status == "active"

    async def test_secret_has_ended(self, app: App) -> None:
        """A secret that ends between syncs puts the connection in `attention`; nothing is lost."""
        ends = (app.now.date() + timedelta(days=31)).isoformat()
        made = await app.connect(auth=app.auth(ends=ends))
        app.now += timedelta(days=32)

        shown = await app.connections.get(made.id)

        assert shown.status == "attention"
        assert shown.attention
        assert shown.attention.code == "secret_expired"


class TestChange:
    """change."""

    async def test_name_and_frequency(self, app: App) -> None:
        """What is given changes, the rest stays, and the time of the change is told."""
        made = await app.connect()
        app.now += LATER

        changed = await app.connections.change(made.id, ChangeRequest(name="New", frequency="hourly"))

        assert (changed.name, changed.frequency) == ("New", "hourly")
        assert (changed.services, changed.created_at) == (made.services, made.created_at)
        assert changed.updated_at > made.updated_at

    async def test_unknown(self, app: App) -> None:
        """An id that is none is not found."""
        with pytest.raises(NotFound):
            await app.connections.change("none", ChangeRequest(name="New"))

    async def test_pause_and_resume(self, app: App) -> None:
        """A paused connection is due never, and again once it is resumed."""
        made = await app.connect()

        paused = await app.connections.change(made.id, ChangeRequest(status="paused"))
        resumed = await app.connections.change(made.id, ChangeRequest(status="active"))

        assert (paused.status, paused.next_sync_at) == ("paused", None)
        assert (resumed.status, resumed.next_sync_at) == ("active", made.next_sync_at)

    async def test_paused_with_attention(self, app: App) -> None:
        """A paused connection is shown as paused, and still says what is wrong with it."""
        made = await app.connect_refused()

        paused = await app.connections.change(made.id, ChangeRequest(status="paused"))

        assert (paused.status, paused.attention) == ("paused", REFUSED)

    async def test_name_changed_meanwhile(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A change of a name does not undo what somebody else changes meanwhile."""
        made = await app.connect()
        get, reads = app.store.get, 0

        async def get_and_change(connection_id: str) -> ConnectionRecord:
            nonlocal reads
            reads += 1
            record = await get(connection_id)
            if reads == 2:
                await app.store.replace(msgspec.structs.replace(record, attention=REFUSED))
            return record

        monkeypatch.setattr(app.store, "get", get_and_change)
        changed = await app.connections.change(made.id, ChangeRequest(name="New"))

        assert (changed.name, changed.attention) == ("New", REFUSED)

    async def test_services(self, app: App) -> None:
        """Chosen services replace the choice, and are tried."""
        made = await app.connect()

        changed = await app.connections.change(made.id, ChangeRequest(services=("defender",)))

        assert changed.services == ("defender",)
        assert check_of(changed, "service:defender").status == "pass"

    async def test_unknown_service(self, app: App) -> None:
        """A service that does not exist is refused, and nothing changes."""
        made = await app.connect()

        with pytest.raises(InvalidRequest):
            await app.connections.change(made.id, ChangeRequest(name="New", services=("mainframe",)))

        assert (await app.connections.get(made.id)).name == "Example"

    async def test_new_secret(self, app: App) -> None:
        """A new secret replaces the old one, which is gone from the vault; the attention is cleared."""
        made = await app.connect_refused()
        (old,) = app.vault_names
        auth = app.auth(secret=app.new_secret(), ends=app.day(100))

        changed = await app.connections.change(made.id, ChangeRequest(auth=auth))

        (new,) = app.vault_names
        assert new != old
        assert (changed.status, changed.attention) == ("active", None)
        assert changed.auth.secret_expires_on == app.day(100)
        assert check_of(changed, "secret_expiry").status == "pass"

    async def test_refused_secret(self, app: App) -> None:
        """A new secret that Entra refuses changes nothing."""
        made = await app.connect()
        names = app.vault_names

        with pytest.raises(AuthenticationFailed):
            await app.connections.change(made.id, ChangeRequest(auth=app.auth(secret="wrong")))

        assert app.vault_names == names
        assert (await app.connections.verify(made.id)).status == "active"

    async def test_another_application(self, app: App) -> None:
        """Another application may take over if it sees the subscription."""
        made = await app.connect()
        other = app.azure.application("roleless-app")
        app.azure.apply(AssignRole(subscription="production", role="Reader", application=other.name))

        changed = await app.connections.change(made.id, ChangeRequest(auth=app.auth(other)))

        assert changed.auth.client_id == other.client_id

    async def test_application_that_does_not_see_it(self, app: App) -> None:
        """An application that does not see the subscription changes nothing."""
        made = await app.connect()
        names = app.vault_names
        other = app.azure.application("roleless-app")

        with pytest.raises(SubscriptionRejected):
            await app.connections.change(made.id, ChangeRequest(auth=app.auth(other)))

        assert app.vault_names == names

    async def test_changed_meanwhile(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A new secret leaves nothing behind if somebody else changed the connection meanwhile."""
        made = await app.connect()
        names = app.vault_names
        read = await app.store.get(made.id)
        await app.store.replace(read)

        async def stale(_: str) -> ConnectionRecord:
            return read

        monkeypatch.setattr(app.store, "get", stale)
        with pytest.raises(Conflict):
            await app.connections.change(made.id, ChangeRequest(auth=app.auth()))

        assert app.vault_names == names

    async def test_answer_of_storage_is_lost(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A change that was written although the answer was lost is a change."""
        made = await app.connect()
        replace = app.store.replace

        async def replace_and_lose(record: ConnectionRecord) -> ConnectionRecord:
            await replace(record)
            return await app.fail_storage()

        monkeypatch.setattr(app.store, "replace", replace_and_lose)
        auth = app.auth(ends=app.day(100))
        changed = await app.connections.change(made.id, ChangeRequest(auth=auth))

        assert changed.auth.secret_expires_on == app.day(100)
        assert len(app.vault_names) == 1

    async def test_old_secret_that_stays(self, app: App, caplog: pytest.LogCaptureFixture) -> None:
        """An old secret that a protected vault keeps is named in the log."""
        caplog.set_level("INFO")
        app.azure.apply(SetVault(purgeable=False))
        made = await app.connect()
        (old,) = app.vault_names

        await app.connections.change(made.id, ChangeRequest(auth=app.auth()))

        assert f"secret_not_purged connection_id={made.id} secret_name={old}" in caplog.text


class TestVerify:
    """verify."""

    async def test_role_that_was_added(self, app: App) -> None:
        """A role that was added since is found when the checks are run again."""
        made = await app.connect("staging")
        app.azure.apply(AssignRole(subscription="staging", role="Security Reader"))

        verified = await app.connections.verify(made.id)

        assert check_of(made, "security_reader_role").status == "fail"
        assert check_of(verified, "security_reader_role").status == "pass"
        assert await app.connections.get(made.id) == verified

    async def test_secret_that_expired(self, app: App) -> None:
        """A secret that expired is found although its token would still do, and puts it in `attention`."""
        made = await app.connect()
        await app.connections.verify(made.id)
        app.azure.apply(ExpireSecret())

        verified = await app.connections.verify(made.id)

        assert verified.status == "attention"
        assert verified.attention
        assert verified.attention.code == "expired_client_secret"
        assert check_of(verified, "subscription_visible").status == "fail"
        assert check_of(verified, "reader_role").status == "unknown"

    async def test_credential_that_works_again(self, app: App) -> None:
        """A credential that works again clears the attention."""
        made = await app.connect_refused()

        assert (await app.connections.verify(made.id)).status == "active"

    async def test_secret_that_is_gone(self, app: App) -> None:
        """A secret that somebody deleted from the vault must be entered again."""
        made = await app.connect()
        app.azure.simulation.vault.secrets.clear()

        verified = await app.connections.verify(made.id)

        assert verified.attention
        assert verified.attention.code == "secret_missing"

    @pytest.mark.parametrize("path", ["/secrets/*", "*/token"])
    async def test_nobody_answers(self, app: App, path: str) -> None:
        """Where vault or Entra are away the attention stays as it was, and the checks say so."""
        made = await app.connect_refused()
        app.azure.add_fault(Fault(kind=Kind.STATUS, path=path, count=None))

        verified = await app.connections.verify(made.id)

        assert verified.attention == REFUSED
        assert check_of(verified, "subscription_visible").status == "unknown"

    async def test_changed_meanwhile(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A change that somebody makes meanwhile is kept."""
        made = await app.connect()
        get, reads = app.store.get, 0

        async def get_and_change(connection_id: str) -> ConnectionRecord:
            nonlocal reads
            reads += 1
            record = await get(connection_id)
            if reads == 2:
                await app.store.replace(msgspec.structs.replace(record, name="Changed meanwhile"))
            return record

        monkeypatch.setattr(app.store, "get", get_and_change)

        assert (await app.connections.verify(made.id)).name == "Changed meanwhile"

    async def test_changed_again_and_again(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A connection that never stands still is a conflict."""
        made = await app.connect()

        async def always_late(_: ConnectionRecord) -> ConnectionRecord:
            raise Conflict("made up")

        monkeypatch.setattr(app.store, "replace", always_late)
        with pytest.raises(Conflict):
            await app.connections.verify(made.id)


class TestDisconnect:
    """disconnect."""

    async def test_secret_goes_evidence_stays(self, app: App) -> None:
        """A disconnected connection is not listed, its secret is gone, its evidence is kept."""
        made = await app.connect()

        await app.connections.disconnect(made.id, purge_evidence=False)

        with pytest.raises(NotFound):
            await app.connections.get(made.id)
        assert app.vault_names == []
        assert app.purged == []
        assert await app.store.find(made.id)

    async def test_purge(self, app: App) -> None:
        """With `purge_evidence` nothing is left."""
        made = await app.connect()

        await app.connections.disconnect(made.id, purge_evidence=True)

        assert app.purged == [made.id]
        assert await app.store.find(made.id) is None

    async def test_purge_later(self, app: App) -> None:
        """The evidence of a connection that was disconnected before can be purged."""
        made = await app.connect()
        await app.connections.disconnect(made.id, purge_evidence=False)

        await app.connections.disconnect(made.id, purge_evidence=True)

        assert app.purged == [made.id]

    @pytest.mark.parametrize("purge", [False, True])
    async def test_unknown(self, app: App, *, purge: bool) -> None:
        """An id that is none is not found."""
        with pytest.raises(NotFound):
            await app.connections.disconnect("none", purge_evidence=purge)

    async def test_twice(self, app: App) -> None:
        """What was disconnected before is not found."""
        made = await app.connect()
        await app.connections.disconnect(made.id, purge_evidence=False)

        with pytest.raises(NotFound):
            await app.connections.disconnect(made.id, purge_evidence=False)

    async def test_connect_again(self, app: App) -> None:
        """A disconnected subscription can be connected again, as another connection."""
        made = await app.connect()
        await app.connections.disconnect(made.id, purge_evidence=False)

        assert (await app.connect()).id != made.id

    async def test_vault_is_away(self, app: App) -> None:
        """A secret that could not be deleted is deleted when the caller asks again."""
        made = await app.connect()
        fault = app.azure.add_fault(Fault(kind=Kind.STATUS, path="/secrets/*", method="DELETE", count=None))
        with pytest.raises(SecretUnavailable):
            await app.connections.disconnect(made.id, purge_evidence=False)
        fault.count = 0

        with pytest.raises(NotFound):
            await app.connections.disconnect(made.id, purge_evidence=False)

        assert app.vault_names == []

    async def test_protected_vault(self, app: App, caplog: pytest.LogCaptureFixture) -> None:
        """A vault that keeps deleted secrets is reported."""
        caplog.set_level("INFO")
        app.azure.apply(SetVault(purgeable=False))
        made = await app.connect()

        await app.connections.disconnect(made.id, purge_evidence=False)

        assert f"secret_not_purged connection_id={made.id}" in caplog.text

    async def test_changed_meanwhile(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A change that somebody makes meanwhile does not stop it."""
        made = await app.connect()
        disconnect, tries = app.store.disconnect, 0

        async def late_once(record: ConnectionRecord, *, at: str) -> None:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise Conflict("made up")
            await disconnect(record, at=at)

        monkeypatch.setattr(app.store, "disconnect", late_once)
        await app.connections.disconnect(made.id, purge_evidence=False)

        assert app.vault_names == []

    async def test_changed_again_and_again(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A connection that never stands still keeps its secret."""
        made = await app.connect()

        async def always_late(_: ConnectionRecord, *, at: str) -> None:
            raise Conflict(at)

        monkeypatch.setattr(app.store, "disconnect", always_late)
        with pytest.raises(Conflict):
            await app.connections.disconnect(made.id, purge_evidence=False)

        assert len(app.vault_names) == 1
