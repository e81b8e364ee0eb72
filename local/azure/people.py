"""People who sign in, the application they sign in to, and what Entra gave out: codes and refresh tokens."""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.azure import roles
from local.azure.generator import made_up_id
from local.azure.world import Assignment

if TYPE_CHECKING:
    from local.azure.roles import Role
    from local.azure.world import Subscription, World

CODE_LIFE_S = 600
REDIRECT_URL = "http://localhost:7071/api/sign-in/callback"
RETURN_URL = "http://localhost:3000/connected"
INSIDE_ONLY = roles.custom_role("Reader of one resource group", ())
"""Shows the subscription in the list of subscriptions, and grants nothing in it."""


@dataclass(slots=True)
class SignInApplication:
    """The multi-tenant application of the sign-in flow; it is registered with the connector's vendor."""

    client_id: str
    secret: str
    redirect_urls: set[str] = field(default_factory=lambda: {REDIRECT_URL})


@dataclass(slots=True)
class User:
    """A person. `refusals` holds the AADSTS code that a stage ends in: `authorize`, `redeem` or `refresh`."""

    object_id: str
    tenant_id: str
    name: str
    reads: tuple[str, ...] = ()
    """Subscriptions on which the person gets all three reader roles at the first sign-in.

    Not before, so that a world whose assignments are counted stays as it was while nobody signs in.
    """
    refusals: dict[str, int] = field(default_factory=dict)
    settled: bool = False
    """Whether the roles are assigned, or were changed by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeGrant:
    """What an authorization code stands for."""

    user: User
    client_id: str
    redirect_url: str
    scopes: frozenset[str]
    nonce: str
    challenge: str
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshGrant:
    """What a refresh token stands for; `number` counts the rotations since the sign-in."""

    user: User
    client_id: str
    family: str
    number: int = 0


@dataclass(slots=True)
class People:
    """Everybody who can sign in, and every grant."""

    application: SignInApplication
    users: list[User]
    codes: dict[str, CodeGrant] = field(default_factory=dict)
    spent_codes: set[str] = field(default_factory=set)
    refresh_tokens: dict[str, RefreshGrant] = field(default_factory=dict)
    nonce: str | None = None
    """What id tokens say instead of the nonce they were asked with."""
    audience: str | None = None
    """Whom id tokens are for, instead of the application that asked."""

    def user(self, key: str) -> User | None:
        """Find a person by name or object id, in any case."""
        wanted = key.lower()
        return next((user for user in self.users if wanted in {user.name.lower(), user.object_id}), None)

    def give_code(self, grant: CodeGrant) -> str:
        """Issue an authorization code."""
        code = f"made-up-code-{secrets.token_urlsafe(32)}"
        self.codes[code] = grant
        return code

    def take_code(self, code: str) -> CodeGrant | None:
        """Give what a code stands for, once and in time."""
        grant = self.codes.pop(code, None)
        self.spent_codes.add(code)
        return grant if grant and grant.expires_at > time.time() else None

    def give_refresh_token(self, grant: RefreshGrant) -> str:
        """Issue a refresh token; the one before stays valid ("Refresh tokens": not revoked when used)."""
        token = f"made-up-refresh-token-{secrets.token_urlsafe(48)}"
        self.refresh_tokens[token] = grant
        return token

    def revoke(self, user: User) -> int:
        """Revoke every refresh token of a person; gives how many."""
        mine = [token for token, grant in self.refresh_tokens.items() if grant.user is user]
        for token in mine:
            del self.refresh_tokens[token]
        return len(mine)


def people_of(world: World) -> People:
    """Make the people of a world: the first reads all of the tenant but one, the second nothing."""
    tenant = world.tenants[0]
    own = [one.name for one in world.subscriptions if one.tenant_id == tenant.tenant_id]
    ada = _user(world, "ada", reads=tuple(name for name in own if name != "hidden"))
    application = SignInApplication(
        made_up_id(world.seed, "client", "sign-in"),
        f"made-up-secret-of-sign-in-{made_up_id(world.seed, 'secret', 'sign-in')[:8]}",
    )
    return People(application, [ada, _user(world, "bert")])


def _user(world: World, name: str, *, reads: tuple[str, ...] = ()) -> User:
    return User(made_up_id(world.seed, "user", name), world.tenants[0].tenant_id, name, reads)


def settle(world: World, user: User) -> None:
    """Assign a person's roles at the first sign-in: three on what is read, none that grants on `hidden`."""
    if user.settled:
        return
    user.settled = True
    for name in user.reads:
        for role in (roles.READER, roles.SECURITY_READER, roles.MONITORING_READER):
            assign(world.subscription(name), user, role)
    if user.reads:
        assign(world.subscription("hidden"), user, INSIDE_ONLY)


def assign(subscription: Subscription | None, user: User, role: Role) -> None:
    """Give a person a role on a subscription; one that the person has is left as it is."""
    if subscription is not None and role not in subscription.roles_of(user.object_id):
        name = f"{subscription.subscription_id}/{user.object_id}/{role.role_id}"
        identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        subscription.assignments.append(Assignment(identifier, user.object_id, role))


def unassign(subscription: Subscription, user: User) -> int:
    """Take every role on a subscription from a person; gives how many."""
    kept = [entry for entry in subscription.assignments if entry.principal_id != user.object_id]
    gone = len(subscription.assignments) - len(kept)
    subscription.assignments = kept
    return gone
