"""The simulated world: tenants, applications, subscriptions, role assignments. Plain state, no HTTP."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from local.azure import roles

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.generator import Content
    from local.azure.roles import Role
    from local.azure.wire import JsonObject


class UnknownNameError(LookupError):
    """No tenant, application or subscription goes by that name or id."""


class State(StrEnum):
    """Subscription states (Microsoft.Resources 2022-12-01, SubscriptionState)."""

    ENABLED = "Enabled"
    WARNED = "Warned"
    PAST_DUE = "PastDue"
    DISABLED = "Disabled"
    DELETED = "Deleted"


class Defender(StrEnum):
    """How far Defender for Cloud has come in a subscription."""

    ON = "on"
    UNREGISTERED = "unregistered"
    COMPUTING = "computing"
    """The score is not computed yet: its list is empty."""
    COMPUTING_MISSING = "computing_missing"
    """The score is not computed yet: its list answers 404 with PascalCase keys."""


@dataclass(slots=True)
class Tenant:
    """A Microsoft Entra tenant."""

    tenant_id: str
    name: str
    domain: str
    premium: bool = True
    """Whether it has Microsoft Entra ID P2."""
    settings: dict[str, list[JsonObject]] = field(default_factory=dict)
    """Its diagnostic settings by lower-cased provider; those of one that is not here nobody may read."""
    keeps_subscriptions: bool = False
    """Whether no subscription may leave or enter it."""


@dataclass(slots=True)
class ClientSecret:
    """A client secret of an application; `secret_id` is what people paste by mistake."""

    secret_id: str
    value: str
    expires_at: datetime

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at <= datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """Whose token stands for a secret of an application: all three must match, letter by letter."""

    issuer: str
    subject: str
    audience: str


@dataclass(slots=True)
class Application:
    """An app registration with its service principal, or a managed identity."""

    tenant_id: str
    client_id: str
    object_id: str
    name: str
    secrets: list[ClientSecret] = field(default_factory=list)
    enabled: bool = True
    consented: bool = True
    blocked: bool = False
    """Conditional Access refuses it."""
    certificates: list[str] = field(default_factory=list)
    """Registered certificates, PEM."""
    federated: list[FederatedCredential] = field(default_factory=list)
    registered_in: str | None = None
    """The tenant of a multitenant application's registration; None: its own."""
    managed_identity: bool = False
    assigned: bool = True
    """Whether the connector's Function App has this managed identity."""
    graph_permissions: frozenset[str] = frozenset()
    """Application permissions of Microsoft Graph that an administrator consented to."""
    special: str = ""


@dataclass(slots=True)
class Api:
    """An app registration that exposes an API of the customer's: here, the connector's own."""

    tenant_id: str
    client_id: str
    name: str
    granted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """App roles by the object id of the client they were assigned to."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role assignment at subscription scope."""

    assignment_id: str
    principal_id: str
    role: Role


@dataclass(slots=True)
class Subscription:
    """A subscription and what is in it."""

    subscription_id: str
    name: str
    tenant_id: str
    content: Content
    state: State = State.ENABLED
    defender: Defender = Defender.ON
    official: bool = False
    """Answers with the bodies of the published REST specification."""
    filters_lists: bool = False
    """Whether a list is empty, not refused, for whoever has a role in it but none that grants it."""
    reader_covers_security: bool = True
    """False: whoever is made Reader here gets a custom role without Defender's findings."""
    special: str = ""
    assignments: list[Assignment] = field(default_factory=list)
    estate: Estate | None = None
    """Resources of the other services; None: it has none."""

    @property
    def scope(self) -> str:
        """The ARM scope of the subscription."""
        return f"/subscriptions/{self.subscription_id}"

    def roles_of(self, object_id: str) -> list[Role]:
        """Return the roles a principal has here."""
        return [entry.role for entry in self.assignments if entry.principal_id == object_id]

    def assign(self, application: Application, role: Role) -> None:
        """Give an application a role; a role it has already is left as it is."""
        if role == roles.READER and not self.reader_covers_security:
            role = roles.READER_WITHOUT_FINDINGS
        if role not in self.roles_of(application.object_id):
            name = f"{self.subscription_id}/{application.object_id}/{role.role_id}"
            assignment_id = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
            self.assignments.append(Assignment(assignment_id, application.object_id, role))

    def cover_security(self, *, covered: bool) -> None:
        """Let Reader cover Defender's findings here or not; who is Reader already changes with it."""
        self.reader_covers_security = covered
        old, new = roles.READER, roles.READER_WITHOUT_FINDINGS
        if covered:
            old, new = new, old
        self.assignments = [
            replace(entry, role=new) if entry.role == old else entry for entry in self.assignments
        ]

    def revoke(self, application: Application, role_name: str | None = None) -> int:
        """Take roles from an application.

        Takes the application and a role's name (None: all). Gives how many assignments went.
        """
        kept = [
            entry
            for entry in self.assignments
            if entry.principal_id != application.object_id
            or (role_name is not None and entry.role.name.lower() != role_name.lower())
        ]
        gone = len(self.assignments) - len(kept)
        self.assignments = kept
        return gone


@dataclass(slots=True)
class World:
    """Everything there is."""

    profile: str
    seed: int
    started_at: datetime
    tenants: list[Tenant] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)
    apis: list[Api] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    custom_roles: list[Role] = field(default_factory=lambda: [roles.READER_WITHOUT_FINDINGS])
    inherited_roles: list[Role] = field(default_factory=lambda: [roles.FROM_MANAGEMENT_GROUP])
    """Custom roles of a management group: in no subscription's list, and found by id all the same."""

    def tenant(self, key: str) -> Tenant | None:
        """Find a tenant by id or domain, in any case."""
        wanted = key.lower()
        return next((t for t in self.tenants if wanted in {t.tenant_id, t.domain}), None)

    def application(self, key: str, tenant_id: str | None = None) -> Application | None:
        """Find an application by client id, object id or name, in any case, in one tenant or in all."""
        wanted = key.lower()
        for found in self.applications:
            if wanted in {found.client_id, found.object_id, found.name} and tenant_id in {
                None,
                found.tenant_id,
            }:
                return found
        return None

    def api(self, resource: str) -> Api | None:
        """Find an API by its client id or its `api://` address, as a scope names it."""
        wanted = resource.lower().removeprefix("api://")
        return next((api for api in self.apis if wanted == api.client_id), None)

    def subscription(self, key: str) -> Subscription | None:
        """Find a subscription by id or name, in any case."""
        wanted = key.lower()
        return next((s for s in self.subscriptions if wanted in {s.subscription_id, s.name}), None)

    def role(self, key: str) -> Role | None:
        """Find a role by name or id, in any case."""
        wanted = key.lower()
        known = (*roles.BUILT_IN, *self.custom_roles, *self.inherited_roles)
        return next((role for role in known if wanted in {role.name.lower(), role.role_id}), None)

    @property
    def identity(self) -> Application:
        """The connector's own managed identity."""
        return next(app for app in self.applications if app.managed_identity)

    @property
    def connector(self) -> Application:
        """The app registration that reads the customer's subscriptions."""
        return self.applications[0]
