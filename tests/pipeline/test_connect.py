"""Connecting subscriptions, with every trouble that the guide for users names."""

import asyncio
import logging

import msgspec
import pytest

from collectors.errors import ServiceUnavailable
from collectors.registry import load
from local.azure.changes import ExpireSecret, RotateSecret, SetApplication
from local.azure.faults import Fault, Kind
from pipeline.errors import (
    AlreadyConnected,
    AuthenticationFailed,
    InvalidRequest,
    NothingConnected,
    SubscriptionRejected,
    UpstreamUnavailable,
)
from pipeline.model import Connected
from pipeline.requests import ClientSecretAuth, ConnectRequest
from pipeline.stores.records import ConnectionRecord
from pipeline.triggers.http_parsing import parse
from tests.pipeline.app import App, check_of

NOWHERE = "00000000-0000-4000-8000-000000000000"


async def stored(app: App) -> list[ConnectionRecord]:
    """Give every row of a connection."""
    records, _ = await app.store.page(limit=1000, position=None, with_disconnected=True)
    return records


async def nothing_is_stored(app: App) -> bool:
    """Tell whether neither a row nor a secret was left."""
    return not await stored(app) and not app.vault_names


class TestConnected:
    """What a successful request makes."""

    async def test_one_connection_per_subscription(self, app: App) -> None:
        """Each subscription becomes a connection of its own, with its name from Azure."""
        connected = await app.connections.connect(app.request("production", "staging"))

        names = [(made.name, made.subscription_name, made.status) for made in connected.connections]
        assert names == [("Example", "production", "active"), ("Example", "staging", "active")]
        assert connected.rejected == ()

    async def test_what_is_told(self, app: App) -> None:
        """A connection tells everything of itself but its secret."""
        ends = app.day(100)
        made = await app.connect(auth=app.auth(ends=ends))

        owner = app.azure.connector
        assert made.tenant_id == owner.tenant_id
        assert (made.auth.method, made.auth.client_id, made.auth.secret_expires_on) == (
            "client_secret",
            owner.client_id,
            ends,
        )
        assert made.services == tuple(load())
        assert made.next_sync_at
        assert made.last_sync_run
        assert made.last_sync_run.trigger == "connect"

    async def test_setup_checks_are_kept(self, app: App) -> None:
        """The setup checks are run and kept with the connection."""
        made = await app.connect("staging")

        kept = await app.connections.get(made.id)
        assert kept.setup_checks == made.setup_checks
        assert check_of(kept, "security_reader_role").status == "fail"

    async def test_syncs_at_once(self, app: App) -> None:
        """A sync starts for each connection."""
        connected = await app.connections.connect(app.request("production", "staging"))

        assert sorted(app.started[:2]) == sorted((made.id, "connect") for made in connected.connections)

    async def test_syncs_later(self, app: App) -> None:
        """Without `sync_now` no sync starts."""
        asked = msgspec.structs.replace(app.request("production"), sync_now=False)

        made = (await app.connections.connect(asked)).connections[0]

        assert app.started == []
        assert made.last_sync_run is None

    async def test_queue_is_away(
        self, app: App, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A connection stands although its first sync could not be queued, and the log says so."""
        monkeypatch.setattr(app.connections, "_start_run", app.fail_storage)

        made = await app.connect()

        assert (await app.connections.get(made.id)).status == "active"
        assert f"sync_not_queued connection_id={made.id}" in caplog.text

    async def test_one_secret_each(self, app: App) -> None:
        """Each connection has a secret of its own in the vault, tagged with whose it is."""
        connected = await app.connections.connect(app.request("production", "staging"))

        secrets = app.azure.simulation.vault.secrets
        assert {entry.newest.tags["connection_id"] for entry in secrets.values()} == {
            made.id for made in connected.connections
        }
        assert {entry.newest.value for entry in secrets.values()} == {app.azure.connector.secrets[0].value}

    async def test_comma_separated(self, app: App) -> None:
        """Ids may come as one string, with blanks, twice and in any case."""
        first, second = app.subscription_id("production"), app.subscription_id("staging")
        text = f" {first.upper()} , {second},{first},"
        asked = msgspec.structs.replace(app.request("production"), subscription_ids=text)

        connected = await app.connections.connect(asked)

        assert [made.subscription_id for made in connected.connections] == [first, second]

    async def test_chosen_services(self, app: App) -> None:
        """Chosen services are kept, each once."""
        asked = msgspec.structs.replace(app.request("production"), services=("defender", "defender"))

        assert (await app.connections.connect(asked)).connections[0].services == ("defender",)

    async def test_secret_is_nowhere(self, app: App, caplog: pytest.LogCaptureFixture) -> None:
        """The secret is in the vault, and in no row, answer, exception or log line."""
        caplog.set_level(logging.DEBUG)
        secret = app.azure.connector.secrets[0].value
        made = await app.connect()
        with pytest.raises(AlreadyConnected) as refused:
            await app.connect()

        assert secret.encode() not in msgspec.json.encode((await stored(app), made))
        assert secret not in f"{refused.value!r} {refused.value.extra}"
        assert secret not in caplog.text


class TestTroubles:
    """What Entra refuses: the reason, advice to follow, and nothing stored."""

    @pytest.mark.parametrize(
        ("application", "reason"),
        [
            ("expired-app", "expired_client_secret"),
            ("disabled-app", "application_disabled"),
            ("blocked-app", "blocked_by_conditional_access"),
            ("unconsented-app", "consent_required"),
        ],
    )
    async def test_application(self, app: App, application: str, reason: str) -> None:
        """An expired secret, a disabled, a blocked and an unconsented application: each its own reason."""
        auth = app.auth(app.azure.application(application))

        with pytest.raises(AuthenticationFailed) as failed:
            await app.connect(auth=auth)

        assert failed.value.reason == reason
        assert failed.value.advice
        assert failed.value.portal_page
        assert await nothing_is_stored(app)

    @pytest.mark.parametrize(
        ("field", "reason"),
        [
            ("client_secret", "invalid_client_secret"),
            ("client_id", "unknown_application"),
            ("tenant_id", "unknown_tenant"),
        ],
    )
    async def test_wrong_value(self, app: App, field: str, reason: str) -> None:
        """A wrong secret, client id or tenant id: each its own reason."""
        wrong = "wrong" if field == "client_secret" else NOWHERE
        auth = msgspec.convert(msgspec.to_builtins(app.auth()) | {field: wrong}, ClientSecretAuth)

        with pytest.raises(AuthenticationFailed) as failed:
            await app.connect(auth=auth)

        assert failed.value.reason == reason
        assert failed.value.advice
        assert await nothing_is_stored(app)

    async def test_application_of_another_tenant(self, app: App) -> None:
        """An application that is registered elsewhere is unknown here."""
        stranger = app.azure.application("other-company-app")
        auth = app.auth(stranger, tenant_id=app.azure.tenant.tenant_id)

        with pytest.raises(AuthenticationFailed) as failed:
            await app.connect(auth=auth)

        assert failed.value.reason == "unknown_application"

    async def test_secret_id(self, app: App) -> None:
        """The secret's id instead of its value is refused before Entra is asked."""
        auth = app.auth(secret=app.azure.connector.secrets[0].secret_id)

        with pytest.raises(InvalidRequest):
            await app.connect(auth=auth)

        assert app.azure.simulation.log.entries == []

    async def test_entra_is_away(self, app: App) -> None:
        """Where Entra does not answer the credential is not blamed, and nothing is stored."""
        app.azure.add_fault(Fault(kind=Kind.STATUS, path="*/token", method="POST", count=None))

        with pytest.raises(ServiceUnavailable):
            await app.connect()

        assert await nothing_is_stored(app)

    async def test_stray_spaces(self, app: App) -> None:
        """Values that were pasted with spaces around them work."""
        entered = msgspec.to_builtins(app.request("production"))
        entered["auth"] = {name: f" {value}\n" for name, value in entered["auth"].items() if value}

        asked = parse(msgspec.json.encode(entered), ConnectRequest)

        assert (await app.connections.connect(asked)).connections

    async def test_names_stay_out_of_the_log(self, app: App, caplog: pytest.LogCaptureFixture) -> None:
        """What Entra says of an application or a person is in no log line."""
        caplog.set_level(logging.DEBUG)
        with pytest.raises(AuthenticationFailed):
            await app.connect(auth=app.auth(app.azure.application("disabled-app")))

        assert "(disabled-app)" not in caplog.text


class TestRejected:
    """Subscriptions that a working credential cannot connect."""

    async def rejected(self, app: App, *names: str) -> Connected:
        """Connect subscriptions beside one that works."""
        return await app.connections.connect(app.request("production", *names))

    async def test_beside_one_that_works(self, app: App) -> None:
        """One that cannot be seen is rejected, the other is connected."""
        connected = await self.rejected(app, "hidden")

        assert [made.subscription_name for made in connected.connections] == ["production"]
        (one,) = connected.rejected
        assert one.subscription_id == app.subscription_id("hidden")
        assert one.problem["code"] == "subscription_not_found"
        assert one.problem["status"] == 422
        assert set(one.problem) >= {
            "type",
            "title",
            "status",
            "code",
            "detail",
            "advice",
            "portal_url",
        }
        assert "30 minutes" in str(one.problem["advice"])

    async def test_already_connected_beside_one_that_works(self, app: App) -> None:
        """One that is connected already is rejected with the connection's id."""
        made = await app.connect("staging")

        connected = await self.rejected(app, "staging")

        (one,) = connected.rejected
        assert (one.problem["code"], one.problem["connection_id"]) == ("already_connected", made.id)

    @pytest.mark.parametrize("name", ["hidden", "foreign"])
    async def test_only_one_not_visible(self, app: App, name: str) -> None:
        """A subscription without a role, and one of another tenant, are not visible; that is the problem."""
        with pytest.raises(SubscriptionRejected) as refused:
            await app.connect(name)

        assert refused.value.advice
        assert len(msgspec.to_builtins(refused.value.extra["rejected"])) == 1
        assert await nothing_is_stored(app)

    async def test_only_one_unknown(self, app: App) -> None:
        """A subscription that does not exist is not visible either."""
        asked = msgspec.structs.replace(app.request("production"), subscription_ids=(NOWHERE,))

        with pytest.raises(SubscriptionRejected):
            await app.connections.connect(asked)

    async def test_not_found_in_other_words(self, app: App) -> None:
        """A 404 of the subscription means that it is not visible, whatever code its body has."""
        path = f"/subscriptions/{app.subscription_id('production')}"
        app.azure.add_fault(Fault(kind=Kind.STATUS, path=path, status=404, code="Odd", count=None))

        with pytest.raises(SubscriptionRejected):
            await app.connect()

    async def test_only_one_already_connected(self, app: App) -> None:
        """The only subscription being connected already, the problem says by which connection."""
        made = await app.connect()

        with pytest.raises(AlreadyConnected) as refused:
            await app.connect()

        assert refused.value.extra["connection_id"] == made.id
        assert len(app.vault_names) == 1

    async def test_several_for_one_reason(self, app: App) -> None:
        """Several subscriptions that share one reason have it as their problem, and the whole list."""
        with pytest.raises(SubscriptionRejected) as refused:
            await app.connections.connect(app.request("hidden", "foreign"))

        assert len(msgspec.to_builtins(refused.value.extra["rejected"])) == 2

    async def test_several_reasons(self, app: App) -> None:
        """Several reasons are told one by one."""
        await app.connect("staging")

        with pytest.raises(NothingConnected) as refused:
            await app.connections.connect(app.request("hidden", "staging"))

        listed = msgspec.convert(refused.value.extra["rejected"], list[dict[str, object]])
        codes = [msgspec.convert(one["problem"], dict[str, object])["code"] for one in listed]
        assert codes == ["subscription_not_found", "already_connected"]

    async def test_azure_is_away(self, app: App) -> None:
        """A subscription that cannot be read for now is no fault of the caller."""
        path = f"/subscriptions/{app.subscription_id('production')}"
        app.azure.add_fault(Fault(kind=Kind.STATUS, path=path, count=None))

        with pytest.raises(UpstreamUnavailable):
            await app.connect()

        assert await nothing_is_stored(app)

    async def test_unexpected_answer(self, app: App) -> None:
        """An answer that Azure does not declare connects nothing, and is not called an outage."""
        path = f"/subscriptions/{app.subscription_id('production')}"
        app.azure.add_fault(Fault(kind=Kind.REDIRECT, path=path, count=None))

        with pytest.raises(NothingConnected) as refused:
            await app.connect()

        assert "redirect" in refused.value.advice

    async def test_vault_is_away(self, app: App) -> None:
        """Without the vault nothing is connected."""
        app.azure.add_fault(Fault(kind=Kind.STATUS, path="/secrets/*", count=None))

        with pytest.raises(UpstreamUnavailable):
            await app.connect()

        assert await nothing_is_stored(app)


class TestOdd:
    """Subscriptions that connect although something is wrong with them."""

    @pytest.mark.parametrize(
        ("name", "check", "status"),
        [
            ("disabled", "subscription_visible", "fail"),
            ("sandbox", "defender_enabled", "fail"),
            ("computing", "defender_enabled", "warn"),
            ("computing-missing", "defender_enabled", "warn"),
            ("staging", "security_reader_role", "fail"),
        ],
    )
    async def test_connects_and_says_so(self, app: App, name: str, check: str, status: str) -> None:
        """A disabled one, Defender off or still computing, a missing role: connected, and said."""
        made = await app.connect(name)

        assert check_of(made, check).status == status
        assert check_of(made, check).advice


class TestRequest:
    """What is wrong with the request itself."""

    async def test_bad_ids_are_named(self, app: App) -> None:
        """Each id that is no GUID is named."""
        asked = msgspec.structs.replace(app.request("production"), subscription_ids="sub-id-1, sub-id-2")

        with pytest.raises(InvalidRequest) as refused:
            await app.connections.connect(asked)

        assert [field for field, _ in refused.value.errors] == ["subscription_ids"] * 2
        assert "sub-id-2" in refused.value.errors[1][1]

    @pytest.mark.parametrize("ids", ["", " , ", ()], ids=["empty", "commas", "none"])
    async def test_no_ids(self, app: App, ids: str | tuple[str, ...]) -> None:
        """At least one subscription must be named."""
        asked = msgspec.structs.replace(app.request("production"), subscription_ids=ids)

        with pytest.raises(InvalidRequest):
            await app.connections.connect(asked)

    async def test_too_many_ids(self, app: App) -> None:
        """More than five hundred subscriptions are too many for one request."""
        ids = tuple(f"00000000-0000-4000-8000-{number:012d}" for number in range(501))
        asked = msgspec.structs.replace(app.request("production"), subscription_ids=ids)

        with pytest.raises(InvalidRequest) as refused:
            await app.connections.connect(asked)

        assert "not 501" in refused.value.errors[0][1]

    async def test_unknown_services_are_named(self, app: App) -> None:
        """Each service that does not exist is named, and those that do are listed."""
        asked = msgspec.structs.replace(app.request("production"), services=("defender", "mainframe"))

        with pytest.raises(InvalidRequest) as refused:
            await app.connections.connect(asked)

        ((field, message),) = refused.value.errors
        assert field == "services"
        assert "'mainframe'" in message
        assert "defender" in message

    async def test_no_services(self, app: App) -> None:
        """An empty choice of services is refused."""
        asked = msgspec.structs.replace(app.request("production"), services=())

        with pytest.raises(InvalidRequest):
            await app.connections.connect(asked)


class TestRaces:
    """Two at one time, and answers that are lost."""

    async def test_two_connect_at_once(self, app: App) -> None:
        """Of two simultaneous requests exactly one wins, and the other leaves no secret behind."""
        outcomes = await asyncio.gather(app.connect(), app.connect(), return_exceptions=True)

        refused = [outcome for outcome in outcomes if isinstance(outcome, AlreadyConnected)]
        (made,) = await stored(app)
        assert len(refused) == 1
        assert refused[0].extra["connection_id"] == made.id
        assert app.vault_names == [made.credential.secret_name]

    async def test_storage_is_away(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the row cannot be written the secret is deleted again."""
        await app.tables.close()
        monkeypatch.setattr(app.store, "create", app.fail_storage)

        with pytest.raises(UpstreamUnavailable):
            await app.connect()

        assert await nothing_is_stored(app)

    async def test_answer_of_storage_is_lost(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A row that was written although the answer was lost keeps its secret, and is connected."""
        create = app.store.create

        async def create_and_lose(record: ConnectionRecord) -> ConnectionRecord:
            await create(record)
            return await app.fail_storage()

        monkeypatch.setattr(app.store, "create", create_and_lose)
        made = await app.connect()

        assert (await stored(app))[0].id == made.id
        assert len(app.vault_names) == 1

    async def test_secret_that_cannot_be_deleted(self, app: App, caplog: pytest.LogCaptureFixture) -> None:
        """A secret left behind because the vault failed is named in the log; the caller's answer stays."""
        await app.connect()
        app.azure.add_fault(Fault(kind=Kind.STATUS, path="/secrets/*", method="DELETE", count=None))

        with pytest.raises(AlreadyConnected):
            await app.connect()

        assert "secret_not_deleted secret_name=connection-credential-" in caplog.text


async def test_changes_at_entra_show_at_once(app: App) -> None:
    """What an administrator changes is seen by the next request, in both directions."""
    app.azure.apply(SetApplication(enabled=False))
    with pytest.raises(AuthenticationFailed):
        await app.connect()
    app.azure.apply(SetApplication(enabled=True))
    app.azure.apply(ExpireSecret())
    with pytest.raises(AuthenticationFailed):
        await app.connect()
    app.azure.apply(RotateSecret())

    assert (await app.connect()).status == "active"
