"""Microsoft.Insights: activity log and what watches it. Its errors are flat, as its specification says.

Beside the subscriptions lie the settings of the tenant, of Microsoft Entra ID and of Intune. Both answer
whoever has a role at the provider's own scope, whatever roles there are in subscriptions
(https://github.com/mondoohq/mql/pull/10258).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from local.azure import arm_errors as errors
from local.azure.arm import ArmCall, get
from local.azure.generator import made_up_id, timestamp

if TYPE_CHECKING:
    from local.azure.wire import Answer, JsonObject, Rows

ROOT = "/subscriptions/{subscription_id}/providers/Microsoft.Insights"
WATCHED = (
    "Microsoft.Authorization/policyAssignments/write",
    "Microsoft.Network/networkSecurityGroups/write",
    "Microsoft.Security/securitySolutions/write",
)
EVENTS = 250
REQUIRED_FILTER = re.compile(r"eventTimestamp\s+ge\s+'[^']+'", re.IGNORECASE)


def _group(call: ArmCall) -> str:
    return f"{call.subscription.scope}/resourceGroups/rg-00"


@get(
    f"{ROOT}/activityLogAlerts",
    action="Microsoft.Insights/activityLogAlerts/read",
    versions=("2017-04-01", "2020-10-01"),
)
def activity_log_alerts(call: ArmCall) -> Rows:
    """List activity log alert rules."""
    root = f"{_group(call)}/providers/microsoft.insights"
    return [
        {
            "id": f"{root}/activityLogAlerts/watch-{number}",
            "type": "Microsoft.Insights/ActivityLogAlerts",
            "name": f"watch-{number}",
            "location": "Global",
            "tags": {},
            "properties": {
                "scopes": [call.subscription.scope],
                "condition": {
                    "allOf": [
                        {"field": "category", "equals": "Administrative"},
                        {"field": "operationName", "equals": operation},
                    ]
                },
                "actions": {"actionGroups": [{"actionGroupId": f"{root}/actionGroups/security"}]},
                "enabled": True,
                "description": "",
            },
        }
        for number, operation in enumerate(WATCHED)
    ]


@get(
    f"{ROOT}/actionGroups",
    action="Microsoft.Insights/actionGroups/read",
    versions=("2021-09-01", "2022-06-01", "2023-01-01"),
    paged=False,
)
def action_groups(call: ArmCall) -> Rows:
    """List action groups; the whole list comes at once."""
    receiver: JsonObject = {"name": "security", "emailAddress": "security@example.com", "status": "Enabled"}
    return [
        {
            "id": f"{_group(call)}/providers/microsoft.insights/actionGroups/security",
            "type": "Microsoft.Insights/ActionGroups",
            "name": "security",
            "location": "Global",
            "tags": {},
            "properties": {"groupShortName": "security", "enabled": True, "emailReceivers": [receiver]},
        }
    ]


@get(
    f"{ROOT}/diagnosticSettings",
    action="Microsoft.Insights/diagnosticSettings/read",
    versions=("2017-05-01-preview", "2021-05-01-preview"),
    paged=False,
)
def diagnostic_settings(call: ArmCall) -> Rows:
    """List the subscription's diagnostic settings; the whole list comes at once."""
    workspace = f"{_group(call)}/providers/Microsoft.OperationalInsights/workspaces/audit"
    categories = ("Administrative", "Security", "Alert", "Policy")
    return [
        {
            "id": f"{call.subscription.scope}/providers/AzureResourceManager/diagnosticSettings/audit".lstrip(
                "/"
            ),
            "type": None,
            "name": "audit",
            "properties": {
                "workspaceId": workspace,
                "logs": [{"category": category, "enabled": True} for category in categories],
            },
        }
    ]


@get(
    f"{ROOT}/eventtypes/management/values",
    action="Microsoft.Insights/eventtypes/values/read",
    versions=("2015-04-01",),
)
def activity_log(call: ArmCall) -> Rows | Answer:
    """List activity log events, newest first; `$filter` with `eventTimestamp ge` is required."""
    if not REQUIRED_FILTER.search(call.request.query.get("$filter") or ""):
        return errors.flat_bad_request("The $filter must contain an 'eventTimestamp ge' condition.")
    return [_event(call, number) for number in range(EVENTS)]


def _event(call: ArmCall, number: int) -> JsonObject:
    event_id = made_up_id(call.subscription.subscription_id, "event", number)
    target = f"{_group(call)}/providers/Microsoft.Network/networkSecurityGroups/nsg{number % 5}"
    return {
        "id": f"{target}/events/{event_id}/ticks/{638000000000000000 + number}",
        "eventDataId": event_id,
        "correlationId": made_up_id(event_id),
        "caller": "operator@example.com",
        "level": "Informational",
        "category": {"value": "Administrative", "localizedValue": "Administrative"},
        "operationName": {"value": "Microsoft.Network/networkSecurityGroups/write", "localizedValue": ""},
        "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
        "eventTimestamp": timestamp(call.subscription.content.at - timedelta(minutes=7 * number)),
        "resourceId": target,
        "resourceGroupName": "rg-00",
        "subscriptionId": call.subscription.subscription_id,
    }


def _tenant_settings(call: ArmCall, provider: str) -> Rows | Answer:
    tenant = call.world.tenant(call.caller.tid)
    if tenant is None or provider.lower() not in tenant.settings:
        action = f"{provider}/diagnosticSettings/read"
        return errors.authorization_failed(call.caller, action, f"/providers/{provider}")
    return tenant.settings[provider.lower()]


@get(
    "/providers/microsoft.aadiam/diagnosticSettings",
    action=None,
    versions=("2017-04-01-preview",),
    paged=False,
)
def entra_settings(call: ArmCall) -> Rows | Answer:
    """List the tenant's settings for the logs of Microsoft Entra ID; the whole list comes at once."""
    return _tenant_settings(call, "microsoft.aadiam")


@get(
    "/providers/Microsoft.Intune/diagnosticSettings",
    action=None,
    versions=("2017-04-01-preview",),
    paged=False,
)
def intune_settings(call: ArmCall) -> Rows | Answer:
    """List the tenant's settings for the logs of Intune; the whole list comes at once."""
    return _tenant_settings(call, "Microsoft.Intune")
