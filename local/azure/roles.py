"""Azure roles: the built-in ones a connector meets, custom ones, and whether they grant an action."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

if TYPE_CHECKING:
    from local.azure.wire import JsonObject

# What a Reader without access to Defender's findings cannot see; used for `reader_covers_security=False`.
SECURITY_FINDINGS = (
    "Microsoft.Security/assessments/*",
    "Microsoft.Security/alerts/*",
    "Microsoft.Security/locations/alerts/*",
    "Microsoft.Security/subAssessments/*",
)


@cache
def _pattern(action: str) -> re.Pattern[str]:
    return re.compile(re.escape(action).replace(r"\*", ".*"), re.IGNORECASE)


def _covers(actions: tuple[str, ...], wanted: str) -> bool:
    return any(_pattern(action).fullmatch(wanted) for action in actions)


@dataclass(frozen=True, slots=True)
class Role:
    """A role definition."""

    role_id: str
    name: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    built_in: bool = True

    def grants(self, action: str) -> bool:
        """Tell whether this role alone grants an action.

        NotActions take away within one role only (Azure RBAC, "How Azure RBAC determines if a user has
        access").
        """
        return _covers(self.actions, action) and not _covers(self.not_actions, action)

    def permission(self) -> JsonObject:
        """Return the permission entry as Microsoft.Authorization writes it."""
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": list(self.data_actions),
            "notDataActions": [],
        }


def custom_role(name: str, actions: tuple[str, ...], not_actions: tuple[str, ...] = ()) -> Role:
    """Define a custom role.

    Takes its name and action lists. Gives a role whose id depends on the name only.
    """
    role_id = str(uuid5(NAMESPACE_URL, f"https://simulated.invalid/roles/{name}"))
    return Role(role_id, name, actions, not_actions, built_in=False)


# Ids and actions: "Azure built-in roles"
# (learn.microsoft.com/azure/role-based-access-control/built-in-roles).
READER = Role("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", ("*/read",))
SECURITY_READER = Role(
    "39bc4728-0917-49c7-9d2c-d95423bc2eb4",
    "Security Reader",
    (
        "Microsoft.Authorization/*/read",
        "Microsoft.Insights/alertRules/read",
        "Microsoft.OperationalInsights/workspaces/*/read",
        "Microsoft.Resources/deployments/*/read",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Security/*/read",
        "Microsoft.Support/*/read",
        "Microsoft.Management/managementGroups/read",
    ),
)
MONITORING_READER = Role(
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
    "Monitoring Reader",
    ("*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*"),
)
CONTRIBUTOR = Role(
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Contributor",
    ("*",),
    (
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
        "Microsoft.Blueprint/blueprintAssignments/write",
        "Microsoft.Blueprint/blueprintAssignments/delete",
        "Microsoft.Compute/galleries/share/action",
        "Microsoft.Purview/consents/write",
        "Microsoft.Purview/consents/delete",
    ),
)
OWNER = Role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", ("*",))
SECRETS_OFFICER = Role(
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "Key Vault Secrets Officer",
    ("Microsoft.KeyVault/vaults/*/read", "Microsoft.Authorization/*/read"),
    data_actions=("Microsoft.KeyVault/vaults/secrets/*",),
)
BUILT_IN = (READER, SECURITY_READER, MONITORING_READER, CONTRIBUTOR, OWNER, SECRETS_OFFICER)

FROM_MANAGEMENT_GROUP = custom_role("Network operator of the group", ("Microsoft.Network/*",))
POLICY_STATES_READER = custom_role(
    "Policy states reader",
    (
        "Microsoft.PolicyInsights/policyStates/queryResults/action",
        "Microsoft.PolicyInsights/policyStates/summarize/action",
    ),
)
READER_WITHOUT_FINDINGS = custom_role("Reader without Defender findings", ("*/read",), SECURITY_FINDINGS)
