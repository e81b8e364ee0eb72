"""Defender for Cloud where everything is on, and where nothing is; with a verdict for each recommendation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure import defender
from local.azure.generator import made_up_id

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

RECOMMENDATIONS = {
    "defender_vm_vulnerabilities_resolved": "1195afff-c881-495e-9bc5-1486211ae03f",
    "defender_machine_secrets_resolved": "17618b1a-ed14-49bb-b37f-9f8ba967be8b",
    "defender_container_image_vulns_resolved": "33422d8f-ab1e-42be-bc9a-38685bb567b9",
    "defender_running_image_vulns_resolved": "c5045ea3-afc6-4006-ab8f-86c8574dbf3d",
    "defender_endpoint_protection_installed": "06e3a6db-6c0c-4ad9-943f-31d9d73ecf6c",
    "defender_endpoint_protection_healthy": "dc5357d0-3858-4d17-a1a3-072840bff5be",
    "defender_exploit_guard_enabled": "22489c48-27d1-4e40-9420-4303ad9cffef",
    "defender_system_updates_applied": "e1145ab1-eb4f-43d8-911b-36ddf771d13f",
    "defender_periodic_update_assessment_enabled": "90386950-71ca-4357-a12e-486d1679427c",
    "defender_sql_vulnerabilities_resolved": "82e20e14-edc5-4373-bfc4-f13121257c37",
    "defender_sql_on_machines_vulns_resolved": "f97aa83c-9b63-4f9a-99f6-b22c4398f936",
}
"""The recommendation that answers a check, by the public reference of recommendations."""

PLANS = (
    "plan_servers plan_app_services plan_azure_sql plan_sql_on_machines plan_open_source_databases "
    "plan_cosmos_db plan_storage plan_containers plan_key_vault plan_resource_manager plan_apis "
    "plan_ai_services cspm_enabled plan_databases_all agentless_scanning_enabled "
    "file_integrity_monitoring_enabled container_image_scan_enabled"
)
SETTINGS = (
    "security_contact_email_set security_contact_owners_notified alert_notifications_high_severity "
    "attack_path_notifications_enabled mde_integration_enabled cloud_apps_integration_enabled "
    "vulnerability_assessment_provisioned continuous_export_configured plan_iot_hub"
)
ELSEWHERE = "/subscriptions/0/resourceGroups/central/providers/Microsoft.OperationalInsights/workspaces/w"


def build(estate: Estate, *, kept: bool, standards: bool) -> None:
    """Set Defender for Cloud up, all on or all off, with a standard or none, and write down what is true."""
    _plans(estate, kept=kept)
    _settings(estate, kept=kept)
    _findings(estate, kept=kept)
    _standards(estate, paid=kept, assigned=standards)
    same = "pass" if kept else "fail"
    estate.expect(estate.scope, same, *(f"defender_{name}" for name in f"{PLANS} {SETTINGS}".split()))
    estate.expect(estate.scope, "pass" if kept else "not_applicable", "defender_plan_dns")
    estate.expect(estate.scope, "manual" if kept else "fail", "defender_storage_alerts_monitored")
    estate.expect(
        estate.scope, "pass" if kept else "not_applicable", "defender_log_analytics_agent_provisioned"
    )
    estate.expect(estate.scope, "pass" if kept else "manual", "defender_external_attack_surface_enabled")


def _list(estate: Estate, listed: str, rows: dict[str, JsonObject], **more: object) -> None:
    """Answer a list of Microsoft.Security in place of what every simulated subscription has."""
    path = f"{estate.scope}/providers/Microsoft.Security/{listed}"
    estate.list_at(path).extend(
        {
            "id": f"{path}/{name}",
            "name": name,
            "type": f"Microsoft.Security/{listed}",
            "properties": row,
            **more,
        }
        for name, row in rows.items()
    )


def _plans(estate: Estate, *, kept: bool) -> None:
    tier = defender.ON if kept else defender.OFF
    plans: dict[str, JsonObject] = {
        name: {"pricingTier": tier} for name in (*(plan.name for plan in defender.PLANS), "AI")
    }
    scans = ("AgentlessVmScanning", "FileIntegrityMonitoring", "ContainerRegistriesVulnerabilityAssessments")
    extensions = [{"name": name, "isEnabled": str(kept)} for name in scans]
    for name in ("VirtualMachines", "Containers"):
        plans[name] |= {"extensions": extensions}
    _list(estate, "pricings", plans)


def _settings(estate: Estate, *, kept: bool) -> None:
    sources = [
        {"sourceType": "Alert", "minimalSeverity": "High"},
        {"sourceType": "AttackPath", "minimalRiskLevel": "High"},
    ]
    contact: JsonObject = {
        "emails": "security@example.com" if kept else "",
        "isEnabled": True,
        "notificationsByRole": {"state": "On" if kept else "Off", "roles": ["Owner"]},
        "notificationsSources": sources,
    }
    _list(estate, "securityContacts", {"default": contact})
    _list(
        estate,
        "settings",
        {"WDATP": {"enabled": kept}, "MCAS": {"enabled": kept}},
        kind="DataExportSettings",
    )
    _list(estate, "autoProvisioningSettings", {"default": {"autoProvision": "On" if kept else "Off"}})
    export: JsonObject = {
        "isEnabled": kept,
        "scopes": [{"scopePath": estate.scope}],
        "sources": [{"eventSource": "Alerts"}],
        "actions": [{"actionType": "Workspace", "workspaceResourceId": ELSEWHERE}],
    }
    _list(estate, "automations", {"export": export})
    hub = estate.add("Microsoft.Devices/IotHubs", "hub", {"state": "Active"})
    _list(
        estate,
        "iotSecuritySolutions",
        {"devices": {"status": "Enabled" if kept else "Disabled", "iotHubs": [hub]}},
    )
    if kept:
        _list(estate, "serverVulnerabilityAssessmentsSettings", {"azure": {"selectedProvider": "MdeTvm"}})
        estate.add("Microsoft.Easm/workspaces", "surface", {"provisioningState": "Succeeded"})
    else:
        _list(estate, "serverVulnerabilityAssessmentsSettings", {})


def _findings(estate: Estate, *, kept: bool) -> None:
    """One assessment for each check, all healthy or none; a score and an alert to match."""
    same, code = ("pass", "Healthy") if kept else ("fail", "Unhealthy")
    resource = estate.resource_id("Microsoft.Compute/virtualMachines", "assessed")
    rows = estate.list_at(f"{estate.scope}/providers/Microsoft.Security/assessments")
    for check_id, key in RECOMMENDATIONS.items():
        properties: JsonObject = {
            "displayName": check_id,
            "resourceDetails": {"source": "Azure", "id": resource},
            "status": {"code": code},
        }
        path = f"{resource}/providers/Microsoft.Security/assessments/{key}"
        rows.append(
            {"id": path, "name": key, "type": "Microsoft.Security/assessments", "properties": properties}
        )
        estate.expect(estate.scope, same, check_id)
        estate.expect(resource, same, f"defender_assessment:{key}")
    current = 40 if kept else 4
    score: JsonObject = {"score": {"max": 50, "current": current, "percentage": current / 50}, "weight": 11}
    _list(estate, "secureScores", {"ascScore": {"displayName": "ASC score", **score}})
    _list(estate, "secureScoreControls", {})
    status = "Resolved" if kept else "Active"
    alert: JsonObject = {"alertDisplayName": "Strange sign-in", "severity": "High", "status": status}
    _list(estate, "alerts", {made_up_id(estate.subscription_id, "alert"): alert})
    whole = ("resource_assessments", "secure_score", "security_alerts")
    estate.expect(estate.scope, same, *(f"defender_{name}" for name in whole))


def _standards(estate: Estate, *, paid: bool, assigned: bool) -> None:
    """A standard without controls, or none: without a paid plan there is none to assign."""
    name, kind = "PCI-DSS-4", "regulatoryComplianceStandards"
    _list(estate, kind, {name: {"state": "Passed"}} if assigned else {})
    estate.list_at(f"{estate.scope}/providers/Microsoft.Security/{kind}/{name}/regulatoryComplianceControls")
    status = "pass" if assigned else "fail" if paid else "not_applicable"
    estate.expect(estate.scope, status, "defender_regulatory_standard_assigned")
