"""The day a client secret ends, read from Microsoft Graph where that is permitted."""

from datetime import timedelta

import msgspec
import pytest

from local.azure.changes import RotateSecret
from local.azure.faults import Fault, Kind
from pipeline.connecting import graph_expiry
from pipeline.model import Connection
from pipeline.requests import ChangeRequest, RotateRequest
from pipeline.stores.records import ConnectionRecord, CredentialRecord
from tests.pipeline.app import App, check_of

GRAPH = "/v1.0/applications(*"


def told(connection: Connection) -> tuple[str | None, str | None]:
    """Give the day that a connection tells, and where it came from."""
    return connection.auth.secret_expires_on, connection.auth.secret_expires_on_source


def secret(app: App, *, begins: str = "", days: int = 200, keep_old: bool = True) -> str:
    """Give the connector one more secret."""
    change = RotateSecret(keep_old=keep_old, begins=begins, days=days)
    return str(app.azure.apply(change)["client_secret"])


def without_consent(app: App) -> None:
    """Take from the connector what an administrator consented to."""
    app.azure.connector.graph_permissions = frozenset()


def asked_of_graph(app: App) -> int:
    """Count how often the application was read."""
    return sum("/applications(" in entry.path for entry in app.azure.simulation.log.entries)


class TestRead:
    """The application may read itself."""

    async def test_nobody_entered_it(self, app: App) -> None:
        """The day is the one of the secret that begins as the entered one does."""
        value = secret(app, begins="one", days=200)
        secret(app, begins="two", days=100)

        made = await app.connect(auth=app.auth(secret=value))

        assert told(made) == (app.day(200), "graph")
        assert check_of(made, "secret_expiry").status == "pass"
        assert (await app.connections.get(made.id)).auth == made.auth

    async def test_once_for_all(self, app: App) -> None:
        """Several subscriptions are connected with one request to Graph."""
        await app.connections.connect(app.request("production", "staging", "sandbox"))

        assert asked_of_graph(app) == 1

    async def test_it_warns_from_then_on(self, app: App) -> None:
        """A day that Graph told puts the connection in `attention` 30 days ahead, as an entered one does."""
        made = await app.connect(auth=app.auth(secret=secret(app, begins="one", days=7)))

        assert made.status == "attention"
        assert check_of(made, "secret_expiry").status == "warn"

    async def test_by_a_change_and_by_a_rotation(self, app: App) -> None:
        """A new secret brings its own day."""
        made = await app.connect()
        one, two = secret(app, begins="one", days=200), secret(app, begins="two", days=100)

        changed = await app.connections.change(made.id, ChangeRequest(auth=app.auth(secret=one)))
        auth = app.auth()
        ids = {"tenant_id": auth.tenant_id, "client_id": auth.client_id}
        [rotated] = (await app.connections.rotate(RotateRequest(**ids, client_secret=two))).connections

        assert told(changed) == (app.day(200), "graph")
        assert told(rotated) == (app.day(100), "graph")

    async def test_consent_that_came_later(self, app: App) -> None:
        """Verifying reads the day once an administrator has consented, and keeps it."""
        granted = app.azure.connector.graph_permissions
        without_consent(app)
        made = await app.connect(auth=app.auth(secret=secret(app, begins="one")))
        app.azure.connector.graph_permissions = granted

        verified = await app.connections.verify(made.id)

        assert (told(made), told(verified)) == ((None, None), (app.day(200), "graph"))
        assert check_of(verified, "secret_expiry").status == "pass"

    async def test_with_other_services(self, app: App) -> None:
        """So does a change of services, which runs the checks too."""
        made = await app.connect()
        record = await app.store.get(made.id)
        bare = msgspec.structs.replace(record.credential, secret_expires_on=None)
        await app.store.replace(msgspec.structs.replace(record, credential=bare))

        changed = await app.connections.change(made.id, ChangeRequest(services=("defender",)))

        assert told(changed) == told(made)

    async def test_a_credential_replaced_meanwhile(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is learnt of a secret is not written on the one that replaces it meanwhile."""
        made = await app.connect()
        get, replaced = app.store.get, list[CredentialRecord]()

        async def get_and_replace(connection_id: str) -> ConnectionRecord:
            record = await get(connection_id)
            if not replaced:
                other = msgspec.structs.replace(
                    record.credential, secret_name="another", secret_expires_on=None
                )
                replaced.append(other)
                await app.store.replace(msgspec.structs.replace(record, credential=other))
            return record

        with monkeypatch.context() as patch:
            patch.setattr(app.store, "get", get_and_replace)
            await app.connections.verify(made.id)

        assert (await app.store.get(made.id)).credential == replaced[0]


class TestEntered:
    """Somebody entered a day."""

    @pytest.mark.parametrize("days", [100, 200, 201])
    async def test_it_stays(self, app: App, days: int) -> None:
        """A day before the secret's end stays, and one later by the difference between time zones."""
        value = secret(app, begins="one", days=200)

        made = await app.connect(auth=app.auth(secret=value, ends=app.day(days)))

        assert told(made) == (app.day(days), "entered")
        assert check_of(made, "secret_expiry").status == "pass"

    async def test_later_than_the_end(self, app: App) -> None:
        """A day after the secret's end is replaced by Graph's, and the check warns of it."""
        value = secret(app, begins="one", days=200)

        made = await app.connect(auth=app.auth(secret=value, ends=app.day(300)))

        check = check_of(made, "secret_expiry")
        assert told(made) == (app.day(200), "graph")
        assert check.status == "warn"
        assert app.day(300) in check.detail
        assert check.advice

    async def test_found_when_verifying(self, app: App) -> None:
        """So it is once Graph can be asked."""
        granted = app.azure.connector.graph_permissions
        without_consent(app)
        value = secret(app, begins="one", days=200)
        made = await app.connect(auth=app.auth(secret=value, ends=app.day(300)))
        app.azure.connector.graph_permissions = granted

        verified = await app.connections.verify(made.id)

        assert told(made) == (app.day(300), "entered")
        assert told(verified) == (app.day(200), "graph")
        assert check_of(verified, "secret_expiry").status == "warn"


class TestAlike:
    """Several secrets begin alike."""

    async def test_the_earliest(self, app: App) -> None:
        """The earliest end counts, and the check says why."""
        value = secret(app, begins="one", days=200)
        secret(app, begins="one", days=100)

        made = await app.connect(auth=app.auth(secret=value))

        assert told(made) == (app.day(100), "graph")
        assert "2 client secrets that begin alike" in check_of(made, "secret_expiry").detail

    async def test_not_one_that_has_ended(self, app: App) -> None:
        """One that has ended is not the one that was just accepted."""
        secret(app, begins="one", days=-5)

        made = await app.connect(auth=app.auth(secret=secret(app, begins="one", days=200)))

        assert told(made) == (app.day(200), "graph")
        assert "alike" not in check_of(made, "secret_expiry").detail

    async def test_an_entered_day_between_them(self, app: App) -> None:
        """A day that may be right is believed."""
        value = secret(app, begins="one", days=200)
        secret(app, begins="one", days=100)

        made = await app.connect(auth=app.auth(secret=value, ends=app.day(200)))

        assert told(made) == (app.day(200), "entered")


class TestNotRead:
    """Nothing changes where Graph does not tell it."""

    async def test_no_consent(self, app: App) -> None:
        """The check is `unknown` and says both ways to the day."""
        without_consent(app)

        made = await app.connect()

        check = check_of(made, "secret_expiry")
        assert (told(made), check.status) == ((None, None), "unknown")
        assert "enter it" in check.advice
        assert "Application.Read.All" in check.advice

    async def test_no_consent_any_more(self, app: App) -> None:
        """A day that Graph once told stays."""
        made = await app.connect()
        without_consent(app)

        assert told(await app.connections.verify(made.id)) == told(made)

    async def test_an_entered_day_without_consent(self, app: App) -> None:
        """Whoever entered a day hears nothing of Graph."""
        without_consent(app)

        made = await app.connect(auth=app.auth(ends=app.day(100)))

        assert told(made) == (app.day(100), "entered")
        assert (check_of(made, "secret_expiry").status, check_of(made, "secret_expiry").advice) == (
            "pass",
            "",
        )

    async def test_registered_elsewhere(self, app: App) -> None:
        """An application of another tenant is not listed in this one."""
        app.azure.connector.registered_in = "another"

        made = await app.connect()

        assert "knows no such application" in check_of(made, "secret_expiry").detail

    async def test_no_secret_begins_like_it(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A list without the secret tells nothing."""
        monkeypatch.setattr("pipeline.connecting.credential_trials.hint_of", lambda _: "???")

        made = await app.connect()

        assert (told(made), check_of(made, "secret_expiry").status) == ((None, None), "unknown")

    @pytest.mark.parametrize("kind", [Kind.STATUS, Kind.DROP, Kind.HTML, Kind.THROTTLE])
    async def test_graph_is_away(self, app: App, kind: Kind) -> None:
        """The connection is made all the same."""
        app.azure.add_fault(Fault(kind=kind, path=GRAPH, count=None, retry_after_s=0))

        made = await app.connect()

        check = check_of(made, "secret_expiry")
        assert (told(made), check.status) == ((None, None), "unknown")
        assert "this time" in check.detail

    async def test_graph_is_slow(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody waits long for it."""
        monkeypatch.setattr(graph_expiry, "WITHIN_S", 0.0)

        assert told(await app.connect()) == (None, None)


async def test_a_row_from_before(app: App) -> None:
    """A row that does not say who told the day was told by a person."""
    made = await app.connect(auth=app.auth(ends=app.day(100)))
    record = await app.store.get(made.id)
    old = msgspec.structs.replace(record.credential, secret_expires_on_source=None)
    await app.store.replace(msgspec.structs.replace(record, credential=old))

    assert told(await app.connections.get(made.id)) == (app.day(100), "entered")


async def test_what_it_begins_with_is_kept_nowhere(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the row nor in a log line."""
    caplog.set_level("DEBUG")
    made = await app.connect(auth=app.auth(secret=secret(app, begins="~#~")))
    app.now += timedelta(days=1)
    await app.connections.verify(made.id)

    assert "~#~" not in str(await app.store.get(made.id))
    assert "~#~" not in caplog.text
