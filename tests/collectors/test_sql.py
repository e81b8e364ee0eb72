"""Azure SQL as a whole: what is asked, what is left out, and how far a refusal reaches."""

import pytest

from collectors.declarations.resources import JsonObject
from collectors.errors import AccessDenied, CollectionError, ReadRefused
from collectors.sql import COLLECTOR
from collectors.sql.databases import DATABASES
from collectors.sql.databases import RULES as DATABASE_RULES
from collectors.sql.managed_instances import MANAGED_INSTANCES
from collectors.sql.managed_instances import RULES as INSTANCE_RULES
from collectors.sql.servers import RULES as SERVER_RULES
from collectors.sql.servers import SERVERS
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import official_verdicts

PART = COLLECTOR.parts[0]
SERVER_LIST = "providers/Microsoft.Sql/servers"
INSTANCE_LIST = "providers/Microsoft.Sql/managedInstances"
GROUP = "resourceGroups/g/providers/Microsoft.Sql"
DENIED = AccessDenied("No.", permission="Some/read", scope=SCOPE)


def row(path: str, kind: str = "v12.0", **properties: str) -> JsonObject:
    """Make a resource at a path below the subscription."""
    name = path.rpartition("/")[2]
    return {"id": f"{SCOPE}/{path}", "name": name, "kind": kind, "properties": dict(properties)}


def server(name: str) -> dict[str, Answer]:
    """Make what is below a server: its key, an empty firewall, `master` and one database."""
    path = f"{GROUP}/servers/{name}"
    master = row(f"{path}/databases/master", "v12.0,system")
    return {
        f"{path}/firewallRules": [],
        f"{path}/encryptionProtector/current": {"properties": {"serverKeyType": "ServiceManaged"}},
        f"{path}/databases": [master, row(f"{path}/databases/of-{name}", "v12.0,user")],
    }


def subscription(*names: str, **more: Answer) -> dict[str, Answer]:
    """Make a subscription with these servers, and other answers by path."""
    answers: dict[str, Answer] = {
        SERVER_LIST: [row(f"{GROUP}/servers/{name}") for name in names],
        INSTANCE_LIST: [],
    }
    for name in names:
        answers |= server(name)
    return answers | more


async def said(answers: dict[str, Answer]) -> dict[tuple[str, str], str]:
    """Read a subscription; gives the status by check and resource."""
    _, verdicts = await read_part(PART, PathReader(answers))
    return statuses(verdicts)


async def test_none_is_not_applicable() -> None:
    """A subscription without servers and instances says so once for each check."""
    _, verdicts = await read_part(PART, PathReader(subscription()))

    assert {one.status.value for one in verdicts} == {"not_applicable"}
    assert sorted(one.check_id for one in verdicts) == sorted(check.id for check in COLLECTOR.checks)


@pytest.mark.parametrize(
    ("refused", "kinds"),
    [(SERVER_LIST, (SERVERS, DATABASES)), (INSTANCE_LIST, (MANAGED_INSTANCES,))],
)
async def test_a_refused_list_is_a_gap_of_its_kinds(refused: str, kinds: tuple[object, ...]) -> None:
    """Instances go on without servers, and servers without instances."""
    reading, _ = await read_part(PART, PathReader(subscription("a") | {refused: DENIED}))

    expected = [kind for kind in (SERVERS, DATABASES, MANAGED_INSTANCES) if kind in kinds]
    found = [{check.id for check in gap.checks} for gap in reading.gaps]
    assert found == [{rule.check.id for rule in kind.rules} for kind in expected]


async def test_sql_master_is_left_out() -> None:
    """It always shows its encryption off (prowler#11233), and costs no request."""
    reader = PathReader(subscription("a"))
    _, verdicts = await read_part(PART, reader)

    assert [one for one in verdicts if one.resource_id.endswith("master")] == []
    assert [path for path in reader.sent if "/databases/master" in path] == []


@pytest.mark.parametrize("error", [DENIED, ReadRefused("No.")])
@pytest.mark.parametrize(
    ("setting", "checks"),
    [
        ("auditingSettings/default", ("auditing_enabled", "auditing_retention_90_days")),
        ("securityAlertPolicies/Default", ("defender_enabled",)),
        ("encryptionProtector/current", ("tde_cmk",)),
        ("firewallRules", ("no_unrestricted_inbound", "allow_azure_services_disabled")),
        ("ipv6FirewallRules", ("no_unrestricted_inbound",)),
        (
            "vulnerabilityAssessments/default",
            (
                "vulnerability_assessment_enabled",
                "va_recurring_scans_enabled",
                "va_scan_reports_configured",
                "va_admins_notified",
            ),
        ),
    ],
)
async def test_one_bad_server_does_not_stop_the_others(
    error: CollectionError, setting: str, checks: tuple[str, ...]
) -> None:
    """Only the checks that need the refused setting are unknown, on that server (prowler#11595)."""
    clean = await said(subscription("a", "b", "c"))
    broken = await said(subscription("a", "b", "c") | {f"{GROUP}/servers/c/{setting}": error})

    changed = {key: status for key, status in broken.items() if clean[key] != status}
    assert changed == {(f"sql_{check}", "c"): "unknown" for check in checks}


async def test_where_the_express_assessment_is_on_the_classic_one_is_not_asked_for() -> None:
    """Its refusal would make the run partial, for an answer that nobody looks at."""
    below = f"{GROUP}/servers/a"
    express: Answer = {"properties": {"state": "Enabled"}}
    classic = f"{below}/vulnerabilityAssessments/default"
    answers = {f"{below}/sqlVulnerabilityAssessments/default": express, classic: DENIED}
    reader = PathReader(subscription("a") | answers)
    reading, verdicts = await read_part(PART, reader)

    assert classic not in reader.sent
    assert (reading.refused, statuses(verdicts)["sql_va_recurring_scans_enabled", "a"]) == ((), "pass")


async def test_refused_databases_are_unknown_of_their_server() -> None:
    """What lies inside cannot be named, so the server stands for it; others are judged."""
    found = await said(subscription("a", "b") | {f"{GROUP}/servers/b/databases": DENIED})

    about = {name: status for (check_id, name), status in found.items() if check_id == "sql_tde_enabled"}
    assert about["b"] == "unknown"
    assert "of-a" in about


async def test_what_refused_databases_were_said_to_be_stays() -> None:
    """Nobody saw them go: their checks, and no others, are told to be unread."""
    refused = {**subscription("a", "b"), f"{GROUP}/servers/b/databases": DENIED}
    reading, _ = await read_part(COLLECTOR.parts[0], PathReader(refused))
    whole, _ = await read_part(COLLECTOR.parts[0], PathReader(subscription("a", "b")))

    assert {check.id for check in reading.unread} == {rule.check.id for rule in DATABASE_RULES}
    assert whole.unread == ()


async def test_each_server_costs_eight_requests_and_each_database_two() -> None:
    """Nothing is asked twice, though two kinds rest on the list of servers."""
    reader = PathReader(subscription("a", "b"))
    await read_part(PART, reader)

    assert len(reader.sent) == len(set(reader.sent)) == 2 + 2 * 8 + 2 * 2


async def test_a_second_page_of_servers_is_judged_too() -> None:
    """Three servers at two on a page."""
    found = await said(subscription("a", "b", "c"))

    per_server = len(SERVER_RULES) + len(DATABASE_RULES)
    assert len(found) == 3 * per_server + len(INSTANCE_RULES)


async def test_the_official_resources() -> None:
    """Microsoft's example server is public with an approved endpoint; its example instance is not public."""
    found = statuses(await official_verdicts(PART))

    assert found["sql_public_network_disabled", "sqlcrudtest-4645"] == "fail"
    assert found["sql_private_endpoint_used", "sqlcrudtest-4645"] == "pass"
    # Its settings stand below another subscription, which the reader refuses to read.
    assert found["sql_auditing_enabled", "sqlcrudtest-4645"] == "unknown"
    assert found["sql_mi_public_network_disabled", "testinstance1"] == "pass"
    assert found["sql_mi_min_tls_12", "testinstance2"] == "pass"
