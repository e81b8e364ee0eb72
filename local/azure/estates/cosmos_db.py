"""Cosmos DB accounts: good and bad ones, one that says little, and those that mislead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.DocumentDB/databaseAccounts"
NETWORKS = "cosmos_db_selected_networks_only"
PUBLIC = "cosmos_db_public_network_disabled"
ENDPOINT = "cosmos_db_private_endpoint_used"
LOCAL_AUTH = "cosmos_db_local_auth_disabled"
TLS = "cosmos_db_min_tls_12"
KEY = "cosmos_db_cmk_encryption"
BACKUP = "cosmos_db_continuous_backup"
FAILOVER = "cosmos_db_automatic_failover"
LOGS = "cosmos_db_logging_enabled"
CHECKS = (NETWORKS, PUBLIC, ENDPOINT, LOCAL_AUTH, TLS, KEY, BACKUP, FAILOVER, LOGS)
AUDIT: JsonObject = {"categoryGroup": "audit", "category": None, "enabled": True}
STATISTICS: JsonObject = {"category": "PartitionKeyStatistics", "categoryGroup": None, "enabled": True}


def build(estate: Estate) -> None:
    """Add the accounts and what is true of them."""
    estate.list_at(f"{estate.scope}/providers/{TYPE}", paged=False)
    for number in range(estate.copies):
        good = _add(estate, f"goodaccount{number}", GOOD, [AUDIT])
        estate.expect(good, "pass", *CHECKS)
        bad = _add(estate, f"badaccount{number}", BAD, [STATISTICS, AUDIT | {"enabled": False}])
        estate.expect(bad, "fail", *CHECKS)
    _silent(estate)
    _open_in_halves(estate)
    _in_a_perimeter(estate)
    _in_one_region(estate)


def _connection(status: str) -> JsonObject:
    return {
        "properties": {"privateLinkServiceConnectionState": {"status": status, "actionsRequired": "None"}}
    }


def _add(estate: Estate, name: str, properties: JsonObject, logs: list[JsonObject]) -> str:
    account = estate.add(TYPE, name, properties, kind="GlobalDocumentDB")
    settings = estate.list_at(f"{account}/providers/Microsoft.Insights/diagnosticSettings", paged=False)
    if logs:
        setting = f"{account}/providers/microsoft.insights/diagnosticSettings/kept".lower().lstrip("/")
        settings.append({"id": setting, "type": None, "name": "kept", "properties": {"logs": logs}})
    return account


REGIONS: list[JsonObject] = [
    {"id": "account-westeurope", "locationName": "West Europe", "failoverPriority": 0},
    {"id": "account-northeurope", "locationName": "North Europe", "failoverPriority": 1},
]
GOOD: JsonObject = {
    "publicNetworkAccess": "Disabled",
    "isVirtualNetworkFilterEnabled": False,
    "ipRules": [],
    "disableLocalAuth": True,
    "minimalTlsVersion": "Tls12",
    "keyVaultKeyUri": "https://keys.vault.azure.net/keys/cosmos/1",
    "backupPolicy": {"type": "Continuous", "continuousModeProperties": {"tier": "Continuous7Days"}},
    "enableAutomaticFailover": True,
    "locations": REGIONS,
    "enableMultipleWriteLocations": False,
    "privateEndpointConnections": [_connection("Approved")],
}
BAD: JsonObject = {
    "publicNetworkAccess": "Enabled",
    "isVirtualNetworkFilterEnabled": False,
    "ipRules": [],
    "disableLocalAuth": False,
    "minimalTlsVersion": "Tls",
    "backupPolicy": {"type": "Periodic", "periodicModeProperties": {"backupIntervalInMinutes": 240}},
    "enableAutomaticFailover": False,
    "locations": REGIONS,
    "privateEndpointConnections": [_connection("Rejected")],
}


def _silent(estate: Estate) -> None:
    """An account that answers no flag: open to all networks, with keys, at TLS 1.2."""
    account = _add(estate, "silentaccount", {}, [])
    estate.expect(account, "pass", TLS)
    estate.expect(account, "fail", *(check for check in CHECKS if check != TLS))


def _open_in_halves(estate: Estate) -> None:
    """Two halves of the internet are the internet; and writing everywhere needs no failover."""
    halves = {"ipRules": [{"ipAddressOrRange": "0.0.0.0/1"}, {"ipAddressOrRange": "128.0.0.0/1"}]}
    more = {"enableMultipleWriteLocations": True, "isVirtualNetworkFilterEnabled": True}
    requests: JsonObject = {"category": "DataPlaneRequests", "categoryGroup": None, "enabled": True}
    account = _add(estate, "halvesaccount", {**BAD, **halves, **more}, [requests])
    estate.expect(account, "pass", LOGS)
    estate.expect(account, "not_applicable", FAILOVER)
    estate.expect(account, "fail", NETWORKS, PUBLIC, ENDPOINT, LOCAL_AUTH, TLS, KEY, BACKUP)


def _in_a_perimeter(estate: Estate) -> None:
    """A perimeter decides for this account, whatever its firewall names."""
    changed = {
        "publicNetworkAccess": "SecuredByPerimeter",
        "ipRules": [{"ipAddressOrRange": "203.0.113.0/24"}, {"ipAddressOrRange": "198.51.100.7"}],
        "minimalTlsVersion": "Tls14",
    }
    account = _add(estate, "perimeteraccount", {**GOOD, **changed}, [AUDIT | {"categoryGroup": "allLogs"}])
    estate.expect(account, "manual", PUBLIC, NETWORKS)
    estate.expect(account, "unknown", TLS)
    estate.expect(account, "pass", *(check for check in CHECKS if check not in {PUBLIC, NETWORKS, TLS}))


def _in_one_region(estate: Estate) -> None:
    """An account in one region has none to fail over to."""
    account = _add(estate, "regionaccount", {**BAD, "locations": REGIONS[:1]}, [])
    estate.expect(account, "not_applicable", FAILOVER)
    estate.expect(account, "fail", *(check for check in CHECKS if check != FAILOVER))
