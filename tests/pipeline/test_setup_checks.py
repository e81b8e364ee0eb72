"""What a connection may read, tried for real against the simulated Azure."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from collectors.contract import Read, Reader
from collectors.errors import AccessDenied
from collectors.registry import load
from local.azure.changes import AssignRole, RevokeRole, SetSubscription
from local.azure.faults import Fault, Kind
from local.azure.world import Defender, State
from pipeline.authentication.claims import Principal
from pipeline.credentials import RefusedCredential
from pipeline.errors import SecretUnavailable
from pipeline.model import SetupCheck
from pipeline.setup_checks import Subscription, check_setup
from pipeline.stores.records import ConnectionRecord, CredentialRecord
from tests.pipeline.app import App

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
IDS = [
    "subscription_visible",
    "reader_role",
    "security_reader_role",
    "monitoring_reader_role",
    "defender_enabled",
    "least_privilege",
    "secret_expiry",
    "service:defender",
]

type Checks = dict[str, SetupCheck]


def record(app: App, name: str = "production", ends: str | None = "2027-11-21") -> ConnectionRecord:
    """Make a connection of a subscription with the connector's credential."""
    owner = app.azure.connector
    return ConnectionRecord(
        id="c1",
        name="Example",
        subscription_id=app.subscription_id(name),
        subscription_name=name,
        credential=CredentialRecord(
            method="client_secret",
            tenant_id=owner.tenant_id,
            client_id=owner.client_id,
            secret_name="one",
            secret_expires_on=ends,
        ),
        frequency="daily",
        created_at="",
        updated_at="",
    )


async def checks(
    app: App,
    name: str = "production",
    *,
    connection: ConnectionRecord | None = None,
    reader: Reader | None = None,
    token: bool = True,
    principal: Principal | None = None,
) -> Checks:
    """Run the setup checks of a subscription."""
    found = await check_setup(
        reader or app.reader(name),
        connection=connection or record(app, name),
        principal=principal or (Principal(object_id=app.azure.connector.object_id) if token else None),
        collectors={"defender": load()["defender"]},
        now=NOW,
        portal_url=app.settings.portal_url,
    )
    return {check.id: check for check in found}


async def test_all_in_order(app: App) -> None:
    """Every check of the contract is there, in its order, one per service at the end."""
    assert list(await checks(app)) == IDS


async def test_all_well(app: App) -> None:
    """A connection with the three roles, Defender on and a fresh secret passes everything."""
    found = await checks(app)

    assert {check.status for check in found.values()} == {"pass"}
    assert {check.portal_url for check in found.values()} == {None}


async def test_published_bodies(app: App) -> None:
    """The bodies of Microsoft's own specification are understood."""
    found = await checks(app, "specification")

    assert {check.status for check in found.values()} == {"pass"}


class TestSubscription:
    """subscription_visible."""

    @pytest.mark.parametrize(
        ("state", "status"),
        [
            (State.WARNED, "warn"),
            (State.PAST_DUE, "warn"),
            (State.DISABLED, "fail"),
            (State.ENABLED, "pass"),
        ],
    )
    async def test_states(self, app: App, state: State, status: str) -> None:
        """A subscription that is about to be disabled, or is, says so and what to do."""
        app.azure.apply(SetSubscription(subscription="production", state=state))

        check = (await checks(app))["subscription_visible"]

        assert check.status == status
        assert bool(check.advice) == (status != "pass")

    async def test_new_state(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A state that Azure adds one day is not guessed at."""
        monkeypatch.setattr(app.azure.subscription("production"), "state", Strange("Frozen"))

        check = (await checks(app))["subscription_visible"]

        assert (check.status, check.detail) == (
            "unknown",
            "The subscription 'production' is in the state 'Frozen'.",
        )

    async def test_no_role_at_all(self, app: App) -> None:
        """Without any role the subscription cannot be seen; the advice names role and scope."""
        found = await checks(app, "hidden")

        check = found["subscription_visible"]
        scope = f"/subscriptions/{app.subscription_id('hidden')}"
        assert check.status == "fail"
        assert f"role Reader at the scope {scope}" in check.advice
        assert "30 minutes" in check.advice
        assert str(check.portal_url).endswith(f"/resource{scope}/users")

    async def test_not_found_in_other_words(self, app: App) -> None:
        """A 404 of the subscription means that it is not visible, whatever code its body has."""
        path = f"/subscriptions/{app.subscription_id('production')}"
        app.azure.add_fault(Fault(kind=Kind.STATUS, path=path, status=404, code="Odd", count=None))

        check = (await checks(app))["subscription_visible"]

        assert check.status == "fail"
        assert "role Reader" in check.advice

    @pytest.mark.parametrize(
        ("body", "status", "detail"),
        [
            ({}, "unknown", "The subscription '{id}' is in the state ''."),
            ({"displayName": None, "state": None}, "unknown", "The subscription '{id}' is in the state ''."),
            ({"displayName": "Shop", "state": "enabled"}, "pass", "The subscription 'Shop' is enabled."),
        ],
        ids=["empty", "nulls", "lower case"],
    )
    async def test_optional_fields(
        self, app: App, monkeypatch: pytest.MonkeyPatch, body: dict[str, object], status: str, detail: str
    ) -> None:
        """Every field of a subscription is optional in the specification, and casing tells nothing."""
        reader = app.reader("production")
        real = reader.get

        async def get(read: Read, of: type, **fields: str) -> object:
            return msgspec.convert(body, of) if of is Subscription else await real(read, of, **fields)

        monkeypatch.setattr(reader, "get", get)

        check = (await checks(app, reader=reader))["subscription_visible"]

        assert (check.status, check.detail) == (status, detail.format(id=reader.subscription_id))

    async def test_of_another_tenant(self, app: App) -> None:
        """A subscription that belongs to another tenant is not visible, and the rest stays open."""
        found = await checks(app, "foreign")

        assert found["subscription_visible"].status == "fail"
        assert found["reader_role"].status != "pass"


class Strange(str):
    """A state that the simulated Azure does not know."""

    __slots__ = ()

    @property
    def value(self) -> str:
        """The state as Azure writes it."""
        return str(self)


class TestRoles:
    """reader_role, security_reader_role, monitoring_reader_role: the call decides."""

    async def test_reader_is_enough(self, app: App) -> None:
        """With Reader alone every call works, so no further role is asked for."""
        for role in ("Security Reader", "Monitoring Reader"):
            app.azure.apply(RevokeRole(subscription="production", role=role))

        found = await checks(app)

        assert {found[check].status for check in IDS[1:4]} == {"pass"}

    async def test_security_reader_missing(self, app: App) -> None:
        """403 on assessments and alerts says to add Security Reader at subscription scope."""
        check = (await checks(app, "staging"))["security_reader_role"]

        scope = f"/subscriptions/{app.subscription_id('staging')}"
        assert check.status == "fail"
        assert check.detail == (
            "Missing permission: Microsoft.Security/assessments/read and Microsoft.Security/alerts/read."
        )
        assert f"role Security Reader at the scope {scope}" in check.advice
        assert "30 minutes" in check.advice
        assert str(check.portal_url).endswith(f"/resource{scope}/users")

    async def test_reader_missing(self, app: App) -> None:
        """With Security Reader alone neither resources nor monitoring can be read: each names its role."""
        app.azure.apply(RevokeRole(subscription="production", role="Reader"))
        app.azure.apply(RevokeRole(subscription="production", role="Monitoring Reader"))

        found = await checks(app)

        assert (found["reader_role"].status, found["monitoring_reader_role"].status) == ("fail", "fail")
        assert "role Reader" in found["reader_role"].advice
        assert "role Monitoring Reader" in found["monitoring_reader_role"].advice
        assert found["security_reader_role"].status == "pass"

    async def test_first_page_only(self, app: App) -> None:
        """Trying costs one page of each list, however long it is."""
        app.azure.simulation.pages.default = 1
        app.azure.simulation.pages.assessments = 1

        await checks(app)

        paths = [entry.path for entry in app.azure.simulation.log.entries]
        assert sum(path.endswith("/assessments") for path in paths) == 1
        assert sum(path.endswith("/alerts") for path in paths) == 1


class TestDefender:
    """defender_enabled: off, not readable and not computed yet are three answers."""

    async def test_off(self, app: App) -> None:
        """A subscription that was never registered has Defender off: enable the free tier."""
        check = (await checks(app, "sandbox"))["defender_enabled"]

        assert check.status == "fail"
        assert "free tier" in check.advice
        assert "24 hours" in check.advice
        assert "EnvironmentSettings" in str(check.portal_url)

    async def test_off_leaves_its_role_open(self, app: App) -> None:
        """Where Defender is off nobody can tell whether its findings could be read."""
        check = (await checks(app, "sandbox"))["security_reader_role"]

        assert check.status == "unknown"

    @pytest.mark.parametrize("state", [Defender.COMPUTING, Defender.COMPUTING_MISSING])
    async def test_not_computed_yet(self, app: App, state: Defender) -> None:
        """An empty list and a 404 of the score both mean: on, and nothing computed yet."""
        app.azure.apply(SetSubscription(subscription="production", defender=state))

        check = (await checks(app))["defender_enabled"]

        assert check.status == "warn"
        assert "24 hours" in check.advice

    async def test_not_readable(self, app: App) -> None:
        """Without the permission nobody can tell whether it is on; the advice is a role, not a switch."""
        app.azure.apply(RevokeRole(subscription="production"))
        app.azure.apply(
            AssignRole(
                subscription="production",
                role="No Defender",
                actions=("*/read",),
                not_actions=("Microsoft.Security/*",),
            )
        )

        check = (await checks(app))["defender_enabled"]

        assert check.status == "unknown"
        assert "role Security Reader" in check.advice

    async def test_score_without_plans(self, app: App) -> None:
        """A score proves that Defender is on, even where the plans cannot be read."""
        app.azure.add_fault(Fault(kind=Kind.DENIED, path="*/pricings", count=None))

        assert (await checks(app))["defender_enabled"].status == "pass"

    async def test_failing_service(self, app: App) -> None:
        """A service that fails says nothing about Defender."""
        app.azure.add_fault(Fault(kind=Kind.STATUS, path="*/secureScores", count=None))

        assert (await checks(app))["defender_enabled"].status == "unknown"


class TestLeastPrivilege:
    """least_privilege."""

    @pytest.mark.parametrize("role", ["Owner", "Contributor"])
    async def test_writer(self, app: App, role: str) -> None:
        """A credential that could write is warned of by the name of its role."""
        app.azure.apply(AssignRole(subscription="production", role=role))

        check = (await checks(app))["least_privilege"]

        assert check.status == "warn"
        assert role in check.detail
        assert "Reader, Security Reader and Monitoring Reader are enough" in check.advice

    async def test_unresolved(self, app: App) -> None:
        """A role whose definition cannot be seen is not taken for harmless."""
        app.azure.apply(AssignRole(subscription="production", role="Gone", actions=("*/read",)))
        app.azure.world.custom_roles.clear()

        check = (await checks(app))["least_privilege"]

        assert check.status == "unknown"
        assert check.advice

    async def test_no_token(self, app: App) -> None:
        """Without a token nobody knows whose roles to look at."""
        check = (await checks(app, token=False))["least_privilege"]

        assert (check.status, check.advice) == ("unknown", "Cure the credential first.")

    async def test_token_of_nobody(self, app: App) -> None:
        """A token that names nobody is not told to be a missing one."""
        found = await checks(app, principal=Principal())

        assert found["least_privilege"].status == "unknown"
        assert "token does not name" in found["least_privilege"].detail

    async def test_not_readable(self, app: App) -> None:
        """Without the permission to read role assignments it stays open."""
        app.azure.add_fault(Fault(kind=Kind.DENIED, path="*/roleAssignments", count=None))

        check = (await checks(app))["least_privilege"]

        assert check.status == "unknown"
        assert "roleAssignments/read" in check.detail


class TestSecretExpiry:
    """secret_expiry."""

    @pytest.mark.parametrize(
        ("days", "status"),
        [(31, "pass"), (30, "warn"), (14, "warn"), (7, "warn"), (1, "warn"), (0, "warn"), (-1, "fail")],
    )
    async def test_days(self, app: App, days: int, status: str) -> None:
        """More than 30 days pass, 30 or fewer warn, and a secret that ended fails."""
        ends = (date(2026, 11, 21) + timedelta(days=days)).isoformat()

        check = (await checks(app, connection=record(app, ends=ends)))["secret_expiry"]

        assert check.status == status
        assert ends in check.detail

    async def test_page(self, app: App) -> None:
        """The advice leads to the secrets of that very application."""
        check = (await checks(app, connection=record(app, ends="2026-11-30")))["secret_expiry"]

        assert str(check.portal_url).endswith(f"/Credentials/appId/{app.azure.connector.client_id}")

    async def test_nobody_told(self, app: App) -> None:
        """Without a day nobody can tell."""
        check = (await checks(app, connection=record(app, ends=None)))["secret_expiry"]

        assert check.status == "unknown"

    async def test_method_without_a_secret(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A method whose credential never ends has nothing to warn of."""
        monkeypatch.setattr("pipeline.authentication.client_secret.ClientSecret.ends", False)

        assert (await checks(app))["secret_expiry"].status == "pass"


class TestErrors:
    """Whatever goes wrong is an answer, and stops nothing else."""

    @pytest.mark.parametrize("kind", [Kind.STATUS, Kind.DROP, Kind.HTML, Kind.THROTTLE, Kind.REDIRECT])
    async def test_every_fault(self, app: App, kind: Kind) -> None:
        """With any fault on every read, all checks answer `unknown`, only the secret's day is known."""
        app.azure.add_fault(Fault(kind=kind, path="/subscriptions/*", count=None, retry_after_s=0))

        found = await checks(app)

        assert list(found) == IDS
        assert found.pop("secret_expiry").status == "pass"
        assert {check.status for check in found.values()} == {"unknown"}
        assert all(check.advice for check in found.values())

    async def test_one_fault(self, app: App) -> None:
        """A fault of one read leaves the other checks as they are."""
        app.azure.add_fault(Fault(kind=Kind.STATUS, path="*/activityLogAlerts", count=None))

        found = await checks(app)

        assert [check.id for check in found.values() if check.status != "pass"] == ["monitoring_reader_role"]

    async def test_no_credential(self, app: App) -> None:
        """A credential that could not be opened answers every check with the reason."""
        away = SecretUnavailable("The vault is away.", advice="It is tried again.")
        reader = app.reads.reader(
            credential=RefusedCredential(away),
            tenant_id="t1",
            subscription_id=app.subscription_id("production"),
        )

        found = await checks(app, reader=reader, token=False)

        tried = [check for check in found.values() if check.id not in {"least_privilege", "secret_expiry"}]
        assert {(check.status, check.detail) for check in tried} == {("unknown", "The vault is away.")}

    async def test_permission_of_graph(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """A missing permission of Microsoft Graph is not cured by an Azure role."""
        advice = "Give the application the Microsoft Graph permission Policy.Read.All."
        denied = AccessDenied("Denied.", permission="Policy.Read.All", scope="/", advice=advice)

        async def deny(*_: object, **__: object) -> None:
            raise denied

        reader = app.reader("production")
        monkeypatch.setattr(reader, "get", deny)
        check = (await checks(app, reader=reader))["service:defender"]

        assert (check.status, check.advice) == ("fail", advice)
        assert "Policy.Read.All" in check.detail

    async def test_braces_in_a_name(self, app: App) -> None:
        """What a person called a subscription is shown as it is."""
        app.azure.subscription("production").name = "{scope} {x}"
        connection = msgspec.structs.replace(
            record(app, "staging"), subscription_id=app.subscription_id("{scope} {x}")
        )

        check = (await checks(app, "{scope} {x}", connection=connection))["subscription_visible"]

        assert check.detail == "The subscription '{scope} {x}' is enabled."
