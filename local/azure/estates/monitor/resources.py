"""Workspaces, Application Insights, and the resources that log or have an SKU."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

WORKSPACE = "Microsoft.OperationalInsights/workspaces"
LOGGING = "monitor_resource_logging_enabled"
SKU = "monitor_production_sku_not_basic"
ACCESS = "monitor_log_analytics_public_access_blocked"
ENTRA_ONLY = "monitor_log_analytics_entra_ingestion_only"
RETENTION = "monitor_log_analytics_retention_one_year"
CHECKS = (ACCESS, ENTRA_ONLY, RETENTION)
# Those of the assessed types that have resource logs of their own; storage accounts, virtual machines, scale
# sets, networks and SQL servers have none.
LOGGING_TYPES = (
    "Microsoft.Cache/redis",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.DocumentDB/databaseAccounts",
    "Microsoft.EventHub/namespaces",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Logic/workflows",
    "Microsoft.Sql/servers/databases",
    "Microsoft.Web/sites",
)
ALL_LOGS: JsonObject = {"categoryGroup": "allLogs", "enabled": True}


def build(estate: Estate) -> None:
    """Add them, and what is true of them."""
    for number in range(estate.copies):
        _workspaces(estate, number)
    _odd_workspaces(estate)
    _components(estate)
    _logging(estate)
    _skus(estate)


def expect_assessed(estate: Estate, rows: Iterable[JsonObject]) -> None:
    """Write down what is true of resources that are in the list of resources anyway: none of them logs."""
    for row in rows:
        if row["type"] in LOGGING_TYPES:
            estate.expect(str(row["id"]), "fail", LOGGING)


def _workspace(estate: Estate, name: str, properties: JsonObject) -> str:
    properties = {"sku": {"name": "PerGB2018"}, "provisioningState": "Succeeded", **properties}
    return estate.add(WORKSPACE, name, properties)


def _workspaces(estate: Estate, number: int) -> None:
    good = {
        "publicNetworkAccessForIngestion": "Disabled",
        "publicNetworkAccessForQuery": "disabled",
        "features": {"disableLocalAuth": True},
        "retentionInDays": 365,
    }
    estate.expect(_workspace(estate, f"goodworkspace{number}", good), "pass", *CHECKS)
    bad = {
        "publicNetworkAccessForIngestion": "Disabled",
        "publicNetworkAccessForQuery": "Enabled",
        "features": {"disableLocalAuth": False},
        "retentionInDays": 364,
    }
    estate.expect(_workspace(estate, f"badworkspace{number}", bad), "fail", *CHECKS)


def _odd_workspaces(estate: Estate) -> None:
    """The workspace of the activity log, a silent one, one behind a perimeter, and one of the unknown."""
    estate.expect(_workspace(estate, "audit", {"retentionInDays": 30}), "fail", *CHECKS)
    silent = _workspace(estate, "silentworkspace", {})
    estate.expect(silent, "fail", ACCESS, ENTRA_ONLY)
    estate.expect(silent, "unknown", RETENTION)
    perimeter: JsonObject = {
        "publicNetworkAccessForIngestion": "SecuredByPerimeter",
        "publicNetworkAccessForQuery": "Disabled",
        "features": {"disableLocalAuth": True},
        "retentionInDays": -1,
    }
    guarded = _workspace(estate, "perimeterworkspace", perimeter)
    estate.expect(guarded, "manual", ACCESS)
    estate.expect(guarded, "pass", ENTRA_ONLY, RETENTION)
    strange: JsonObject = {**perimeter, "publicNetworkAccessForIngestion": "Perhaps"}
    unknown = _workspace(estate, "strangeworkspace", strange)
    estate.expect(unknown, "unknown", ACCESS)
    estate.expect(unknown, "pass", ENTRA_ONLY, RETENTION)


def _components(estate: Estate) -> None:
    key = estate.guid("component")
    properties: JsonObject = {
        "Application_Type": "web",
        "InstrumentationKey": key,
        "ConnectionString": f"InstrumentationKey={key}",
        "IngestionMode": "LogAnalytics",
    }
    estate.add("Microsoft.Insights/components", "webshop", properties, kind="web")
    estate.expect(estate.scope, "pass", "monitor_application_insights_configured")


def _listed(estate: Estate, resource_type: str, name: str, **more: object) -> str:
    """Add a resource to the list of all resources only, which holds no properties."""
    resource_id = estate.resource_id(resource_type, name)
    row = {"id": resource_id, "name": name, "type": resource_type, "location": "westeurope", **more}
    estate.added_to(f"{estate.scope}/resources").append(row)
    return resource_id


def _log(estate: Estate, resource_id: str, logs: list[JsonObject], **destinations: str) -> None:
    root = f"{resource_id}/providers/Microsoft.Insights/diagnosticSettings"
    properties: JsonObject = {"logs": logs, "metrics": [{"category": "AllMetrics", "enabled": True}]}
    row: JsonObject = {"id": f"{root}/s", "name": "s", "properties": {**properties, **destinations}}
    estate.list_at(root, paged=False).append(row)


def _logging(estate: Estate) -> None:
    """Queues that log, by group and by category, that send metrics only, and that send to nowhere."""
    bus, workspace = "microsoft.servicebus/Namespaces", estate.resource_id(WORKSPACE, "audit")
    by_group = _listed(estate, bus, "by-group")
    _log(estate, by_group, [ALL_LOGS], workspaceId=workspace)
    by_category = _listed(estate, bus, "by-category")
    category: JsonObject = {"category": "OperationalLogs", "enabled": True}
    _log(estate, by_category, [category], eventHubAuthorizationRuleId=f"{estate.scope}/e")
    for resource_id in (by_group, by_category):
        estate.expect(resource_id, "pass", LOGGING)
    metrics_only = _listed(estate, bus, "metrics-only")
    _log(estate, metrics_only, [{**ALL_LOGS, "enabled": False}], workspaceId=workspace)
    nowhere = _listed(estate, bus, "to-nowhere")
    _log(estate, nowhere, [ALL_LOGS], workspaceId="")
    for resource_id in (metrics_only, nowhere):
        estate.expect(resource_id, "fail", LOGGING)
    _listed(estate, "Microsoft.Sql/servers/databases", "master")
    _listed(estate, "Microsoft.Network/virtualNetworks", "silent")


def _skus(estate: Estate) -> None:
    """Small SKUs of production, of development and of nobody knows what, and large ones."""
    for name, sku, tags, status in (
        ("shop", {"name": "Basic", "tier": "Basic"}, {"Environment": "Prod"}, "fail"),
        ("lab", {"name": "B1", "tier": "Basic"}, {"env": "dev"}, "not_applicable"),
        ("anything", {"name": "Consumption", "capacity": 0}, {}, "manual"),
        ("functions", {"name": "Y1", "tier": "Dynamic"}, {"stage": "unheard of"}, "manual"),
        ("large", {"name": "P1v3", "tier": "PremiumV3"}, {"environment": "production"}, "pass"),
        ("base", {"name": "Base", "tier": "Free"}, "", "pass"),
    ):
        plan = _listed(estate, "Microsoft.Web/serverFarms", name, sku=sku, tags=tags)
        estate.expect(plan, status, SKU)
    _listed(estate, "Microsoft.Web/serverFarms", "no-sku", sku=None)
