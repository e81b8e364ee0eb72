"""Diagnostic settings of the activity log, where they send it, and how long it is kept there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

CMK = "monitor_activity_log_storage_cmk"
PRIVATE = "monitor_activity_log_storage_private"
WORKSPACES = "Microsoft.OperationalInsights/workspaces"
ELSEWHERE = "/subscriptions/00000000-0000-0000-0000-00000000beef/resourceGroups/central"


def build(estate: Estate) -> None:
    """Add the settings: no single one captures all categories, all of them together do."""
    _to_a_workspace(estate)
    _to_storage(estate)
    estate.list_at(f"{estate.scope}/providers/Microsoft.Insights/logprofiles", paged=False).append(
        _profile(estate)
    )
    estate.expect(
        estate.scope,
        "pass",
        "monitor_activity_log_diagnostic_setting",
        "monitor_activity_log_categories",
        "monitor_activity_log_retention_one_year",
    )


def _setting(estate: Estate, name: str, logs: list[JsonObject], **destinations: str) -> str:
    """Add a setting as Azure writes it: without type, its id without the leading slash; gives its id."""
    rows = estate.list_at(f"{estate.scope}/providers/Microsoft.Insights/diagnosticSettings", paged=False)
    setting_id = f"{estate.scope}/providers/AzureResourceManager/diagnosticSettings/{name}"
    properties: JsonObject = {"logs": logs, "workspaceId": "", **destinations}
    row: JsonObject = {"id": setting_id.lstrip("/"), "type": None, "name": name, "properties": properties}
    rows.append(row)
    return setting_id


def _logs(*categories: str) -> list[JsonObject]:
    return [{"category": category, "enabled": True} for category in categories]


def _to_a_workspace(estate: Estate) -> None:
    """A workspace of 30 days, whose table of the activity log is kept for two years."""
    workspace = estate.resource_id(WORKSPACES, "audit")
    table = {"retentionInDays": 30, "totalRetentionInDays": 730, "plan": "Analytics"}
    path = f"{workspace}/tables/AzureActivity"
    estate.answer_at(path, {"id": path, "name": "AzureActivity", "properties": table})
    logs = _logs("administrative", "Security")
    setting = _setting(estate, "to-workspace", logs, workspaceId=workspace.upper().replace("/SUB", "/sub"))
    estate.expect(setting, "not_applicable", CMK, PRIVATE)


def _account(estate: Estate, name: str, properties: JsonObject) -> str:
    """Answer an account at its own path only: the list of accounts belongs to the service storage."""
    account = estate.resource_id("Microsoft.Storage/storageAccounts", name, group="rg-audit")
    body: JsonObject = {
        "id": account,
        "name": name,
        "type": "Microsoft.Storage/storageAccounts",
        "location": "westeurope",
        "properties": properties,
    }
    estate.answer_at(account, body)
    return account


def _to_storage(estate: Estate) -> None:
    good = _account(
        estate,
        "goodaudit",
        {"allowBlobPublicAccess": False, "encryption": {"keySource": "microsoft.keyvault"}},
    )
    both = _logs("Alert", "Policy")
    kept = [{**log, "retentionPolicy": {"enabled": True, "days": 365}} for log in both]
    estate.expect(_setting(estate, "to-storage", kept, storageAccountId=good), "pass", CMK, PRIVATE)
    bad = _account(
        estate, "badaudit", {"allowBlobPublicAccess": True, "encryption": {"keySource": "Microsoft.Storage"}}
    )
    _short(estate, bad)
    all_logs: list[JsonObject] = [{"categoryGroup": "allLogs", "enabled": True}]
    estate.expect(_setting(estate, "to-open", all_logs, storageAccountId=bad), "fail", CMK, PRIVATE)
    silent = _setting(estate, "to-silent", both, storageAccountId=_account(estate, "silentaudit", {}))
    estate.expect(silent, "fail", CMK)
    estate.expect(silent, "pass", PRIVATE)
    central = f"{ELSEWHERE}/providers/Microsoft.Storage/storageAccounts/central"
    estate.expect(_setting(estate, "to-central", both, storageAccountId=central), "manual", CMK, PRIVATE)
    gone = f"{good}gone"
    estate.expect(_setting(estate, "to-nowhere", both, storageAccountId=gone), "not_applicable", CMK, PRIVATE)


def _short(estate: Estate, account: str) -> None:
    """Delete an account's blobs after 30 days."""
    definition = {
        "filters": {"blobTypes": ["blockBlob", "appendBlob"]},
        "actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 30}}},
    }
    rules = [{"enabled": True, "name": "tidy", "type": "Lifecycle", "definition": definition}]
    path = f"{account}/managementPolicies/default"
    estate.answer_at(path, {"id": path, "name": "default", "properties": {"policy": {"rules": rules}}})


def _profile(estate: Estate) -> JsonObject:
    """A log profile, the retired way, that exports deletions only and keeps them for three days."""
    account = estate.resource_id("Microsoft.Storage/storageAccounts", "profiles")
    return {
        "id": f"{estate.scope}/providers/microsoft.insights/logprofiles/default",
        "type": "",
        "name": "default",
        "location": "",
        "tags": None,
        "properties": {
            "storageAccountId": account,
            "serviceBusRuleId": "",
            "locations": ["global"],
            "categories": ["Delete"],
            "retentionPolicy": {"enabled": True, "days": 3},
        },
    }
