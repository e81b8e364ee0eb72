"""Who calls, by ids alone, and what the app roles let them do."""

from collections.abc import Collection
from typing import Literal

import msgspec

READ = "Evidence.Read"
MANAGE = "Evidence.Manage"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: nothing personal beyond the ids that Entra gives.

    Args:
        kind: `token` for a caller that Entra vouches for, `key` for whoever holds a Functions key,
            `anonymous` on a route that needs neither.
        object_id: of the person, or of the application's service principal.
        client_id: of the application that asked for the token.
        tenant_id: that issued it.
        roles: app roles, as the token lists them.
    """

    kind: Literal["token", "key", "anonymous"]
    object_id: str | None = None
    client_id: str | None = None
    tenant_id: str | None = None
    roles: tuple[str, ...] = ()


ANONYMOUS = Caller(kind="anonymous")
KEY_HOLDER = Caller(kind="key")


def lacking_role(roles: Collection[str], *, changes: bool, required: str | None) -> str | None:
    """Name the app role that a caller would need for a call.

    Args:
        roles: what the caller holds.
        changes: whether the call may change anything; one that only reads may not.
        required: the setting `API_REQUIRED_ROLE`: None and `Evidence.Read` leave it to the two roles,
            `Evidence.Manage` asks every call for that one, any other name replaces both.

    Returns:
        The least role that would do, or None if the caller may.
    """
    if required not in {None, READ}:
        return None if required in roles else required
    if MANAGE in roles or (READ in roles and not changes):
        return None
    return MANAGE if changes else READ
