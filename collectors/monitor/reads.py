"""What is read to judge what watches a subscription and where its logs go."""

from collectors.contract import Read
from collectors.declarations.resources import Resource

_INSIGHTS = "/subscriptions/{subscription_id}/providers/Microsoft.Insights"

ALERTS = Read(
    path=f"{_INSIGHTS}/activityLogAlerts",
    api_version="2020-10-01",
    permission="Microsoft.Insights/activityLogAlerts/read",
)
ACTION_GROUPS = Read(
    path=f"{_INSIGHTS}/actionGroups",
    api_version="2023-01-01",
    permission="Microsoft.Insights/actionGroups/read",
)
SETTINGS = Read(
    path=f"{_INSIGHTS}/diagnosticSettings",
    api_version="2021-05-01-preview",
    permission="Microsoft.Insights/diagnosticSettings/read",
)
LOG_PROFILES = Read(
    path=f"{_INSIGHTS}/logprofiles",
    api_version="2016-03-01",
    permission="Microsoft.Insights/logprofiles/read",
)
WORKSPACES = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.OperationalInsights/workspaces",
    api_version="2023-09-01",
    permission="Microsoft.OperationalInsights/workspaces/read",
)
RESOURCES = Read(
    path="/subscriptions/{subscription_id}/resources",
    api_version="2021-04-01",
    permission="Microsoft.Resources/subscriptions/resources/read",
)

# A table may keep longer than its workspace, and no list of workspaces holds its tables.
ACTIVITY_TABLE = Read(
    path="/{id}/tables/AzureActivity",
    api_version="2023-09-01",
    permission="Microsoft.OperationalInsights/workspaces/tables/read",
)
# Asked for the accounts that hold the activity log only: they are one or two, the list holds all.
STORAGE_ACCOUNT = Read(
    path="/{id}",
    api_version="2023-05-01",
    permission="Microsoft.Storage/storageAccounts/read",
)
# What deletes blobs after a time exists below each account only.
LIFECYCLE = Read(
    path="/{id}/managementPolicies/default",
    api_version="2023-05-01",
    permission="Microsoft.Storage/storageAccounts/managementPolicies/read",
)

# Settings of the tenant, beside all subscriptions. There is one api-version only.
ENTRA_SETTINGS = Read(
    path="/providers/microsoft.aadiam/diagnosticSettings",
    api_version="2017-04-01-preview",
    permission="microsoft.aadiam/diagnosticSettings/read",
)
INTUNE_SETTINGS = Read(
    path="/providers/Microsoft.Intune/diagnosticSettings",
    api_version="2017-04-01-preview",
    permission="Microsoft.Intune/diagnosticSettings/read",
)


def bare(resource_id: str | None) -> str:
    """Give an id to compare: lower-cased, without the slashes around it, which Azure writes or leaves out."""
    return (resource_id or "").strip("/").lower()


def same_subscription(setting: Resource, resource_id: str | None) -> bool:
    """Tell whether a resource lies in the subscription of a diagnostic setting; others are not read."""
    own = bare(setting.id).split("/")[:2]
    return own[0] == "subscriptions" and bare(resource_id).split("/")[:2] == own
