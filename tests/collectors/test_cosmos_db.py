"""Cosmos DB: each check by what it passes, fails, and makes of an absent value."""

from ipaddress import IPv4Address

import pytest

from collectors.contract import JsonValue
from collectors.cosmos_db import COLLECTOR, RULES
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource
from collectors.errors import AccessDenied
from tests.collectors.path_reader import SCOPE, PathReader, read_part, statuses
from tests.collectors.simulated_reader import official_verdicts

LIST = "providers/Microsoft.DocumentDB/databaseAccounts"
APPROVED: JsonObject = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
PENDING: JsonObject = {"properties": {"privateLinkServiceConnectionState": {"status": "Pending"}}}
OFFICE: list[JsonValue] = [{"ipAddressOrRange": "203.0.113.0/24"}]
AZURE = str(IPv4Address(0))
EVERYBODY: list[JsonValue] = [{"ipAddressOrRange": "0.0.0.0/0"}]
HALVES: list[JsonValue] = [{"ipAddressOrRange": "0.0.0.0/1"}, {"ipAddressOrRange": "128.0.0.0/1"}]
ONE_REGION: list[JsonValue] = [{"locationName": "West Europe", "failoverPriority": 0}]
TWO_REGIONS: list[JsonValue] = [*ONE_REGION, {"locationName": "North Europe", "failoverPriority": 1}]
DENIED = AccessDenied("No.", permission="Some/read", scope=SCOPE)


def account_id(name: str) -> str:
    """Give the id of an account, below the subscription."""
    return f"resourceGroups/g/{LIST}/{name}"


def settings_of(name: str) -> str:
    """Give the path of an account's diagnostic settings."""
    return f"{account_id(name)}/providers/Microsoft.Insights/diagnosticSettings"


def account(name: str, **properties: JsonValue) -> JsonObject:
    """Make an account."""
    return {"id": f"{SCOPE}/{account_id(name)}", "name": name, "properties": properties}


def verdict(check_id: str, properties: dict[str, JsonValue], *logs: JsonObject) -> str:
    """Judge an account with these properties and logs by one check."""
    setting: JsonObject = {"properties": {"logs": list(logs)}}
    kind = properties.get("kind", "GlobalDocumentDB")
    resource = Resource({**account("a", **properties), "kind": kind}).with_parts(
        {"diagnostics": (Resource(setting),)}
    )
    found = {one.check_id: one.status.value for one in evaluate(resource, RULES)}
    return found[f"cosmos_db_{check_id}"]


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("selected_networks_only", {"ipRules": OFFICE}, "pass"),
        ("selected_networks_only", {"isVirtualNetworkFilterEnabled": True}, "pass"),
        ("selected_networks_only", {"publicNetworkAccess": "disabled"}, "pass"),
        ("selected_networks_only", {"ipRules": [], "isVirtualNetworkFilterEnabled": False}, "fail"),
        ("selected_networks_only", {"ipRules": EVERYBODY}, "fail"),
        ("selected_networks_only", {"ipRules": [*OFFICE, {"ipAddressOrRange": AZURE}]}, "fail"),
        ("selected_networks_only", {"publicNetworkAccess": "SecuredByPerimeter"}, "manual"),
        ("selected_networks_only", {"publicNetworkAccess": "Sometimes", "ipRules": OFFICE}, "unknown"),
        ("selected_networks_only", {"publicNetworkAccess": True, "ipRules": OFFICE}, "unknown"),
        ("selected_networks_only", {"ipRules": HALVES, "isVirtualNetworkFilterEnabled": True}, "fail"),
        ("selected_networks_only", {"ipRules": [{"ipAddressOrRange": "2001:db8::/32"}]}, "unknown"),
        ("selected_networks_only", {}, "fail"),
        ("public_network_disabled", {"publicNetworkAccess": "disabled"}, "pass"),
        ("public_network_disabled", {"publicNetworkAccess": "Enabled", "ipRules": OFFICE}, "fail"),
        ("public_network_disabled", {"publicNetworkAccess": "SecuredByPerimeter"}, "manual"),
        ("public_network_disabled", {"publicNetworkAccess": "Sometimes"}, "unknown"),
        ("public_network_disabled", {}, "fail"),
        ("private_endpoint_used", {"privateEndpointConnections": [PENDING, APPROVED]}, "pass"),
        ("private_endpoint_used", {"privateEndpointConnections": [PENDING]}, "fail"),
        ("private_endpoint_used", {}, "fail"),
        ("local_auth_disabled", {"disableLocalAuth": True}, "pass"),
        ("local_auth_disabled", {"disableLocalAuth": False}, "fail"),
        ("local_auth_disabled", {}, "fail"),
        ("min_tls_12", {"minimalTlsVersion": "TLS12"}, "pass"),
        ("min_tls_12", {"minimalTlsVersion": "Tls11"}, "fail"),
        ("min_tls_12", {"minimalTlsVersion": "Tls99"}, "unknown"),
        ("min_tls_12", {}, "pass"),
        ("cmk_encryption", {"keyVaultKeyUri": "https://v.vault.azure.net/keys/k"}, "pass"),
        ("cmk_encryption", {"keyVaultKeyUri": ""}, "fail"),
        ("cmk_encryption", {}, "fail"),
        ("continuous_backup", {"backupPolicy": {"type": "continuous"}}, "pass"),
        ("continuous_backup", {"backupPolicy": {"type": "Periodic"}}, "fail"),
        ("continuous_backup", {}, "fail"),
        ("automatic_failover", {"enableAutomaticFailover": True}, "pass"),
        ("automatic_failover", {"enableAutomaticFailover": False}, "fail"),
        ("automatic_failover", {"enableMultipleWriteLocations": True}, "not_applicable"),
        ("automatic_failover", {"locations": TWO_REGIONS}, "fail"),
        ("automatic_failover", {"locations": ONE_REGION}, "not_applicable"),
        ("automatic_failover", {"locations": ONE_REGION, "enableAutomaticFailover": True}, "not_applicable"),
        ("automatic_failover", {}, "fail"),
    ],
)
def test_a_check_says(check_id: str, properties: dict[str, JsonValue], expected: str) -> None:
    """What it is there to say."""
    assert verdict(check_id, properties) == expected


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        ([{"categoryGroup": "allLogs", "enabled": True}], "pass"),
        ([{"categoryGroup": "audit", "enabled": True}], "pass"),
        ([{"category": "dataplanerequests", "enabled": True}], "pass"),
        ([{"category": "DataPlaneRequests", "enabled": False}], "fail"),
        ([{"category": "PartitionKeyStatistics", "enabled": True}], "fail"),
        ([], "fail"),
    ],
)
def test_logs_count_by_category_or_group(logs: list[JsonObject], expected: str) -> None:
    """Either way of asking for the request log counts, statistics do not."""
    assert verdict("logging_enabled", {}, *logs) == expected


@pytest.mark.parametrize(
    ("more", "category"),
    [
        ({"kind": "MongoDB"}, "MongoRequests"),
        ({"capabilities": [{"name": "EnableCassandra"}]}, "CassandraRequests"),
        ({"capabilities": [{"name": "EnableServerless"}]}, "DataPlaneRequests"),
    ],
)
def test_each_api_has_a_request_log_of_its_own(more: dict[str, JsonValue], category: str) -> None:
    """The log that says who did what depends on the account's API."""
    assert verdict("logging_enabled", more, {"category": category, "enabled": True}) == "pass"
    assert verdict("logging_enabled", more, {"category": "Other", "enabled": True}) == "fail"


async def test_none_is_not_applicable() -> None:
    """A subscription without accounts says so once for each check."""
    _, verdicts = await read_part(COLLECTOR.parts[0], PathReader({LIST: []}))

    assert {one.status.value for one in verdicts} == {"not_applicable"}
    assert sorted(one.check_id for one in verdicts) == sorted(check.id for check in COLLECTOR.checks)


async def test_a_refused_list_is_a_gap() -> None:
    """It names every check, and nothing is said of any account."""
    reading, verdicts = await read_part(COLLECTOR.parts[0], PathReader({LIST: DENIED}))

    assert [(gap.checks, gap.error) for gap in reading.gaps] == [(COLLECTOR.checks, DENIED)]
    assert verdicts == []


async def test_refused_diagnostic_settings_leave_the_rest() -> None:
    """Only the log check of that one account is unknown, which is listed on the second page."""
    accounts = [account("a"), account("b"), account("c")]
    reader = PathReader({LIST: accounts, settings_of("c"): DENIED}, page_size=2)
    _, verdicts = await read_part(COLLECTOR.parts[0], reader)

    found = statuses(verdicts)
    unknown = [key for key, status in found.items() if status == "unknown"]
    assert unknown == [("cosmos_db_logging_enabled", "c")]
    assert len(found) == len(RULES) * 3


async def test_the_official_account() -> None:
    """Microsoft's example: no network selected, TLS 1.0, keys, an approved private endpoint, one region."""
    found = statuses(await official_verdicts(COLLECTOR.parts[0]))

    assert {check_id.removeprefix("cosmos_db_"): status for (check_id, _), status in found.items()} == {
        "selected_networks_only": "fail",
        "public_network_disabled": "fail",
        "private_endpoint_used": "pass",
        "local_auth_disabled": "fail",
        "min_tls_12": "fail",
        "cmk_encryption": "fail",
        "continuous_backup": "fail",
        "automatic_failover": "not_applicable",
        "logging_enabled": "unknown",
    }
