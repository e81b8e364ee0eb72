"""Changes to who proves what without a secret: managed identities, certificates, federated credentials."""

import uuid
from typing import TYPE_CHECKING, override

from local.azure.changes import Change, application_named
from local.azure.tokens import federated_with
from local.azure.world import Application, FederatedCredential, UnknownNameError

if TYPE_CHECKING:
    from local.azure.simulation import Simulation
    from local.azure.wire import JsonObject


def _ids(application: Application) -> "JsonObject":
    return {
        "tenant_id": application.tenant_id,
        "client_id": application.client_id,
        "object_id": application.object_id,
    }


def _added(simulation: "Simulation", tenant_id: str, name: str) -> Application:
    made = Application(tenant_id, str(uuid.uuid4()), str(uuid.uuid4()), name)
    simulation.world.applications.append(made)
    return made


class AddApplication(Change, tag="add_application"):
    """Add an application without a credential to a tenant, registered there or in another tenant."""

    name: str
    tenant: str
    registered_in: str | None = None

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Add it; gives its ids."""
        places = [simulation.world.tenant(name) for name in (self.tenant, self.registered_in or self.tenant)]
        if None in places:
            raise UnknownNameError(self.tenant)
        tenant, home = (place.tenant_id for place in places if place)
        made = _added(simulation, tenant, self.name)
        made.registered_in = home
        return _ids(made)


class AddIdentity(Change, tag="add_identity"):
    """Assign one more, user-assigned managed identity to the connector's Function App."""

    name: str

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Assign it; gives its ids."""
        made = _added(simulation, simulation.world.identity.tenant_id, self.name)
        made.managed_identity = True
        return _ids(made)


class SetIdentity(Change, tag="set_identity"):
    """Take a managed identity from the connector's Function App, or give it back."""

    assigned: bool
    identity: str = "identity"

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Set it; gives the identity's ids."""
        identity = application_named(simulation.world, self.identity)
        identity.assigned = self.assigned
        return _ids(identity)


class AddFederatedCredential(Change, tag="add_federated_credential"):
    """Let an application trust a managed identity; what is given differs from what would be right."""

    application: str
    identity: str = "identity"
    issuer: str | None = None
    subject: str | None = None
    audience: str | None = None

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Add it; gives the three values."""
        right = federated_with(application_named(simulation.world, self.identity))
        made = FederatedCredential(
            self.issuer or right.issuer, self.subject or right.subject, self.audience or right.audience
        )
        application_named(simulation.world, self.application).federated.append(made)
        return {"issuer": made.issuer, "subject": made.subject, "audience": made.audience}


class RemoveCredentials(Change, tag="remove_credentials"):
    """Remove all certificates and federated credentials of an application."""

    application: str = "connector"

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Remove them; gives how many there were."""
        application = application_named(simulation.world, self.application)
        gone = len(application.certificates) + len(application.federated)
        application.certificates.clear()
        application.federated.clear()
        return {"removed": gone}
