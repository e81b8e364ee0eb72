"""Managed instances: four questions, two of them answered by the list."""

from collectors.contract import Check
from collectors.declarations.configuration import Child, Kind
from collectors.declarations.rules import Rule, must_be_off
from collectors.sql.assessments import instance_assessed
from collectors.sql.protection import defender_on, minimum_tls
from collectors.sql.reads import INSTANCE_ALERTS, INSTANCE_ASSESSMENT, INSTANCE_LIST

RULES = (
    Rule(
        Check(
            id="sql_mi_defender_enabled",
            title="Defender for SQL on, managed instances",
            severity="high",
            rationale="Defender for SQL reports injections, odd sign-ins and exfiltration while they happen.",
            remediation="Portal: managed instance > Microsoft Defender for Cloud > Enable. CLI: az sql mi "
            "advanced-threat-protection-setting update -g <group> --managed-instance <name> --state Enabled",
            permission=INSTANCE_ALERTS.permission,
        ),
        defender_on,
        needs=("alerts",),
    ),
    Rule(
        Check(
            id="sql_mi_min_tls_12",
            title="Minimum TLS version 1.2, managed instances",
            severity="medium",
            rationale="Older TLS versions have known weaknesses.",
            remediation="Portal: managed instance > Networking > Minimum TLS version. CLI: az sql mi update "
            "-n <name> -g <group> --minimal-tls-version 1.2",
            permission=INSTANCE_LIST.permission,
        ),
        minimum_tls,
    ),
    Rule(
        Check(
            id="sql_mi_public_network_disabled",
            title="Public endpoint disabled, managed instances",
            severity="high",
            rationale="A public endpoint offers the instance to the internet beside its virtual network.",
            remediation="Portal: managed instance > Networking > Public endpoint (data) > Disable. CLI: az "
            "sql mi update -n <name> -g <group> --public-data-endpoint-enabled false",
            permission=INSTANCE_LIST.permission,
        ),
        # Off is the default (Microsoft's documentation of public endpoints).
        must_be_off("properties.publicDataEndpointEnabled", "The public endpoint", absent=False),
    ),
    Rule(
        Check(
            id="sql_mi_vulnerability_assessment_enabled",
            title="Vulnerability assessment on, managed instances",
            severity="medium",
            rationale="Scans find weak settings and rights before somebody else does.",
            remediation="Portal: managed instance > Microsoft Defender for Cloud > Configure > Vulnerability "
            "assessment. Bicep: Microsoft.Sql/managedInstances/vulnerabilityAssessments@2023-08-01 named "
            "default: storageContainerPath: '<container>', recurringScans: { isEnabled: true }",
            permission=INSTANCE_ASSESSMENT.permission,
        ),
        instance_assessed,
        needs=("classic",),
    ),
)

MANAGED_INSTANCES = Kind(
    noun="SQL managed instances",
    read=INSTANCE_LIST,
    rules=RULES,
    children={"alerts": Child(INSTANCE_ALERTS), "classic": Child(INSTANCE_ASSESSMENT)},
)
