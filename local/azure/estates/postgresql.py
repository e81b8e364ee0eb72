"""PostgreSQL flexible servers: good and bad ones, one that says little, and those that mislead."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.DBforPostgreSQL/flexibleServers"
ZERO = str(IPv4Address(0))
PARAMETER_CHECKS = (
    "postgresql_ssl_enforced",
    "postgresql_min_tls_12",
    "postgresql_log_checkpoints_on",
    "postgresql_log_connections_on",
    "postgresql_log_disconnections_on",
    "postgresql_log_retention_over_3_days",
    "postgresql_connection_throttling_on",
    "postgresql_pgaudit_enabled",
)
AZURE, PUBLIC, ENDPOINT, ENTRA, BACKUP, STANDBY, KEY = SERVER_CHECKS = (
    "postgresql_allow_azure_services_disabled",
    "postgresql_public_network_disabled",
    "postgresql_private_endpoint_used",
    "postgresql_entra_authentication_enabled",
    "postgresql_geo_redundant_backup",
    "postgresql_high_availability",
    "postgresql_cmk_encryption",
)
CHECKS = (*PARAMETER_CHECKS, *SERVER_CHECKS)
GOOD: JsonObject = {
    "version": "17",
    "state": "Ready",
    "network": {"publicNetworkAccess": "Disabled"},
    "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"},
    "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Enabled"},
    "highAvailability": {"mode": "ZoneRedundant", "state": "Healthy"},
    "dataEncryption": {"type": "AzureKeyVault", "primaryKeyURI": "https://v.vault.azure.net/keys/k/1"},
    "privateEndpointConnections": [
        {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
    ],
}
BAD: JsonObject = {
    "version": "14",
    "state": "Ready",
    "network": {"publicNetworkAccess": "Enabled"},
    "authConfig": {"activeDirectoryAuth": "Disabled", "passwordAuth": "Enabled"},
    "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"},
    "highAvailability": {"mode": "Disabled", "state": "NotEnabled"},
    "dataEncryption": {"type": "SystemManaged"},
    "privateEndpointConnections": [],
}
GOOD_PARAMETERS = {
    "require_secure_transport": "on",
    "ssl_min_protocol_version": "TLSv1.2",
    "log_checkpoints": "on",
    "log_connections": "on",
    "log_disconnections": "on",
    "logfiles.download_enable": "on",
    "logfiles.retention_days": "7",
    "connection_throttle.enable": "on",
    "shared_preload_libraries": "pg_cron,pg_stat_statements,pgaudit",
    "pgaudit.log": "write,ddl",
}
BAD_PARAMETERS = {
    "require_secure_transport": "off",
    "ssl_min_protocol_version": "TLSv1.1",
    "log_checkpoints": "off",
    "log_connections": "off",
    "log_disconnections": "off",
    "logfiles.download_enable": "on",
    "logfiles.retention_days": "3",
    "connection_throttle.enable": "off",
    "shared_preload_libraries": "pg_cron,pg_stat_statements",
    "pgaudit.log": "none",
}


def build(estate: Estate) -> None:
    """Add the servers and what is true of them."""
    for number in range(estate.copies):
        estate.expect(_add(estate, f"goodpostgresql{number}", GOOD, GOOD_PARAMETERS), "pass", *CHECKS)
        bad = _add(estate, f"badpostgresql{number}", BAD, BAD_PARAMETERS, (ZERO, ZERO))
        estate.expect(bad, "fail", *CHECKS)
    silent = _add(estate, "silentpostgresql", {}, {})
    estate.expect(silent, "unknown", *PARAMETER_CHECKS)
    estate.expect(silent, "pass", AZURE)
    estate.expect(silent, "fail", *SERVER_CHECKS[1:])
    _inside_a_network(estate)
    _old_names(estate)


def _add(
    estate: Estate, name: str, properties: JsonObject, values: dict[str, str], *rules: tuple[str, str]
) -> str:
    server = estate.add(TYPE, name, properties, sku={"name": "Standard_D4ds_v5", "tier": "GeneralPurpose"})
    rows = estate.list_at(f"{server}/configurations")
    for parameter, value in values.items():
        inner: JsonObject = {"value": value, "dataType": "String", "source": "user-override"}
        path = f"{server}/configurations/{parameter}"
        row: JsonObject = {"id": path, "name": parameter, "type": f"{TYPE}/configurations"}
        rows.append({**row, "properties": inner})
    firewall = estate.list_at(f"{server}/firewallRules")
    for number, (first, last) in enumerate(rules):
        ends: JsonObject = {"startIpAddress": first, "endIpAddress": last}
        rule: JsonObject = {"id": f"{server}/firewallRules/r{number}", "name": f"r{number}"}
        firewall.append({**rule, "properties": ends})
    return server


def _inside_a_network(estate: Estate) -> None:
    """A server in a delegated subnet, of the version whose connections are logged by stage."""
    subnet = estate.resource_id("Microsoft.Network/virtualNetworks", "data/subnets/postgresql")
    network: JsonObject = {"delegatedSubnetResourceId": subnet, "publicNetworkAccess": "Disabled"}
    values = {"log_connections": "receipt,authorization", "logfiles.download_enable": "off"}
    server = _add(estate, "networkpostgresql", GOOD | {"network": network}, GOOD_PARAMETERS | values)
    estate.expect(server, "not_applicable", ENDPOINT)
    estate.expect(server, "fail", "postgresql_log_retention_over_3_days")
    rest = {*CHECKS} - {ENDPOINT, "postgresql_log_retention_over_3_days"}
    estate.expect(server, "pass", *rest)


def _old_names(estate: Estate) -> None:
    """Parameters of Single Server say nothing of a flexible server; its others are spelled in capitals."""
    values = {name: value.upper() for name, value in GOOD_PARAMETERS.items()}
    del values["logfiles.retention_days"], values["connection_throttle.enable"]
    values |= {"log_retention_days": "7", "connection_throttling": "ON"}
    opened: JsonObject = {"network": {"publicNetworkAccess": "Enabled"}}
    server = _add(estate, "namedpostgresql", GOOD | opened, values, ("192.0.2.1", "192.0.2.9"))
    retention, throttling = "postgresql_log_retention_over_3_days", "postgresql_connection_throttling_on"
    estate.expect(server, "unknown", retention, throttling)
    estate.expect(server, "fail", PUBLIC)
    estate.expect(server, "pass", *({*CHECKS} - {retention, throttling, PUBLIC}))
