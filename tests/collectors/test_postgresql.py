"""PostgreSQL: each check by what it passes, fails, and makes of an absent value."""

from ipaddress import IPv4Address

import pytest

from collectors.contract import JsonValue
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource
from collectors.errors import AccessDenied
from collectors.postgresql import COLLECTOR, RULES
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import official_verdicts

LIST = "providers/Microsoft.DBforPostgreSQL/flexibleServers"
ZERO = str(IPv4Address(0))
APPROVED: JsonObject = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
SUBNET: JsonObject = {"delegatedSubnetResourceId": "/subnets/s"}
AZURE_RULE: JsonObject = {"name": "azure", "properties": {"startIpAddress": ZERO, "endIpAddress": ZERO}}
OPEN_RULE: JsonObject = {"name": "a", "properties": {"startIpAddress": ZERO, "endIpAddress": "9.9.9.9"}}
DENIED = AccessDenied("No.", permission="Some/read", scope=SCOPE)
LOADED = "pg_cron, PGAUDIT"


def path_of(name: str) -> str:
    """Give the path of a server, below the subscription."""
    return f"resourceGroups/g/{LIST}/{name}"


def server(name: str, **properties: JsonValue) -> JsonObject:
    """Make a server."""
    return {"id": f"{SCOPE}/{path_of(name)}", "name": name, "properties": properties}


def verdict(check_id: str, properties: JsonObject, values: dict[str, str], *rules: JsonObject) -> str:
    """Judge a server with these properties, parameters and firewall rules by one check."""
    rows = [Resource({"name": name, "properties": {"value": value}}) for name, value in values.items()]
    parts = {"parameters": tuple(rows), "firewall": tuple(map(Resource, rules))}
    found = {
        one.check_id: one.status.value
        for one in evaluate(Resource(server("a", **properties)).with_parts(parts), RULES)
    }
    return found[f"postgresql_{check_id}"]


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("public_network_disabled", {"network": {"publicNetworkAccess": "disabled"}}, "pass"),
        ("public_network_disabled", {"network": {"publicNetworkAccess": "Enabled"}}, "fail"),
        ("public_network_disabled", {"network": SUBNET}, "pass"),
        ("public_network_disabled", {}, "fail"),
        ("private_endpoint_used", {"privateEndpointConnections": [APPROVED]}, "pass"),
        ("private_endpoint_used", {"privateEndpointConnections": []}, "fail"),
        ("private_endpoint_used", {"network": SUBNET}, "not_applicable"),
        ("private_endpoint_used", {}, "fail"),
        ("entra_authentication_enabled", {"authConfig": {"activeDirectoryAuth": "Enabled"}}, "pass"),
        ("entra_authentication_enabled", {"authConfig": {"activeDirectoryAuth": "Disabled"}}, "fail"),
        ("entra_authentication_enabled", {}, "fail"),
        ("geo_redundant_backup", {"backup": {"geoRedundantBackup": "Enabled"}}, "pass"),
        ("geo_redundant_backup", {"backup": {"geoRedundantBackup": "Disabled"}}, "fail"),
        ("geo_redundant_backup", {}, "fail"),
        ("high_availability", {"highAvailability": {"mode": "sameZone"}}, "pass"),
        ("high_availability", {"highAvailability": {"mode": "Disabled"}}, "fail"),
        ("high_availability", {"highAvailability": {"mode": "Other"}}, "unknown"),
        ("high_availability", {}, "fail"),
        ("cmk_encryption", {"dataEncryption": {"type": "azurekeyvault"}}, "pass"),
        ("cmk_encryption", {"dataEncryption": {"type": "SystemManaged"}}, "fail"),
        ("cmk_encryption", {}, "fail"),
    ],
)
def test_the_list_says(check_id: str, properties: JsonObject, expected: str) -> None:
    """What the list of servers alone decides."""
    assert verdict(check_id, properties, {}) == expected


@pytest.mark.parametrize(
    ("check_id", "name"),
    [
        ("ssl_enforced", "require_secure_transport"),
        ("log_checkpoints_on", "log_checkpoints"),
        ("log_connections_on", "log_connections"),
        ("log_disconnections_on", "log_disconnections"),
        ("connection_throttling_on", "connection_throttle.enable"),
    ],
)
@pytest.mark.parametrize(
    ("value", "expected"),
    [("on", "pass"), ("ON", "pass"), ("off", "fail"), ("Off", "fail"), ("?", "unknown")],
)
def test_a_switch_says(check_id: str, name: str, value: str, expected: str) -> None:
    """In any case."""
    assert verdict(check_id, {}, {name: value}) == expected


@pytest.mark.parametrize(
    ("check_id", "values", "expected"),
    [
        ("min_tls_12", {"ssl_min_protocol_version": "TLSv1.3"}, "pass"),
        ("min_tls_12", {"ssl_min_protocol_version": "tlsv1.1"}, "fail"),
        ("min_tls_12", {"ssl_min_protocol_version": ""}, "unknown"),
        ("log_connections_on", {"log_connections": "receipt,authorization"}, "pass"),
        ("log_connections_on", {"log_connections": ""}, "fail"),
        ("log_retention_over_3_days", {"logfiles.retention_days": "4"}, "pass"),
        ("log_retention_over_3_days", {"logfiles.retention_days": "3"}, "fail"),
        ("log_retention_over_3_days", {"logfiles.retention_days": "many"}, "unknown"),
        (
            "log_retention_over_3_days",
            {"logfiles.retention_days": "7", "logfiles.download_enable": "OFF"},
            "fail",
        ),
        ("pgaudit_enabled", {"shared_preload_libraries": LOADED, "pgaudit.log": "WRITE"}, "pass"),
        ("pgaudit_enabled", {"shared_preload_libraries": LOADED, "pgaudit.log": "none"}, "fail"),
        ("pgaudit_enabled", {"shared_preload_libraries": "pg_cron", "pgaudit.log": "all"}, "fail"),
        ("pgaudit_enabled", {"shared_preload_libraries": LOADED}, "unknown"),
    ],
)
def test_a_parameter_says(check_id: str, values: dict[str, str], expected: str) -> None:
    """What is no plain switch."""
    assert verdict(check_id, {}, values) == expected


@pytest.mark.parametrize("check", [rule.check.id for rule in RULES if rule.needs == ("parameters",)])
def test_a_name_of_single_server_says_nothing(check: str) -> None:
    """A parameter that a flexible server does not have is unknown, not off (prowler#11761)."""
    old = {"log_retention_days": "7", "connection_throttling": "ON", "ssl_enforcement": "on"}

    assert verdict(check.removeprefix("postgresql_"), {}, old) == "unknown"


@pytest.mark.parametrize(
    ("network", "rules", "expected"),
    [
        ({"publicNetworkAccess": "Enabled"}, [AZURE_RULE], "fail"),
        ({"publicNetworkAccess": "Enabled"}, [OPEN_RULE], "pass"),
        ({"publicNetworkAccess": "Disabled"}, [AZURE_RULE], "pass"),
        ({"delegatedSubnetResourceId": ""}, [AZURE_RULE], "fail"),
        ({}, [], "pass"),
    ],
)
def test_the_firewall_says(network: JsonObject, rules: list[JsonObject], expected: str) -> None:
    """The rule for Azure services counts where there is a public address."""
    assert verdict("allow_azure_services_disabled", {"network": network}, {}, *rules) == expected


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


@pytest.mark.parametrize(
    ("child", "needs"), [("configurations", ("parameters",)), ("firewallRules", ("firewall",))]
)
async def test_one_bad_server_does_not_stop_the_others(child: str, needs: tuple[str, ...]) -> None:
    """A refused list makes its checks unknown, on that server of the second page (prowler#11595)."""
    answers: dict[str, Answer] = {LIST: [server("a"), server("b"), server("c")]}
    _, before = await read_part(COLLECTOR.parts[0], PathReader(answers))
    reader = PathReader({**answers, f"{path_of('c')}/{child}": DENIED})
    _, verdicts = await read_part(COLLECTOR.parts[0], reader)

    missing = {one.check_id for one in verdicts if "missing_permission" in one.observed}
    assert missing == {rule.check.id for rule in RULES if rule.needs == needs}
    others = {key for key in statuses(before) if key[1] != "c"}
    assert all(statuses(verdicts)[key] == statuses(before)[key] for key in others)


async def test_only_a_public_server_is_asked_for_its_firewall() -> None:
    """One list of parameters for each server, and one of rules where rules count."""
    closed = server("b", network={"publicNetworkAccess": "Disabled"})
    reader = PathReader({LIST: [server("a"), closed, server("c", network=SUBNET)]})
    await read_part(COLLECTOR.parts[0], reader)

    assert [path for path in reader.sent if path.endswith("firewallRules")] == [
        f"{path_of('a')}/firewallRules"
    ]
    assert len(reader.sent) == 1 + 3 + 1


async def test_the_official_servers() -> None:
    """Microsoft's first example stands in a virtual network, its second is public."""
    found = statuses(await official_verdicts(COLLECTOR.parts[0]))

    assert found["postgresql_private_endpoint_used", "exampleserver1"] == "not_applicable"
    assert found["postgresql_public_network_disabled", "exampleserver1"] == "pass"
    assert found["postgresql_public_network_disabled", "exampleserver2"] == "fail"
    assert found["postgresql_high_availability", "exampleserver2"] == "pass"
    # Its parameters stand below another subscription, which the reader refuses to read.
    assert found["postgresql_ssl_enforced", "exampleserver2"] == "unknown"
