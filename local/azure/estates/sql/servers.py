"""Logical SQL servers: good and bad ones, one where nothing was ever set, and those that mislead."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.Sql/servers"
ZERO = str(IPv4Address(0))
AUDITING = ("sql_auditing_enabled", "sql_auditing_retention_90_days")
ENTRA = ("sql_entra_admin_configured", "sql_entra_only_authentication")
NETWORK = (
    "sql_no_unrestricted_inbound",
    "sql_allow_azure_services_disabled",
    "sql_public_network_disabled",
    "sql_private_endpoint_used",
)
SCANS = ("sql_vulnerability_assessment_enabled", "sql_va_recurring_scans_enabled")
REPORTS = ("sql_va_scan_reports_configured", "sql_va_admins_notified")
OTHER = ("sql_defender_enabled", "sql_min_tls_12", "sql_tde_cmk")
CHECKS = (*AUDITING, *ENTRA, *NETWORK, *SCANS, *REPORTS, *OTHER)
ADMINISTRATOR: JsonObject = {
    "administratorType": "ActiveDirectory",
    "principalType": "Group",
    "login": "database-administrators",
    "azureADOnlyAuthentication": True,
}
STORED: JsonObject = {"state": "Enabled", "storageEndpoint": "https://logs.blob.core.windows.net/"}
SCANNED: JsonObject = {
    "recurringScans": {"isEnabled": True, "emailSubscriptionAdmins": True, "emails": ["dba@example.com"]}
}
GOOD: JsonObject = {
    "version": "12.0",
    "state": "Ready",
    "minimalTlsVersion": "1.2",
    "publicNetworkAccess": "Disabled",
    "administrators": ADMINISTRATOR,
    "privateEndpointConnections": [
        {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
    ],
}
BAD: JsonObject = {
    "version": "12.0",
    "state": "Ready",
    "minimalTlsVersion": "1.0",
    "publicNetworkAccess": "Enabled",
    "privateEndpointConnections": [],
}


def build(estate: Estate) -> None:
    """Add the servers and what is true of them."""
    for number in range(estate.copies):
        estate.expect(good_server(estate, f"goodsql{number}"), "pass", *CHECKS)
        bad = _bad(estate, f"badsql{number}")
        estate.expect(bad, "fail", *CHECKS)
        # No scan recurs; whether there is a container is told only to those who may see it.
        estate.expect(bad, "unknown", SCANS[0])
    _never_set(estate)
    _open_to_ipv6(estate)
    _express(estate)
    _monitored(estate)
    _sent_nowhere(estate)


def good_server(estate: Estate, name: str) -> str:
    """Add a server as it should be, without databases; gives its id."""
    return add(
        estate,
        name,
        GOOD,
        {
            "auditingSettings": STORED | {"retentionDays": 0},
            "securityAlertPolicies": {"state": "Enabled"},
            "encryptionProtector": {"serverKeyType": "AzureKeyVault", "serverKeyName": "vault_key_1"},
            "sqlVulnerabilityAssessments": {"state": "Disabled"},
            "vulnerabilityAssessments": SCANNED,
        },
    )


NAMES = {"encryptionProtector": "current", "securityAlertPolicies": "Default"}


def add(
    estate: Estate,
    name: str,
    properties: JsonObject,
    settings: dict[str, JsonObject],
    *rules: tuple[str, str],
) -> str:
    """Add a server with settings by their type, firewall rules, and only `master`; gives its id."""
    server = estate.add(TYPE, name, properties, kind="v12.0")
    for setting, inner in settings.items():
        path = f"{server}/{setting}/{NAMES.get(setting, 'default')}"
        body: JsonObject = {
            "id": path,
            "name": path.rpartition("/")[2],
            "type": f"{TYPE}/{setting}",
            "properties": inner,
        }
        estate.answer_at(path, body)
    estate.list_at(f"{server}/firewallRules")
    estate.list_at(f"{server}/ipv6FirewallRules")
    for number, ends in enumerate(rules):
        _add_rule(estate, server, f"r{number}", *ends)
    add_database(estate, server, "master", "v12.0,system", {"currentBackupStorageRedundancy": "Local"})
    return server


def _add_rule(estate: Estate, server: str, name: str, first: str, last: str) -> None:
    """Add a firewall rule to the list of its family, whose fields have names of their own."""
    listed, start, end = ("firewallRules", "startIpAddress", "endIpAddress")
    if ":" in first:
        listed, start, end = ("ipv6FirewallRules", "startIPv6Address", "endIPv6Address")
    path = f"{server}/{listed}/{name}"
    row: JsonObject = {"id": path, "name": name, "type": f"{TYPE}/{listed}"}
    estate.list_at(f"{server}/{listed}").append(row | {"properties": {start: first, end: last}})


def add_database(estate: Estate, server: str, name: str, kind: str, properties: JsonObject) -> str:
    """Add a database to a server; gives its id."""
    path = f"{server}/databases/{name}"
    body = {"id": path, "name": name, "type": f"{TYPE}/databases", "location": "westeurope"}
    estate.list_at(f"{server}/databases").append({**body, "kind": kind, "properties": properties})
    return path


def _bad(estate: Estate, name: str) -> str:
    """A server with all settings bad; the internet comes in halves, Azure's services by their own rule."""
    halves = ((ZERO, "127.255.255.255"), ("128.0.0.0", "255.255.255.255"))
    settings: dict[str, JsonObject] = {
        "auditingSettings": {"state": "Disabled", "storageEndpoint": "", "retentionDays": 0},
        "securityAlertPolicies": {"state": "Disabled"},
        "encryptionProtector": {"serverKeyType": "ServiceManaged", "serverKeyName": "ServiceManaged"},
        "sqlVulnerabilityAssessments": {"state": "Disabled"},
        "vulnerabilityAssessments": {"recurringScans": {"isEnabled": False, "emails": []}},
    }
    return add(estate, name, BAD, settings, *halves, (ZERO, ZERO))


def _never_set(estate: Estate) -> None:
    """A server of which nothing is known but that it is there."""
    server = add(estate, "silentsql", {}, {})
    estate.expect(server, "unknown", "sql_tde_cmk")
    estate.expect(server, "pass", *NETWORK[:2])
    rest = {*CHECKS} - {"sql_tde_cmk", *NETWORK[:2]}
    estate.expect(server, "fail", *rest)


def _open_to_ipv6(estate: Estate) -> None:
    """As good as can be, but that an IPv6 rule lets everybody in, while the IPv4 rule is narrow."""
    settings: dict[str, JsonObject] = {"auditingSettings": STORED | {"retentionDays": 0}}
    narrow, everybody = ("192.0.2.1", "192.0.2.9"), ("2000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    public: JsonObject = {"publicNetworkAccess": "Enabled"}
    server = add(estate, "ipv6sql", GOOD | public, settings, narrow, everybody)
    estate.expect(server, "pass", *AUDITING, *ENTRA, NETWORK[1], NETWORK[3], "sql_min_tls_12")
    estate.expect(server, "fail", NETWORK[0], NETWORK[2], "sql_defender_enabled", *SCANS, *REPORTS)
    estate.expect(server, "unknown", "sql_tde_cmk")


def _express(estate: Estate) -> None:
    """The express configuration scans by itself, and keeps no recipients."""
    settings: dict[str, JsonObject] = {
        "auditingSettings": STORED | {"retentionDays": 30},
        "securityAlertPolicies": {"state": "New"},
        "encryptionProtector": {"serverKeyType": "azurekeyvault"},
        "sqlVulnerabilityAssessments": {"state": "Enabled"},
        "vulnerabilityAssessments": {"recurringScans": {"isEnabled": False}},
    }
    sql_sign_ins: JsonObject = {"administrators": ADMINISTRATOR | {"azureADOnlyAuthentication": False}}
    perimeter: JsonObject = {"publicNetworkAccess": "SecuredByPerimeter", "minimalTlsVersion": "None"}
    server = add(estate, "expresssql", GOOD | sql_sign_ins | perimeter, settings, ("192.0.2.1", "192.0.2.9"))
    estate.expect(server, "pass", AUDITING[0], ENTRA[0], *SCANS, "sql_tde_cmk")
    estate.expect(server, "pass", NETWORK[0], NETWORK[1], NETWORK[3])
    estate.expect(server, "fail", AUDITING[1], ENTRA[1], "sql_defender_enabled", "sql_min_tls_12")
    estate.expect(server, "manual", NETWORK[2], *REPORTS)


def _monitored(estate: Estate) -> None:
    """Auditing goes to Azure Monitor; scans report to administrators only; the key has an unknown kind."""
    settings: dict[str, JsonObject] = {
        "auditingSettings": {"state": "Enabled", "isAzureMonitorTargetEnabled": True, "retentionDays": 0},
        "securityAlertPolicies": {"state": "Enabled"},
        "encryptionProtector": {"serverKeyType": "SomethingNew"},
        "vulnerabilityAssessments": {"recurringScans": {"isEnabled": True, "emails": []}},
    }
    server = add(estate, "monitoredsql", GOOD | {"minimalTlsVersion": "1.3"}, settings, (ZERO, ZERO))
    _send(estate, server, "SQLSecurityAuditEvents")
    estate.expect(server, "manual", AUDITING[1])
    estate.expect(server, "unknown", "sql_tde_cmk")
    estate.expect(server, "fail", REPORTS[0])
    rest = {*CHECKS} - {AUDITING[1], "sql_tde_cmk", REPORTS[0]}
    estate.expect(server, "pass", *rest)


def _sent_nowhere(estate: Estate) -> None:
    """Auditing names Azure Monitor, but no diagnostic setting of `master` sends the audit log there."""
    audit: JsonObject = {"state": "Enabled", "isAzureMonitorTargetEnabled": True}
    server = add(estate, "unsentsql", GOOD, {"auditingSettings": audit})
    _send(estate, server, "Errors")
    failing = (*AUDITING, *SCANS, *REPORTS, "sql_defender_enabled")
    estate.expect(server, "pass", *({*CHECKS} - {*failing, "sql_tde_cmk"}))
    estate.expect(server, "fail", *failing)
    estate.expect(server, "unknown", "sql_tde_cmk")


def _send(estate: Estate, server: str, category: str) -> None:
    """Send a log of the database `master` to a workspace."""
    path = f"{server}/databases/master/providers/Microsoft.Insights/diagnosticSettings"
    logs: JsonObject = {"workspaceId": "/w", "logs": [{"category": category, "enabled": True}]}
    estate.list_at(path, paged=False).append({"id": f"{path}/logs", "name": "logs", "properties": logs})
