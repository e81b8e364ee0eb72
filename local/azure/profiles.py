"""The worlds that can be started: small, demo, specification, large, and three opposites of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from local.azure import roles
from local.azure.assessments import Shape
from local.azure.estate import build_estate, emptied
from local.azure.estates.defender import expect_findings
from local.azure.estates.monitor import entra_settings, expect_assessed
from local.azure.estates.rbac import expect_application
from local.azure.generator import content, made_up_id, resources
from local.azure.list_only import build_lists
from local.azure.official import SUBSCRIPTION_ID, find_official
from local.azure.tokens import federated_with
from local.azure.variants import subscription as variant
from local.azure.variants.directory import diagnostic_settings
from local.azure.world import Api, Application, ClientSecret, Defender, State, Subscription, Tenant, World

if TYPE_CHECKING:
    from collections.abc import Callable

GRAPH_PERMISSIONS = frozenset(
    {
        "AccessReview.Read.All",
        "Application.Read.All",
        "AuditLog.Read.All",
        "GroupMember.Read.All",
        "GroupSettings.Read.All",
        "Policy.Read.All",
        "Policy.Read.DeviceConfiguration",
        "RoleManagement.Read.Directory",
        "User.Read.All",
    }
)
"""What the connector's application was consented to: all that the services ask for."""

SECRET_LIFE = timedelta(days=360)
LARGE_ALERTS = 200


class Profile(StrEnum):
    """Which world to start."""

    SMALL = "small"
    DEMO = "demo"
    SPECIFICATION = "specification"
    LARGE = "large"
    WELL_KEPT = "well-kept"
    NEGLECTED = "neglected"
    BEGINNING = "beginning"


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes parts of a world whose ids depend on names and seed only."""

    world: World

    def identifier(self, *parts: str) -> str:
        """Return the GUID for a name."""
        return made_up_id(self.world.seed, *parts)

    def tenant(self, name: str) -> Tenant:
        """Add a tenant."""
        domain = f"{name.lower().replace(' ', '-')}.onmicrosoft.example"
        tenant = Tenant(self.identifier("tenant", name), name, domain)
        self.world.tenants.append(tenant)
        return tenant

    def application(self, tenant: Tenant, name: str, life: timedelta | None = SECRET_LIFE) -> Application:
        """Add an application with one secret of a given life; None: no secret."""
        application = Application(
            tenant.tenant_id,
            self.identifier("client", name),
            self.identifier("principal", name),
            name,
        )
        if life is not None:
            value = f"made-up-secret-of-{name}-{self.identifier('secret', name)[:8]}"
            expires_at = self.world.started_at + life
            application.secrets.append(ClientSecret(self.identifier("secret-id", name), value, expires_at))
        self.world.applications.append(application)
        return application

    def subscription(
        self, tenant: Tenant, name: str, shape: Shape, *, alerts: int = 0, special: str = ""
    ) -> Subscription:
        """Add a subscription with generated content."""
        identifier = SUBSCRIPTION_ID if name == "specification" else self.identifier("subscription", name)
        made = content(identifier, self.world.started_at, shape, alerts)
        subscription = Subscription(identifier, name, tenant.tenant_id, made, special=special)
        self.world.subscriptions.append(subscription)
        return subscription


def _basis(profile: Profile, seed: int) -> tuple[Builder, Tenant, Application]:
    started_at = datetime.now(UTC).replace(microsecond=0)
    build = Builder(World(profile.value, seed, started_at))
    tenant = build.tenant("Example Industries")
    tenant.settings |= {"microsoft.aadiam": entra_settings(), "microsoft.intune": []}
    connector = build.application(tenant, "azure-evidence-connector")
    connector.special = "works; reads the subscriptions"
    connector.graph_permissions = GRAPH_PERMISSIONS
    identity = build.application(tenant, "evidence-connector-identity", None)
    identity.managed_identity, identity.special = (
        True,
        "the app's own managed identity; may use the key vault",
    )
    connector.federated.append(federated_with(identity))
    api_name = "evidence-connector-api"
    build.world.apis.append(Api(tenant.tenant_id, build.identifier("client", api_name), api_name))
    return build, tenant, connector


def _specification(build: Builder, tenant: Tenant, connector: Application) -> None:
    shape = Shape(2, not_applicable=1)
    special = "answers with the bodies of the published REST specification"
    made = build.subscription(tenant, "specification", shape, special=special)
    made.official = True
    alerts = find_official(f"{made.scope}/providers/Microsoft.Security/alerts", "2022-01-01")
    if alerts is not None:
        made.content.alerts = msgspec.convert(alerts.body["value"], list[dict[str, object]])
    made.assign(connector, roles.READER)


def _four(build: Builder, tenant: Tenant, connector: Application) -> None:
    _specification(build, tenant, connector)
    seed = build.world.seed
    production = build.subscription(
        tenant,
        "production",
        Shape(400, 23, 40, seed),
        alerts=24,
        special="healthy: few unhealthy assessments",
    )
    production.estate = build_estate(production.subscription_id, tenant_id=tenant.tenant_id)
    expect_assessed(production.estate, resources(production.content))
    expect_findings(production.estate, production)
    production.assign(connector, roles.READER)
    production.assign(connector, roles.SECURITY_READER)
    production.assign(connector, roles.MONITORING_READER)
    staging = build.subscription(
        tenant, "staging", Shape(150, 40, 10, seed), alerts=6, special="403 on assessments and alerts"
    )
    staging.reader_covers_security = False
    staging.assign(connector, roles.READER)
    sandbox = build.subscription(
        tenant, "sandbox", Shape(60, 5, 5, seed), special="Defender was never registered"
    )
    sandbox.defender = Defender.UNREGISTERED
    sandbox.assign(connector, roles.READER)


def _demo(seed: int, assessments: int) -> World:
    del assessments
    build, tenant, connector = _basis(Profile.DEMO, seed)
    _four(build, tenant, connector)
    build.world.custom_roles.append(roles.POLICY_STATES_READER)
    for subscription in build.world.subscriptions:
        if subscription.estate is not None:
            subscription.assign(connector, roles.POLICY_STATES_READER)
            for entry in subscription.assignments:
                expect_application(subscription.estate, entry.assignment_id)
    return build.world


def _official(seed: int, assessments: int) -> World:
    del assessments
    build, tenant, connector = _basis(Profile.SPECIFICATION, seed)
    _specification(build, tenant, connector)
    return build.world


def _large(seed: int, assessments: int) -> World:
    build, tenant, connector = _basis(Profile.LARGE, seed)
    shape = Shape(assessments, assessments // 20, assessments // 10, seed)
    made = build.subscription(
        tenant, "large", shape, alerts=LARGE_ALERTS, special=f"{assessments} assessments"
    )
    made.assign(connector, roles.READER)
    return build.world


def _small(seed: int, assessments: int) -> World:
    del assessments
    build, tenant, connector = _basis(Profile.SMALL, seed)
    _four(build, tenant, connector)
    _odd_applications(build, tenant)
    _odd_subscriptions(build, tenant, connector)
    other = build.tenant("Other Company")
    stranger = build.application(other, "other-company-app")
    stranger.special = "works in the second tenant"
    foreign = build.subscription(
        other, "foreign", Shape(20, 2, 1, seed), special="belongs to the second tenant"
    )
    foreign.assign(stranger, roles.READER)
    return build.world


def _odd_applications(build: Builder, tenant: Tenant) -> None:
    expired = build.application(tenant, "expired-app", timedelta(days=-3))
    expired.special = "its secret has expired (AADSTS7000222)"
    disabled = build.application(tenant, "disabled-app")
    disabled.enabled, disabled.special = False, "is disabled (AADSTS7000112)"
    blocked = build.application(tenant, "blocked-app")
    blocked.blocked, blocked.special = True, "Conditional Access blocks it (AADSTS53003)"
    unconsented = build.application(tenant, "unconsented-app")
    unconsented.consented, unconsented.special = False, "nobody consented to it (AADSTS65001)"
    build.application(tenant, "roleless-app").special = "works, has no role anywhere"


def _odd_subscriptions(build: Builder, tenant: Tenant, connector: Application) -> None:
    seed = build.world.seed
    build.subscription(tenant, "hidden", Shape(20, 2, 1, seed), special="the connector has no role here")
    made = (
        ("disabled", State.DISABLED, Defender.ON, "is disabled"),
        ("warned", State.WARNED, Defender.ON, "is in state Warned"),
        ("computing", State.ENABLED, Defender.COMPUTING, "score not computed yet: empty list"),
        ("computing-missing", State.ENABLED, Defender.COMPUTING_MISSING, "score not computed yet: 404"),
    )
    for name, state, defender, special in made:
        subscription = build.subscription(tenant, name, Shape(20, 2, 1, seed), alerts=2, special=special)
        subscription.state, subscription.defender = state, defender
        subscription.assign(connector, roles.READER)


def _variant(profile: Profile, seed: int) -> World:
    """Make a tenant with one subscription, whose settings are the opposite of the demo's."""
    build, tenant, connector = _basis(profile, seed)
    kept = profile is Profile.WELL_KEPT
    made = build.subscription(tenant, profile.value, Shape(0), special="compared with the truth only")
    tenant.settings = diagnostic_settings(kept=kept)
    tenant.keeps_subscriptions = kept
    made.estate = variant.build(
        made.subscription_id, tenant.tenant_id, kept=kept, defaults=profile is Profile.BEGINNING
    )
    build.world.custom_roles.append(roles.POLICY_STATES_READER)
    for role in (roles.READER, roles.SECURITY_READER, roles.MONITORING_READER, roles.POLICY_STATES_READER):
        made.assign(connector, role)
    for entry in made.assignments:
        expect_application(made.estate, entry.assignment_id)
    return build.world


WORLDS: dict[Profile, Callable[[int, int], World]] = {
    Profile.SMALL: _small,
    Profile.DEMO: _demo,
    Profile.SPECIFICATION: _official,
    Profile.LARGE: _large,
    Profile.WELL_KEPT: lambda seed, _: _variant(Profile.WELL_KEPT, seed),
    Profile.NEGLECTED: lambda seed, _: _variant(Profile.NEGLECTED, seed),
    Profile.BEGINNING: lambda seed, _: _variant(Profile.BEGINNING, seed),
}


def _empty_estates(world: World) -> None:
    """Let the subscriptions without resources say so, instead of not knowing what is asked."""
    full = next((each.estate for each in world.subscriptions if each.estate), None)
    for each in world.subscriptions:
        if full is not None and each.estate is None and not each.official:
            each.estate = emptied(full, each.subscription_id)


def _fill(world: World, copies: int) -> None:
    """Give the first subscription so many resources of each list-only type, all readable."""
    first = world.subscriptions[0]
    first.estate = build_lists(first.subscription_id, copies)
    world.custom_roles.append(roles.POLICY_STATES_READER)
    first.assign(world.connector, roles.POLICY_STATES_READER)


def build_world(profile: Profile, *, seed: int = 1, assessments: int = 10_000, copies: int = 0) -> World:
    """Build the world of a profile.

    Takes the profile, a seed for ids and statuses, and of `large` the number of assessments and of resources
    of each list-only type. Gives the world.
    """
    world = WORLDS[profile](seed, assessments)
    if copies:
        _fill(world, copies)
    _empty_estates(world)
    return world
