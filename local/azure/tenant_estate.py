"""The people of a simulated tenant: users with all that Microsoft Graph says of them, and groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

ROOT = "/v1.0"
NEVER = "0001-01-01T00:00:00Z"


def ago(days: float) -> str:
    """Give a time that many days ago, as Graph writes it."""
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def add_user(
    estate: Estate, name: str, *, mfa: bool = True, admin: bool = False, active: bool = True, **more: object
) -> str:
    """Add a user, enabled and a member if nothing else is said; gives its object id.

    Args:
        mfa: whether a second factor is registered.
        admin: whether the report counts it among the administrators.
        active: whether it signed in lately, given what `more` says of that.
        more: further or other members.
    """
    user: JsonObject = {
        "id": estate.guid("user", name),
        "displayName": name,
        "userPrincipalName": f"{name}@example-industries.onmicrosoft.example",
        "accountEnabled": True,
        "userType": "Member",
        "createdDateTime": ago(700),
        "signInActivity": {"lastSignInDateTime": ago(3), "lastSuccessfulSignInDateTime": ago(3)},
        **more,
    }
    estate.list_at(f"{ROOT}/users").append(user)
    details: JsonObject = {
        "id": user["id"],
        "userPrincipalName": user["userPrincipalName"],
        "userDisplayName": name,
        "isAdmin": admin,
        "isMfaCapable": mfa,
        "isMfaRegistered": mfa,
        "methodsRegistered": ["microsoftAuthenticatorPush"] if mfa else [],
        "userType": str(user["userType"]).lower(),
    }
    estate.list_at(f"{ROOT}/reports/authenticationMethods/userRegistrationDetails").append(details)
    _expect(estate, user, mfa=mfa, admin=admin, active=active)
    return str(user["id"])


def _expect(estate: Estate, user: JsonObject, *, mfa: bool, admin: bool, active: bool) -> None:
    """Write down what is true of a user: nothing is asked of one that is disabled."""
    resource_id = f"/tenants/{estate.tenant_id}/users/{user['id']}"
    said = {True: "pass", False: "fail"}
    off = user["accountEnabled"] is False
    second = "not_applicable" if off else said[mfa]
    estate.expect(resource_id, second, "entra_mfa_all_users")
    estate.expect(resource_id, "not_applicable" if off else said[active], "entra_inactive_users_reviewed")
    if admin:
        estate.expect(resource_id, second, "entra_mfa_privileged_users")


def add_group(estate: Estate, name: str, *members: str) -> str:
    """Add a group with its members, nested ones too, by their object ids; gives its object id."""
    group = estate.guid("group", name)
    estate.list_at(f"{ROOT}/groups").append({"id": group, "displayName": name, "securityEnabled": True})
    users = {str(user["id"]): user for user in estate.list_at(f"{ROOT}/users")}
    rows = estate.list_at(f"{ROOT}/groups/{group}/transitiveMembers")
    rows.extend({"@odata.type": "#microsoft.graph.user", **users[member]} for member in members)
    rows.append({"@odata.type": "#microsoft.graph.device", "id": estate.guid("device", name)})
    return group
