"""Managed instances: good and bad ones, and one that says little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.estates.sql.servers import SCANNED

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.Sql/managedInstances"
DEFENDER, TLS, PUBLIC, ASSESSED = CHECKS = (
    "sql_mi_defender_enabled",
    "sql_mi_min_tls_12",
    "sql_mi_public_network_disabled",
    "sql_mi_vulnerability_assessment_enabled",
)
OFF: JsonObject = {"recurringScans": {"isEnabled": False, "emailSubscriptionAdmins": True, "emails": []}}


def build(estate: Estate) -> None:
    """Add the instances and what is true of them."""
    for number in range(estate.copies):
        good: JsonObject = {"publicDataEndpointEnabled": False, "minimalTlsVersion": "1.2"}
        estate.expect(_add(estate, f"goodmi{number}", good, "Enabled", SCANNED), "pass", *CHECKS)
        bad: JsonObject = {"publicDataEndpointEnabled": True, "minimalTlsVersion": "1.1"}
        instance = _add(estate, f"badmi{number}", bad, "Disabled", OFF)
        estate.expect(instance, "fail", *CHECKS)
        # No scan recurs; whether there is a container is told only to those who may see it.
        estate.expect(instance, "unknown", ASSESSED)
    silent = estate.add(TYPE, "silentmi", {})
    estate.expect(silent, "pass", PUBLIC)
    estate.expect(silent, "fail", DEFENDER, TLS, ASSESSED)


def _add(estate: Estate, name: str, properties: JsonObject, state: str, scans: JsonObject) -> str:
    instance = estate.add(TYPE, name, properties, sku={"name": "GP_Gen5", "tier": "GeneralPurpose"})
    alerts = f"{instance}/securityAlertPolicies/Default"
    estate.answer_at(alerts, {"id": alerts, "name": "Default", "properties": {"state": state}})
    assessment = f"{instance}/vulnerabilityAssessments/default"
    estate.answer_at(assessment, {"id": assessment, "name": "default", "properties": scans})
    return instance
