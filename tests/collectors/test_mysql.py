"""MySQL: each check by what it passes, fails, and makes of an absent value."""

import pytest

from collectors.contract import JsonValue
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource
from collectors.errors import AccessDenied
from collectors.mysql import COLLECTOR, RULES
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import official_verdicts

LIST = "providers/Microsoft.DBforMySQL/flexibleServers"
APPROVED: JsonObject = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
SUBNET: JsonObject = {"delegatedSubnetResourceId": "/subnets/s"}
DENIED = AccessDenied("No.", permission="Some/read", scope=SCOPE)
NEEDING_PARAMETERS = {rule.check.id for rule in RULES if rule.needs}


def path_of(name: str) -> str:
    """Give the path of a server, below the subscription."""
    return f"resourceGroups/g/{LIST}/{name}"


def server(name: str, **properties: JsonValue) -> JsonObject:
    """Make a server."""
    return {"id": f"{SCOPE}/{path_of(name)}", "name": name, "properties": properties}


def verdict(check_id: str, properties: JsonObject, values: dict[str, str]) -> str:
    """Judge a server with these properties and parameters by one check."""
    rows = [Resource({"name": name, "properties": {"value": value}}) for name, value in values.items()]
    resource = Resource(server("a", **properties)).with_parts({"parameters": tuple(rows)})
    found = {one.check_id: one.status.value for one in evaluate(resource, RULES)}
    return found[f"mysql_{check_id}"]


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("geo_redundant_backup", {"backup": {"geoRedundantBackup": "enabled"}}, "pass"),
        ("geo_redundant_backup", {"backup": {"geoRedundantBackup": "Disabled"}}, "fail"),
        ("geo_redundant_backup", {}, "fail"),
        ("high_availability", {"highAvailability": {"mode": "ZoneRedundant"}}, "pass"),
        ("high_availability", {"highAvailability": {"mode": "samezone"}}, "pass"),
        ("high_availability", {"highAvailability": {"mode": "Disabled"}}, "fail"),
        ("high_availability", {"highAvailability": {"mode": "Other"}}, "unknown"),
        ("high_availability", {}, "fail"),
        ("public_network_disabled", {"network": {"publicNetworkAccess": "Disabled"}}, "pass"),
        ("public_network_disabled", {"network": {"publicNetworkAccess": "Enabled"}}, "fail"),
        ("public_network_disabled", {"network": SUBNET}, "pass"),
        ("public_network_disabled", {}, "fail"),
        ("private_endpoint_used", {"privateEndpointConnections": [APPROVED]}, "pass"),
        ("private_endpoint_used", {"privateEndpointConnections": []}, "fail"),
        ("private_endpoint_used", {"network": SUBNET}, "not_applicable"),
        ("private_endpoint_used", {}, "fail"),
        ("cmk_encryption", {"dataEncryption": {"type": "AzureKeyVault"}}, "pass"),
        ("cmk_encryption", {"dataEncryption": {"type": "SystemManaged"}}, "fail"),
        ("cmk_encryption", {}, "fail"),
    ],
)
def test_the_list_says(check_id: str, properties: JsonObject, expected: str) -> None:
    """What the list of servers alone decides."""
    assert verdict(check_id, properties, {}) == expected


@pytest.mark.parametrize(
    ("check_id", "values", "expected"),
    [
        ("ssl_enforced", {"require_secure_transport": "ON"}, "pass"),
        ("ssl_enforced", {"require_secure_transport": "off"}, "fail"),
        ("ssl_enforced", {"enforce_ssl": "ON"}, "unknown"),
        ("min_tls_12", {"tls_version": "TLSv1.2"}, "pass"),
        ("min_tls_12", {"tls_version": "tlsv1.3, TLSv1.2"}, "pass"),
        ("min_tls_12", {"tls_version": "TLSv1.1,TLSv1.2"}, "fail"),
        ("min_tls_12", {"tls_version": "TLSv7"}, "unknown"),
        ("min_tls_12", {}, "unknown"),
        ("audit_log_enabled", {"audit_log_enabled": "on"}, "pass"),
        ("audit_log_enabled", {"audit_log_enabled": "OFF"}, "fail"),
        ("audit_log_enabled", {}, "unknown"),
        ("audit_log_connections", {"audit_log_enabled": "ON", "audit_log_events": "dcl, connection"}, "pass"),
        ("audit_log_connections", {"audit_log_enabled": "ON", "audit_log_events": "DCL"}, "fail"),
        ("audit_log_connections", {"audit_log_enabled": "OFF", "audit_log_events": "CONNECTION"}, "fail"),
        ("audit_log_connections", {"audit_log_enabled": "ON"}, "unknown"),
        ("audit_log_connections", {"audit_log_events": "CONNECTION"}, "unknown"),
        ("entra_only_authentication", {"aad_auth_only": "ON"}, "pass"),
        ("entra_only_authentication", {"aad_auth_only": "OFF"}, "fail"),
        ("entra_only_authentication", {}, "unknown"),
    ],
)
def test_a_parameter_says(check_id: str, values: dict[str, str], expected: str) -> None:
    """Values in any case, lists in any order; a parameter that is not there says nothing."""
    assert verdict(check_id, {}, values) == expected


async def test_none_is_not_applicable() -> None:
    """A subscription without servers says so once for each check."""
    _, verdicts = await read_part(COLLECTOR.parts[0], PathReader({LIST: []}))

    assert {one.status.value for one in verdicts} == {"not_applicable"}
    assert sorted(one.check_id for one in verdicts) == sorted(check.id for check in COLLECTOR.checks)


async def test_a_refused_list_is_a_gap() -> None:
    """It names every check, and nothing is said of any server."""
    reading, verdicts = await read_part(COLLECTOR.parts[0], PathReader({LIST: DENIED}))

    assert [(gap.checks, gap.error) for gap in reading.gaps] == [(COLLECTOR.checks, DENIED)]
    assert verdicts == []


async def test_one_bad_server_does_not_stop_the_others() -> None:
    """Refused parameters make their checks unknown, on that server of the second page (prowler#11595)."""
    values: list[JsonObject] = [{"name": "aad_auth_only", "properties": {"value": "ON"}}]
    answers: dict[str, Answer] = {LIST: [server("a"), server("b"), server("c")]}
    answers |= {f"{path_of(name)}/configurations": values for name in "ab"}
    reader = PathReader({**answers, f"{path_of('c')}/configurations": DENIED})
    _, verdicts = await read_part(COLLECTOR.parts[0], reader)

    found = statuses(verdicts)
    of_c = {check_id for (check_id, name), status in found.items() if name == "c" and status == "unknown"}
    assert of_c == NEEDING_PARAMETERS
    assert found["mysql_entra_only_authentication", "a"] == "pass"
    assert len(reader.sent) == 1 + 3


async def test_the_official_servers() -> None:
    """Microsoft's example server is public, and has neither a standby nor a copy of its backups."""
    found = statuses(await official_verdicts(COLLECTOR.parts[0]))

    for check in ("public_network_disabled", "high_availability", "geo_redundant_backup"):
        assert found[f"mysql_{check}", "mysqltestserver1"] == "fail"
    # Its parameters stand below another subscription, which the reader refuses to read.
    assert found["mysql_ssl_enforced", "mysqltestserver1"] == "unknown"
