"""MySQL flexible servers: good and bad ones, one that says little, and those that mislead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.DBforMySQL/flexibleServers"
SSL, TLS, AUDIT, CONNECTIONS, ENTRA = PARAMETER_CHECKS = (
    "mysql_ssl_enforced",
    "mysql_min_tls_12",
    "mysql_audit_log_enabled",
    "mysql_audit_log_connections",
    "mysql_entra_only_authentication",
)
BACKUP, STANDBY, PUBLIC, ENDPOINT, KEY = SERVER_CHECKS = (
    "mysql_geo_redundant_backup",
    "mysql_high_availability",
    "mysql_public_network_disabled",
    "mysql_private_endpoint_used",
    "mysql_cmk_encryption",
)
CHECKS = (*PARAMETER_CHECKS, *SERVER_CHECKS)
GOOD: JsonObject = {
    "version": "8.0.21",
    "state": "Ready",
    "network": {"publicNetworkAccess": "Disabled"},
    "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Enabled"},
    "highAvailability": {"mode": "ZoneRedundant", "state": "Healthy"},
    "dataEncryption": {"type": "AzureKeyVault", "primaryKeyURI": "https://v.vault.azure.net/keys/k/1"},
    "privateEndpointConnections": [
        {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
    ],
}
BAD: JsonObject = {
    "version": "5.7",
    "state": "Ready",
    "network": {"publicNetworkAccess": "Enabled"},
    "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"},
    "highAvailability": {"mode": "Disabled", "state": "NotEnabled"},
    "dataEncryption": {"type": "SystemManaged"},
    "privateEndpointConnections": [],
}
GOOD_PARAMETERS = {
    "require_secure_transport": "ON",
    "tls_version": "TLSv1.2,TLSv1.3",
    "audit_log_enabled": "ON",
    "audit_log_events": "CONNECTION,DCL",
    "aad_auth_only": "ON",
}
BAD_PARAMETERS = {
    "require_secure_transport": "OFF",
    "tls_version": "TLSv1,TLSv1.1,TLSv1.2",
    "audit_log_enabled": "OFF",
    "audit_log_events": "CONNECTION",
    "aad_auth_only": "OFF",
}


def build(estate: Estate) -> None:
    """Add the servers and what is true of them."""
    for number in range(estate.copies):
        estate.expect(_add(estate, f"goodmysql{number}", GOOD, GOOD_PARAMETERS), "pass", *CHECKS)
        estate.expect(_add(estate, f"badmysql{number}", BAD, BAD_PARAMETERS), "fail", *CHECKS)
    silent = _add(estate, "silentmysql", {}, {})
    estate.expect(silent, "unknown", *PARAMETER_CHECKS)
    estate.expect(silent, "fail", *SERVER_CHECKS)
    _inside_a_network(estate)
    _older_spellings(estate)


def _add(estate: Estate, name: str, properties: JsonObject, values: dict[str, str]) -> str:
    server = estate.add(TYPE, name, properties, sku={"name": "Standard_D2ds_v4", "tier": "GeneralPurpose"})
    rows = estate.list_at(f"{server}/configurations")
    for parameter, value in values.items():
        inner: JsonObject = {"value": value, "source": "user-override", "isReadOnly": "False"}
        path = f"{server}/configurations/{parameter}"
        row: JsonObject = {"id": path, "name": parameter, "type": f"{TYPE}/configurations"}
        rows.append({**row, "properties": inner})
    return server


def _inside_a_network(estate: Estate) -> None:
    """A server in a delegated subnet has no public address, and can have no private endpoint."""
    subnet = estate.resource_id("Microsoft.Network/virtualNetworks", "data/subnets/mysql")
    network: JsonObject = {"delegatedSubnetResourceId": subnet}
    changed: JsonObject = {"network": network, "privateEndpointConnections": []}
    server = _add(estate, "networkmysql", GOOD | changed, GOOD_PARAMETERS | {"audit_log_events": "DCL"})
    estate.expect(server, "not_applicable", ENDPOINT)
    estate.expect(server, "fail", CONNECTIONS)
    estate.expect(server, "pass", *(check for check in CHECKS if check not in {ENDPOINT, CONNECTIONS}))


def _older_spellings(estate: Estate) -> None:
    """Values in other cases, a standby in the same zone, and a TLS version nobody knows yet."""
    values = {"tls_version": "TLSv2", "audit_log_enabled": "on", "aad_auth_only": "off"}
    changed: JsonObject = {"highAvailability": {"mode": "samezone"}}
    server = _add(estate, "spelledmysql", GOOD | changed, GOOD_PARAMETERS | values)
    estate.expect(server, "unknown", TLS)
    estate.expect(server, "fail", ENTRA)
    estate.expect(server, "pass", *(check for check in CHECKS if check not in {TLS, ENTRA}))
