"""Logical servers: who signs in, from where, with whose key, and what is written down of it."""

from collectors.contract import Check
from collectors.declarations.configuration import Child, Kind
from collectors.declarations.database_servers import (
    WIDEST_RANGE,
    azure_services_refused,
    public_network_off,
    reached_publicly,
)
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judgement,
    Rule,
    bad,
    good,
    must_be_on,
    must_be_one_of,
    private_endpoint_approved,
    unknown,
)
from collectors.sql.assessments import ASSESSMENT_RULES, not_express
from collectors.sql.auditing import audit_kept, audited, master_of, only_monitored
from collectors.sql.firewall import no_unrestricted_inbound
from collectors.sql.protection import defender_on, minimum_tls, of_part
from collectors.sql.reads import (
    ALERTS,
    AUDITING,
    CLASSIC_ASSESSMENT,
    EXPRESS_ASSESSMENT,
    FIREWALL,
    FIREWALL_V6,
    PROTECTOR,
    SERVER_LIST,
)

own_key = of_part(
    "protector",
    must_be_one_of(
        "properties.serverKeyType",
        "The kind of key that protects the databases",
        allowed=["AzureKeyVault"],
        others=["ServiceManaged"],
        absent=None,
    ),
    unknown("Azure does not say which key protects the databases."),
)


def entra_administrator(server: Resource) -> Judgement:
    """Judge that an Entra administrator is set; the expanded list holds it if there is one."""
    login = server.text("properties.administrators.login")
    if login or server.text("properties.administrators.sid"):
        return good("An Entra administrator is set.", login=login)
    return bad("No Entra administrator is set.", login=None)


RULES = (
    Rule(
        Check(
            id="sql_auditing_enabled",
            title="Auditing on",
            severity="high",
            rationale="Without an audit log nobody can tell afterwards who read or changed what.",
            remediation="Portal: SQL server > Auditing > Enable Azure SQL Auditing. CLI: az sql server "
            "audit-policy update -n <server> -g <group> --state Enabled --lats Enabled --lawri <workspace>",
            permission=AUDITING.permission,
        ),
        audited,
        needs=("auditing",),
    ),
    Rule(
        Check(
            id="sql_auditing_retention_90_days",
            title="Audit log kept for at least 90 days",
            severity="medium",
            rationale="Many intrusions are found months later, when a short log is gone.",
            remediation="Portal: SQL server > Auditing > Storage > Retention. CLI: az sql server "
            "audit-policy update -n <server> -g <group> --retention-days 90",
            permission=AUDITING.permission,
            thresholds={"days": 90},
        ),
        needs=("auditing",),
        within=audit_kept,
    ),
    Rule(
        Check(
            id="sql_entra_admin_configured",
            title="Entra administrator set",
            severity="medium",
            rationale="Without one every sign-in is a local password that Entra cannot withdraw.",
            remediation="Portal: SQL server > Microsoft Entra ID > Set admin. CLI: az sql server ad-admin "
            "create -s <server> -g <group> -u <name> -i <object id>",
            permission=SERVER_LIST.permission,
        ),
        entra_administrator,
    ),
    Rule(
        Check(
            id="sql_entra_only_authentication",
            title="Entra-only authentication on",
            severity="medium",
            rationale="As long as SQL sign-ins work, a guessed password passes every Entra rule by.",
            remediation="Portal: SQL server > Microsoft Entra ID > Support only Microsoft Entra "
            "authentication. CLI: az sql server ad-only-auth enable -n <server> -g <group>",
            permission=SERVER_LIST.permission,
        ),
        # Absent with no administrator: without one SQL sign-ins are all there is.
        must_be_on(
            "properties.administrators.azureADOnlyAuthentication", "Entra-only authentication", absent=False
        ),
    ),
    Rule(
        Check(
            id="sql_defender_enabled",
            title="Defender for SQL on",
            severity="high",
            rationale="Defender for SQL reports injections, odd sign-ins and exfiltration while they happen.",
            remediation="Portal: SQL server > Microsoft Defender for Cloud > Enable. CLI: az sql server "
            "advanced-threat-protection-setting update -n <server> -g <group> --state Enabled",
            permission=ALERTS.permission,
        ),
        defender_on,
        needs=("alerts",),
    ),
    Rule(
        Check(
            id="sql_min_tls_12",
            title="Minimum TLS version 1.2",
            severity="medium",
            rationale="Older TLS versions have known weaknesses.",
            remediation="Portal: SQL server > Networking > Connectivity > Minimum TLS version. CLI: az sql "
            "server update -n <server> -g <group> --minimal-tls-version 1.2",
            permission=SERVER_LIST.permission,
        ),
        minimum_tls,
    ),
    Rule(
        Check(
            id="sql_tde_cmk",
            title="Databases encrypted with a customer-managed key",
            severity="low",
            rationale="With a key of one's own the data can be made unreadable without Microsoft's help.",
            remediation="Portal: SQL server > Transparent data encryption > Customer-managed key. CLI: az "
            "sql server tde-key set -s <server> -g <group> --server-key-type AzureKeyVault --kid <key id>",
            permission=PROTECTOR.permission,
        ),
        own_key,
        needs=("protector",),
    ),
    Rule(
        Check(
            id="sql_no_unrestricted_inbound",
            title="No firewall rules that open the server to the internet",
            severity="critical",
            rationale="A server that any address reaches is tried by everybody's password lists.",
            remediation="Portal: SQL server > Networking > Firewall rules. CLI: az sql server firewall-rule "
            "delete -n <rule> -s <server> -g <group>",
            permission=FIREWALL.permission,
            thresholds={"addresses": WIDEST_RANGE},
        ),
        needs=("firewall",),
        within=no_unrestricted_inbound,
    ),
    Rule(
        Check(
            id="sql_allow_azure_services_disabled",
            title="Access for all Azure services off",
            severity="medium",
            rationale="The rule lets in machines of every Azure customer, not only one's own.",
            remediation="Portal: SQL server > Networking > Allow Azure services > off. CLI: az sql server "
            "firewall-rule delete -n AllowAllWindowsAzureIps -s <server> -g <group>",
            permission=FIREWALL.permission,
        ),
        azure_services_refused,
        needs=("firewall",),
    ),
    Rule(
        Check(
            id="sql_public_network_disabled",
            title="Public network access disabled",
            severity="high",
            rationale="Without a public endpoint a leaked password is of no use outside the virtual network.",
            remediation="Portal: SQL server > Networking > Public access > Disable. CLI: az sql server "
            "update -n <server> -g <group> --enable-public-network false",
            permission=SERVER_LIST.permission,
        ),
        public_network_off("properties.publicNetworkAccess"),
    ),
    Rule(
        Check(
            id="sql_private_endpoint_used",
            title="Private endpoint used",
            severity="medium",
            rationale="Through a private endpoint queries stay inside the virtual network.",
            remediation="Portal: SQL server > Networking > Private access. CLI: az network private-endpoint "
            "create --private-connection-resource-id <server id> --group-id sqlServer ...",
            permission=SERVER_LIST.permission,
        ),
        private_endpoint_approved,
    ),
    *ASSESSMENT_RULES,
)

SERVERS = Kind(
    noun="SQL servers",
    read=SERVER_LIST,
    rules=RULES,
    children={
        "auditing": Child(AUDITING),
        "alerts": Child(ALERTS),
        "protector": Child(PROTECTOR),
        "firewall": Child(FIREWALL, many=True, when=reached_publicly),
        "firewall_v6": Child(FIREWALL_V6, many=True, when=reached_publicly),
        "express": Child(EXPRESS_ASSESSMENT),
        # No list holds them, and only where auditing names Azure Monitor alone do they decide anything.
        "audit_log": Child(DIAGNOSTIC_SETTINGS, many=True, of=master_of, when=only_monitored, last=True),
        # Where the express configuration is on, nobody looks at the classic one, whatever it would answer.
        "classic": Child(CLASSIC_ASSESSMENT, when=not_express, last=True),
    },
)
