"""Azure SQL: each check by what it passes, fails, and makes of an absent value."""

from collections.abc import Sequence
from ipaddress import IPv4Address

import pytest

from collectors.contract import JsonValue
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource
from collectors.declarations.rules import Rule
from collectors.sql.databases import RULES as DATABASE_RULES
from collectors.sql.databases import is_users
from collectors.sql.managed_instances import RULES as INSTANCE_RULES
from collectors.sql.servers import RULES as SERVER_RULES

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/s"
ZERO = str(IPv4Address(0))
APPROVED: JsonObject = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
ADMINISTRATOR: JsonObject = {"login": "dba", "sid": "1", "azureADOnlyAuthentication": True}
STORED: JsonObject = {"state": "Enabled", "storageEndpoint": "https://a.blob.core.windows.net"}
SCANS: JsonObject = {"isEnabled": True, "emailSubscriptionAdmins": False, "emails": ["a@b.c"]}


def part(properties: JsonObject | None) -> Resource | None:
    """Make a part with these properties; None where Azure says there is none."""
    return None if properties is None else Resource({"properties": properties})


def verdict(
    check_id: str,
    rules: Sequence[Rule],
    properties: JsonObject | None = None,
    **parts: JsonObject | None,
) -> str:
    """Judge a resource with these properties and parts by one check."""
    names = ("auditing", "alerts", "protector", "express", "classic", "encryption", "retention")
    read = {name: part(parts.get(name)) for name in names}
    resource = Resource({"id": ID, "properties": properties or {}}).with_parts(
        {**read, "firewall": (), "firewall_v6": (), "audit_log": ()}
    )
    found = {one.check_id: one.status.value for one in evaluate(resource, rules)}
    return found[f"sql_{check_id}"]


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("entra_admin_configured", {"administrators": ADMINISTRATOR}, "pass"),
        ("entra_admin_configured", {"administrators": {}}, "fail"),
        ("entra_admin_configured", {"administrators": None}, "fail"),
        ("entra_admin_configured", {}, "fail"),
        ("entra_only_authentication", {"administrators": ADMINISTRATOR}, "pass"),
        ("entra_only_authentication", {"administrators": {"login": "dba"}}, "fail"),
        ("entra_only_authentication", {}, "fail"),
        ("min_tls_12", {"minimalTlsVersion": "1.2"}, "pass"),
        ("min_tls_12", {"minimalTlsVersion": "1.3"}, "pass"),
        ("min_tls_12", {"minimalTlsVersion": "1.0"}, "fail"),
        ("min_tls_12", {"minimalTlsVersion": "none"}, "fail"),
        ("min_tls_12", {"minimalTlsVersion": "2.0"}, "unknown"),
        ("min_tls_12", {}, "fail"),
        ("public_network_disabled", {"publicNetworkAccess": "disabled"}, "pass"),
        ("public_network_disabled", {"publicNetworkAccess": "Enabled"}, "fail"),
        ("public_network_disabled", {"publicNetworkAccess": "SecuredByPerimeter"}, "manual"),
        ("public_network_disabled", {}, "fail"),
        ("private_endpoint_used", {"privateEndpointConnections": [APPROVED]}, "pass"),
        ("private_endpoint_used", {"privateEndpointConnections": []}, "fail"),
        ("private_endpoint_used", {}, "fail"),
        ("no_unrestricted_inbound", {}, "pass"),
        ("allow_azure_services_disabled", {}, "pass"),
    ],
)
def test_the_list_of_servers_says(check_id: str, properties: JsonObject, expected: str) -> None:
    """What the list alone decides."""
    assert verdict(check_id, SERVER_RULES, properties) == expected


@pytest.mark.parametrize(
    ("check_id", "name", "properties", "expected"),
    [
        ("auditing_enabled", "auditing", STORED, "pass"),
        ("auditing_enabled", "auditing", {**STORED, "isAzureMonitorTargetEnabled": True}, "pass"),
        ("auditing_enabled", "auditing", {"state": "Enabled"}, "unknown"),
        ("auditing_enabled", "auditing", {"state": "Disabled"}, "fail"),
        ("auditing_enabled", "auditing", {}, "unknown"),
        ("auditing_enabled", "auditing", None, "fail"),
        ("auditing_retention_90_days", "auditing", {**STORED, "retentionDays": 0}, "pass"),
        ("auditing_retention_90_days", "auditing", {**STORED, "retentionDays": 90}, "pass"),
        ("auditing_retention_90_days", "auditing", {**STORED, "retentionDays": 89}, "fail"),
        ("auditing_retention_90_days", "auditing", STORED, "unknown"),
        ("auditing_retention_90_days", "auditing", {"state": "Enabled"}, "manual"),
        ("auditing_retention_90_days", "auditing", {"state": "Disabled", "retentionDays": 0}, "fail"),
        ("auditing_retention_90_days", "auditing", None, "fail"),
        ("defender_enabled", "alerts", {"state": "enabled"}, "pass"),
        ("defender_enabled", "alerts", {"state": "New"}, "fail"),
        ("defender_enabled", "alerts", {}, "unknown"),
        ("defender_enabled", "alerts", None, "fail"),
        ("tde_cmk", "protector", {"serverKeyType": "azurekeyvault"}, "pass"),
        ("tde_cmk", "protector", {"serverKeyType": "ServiceManaged"}, "fail"),
        ("tde_cmk", "protector", {"serverKeyType": "Other"}, "unknown"),
        ("tde_cmk", "protector", None, "unknown"),
        ("vulnerability_assessment_enabled", "classic", {"recurringScans": SCANS}, "pass"),
        ("vulnerability_assessment_enabled", "classic", {"storageContainerPath": "https://c"}, "pass"),
        ("vulnerability_assessment_enabled", "classic", {"recurringScans": {"isEnabled": False}}, "unknown"),
        ("vulnerability_assessment_enabled", "classic", {"storageContainerPath": ""}, "fail"),
        ("vulnerability_assessment_enabled", "classic", {}, "unknown"),
        ("vulnerability_assessment_enabled", "classic", None, "fail"),
        ("va_recurring_scans_enabled", "classic", {"recurringScans": SCANS}, "pass"),
        ("va_recurring_scans_enabled", "classic", {"storageContainerPath": "https://c"}, "fail"),
        ("va_recurring_scans_enabled", "classic", None, "fail"),
        ("va_scan_reports_configured", "classic", {"recurringScans": SCANS}, "pass"),
        ("va_scan_reports_configured", "classic", {"recurringScans": {**SCANS, "emails": [""]}}, "fail"),
        ("va_scan_reports_configured", "classic", {"recurringScans": {"emails": ["a@b.c"]}}, "fail"),
        ("va_scan_reports_configured", "classic", {}, "fail"),
        ("va_admins_notified", "classic", {"recurringScans": {"isEnabled": True}}, "pass"),
        ("va_admins_notified", "classic", {"recurringScans": SCANS}, "fail"),
        ("va_admins_notified", "classic", {}, "fail"),
    ],
)
def test_a_setting_of_a_server_says(
    check_id: str, name: str, properties: JsonObject | None, expected: str
) -> None:
    """What is read for each server."""
    assert verdict(check_id, SERVER_RULES, **{name: properties}) == expected


@pytest.mark.parametrize(
    ("check_id", "expected"),
    [
        ("vulnerability_assessment_enabled", "pass"),
        ("va_recurring_scans_enabled", "pass"),
        ("va_scan_reports_configured", "manual"),
        ("va_admins_notified", "manual"),
    ],
)
@pytest.mark.parametrize("classic", [None, {"recurringScans": {"isEnabled": False}}])
def test_express_assessment_decides_over_classic(
    check_id: str, expected: str, classic: JsonObject | None
) -> None:
    """The express configuration always scans, and has no recipients; the classic setting is stale then."""
    given = verdict(check_id, SERVER_RULES, express={"state": "Enabled"}, classic=classic)

    assert given == expected


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("mi_min_tls_12", {"minimalTlsVersion": "1.2"}, "pass"),
        ("mi_min_tls_12", {"minimalTlsVersion": "1.1"}, "fail"),
        ("mi_min_tls_12", {}, "fail"),
        ("mi_public_network_disabled", {"publicDataEndpointEnabled": False}, "pass"),
        ("mi_public_network_disabled", {"publicDataEndpointEnabled": True}, "fail"),
        ("mi_public_network_disabled", {}, "pass"),
        ("mi_defender_enabled", {}, "fail"),
        ("mi_vulnerability_assessment_enabled", {}, "fail"),
    ],
)
def test_an_instance_says(check_id: str, properties: JsonObject, expected: str) -> None:
    """What the list decides, and what a setting that was never made means."""
    assert verdict(check_id, INSTANCE_RULES, properties) == expected


@pytest.mark.parametrize(
    ("check_id", "name", "properties", "expected"),
    [
        ("mi_defender_enabled", "alerts", {"state": "Enabled"}, "pass"),
        ("mi_defender_enabled", "alerts", {"state": "Disabled"}, "fail"),
        ("mi_vulnerability_assessment_enabled", "classic", {"recurringScans": SCANS}, "pass"),
        ("mi_vulnerability_assessment_enabled", "classic", {"recurringScans": {}}, "unknown"),
    ],
)
def test_a_setting_of_an_instance_says(
    check_id: str, name: str, properties: JsonObject, expected: str
) -> None:
    """What is read for each instance."""
    assert verdict(check_id, INSTANCE_RULES, **{name: properties}) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"state": "Enabled"}, "pass"),
        ({"state": "Disabled"}, "fail"),
        ({"status": "Enabled"}, "unknown"),
        (None, "unknown"),
    ],
)
def test_encryption_is_read_from_the_field_of_the_api_version(
    properties: JsonObject | None, expected: str
) -> None:
    """`state` is this version's field; `status` was that of 2014-04-01."""
    assert verdict("tde_enabled", DATABASE_RULES, encryption=properties) == expected


@pytest.mark.parametrize(
    ("redundancy", "kept", "expected"),
    [
        ("Geo", {"weeklyRetention": "P1M"}, "pass"),
        ("geozone", {"weeklyRetention": "PT0S", "yearlyRetention": "P5Y"}, "pass"),
        ("Zone", {"weeklyRetention": "P1M"}, "fail"),
        ("Local", {"weeklyRetention": "P1M"}, "fail"),
        ("Geo", {"weeklyRetention": "PT0S", "monthlyRetention": "PT0S"}, "fail"),
        ("Geo", {}, "fail"),
        ("Geo", None, "fail"),
        (None, {"monthlyRetention": "P1Y"}, "unknown"),
        ("Moon", {"monthlyRetention": "P1Y"}, "unknown"),
    ],
)
def test_long_term_backups_are_kept_in_another_region(
    redundancy: JsonValue, kept: JsonObject | None, expected: str
) -> None:
    """Every geo-redundant kind counts (prowler#8454), and a period of nothing does not."""
    properties = {"currentBackupStorageRedundancy": redundancy}

    assert verdict("long_term_geo_backup_enabled", DATABASE_RULES, properties, retention=kept) == expected


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("sales", "v12.0,user,vcore", True),
        ("sales", None, True),
        ("master", "v12.0,system", False),
        ("Master", None, False),
        ("internal", "V12.0,System", False),
    ],
)
def test_system_databases_are_no_ones_own(name: str, kind: str | None, *, expected: bool) -> None:
    """They are told by their kind, and `master` by its name too."""
    assert is_users(Resource({"id": ID, "name": name, "kind": kind})) is expected
