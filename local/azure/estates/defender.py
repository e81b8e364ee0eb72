"""How Defender for Cloud is set up: export, hidden alerts, scanners, devices; and the truth about all of it.

Plans, contacts and integrations are those of `local/azure/defender.py`, which every subscription has.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from local.azure.assessments import HEALTHY, NOT_APPLICABLE, UNHEALTHY
from local.azure.defender import score_controls, tally_of

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject
    from local.azure.world import Subscription

GOOD = (
    "defender_plan_servers",
    "defender_plan_azure_sql",
    "defender_plan_sql_on_machines",
    "defender_plan_storage",
    "defender_plan_containers",
    "defender_plan_key_vault",
    "defender_plan_resource_manager",
    "defender_plan_dns",  # off, and part of the plan for servers since it was retired
    "defender_plan_apis",
    "defender_cspm_enabled",
    "defender_agentless_scanning_enabled",
    "defender_container_image_scan_enabled",
    "defender_security_contact_email_set",
    "defender_security_contact_owners_notified",
    "defender_alert_notifications_high_severity",  # "Medium or higher" tells of more, not of less
    "defender_mde_integration_enabled",
    "defender_cloud_apps_integration_enabled",
    "defender_vulnerability_assessment_provisioned",
    "defender_continuous_export_configured",
    "defender_external_attack_surface_enabled",
    "defender_regulatory_standard_assigned",
)
BAD = (
    "defender_plan_app_services",
    "defender_plan_open_source_databases",
    "defender_plan_cosmos_db",
    "defender_plan_databases_all",
    "defender_plan_iot_hub",
    "defender_file_integrity_monitoring_enabled",
    "defender_attack_path_notifications_enabled",
)
FOR_PEOPLE = ("defender_storage_alerts_monitored", "defender_alert_suppression_reviewed")
NOT_ASKED = ("defender_plan_ai_services", "defender_log_analytics_agent_provisioned")


STATUSES = {HEALTHY: "pass", UNHEALTHY: "fail", NOT_APPLICABLE: "not_applicable"}
ANSWERED = {
    "defender_container_image_vulns_resolved": (
        "33422d8f-ab1e-42be-bc9a-38685bb567b9",
        "c0b7cfc6-3172-465a-b378-53c7ff2cc0d5",
    ),
    "defender_running_image_vulns_resolved": ("c609cf0f-71ab-41e9-a3c6-9a1f7fe1b8d5",),
    "defender_endpoint_protection_healthy": ("dc5357d0-3858-4d17-a1a3-072840bff5be",),
}
"""Which of the generated recommendations answer a check."""
NOT_LISTED = (
    "defender_vm_vulnerabilities_resolved",
    "defender_machine_secrets_resolved",
    "defender_endpoint_protection_installed",
    "defender_exploit_guard_enabled",
    "defender_system_updates_applied",
    "defender_periodic_update_assessment_enabled",
    "defender_sql_vulnerabilities_resolved",
    "defender_sql_on_machines_vulns_resolved",
)
"""Checks whose recommendations are not among the generated ones."""
TARGET = 0.8
"""The share of all points from which on a score is good."""


def build(estate: Estate) -> None:
    """Add the set-up and what is true of it."""
    _automations(estate)
    _suppressions(estate)
    _scanner(estate)
    _devices(estate)
    estate.add("Microsoft.Easm/workspaces", "surface", {"provisioningState": "Succeeded"})
    estate.expect(estate.scope, "pass", *GOOD)
    estate.expect(estate.scope, "fail", *BAD)
    estate.expect(estate.scope, "manual", *FOR_PEOPLE)
    estate.expect(estate.scope, "not_applicable", *NOT_ASKED)


def expect_findings(estate: Estate, subscription: Subscription) -> None:
    """Write down what is true of the assessments, the score and the alerts of a generated subscription."""
    table = subscription.content.assessments
    for position in table.positions():
        recommendation, _ = table.place(position)
        status = STATUSES[table.status(position)]
        estate.expect(table.resource(position), status, f"defender_assessment:{recommendation.key}")
    tallies = table.by_recommendation()
    for check_id, keys in ANSWERED.items():
        found = sum((tallies.get(key, Counter()) for key in keys), Counter[str]())
        estate.expect(estate.scope, _status(found), check_id)
    # No assessment is exempt: those that do not apply were switched off by policy.
    estate.expect(estate.scope, "not_applicable", "defender_exemptions_reviewed", *NOT_LISTED)
    estate.expect(estate.scope, _status(sum(tallies.values(), Counter())), "defender_resource_assessments")
    active = any("Active" in str(alert["properties"]) for alert in subscription.content.alerts)
    estate.expect(estate.scope, "fail" if active else "pass", "defender_security_alerts")
    points = [_points(tally_of(subscription, control.keys), control.maximum) for control in score_controls()]
    reached, most = (sum(column) for column in zip(*points, strict=True))
    estate.expect(estate.scope, "pass" if reached >= TARGET * most else "fail", "defender_secure_score")


def _status(found: Counter[str]) -> str:
    """Give what many assessments say together: the worst of them."""
    worst = next((one for one in (UNHEALTHY, HEALTHY) if found[one]), NOT_APPLICABLE)
    return STATUSES[worst]


def _points(found: Counter[str], maximum: int) -> tuple[float, float]:
    """Give the points that a control of the score has, and may have: nothing judged, none to win."""
    judged = found[HEALTHY] + found[UNHEALTHY]
    return (maximum * found[HEALTHY] / judged, maximum) if judged else (0, 0)


def _automations(estate: Estate) -> None:
    """One that starts a Logic App, one of a resource group only, and the export of the subscription."""
    logic_app = estate.resource_id("Microsoft.Logic/workflows", "ticket")
    workspace = estate.resource_id("Microsoft.OperationalInsights/workspaces", "findings")
    to_workspace: JsonObject = {"actionType": "Workspace", "workspaceResourceId": workspace}
    group = f"{estate.scope}/resourceGroups/rg-estate"
    made: tuple[tuple[str, JsonObject, str], ...] = (
        ("ticket", {"actionType": "LogicApp", "logicAppResourceId": logic_app}, estate.scope),
        ("ExportOfGroup", to_workspace, group),
        ("ExportToWorkspace", to_workspace, estate.scope),
    )
    for name, action, scope in made:
        properties: JsonObject = {
            "isEnabled": True,
            "scopes": [{"description": "Scope", "scopePath": scope}],
            "sources": [{"eventSource": "Alerts", "ruleSets": []}],
            "actions": [action],
        }
        estate.add("Microsoft.Security/automations", name, properties)


def _suppressions(estate: Estate) -> None:
    """A rule without an end, one that has ended and one that is switched off."""
    kind = "Microsoft.Security/alertsSuppressionRules"
    ended = {"expirationDateUtc": "2019-12-01T19:50:47.083633Z"}
    rules: dict[str, JsonObject] = {
        "stillHides": {"state": "Enabled"},
        "hasEnded": {"state": "Enabled", **ended},
        "isOff": {"state": "Disabled"},
    }
    rows = estate.list_at(f"{estate.scope}/providers/{kind}")
    for name, state in rules.items():
        properties: JsonObject = {"alertType": "IpAnomaly", "reason": "FalsePositive", **state}
        path = f"{estate.scope}/providers/{kind}/{name}"
        rows.append({"id": path, "name": name, "type": kind, "properties": properties})


def _scanner(estate: Estate) -> None:
    """Its id lacks the leading slash, as in the example of the specification."""
    kind = "Microsoft.Security/serverVulnerabilityAssessmentsSettings"
    path = f"{estate.scope}/providers/{kind}"
    estate.list_at(path).append(
        {
            "id": f"{path}/azureServersSetting".lstrip("/"),
            "name": "azureServersSetting",
            "type": kind,
            "kind": "AzureServersSetting",
            "properties": {"selectedProvider": "MdeTvm"},
        }
    )


def _devices(estate: Estate) -> None:
    """Two IoT hubs, of which the security solution watches one, its id in another casing."""
    hubs = [estate.add("Microsoft.Devices/IotHubs", name, {"state": "Active"}) for name in ("hub0", "hub1")]
    properties: JsonObject = {"status": "Enabled", "displayName": "Devices", "iotHubs": [hubs[0].upper()]}
    estate.add("Microsoft.Security/iotSecuritySolutions", "devices", properties)
