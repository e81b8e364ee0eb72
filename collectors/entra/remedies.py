"""How settings of Microsoft Entra ID are cured with Azure CLI: as requests to Microsoft Graph."""

import json
from collections.abc import Mapping

from collectors.contract import JsonValue

_GRAPH = "https://graph.microsoft.com/v1.0"
_POLICIES = "identity/conditionalAccess/policies"
_EMERGENCY = "<id of the emergency account>"

_QUERY = {"queryType": "MicrosoftGraph"}
_EVERY_QUARTER: Mapping[str, JsonValue] = {
    "mailNotificationsEnabled": True,
    "reminderNotificationsEnabled": True,
    "justificationRequiredOnApproval": True,
    "instanceDurationInDays": 14,
    "recurrence": {
        "pattern": {"type": "absoluteMonthly", "dayOfMonth": 1, "interval": 3},
        "range": {"type": "noEnd", "startDate": "<yyyy-mm-dd>"},
    },
}
"""Settings of an access review (Microsoft Graph, "accessReviewScheduleSettings resource type")."""


def graph(method: str, path: str, permission: str, body: Mapping[str, JsonValue] | None = None) -> str:
    """Give the line for Azure CLI that sends a request to Microsoft Graph.

    Takes the path below v1.0, the permission that the request needs, and what it sends. The line names an
    application, as a person who signs in to Azure CLI gets none of these permissions (Azure/azure-cli#23906).
    """
    sent = "" if body is None else f" --body '{_text(body)}'"
    url = f"{_GRAPH}/{path}"
    quoted = f"'{url}'" if set("&$?<") & set(url) else url
    line = f"CLI: az rest --method {method} --url {quoted}{sent}"
    return f"{line}, signed in as an application with {permission}"


def _text(body: Mapping[str, JsonValue]) -> str:
    """Give JSON for a shell's single quotes: a quote inside would end them."""
    return json.dumps(body, separators=(",", ":")).replace("'", "\\u0027")


def policy(
    name: str, conditions: Mapping[str, JsonValue], *, users: Mapping[str, JsonValue], control: str = "mfa"
) -> str:
    """Give the line that makes a Conditional Access policy, enforced, without the account for emergencies.

    Takes its name, its conditions but the users, the users, and the control that grants access, or `block`
    (Microsoft Graph, "Create conditionalAccessPolicy").
    """
    wanted: Mapping[str, JsonValue] = {
        "displayName": name,
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            **conditions,
            "users": {**users, "excludeUsers": [_EMERGENCY]},
        },
        "grantControls": {"operator": "OR", "builtInControls": [control]},
    }
    return graph("post", _POLICIES, "Policy.Read.All and Policy.ReadWrite.ConditionalAccess", wanted)


def policy_for_all(name: str, conditions: Mapping[str, JsonValue], control: str = "mfa") -> str:
    """Give the line that makes a Conditional Access policy for all users, as `policy` does."""
    return policy(name, conditions, users={"includeUsers": ["All"]}, control=control)


def authorization(**settings: JsonValue) -> str:
    """Give the line that sets members of the authorization policy."""
    return graph("patch", "policies/authorizationPolicy", "Policy.ReadWrite.Authorization", settings)


def members_may(**rights: JsonValue) -> str:
    """Give the line that sets what every member may do by default."""
    return authorization(defaultUserRolePermissions=rights)


def consent(*policies: str) -> str:
    """Give the line that sets what members may consent to; the list also holds what owners of groups may."""
    line = members_may(permissionGrantPoliciesAssigned=policies)
    return f"{line}; keep entries that start with ManagePermissionGrantsForOwnedResource"


def unassign() -> str:
    """Give the line that takes a directory role away."""
    path = "roleManagement/directory/roleAssignments/<assignment id>"
    return graph("delete", path, "RoleManagement.ReadWrite.Directory")


def holders(role: str) -> str:
    """Give the line that lists who has a directory role, by the role's id."""
    query = f"$filter=roleDefinitionId eq '{role}'&$expand=principal".replace(" ", "%20").replace("'", "%27")
    return graph("get", f"roleManagement/directory/roleAssignments?{query}", "RoleManagement.Read.Directory")


def registration_campaign() -> str:
    """Give the line that asks users at sign-in to register a method (Microsoft Graph's own example)."""
    target: Mapping[str, JsonValue] = {
        "id": "all_users",
        "targetType": "group",
        "targetedAuthenticationMethod": "microsoftAuthenticator",
    }
    campaign: Mapping[str, JsonValue] = {
        "state": "enabled",
        "snoozeDurationInDays": 1,
        "includeTargets": [target],
    }
    body = {"registrationEnforcement": {"authenticationMethodsRegistrationCampaign": campaign}}
    return graph(
        "patch", "policies/authenticationMethodsPolicy", "Policy.ReadWrite.AuthenticationMethod", body
    )


def _access_review(name: str, query: str, owners: str, **more: JsonValue) -> str:
    """Give the line that starts an access review every three months.

    Takes its name, the queries for whom to review and for who reviews, and further members.
    """
    body: Mapping[str, JsonValue] = {
        "displayName": name,
        "descriptionForAdmins": name,
        "descriptionForReviewers": name,
        "scope": {"query": query, **_QUERY},
        **more,
        "reviewers": [{"query": owners, **_QUERY}],
        "settings": _EVERY_QUARTER,
    }
    return graph("post", "identityGovernance/accessReviews/definitions", "AccessReview.ReadWrite.All", body)


def guest_review() -> str:
    """Give the line that has the owners of Microsoft 365 groups review the guests in them."""
    groups = {"query": "/groups?$filter=(groupTypes/any(c:c+eq+'Unified'))&$count=true", **_QUERY}
    guests = "./members/microsoft.graph.user/?$count=true&$filter=(userType eq 'Guest')"
    return _access_review(
        "Guests in Microsoft 365 groups", guests, "./owners", instanceEnumerationScope=groups
    )


def group_review() -> str:
    """Give the line that has the owners of a group review who is in it."""
    group = "/groups/<group id>"
    return _access_review("Members of the group", f"{group}/transitiveMembers", f"{group}/owners")


def make_eligible() -> str:
    """Give the line that makes a principal eligible for a role ("Create roleEligibilityScheduleRequests")."""
    body: Mapping[str, JsonValue] = {
        "action": "adminAssign",
        "justification": "<why>",
        "roleDefinitionId": "<role id>",
        "directoryScopeId": "/",
        "principalId": "<principal id>",
        "scheduleInfo": {"startDateTime": "<now>", "expiration": {"type": "noExpiration"}},
    }
    path = "roleManagement/directory/roleEligibilityScheduleRequests"
    line = graph("post", path, "RoleManagement.ReadWrite.Directory", body)
    return f"{line}; then delete the active assignment"


def licences() -> str:
    """Give the line that shows which licences an account has: mail needs one."""
    query = "$select=userPrincipalName,assignedLicenses"
    return graph("get", f"users/<principal id>?{query}", "User.Read.All")


def unified_groups() -> str:
    """Give the line that sets Group.Unified; an update has to send every value ("Update groupSetting")."""
    body = {"values": [{"name": "EnableGroupCreation", "value": "false"}]}
    line = graph("patch", "groupSettings/<id of Group.Unified>", "Directory.ReadWrite.All", body)
    return f"{line}; send its other values too, as GET shows them"


def no_text_messages() -> str:
    """Give the line that turns text messages off, which is sent for calls in the same way."""
    body = {"@odata.type": "#microsoft.graph.smsAuthenticationMethodConfiguration", "state": "disabled"}
    path = "policies/authenticationMethodsPolicy/authenticationMethodConfigurations/sms"
    line = graph("patch", path, "Policy.ReadWrite.AuthenticationMethod", body)
    return f"{line}; the same for voice, and fido2 enabled"


def no_transfers() -> str:
    """Give the line that keeps subscriptions where they are ("Subscription Policy - Add Update Policy")."""
    body = {"properties": {"blockSubscriptionsLeavingTenant": True, "blockSubscriptionsIntoTenant": True}}
    url = "https://management.azure.com/providers/Microsoft.Subscription/policies/default?api-version=2021-10-01"
    return f"CLI: az rest --method put --url '{url}' --body '{_text(body)}'"


def sign_in_frequencies() -> str:
    """Give the line that lists how often policies ask again: they replace remembering."""
    line = graph("get", f"{_POLICIES}?$select=displayName,state,sessionControls", "Policy.Read.All")
    return f"{line}: no command turns it off, but a sign-in frequency in these policies replaces it"
