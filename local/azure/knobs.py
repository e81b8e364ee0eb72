"""Changes to the machinery around the world: page sizes, token life, vault protection, faults."""

from typing import TYPE_CHECKING, override

from local.azure.caller_changes import GrantAppRoles, MintToken, RotateSigningKey
from local.azure.changes import (
    AddAlert,
    AddCertificate,
    AssignRole,
    Change,
    ExpireSecret,
    FlipAssessment,
    RemoveResource,
    RevokeRole,
    RotateSecret,
    SetApplication,
    SetSubscription,
)
from local.azure.faults import Fault
from local.azure.identity_changes import (
    AddApplication,
    AddFederatedCredential,
    AddIdentity,
    RemoveCredentials,
    SetIdentity,
)
from local.azure.people_changes import (
    FilterLists,
    GiveUserRole,
    RefuseUser,
    RevokeSignIns,
    SetIdToken,
    TakeUserRoles,
)
from local.azure.vault import RecoveryLevel

if TYPE_CHECKING:
    from local.azure.simulation import Simulation
    from local.azure.wire import JsonObject


class SetPages(Change, tag="set_pages"):
    """Set page sizes."""

    default: int | None = None
    assessments: int | None = None

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Set what is given; gives both."""
        pages = simulation.pages
        pages.default, pages.assessments = (
            self.default or pages.default,
            self.assessments or pages.assessments,
        )
        return {"default": pages.default, "assessments": pages.assessments}


class SetTokens(Change, tag="set_tokens"):
    """Set how long tokens issued from now on live."""

    lifetime_s: int

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Set it."""
        simulation.issuer.lifetime_s = self.lifetime_s
        return {"lifetime_s": self.lifetime_s}


class SetVault(Change, tag="set_vault"):
    """Set whether the vault lets deleted secrets be purged."""

    purgeable: bool

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Set it; gives the recovery level."""
        simulation.vault.recovery_level = (
            RecoveryLevel.PURGEABLE if self.purgeable else RecoveryLevel.PROTECTED
        )
        return {"recovery_level": simulation.vault.recovery_level}


class AddFault(Change, tag="add_fault"):
    """Set a fault."""

    fault: Fault

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Set it; gives its id."""
        return {"fault_id": simulation.faults.add(self.fault).fault_id}


class ClearFaults(Change, tag="clear_faults"):
    """Remove all faults."""

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Remove them; gives what each had done."""
        done = [{"fault_id": fault.fault_id, "hits": fault.hits} for fault in simulation.faults.entries]
        simulation.faults.clear()
        return {"cleared": done}


type AnyChange = (
    FlipAssessment
    | RemoveResource
    | AddAlert
    | RotateSecret
    | ExpireSecret
    | SetApplication
    | AddCertificate
    | AddApplication
    | AddFederatedCredential
    | AddIdentity
    | RemoveCredentials
    | SetIdentity
    | AssignRole
    | RevokeRole
    | SetSubscription
    | SetPages
    | SetTokens
    | SetVault
    | GrantAppRoles
    | RotateSigningKey
    | MintToken
    | GiveUserRole
    | TakeUserRoles
    | FilterLists
    | RefuseUser
    | RevokeSignIns
    | SetIdToken
    | AddFault
    | ClearFaults
)
