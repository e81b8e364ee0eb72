"""Changes to people: their roles, what Entra refuses them, their grants."""

from typing import TYPE_CHECKING, Literal, override

from local.azure.changes import Change, subscription_named
from local.azure.people import INSIDE_ONLY, assign, settle, unassign
from local.azure.world import UnknownNameError

if TYPE_CHECKING:
    from local.azure.people import User
    from local.azure.simulation import Simulation
    from local.azure.wire import JsonObject

FIRST = "ada"


def user_named(simulation: "Simulation", key: str) -> "User":
    """Find a person by name or object id, the roles assigned that the person starts with.

    Raises:
        UnknownNameError: there is none.
    """
    found = simulation.people.user(key)
    if found is None:
        raise UnknownNameError(key)
    settle(simulation.world, found)
    return found


class GiveUserRole(Change, tag="give_user_role"):
    """Give a person a role on a subscription."""

    subscription: str
    role: str = "Reader"
    user: str = FIRST

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Assign it; gives the role's id."""
        inside = self.role.lower() == INSIDE_ONLY.name.lower()
        role = INSIDE_ONLY if inside else simulation.world.role(self.role)
        if role is None:
            raise UnknownNameError(self.role)
        assign(
            subscription_named(simulation.world, self.subscription), user_named(simulation, self.user), role
        )
        return {"role_id": role.role_id}


class TakeUserRoles(Change, tag="take_user_roles"):
    """Take every role on a subscription from a person."""

    subscription: str
    user: str = FIRST

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Take them; gives how many."""
        subscription = subscription_named(simulation.world, self.subscription)
        return {"taken": unassign(subscription, user_named(simulation, self.user))}


class FilterLists(Change, tag="filter_lists"):
    """Let a subscription answer lists with what the caller may see of them, not with a refusal."""

    subscription: str
    filters: bool = True

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Set it; gives it."""
        subscription_named(simulation.world, self.subscription).filters_lists = self.filters
        return {"filters": self.filters}


class RefuseUser(Change, tag="refuse_user"):
    """Refuse a person with an AADSTS code at a stage of the sign-in or its renewal; without one, no more."""

    stage: Literal["authorize", "redeem", "refresh"]
    code: int | None = None
    user: str = FIRST

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Set it; gives all refusals of the person."""
        refusals = user_named(simulation, self.user).refusals
        if self.code is None:
            refusals.pop(self.stage, None)
        else:
            refusals[self.stage] = self.code
        return {"refusals": refusals}


class RevokeSignIns(Change, tag="revoke_sign_ins"):
    """Revoke every refresh token of a person, as an administrator does."""

    user: str = FIRST

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Revoke them; gives how many."""
        return {"revoked": simulation.people.revoke(user_named(simulation, self.user))}


class SetIdToken(Change, tag="set_id_token"):
    """Let id tokens say another nonce or audience; without one, what they were asked with."""

    nonce: str | None = None
    audience: str | None = None

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Set them; gives both."""
        simulation.people.nonce, simulation.people.audience = self.nonce, self.audience
        return {"nonce": self.nonce, "audience": self.audience}
