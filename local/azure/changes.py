"""Changes to the world between two syncs, the same in process and over the control API.

Every change is a struct: `azure.apply(FlipAssessment(subscription="production"))` in process, or the same
fields as JSON with `"operation": "flip_assessment"`. Each returns what it did.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, override

import msgspec

from local.azure import generator, roles
from local.azure.assessments import UNHEALTHY
from local.azure.world import ClientSecret, Defender, State, UnknownNameError

if TYPE_CHECKING:
    from local.azure.simulation import Simulation
    from local.azure.wire import JsonObject
    from local.azure.world import Application, Subscription, World

SECRET_LIFE = timedelta(days=365)


def subscription_named(world: World, key: str) -> Subscription:
    """Find a subscription by id or name.

    Raises:
        UnknownNameError: there is none.
    """
    found = world.subscription(key)
    if found is None:
        raise UnknownNameError(key)
    return found


def application_named(world: World, key: str) -> Application:
    """Find an application by client id, object id or name; `connector` and `identity` by their part.

    Raises:
        UnknownNameError: there is none.
    """
    parts = {"connector": world.connector, "identity": world.identity}
    found = parts.get(key) or world.application(key)
    if found is None:
        raise UnknownNameError(key)
    return found


class Change(msgspec.Struct, tag_field="operation", kw_only=True, forbid_unknown_fields=True):
    """Something that can be done to the world."""

    def apply(self, simulation: Simulation) -> JsonObject:
        """Do it; gives what was done."""
        raise NotImplementedError


class FlipAssessment(Change, tag="flip_assessment"):
    """Set the status of `count` assessments that have another one, those of one resource or key if given."""

    subscription: str
    status: str = UNHEALTHY
    count: int = 1
    resource_id: str | None = None
    key: str | None = None

    @override
    def apply(self, simulation: Simulation) -> JsonObject:
        """Flip them; gives their ids."""
        table = subscription_named(simulation.world, self.subscription).content.assessments
        flipped: list[str] = []
        for position in table.positions():
            if len(flipped) == self.count:
                break
            resource, rule = table.resource(position), table.place(position)[0]
            wanted = self.resource_id is None or self.resource_id.lower() == resource.lower()
            if wanted and self.key in {None, rule.key} and table.status(position) != self.status:
                table.flip(position, self.status)
                flipped.append(f"{resource}/providers/Microsoft.Security/assessments/{rule.key}")
        return {"flipped": flipped}


class RemoveResource(Change, tag="remove_resource"):
    """Remove a resource with its assessments; without an id the first one of the subscription."""

    subscription: str
    resource_id: str | None = None

    @override
    def apply(self, simulation: Simulation) -> JsonObject:
        """Remove it; gives its id."""
        content = subscription_named(simulation.world, self.subscription).content
        removed = self.resource_id or str(generator.resources(content)[0]["id"])
        content.assessments.remove(removed)
        return {"removed": removed}


class AddAlert(Change, tag="add_alert"):
    """Raise an alert."""

    subscription: str
    severity: str = "High"
    status: str = "Active"

    @override
    def apply(self, simulation: Simulation) -> JsonObject:
        """Raise it; gives its name."""
        content = subscription_named(simulation.world, self.subscription).content
        content.alerts.append(generator.alert(content, len(content.alerts), self.severity, self.status))
        return {"name": content.alerts[-1]["name"]}


class RotateSecret(Change, tag="rotate_secret"):
    """Give an application a new secret; the old ones stop working at once unless kept.

    Args:
        begins: the first characters of the new secret, which Graph shows.
        days: for how many days it is good.
    """

    application: str = "connector"
    keep_old: bool = False
    begins: str = ""
    days: int = SECRET_LIFE.days

    @override
    def apply(self, simulation: Simulation) -> JsonObject:
        """Rotate it; gives the new secret."""
        application = application_named(simulation.world, self.application)
        secret = ClientSecret(
            str(uuid.uuid4()),
            f"{self.begins}made-up-secret-{uuid.uuid4().hex}",
            datetime.now(UTC) + timedelta(days=self.days),
        )
        application.secrets = [*(application.secrets if self.keep_old else []), secret]
        return {"client_secret": secret.value, "secret_id": secret.secret_id, "expires_at": secret.expires_at}


class ExpireSecret(Change, tag="expire_secret"):
    """Let all secrets of an application expire."""

    application: str = "connector"

    @override
    def apply(self, simulation: Simulation) -> JsonObject:
        """Expire them; gives how many."""
        application = application_named(simulation.world, self.application)
        for secret in application.secrets:
            secret.expires_at = datetime.now(UTC) - timedelta(minutes=1)
        return {"expired": len(application.secrets)}


class SetApplication(Change, tag="set_application"):
    """Disable or enable an application, block it by Conditional Access, take its consent away."""

    application: str = "connector"
    enabled: bool | None = None
    blocked: bool | None = None
    consented: bool | None = None

    @override
    def apply(self, simulation: Simulation) -> JsonObject:
        """Set what is given; gives the state."""
        application = application_named(simulation.world, self.application)
        application.enabled = application.enabled if self.enabled is None else self.enabled
        application.blocked = application.blocked if self.blocked is None else self.blocked
        application.consented = application.consented if self.consented is None else self.consented
        return {
            "enabled": application.enabled,
            "blocked": application.blocked,
            "consented": application.consented,
        }


class AddCertificate(Change, tag="add_certificate"):
    """Register a certificate with an application."""

    certificate_pem: str
    application: str = "connector"

    @override
    def apply(self, simulation: Simulation) -> JsonObject:
        """Register it; gives how many there are."""
        application = application_named(simulation.world, self.application)
        application.certificates.append(self.certificate_pem)
        return {"certificates": len(application.certificates)}


class AssignRole(Change, tag="assign_role"):
    """Give an application a role; with `actions` a custom role of that name is defined first."""

    subscription: str
    role: str
    application: str = "connector"
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()

    @override
    def apply(self, simulation: Simulation) -> JsonObject:
        """Assign it; gives the role's id."""
        world = simulation.world
        if self.actions:
            world.custom_roles.append(roles.custom_role(self.role, self.actions, self.not_actions))
        role = world.role(self.role)
        if role is None:
            raise UnknownNameError(self.role)
        subscription_named(world, self.subscription).assign(application_named(world, self.application), role)
        return {"role_id": role.role_id}


class RevokeRole(Change, tag="revoke_role"):
    """Take a role from an application; without a name all its roles."""

    subscription: str
    role: str | None = None
    application: str = "connector"

    @override
    def apply(self, simulation: Simulation) -> JsonObject:
        """Revoke; gives how many assignments went."""
        application = application_named(simulation.world, self.application)
        subscription = subscription_named(simulation.world, self.subscription)
        return {"revoked": subscription.revoke(application, self.role)}


class SetSubscription(Change, tag="set_subscription"):
    """Set a subscription's state, how far Defender has come, or whether Reader covers Defender's findings."""

    subscription: str
    state: State | None = None
    defender: Defender | None = None
    reader_covers_security: bool | None = None

    @override
    def apply(self, simulation: Simulation) -> JsonObject:
        """Set what is given; gives the state."""
        subscription = subscription_named(simulation.world, self.subscription)
        subscription.state = self.state or subscription.state
        subscription.defender = self.defender or subscription.defender
        if self.reader_covers_security is not None:
            subscription.cover_security(covered=self.reader_covers_security)
        return {"state": subscription.state, "defender": subscription.defender}
