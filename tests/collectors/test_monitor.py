"""Azure Monitor: workspaces, resources, the tenant's logs, and what a refused read leaves."""

import pytest

from collectors.contract import JsonValue
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource
from collectors.declarations.rules import Rule
from collectors.errors import AccessDenied, ResourceAbsent
from collectors.monitor import COLLECTOR
from collectors.monitor.coverage import LOGGING_RULE, SKU_RULE, can_log, has_sku
from collectors.monitor.workspaces import WORKSPACE_RULES
from tests.collectors.monitor_subscription import ENTRA, INTUNE, WORKSPACES, reader_of, said, subscription
from tests.collectors.path_reader import SCOPE, Answer, read_part, statuses
from tests.collectors.simulated_reader import official_verdicts

OWN = SCOPE.rpartition("/")[2]
DENIED = AccessDenied("No.", permission="Some/read", scope=SCOPE)
ALL: JsonObject = {"categoryGroup": "allLogs", "enabled": True}


def verdict(rules: tuple[Rule, ...], end: str, resource: Resource) -> str:
    """Judge a resource by one check."""
    found = {one.check_id: one.status.value for one in evaluate(resource, rules)}
    return found[f"monitor_{end}"]


def access(ingestion: JsonValue, query: JsonValue) -> JsonObject:
    """Make the network settings of a workspace."""
    return {"publicNetworkAccessForIngestion": ingestion, "publicNetworkAccessForQuery": query}


@pytest.mark.parametrize(
    ("end", "properties", "expected"),
    [
        ("public_access_blocked", access("Disabled", "disabled"), "pass"),
        ("public_access_blocked", access("Disabled", "Enabled"), "fail"),
        ("public_access_blocked", access("Enabled", "Perhaps"), "fail"),
        ("public_access_blocked", access("Disabled", None), "fail"),
        ("public_access_blocked", access("SecuredByPerimeter", "Disabled"), "manual"),
        ("public_access_blocked", access("Perhaps", "Disabled"), "unknown"),
        ("public_access_blocked", {}, "fail"),
        ("entra_ingestion_only", {"features": {"disableLocalAuth": True}}, "pass"),
        ("entra_ingestion_only", {"features": {"disableLocalAuth": False}}, "fail"),
        ("entra_ingestion_only", {}, "fail"),
        ("retention_one_year", {"retentionInDays": 365}, "pass"),
        ("retention_one_year", {"retentionInDays": -1}, "pass"),
        ("retention_one_year", {"retentionInDays": 364}, "fail"),
        ("retention_one_year", {}, "unknown"),
    ],
)
def test_a_workspace(end: str, properties: JsonObject, expected: str) -> None:
    """Both ways in, the key, and the time it keeps logs."""
    resource = Resource({"id": "/w", "properties": properties})

    assert verdict(WORKSPACE_RULES, f"log_analytics_{end}", resource) == expected


@pytest.mark.parametrize(
    ("sku", "tags", "expected"),
    [
        ({"name": "Standard"}, {}, "pass"),
        ({"name": "Base", "tier": "Free"}, {}, "pass"),
        ({"name": "basic"}, {"Environment": " PROD "}, "fail"),
        ({"name": "B1", "tier": "Basic"}, {"env": "production"}, "fail"),
        ({"name": "Y1", "tier": "Dynamic"}, {"stage": "live"}, "fail"),
        ({"name": "Consumption"}, {"env": "dev"}, "not_applicable"),
        ({"name": "BasicV2"}, {"owner": "production"}, "manual"),
        ({"name": "Basic"}, {"env": "blue"}, "manual"),
        ({"name": "Basic"}, "", "manual"),
        ({"name": "Basic"}, None, "manual"),
    ],
)
def test_an_sku(sku: JsonObject, tags: JsonValue, expected: str) -> None:
    """A small one is bad in production only, which a tag says or a person has to."""
    resource = Resource({"id": "/r", "sku": sku, "tags": tags})

    assert verdict((SKU_RULE,), "production_sku_not_basic", resource) == expected


def test_only_resources_with_an_sku_are_asked_about_it() -> None:
    """Azure writes null, nothing or an empty object for the others."""
    skus: list[JsonValue] = [{"tier": "Basic"}, {"name": "F1"}, {}, None, "Basic"]
    found = [has_sku(Resource({"id": "/r", "sku": sku})) for sku in skus]

    assert found == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([{"logs": [ALL], "workspaceId": "/w"}], "pass"),
        ([{"logs": [{"category": "AuditEvent", "enabled": True}], "storageAccountId": "/s"}], "pass"),
        ([{"logs": []}, {"logs": [ALL], "marketplacePartnerId": "/p"}], "pass"),
        ([{"logs": [{**ALL, "enabled": False}], "workspaceId": "/w"}], "fail"),
        ([{"logs": [ALL], "workspaceId": ""}], "fail"),
        ([{"metrics": [{"category": "AllMetrics", "enabled": True}], "workspaceId": "/w"}], "fail"),
        ([], "fail"),
    ],
)
def test_resource_logs(settings: list[JsonObject], expected: str) -> None:
    """By category or group, to any place; metrics are no logs."""
    rows = tuple(Resource({"id": "/d", "properties": properties}) for properties in settings)
    resource = Resource({"id": "/r"}).with_parts({"diagnostics": rows})

    assert verdict((LOGGING_RULE,), "resource_logging_enabled", resource) == expected


def test_master_has_no_logs_of_its_own() -> None:
    """The trap of prowler#11233: system databases are left out, as is what cannot log at all."""
    databases = "Microsoft.Sql/servers/databases"
    rows = [(f"/{databases}/master", databases), (f"/{databases}/shop", databases.upper()), ("/n", "A/b")]

    assert [can_log(Resource({"id": found, "type": kind})) for found, kind in rows] == [False, True, False]


def vault(name: str) -> JsonObject:
    """Make a key vault as the list of resources has it."""
    return {"id": f"{SCOPE}/{name}", "name": name, "type": "microsoft.keyvault/Vaults"}


async def test_refused_diagnostic_settings_leave_the_rest() -> None:
    """Only that one resource is unknown, which is listed on the second page."""
    paths: dict[str, Answer] = {
        f"{name}/providers/Microsoft.Insights/diagnosticSettings": [] for name in "ab"
    }
    paths["c/providers/Microsoft.Insights/diagnosticSettings"] = DENIED
    found = await said({"resources": [vault(name) for name in "abc"], **paths})

    logging = {name: status for (check, name), status in found.items() if check == LOGGING_RULE.check.id}
    assert logging == {"a": "fail", "b": "fail", "c": "unknown"}


async def test_other_services_resources_are_not_listed_again() -> None:
    """They are judged, and are no part of the population of this service."""
    _, verdicts = await subscription({"resources": [vault("a")]})

    assert not [one for one in verdicts if one.check_id.startswith("population:microsoft.keyvault")]


def tenant_setting(*categories: str, **more: JsonValue) -> JsonObject:
    """Make a setting of the tenant that sends these logs."""
    logs: list[JsonValue] = [{"category": name, "enabled": True} for name in categories]
    return {"id": "p/s", "type": None, "name": "s", "properties": {"workspaceId": "/w", "logs": logs, **more}}


PEOPLE = ("AuditLogs", "signinlogs", "NonInteractiveUserSignInLogs")
APPLICATIONS = ("ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs")
GRAPH = "MicrosoftGraphActivityLogs"


@pytest.mark.parametrize(
    ("entra", "expected"),
    [
        ([tenant_setting(*PEOPLE, *APPLICATIONS, GRAPH)], ("pass", "pass")),
        ([tenant_setting(*PEOPLE), tenant_setting(*APPLICATIONS)], ("pass", "fail")),
        ([tenant_setting(*PEOPLE)], ("fail", "fail")),
        ([tenant_setting(*PEOPLE, *APPLICATIONS, GRAPH, workspaceId=None)], ("fail", "fail")),
        ([], ("fail", "fail")),
        (DENIED, ("unknown", "unknown")),
    ],
)
async def test_the_logs_of_entra(entra: list[JsonObject] | AccessDenied, expected: tuple[str, str]) -> None:
    """Audit and every kind of sign-in, by whichever settings; Microsoft Graph's activity is one category."""
    found = await said({ENTRA: entra})

    checks = ("monitor_entra_logs_exported", "monitor_graph_activity_logs_exported")
    assert tuple(found[check, OWN] for check in checks) == expected


@pytest.mark.parametrize(
    ("intune", "expected"),
    [
        ([tenant_setting("AuditLogs", "OperationalLogs")], "pass"),
        ([tenant_setting("OperationalLogs")], "fail"),
        ([], "manual"),
        (DENIED, "unknown"),
    ],
)
async def test_the_logs_of_intune(intune: list[JsonObject] | AccessDenied, expected: str) -> None:
    """Without any setting a person has to say whether the tenant uses Intune."""
    assert (await said({INTUNE: intune}))["monitor_intune_logs_exported", OWN] == expected


async def test_application_insights_keys_are_not_kept() -> None:
    """A component passes the check, and its keys stand nowhere."""
    key = "dc5931c7-a7ad-4ad0-89d6-123456789abc"
    rows: list[JsonObject] = [
        {"id": f"{SCOPE}/web", "name": "web", "properties": {"InstrumentationKey": key}}
    ]
    _, verdicts = await subscription({"components": rows})

    found = statuses(verdicts)["monitor_application_insights_configured", OWN]
    assert (found, key in str(verdicts)) == ("pass", False)


async def test_an_empty_subscription() -> None:
    """Every check says something once: what is missing fails, what there is none of is not applicable."""
    _, verdicts = await subscription({})

    found = statuses(verdicts)
    none = {check for (check, _), status in found.items() if status == "not_applicable"}
    assert len(found) == len(COLLECTOR.checks) == 25
    assert none == {
        "monitor_activity_log_storage_cmk",
        "monitor_activity_log_storage_private",
        "monitor_log_analytics_public_access_blocked",
        "monitor_log_analytics_entra_ingestion_only",
        "monitor_log_analytics_retention_one_year",
        "monitor_resource_logging_enabled",
        "monitor_production_sku_not_basic",
    }


@pytest.mark.parametrize(("path", "checks"), [(WORKSPACES, 3), ("resources", 2), ("diagnosticSettings", 2)])
async def test_a_refused_list_is_a_gap(path: str, checks: int) -> None:
    """It names the checks of its resources; the other kinds are read all the same."""
    reading, _ = await subscription({path: DENIED})

    assert len({check.id for gap in reading.gaps for check in gap.checks}) == checks
    assert {gap.error for gap in reading.gaps} == {DENIED}


async def test_every_page_of_workspaces_is_judged() -> None:
    """The third of three, two on a page."""
    rows: list[JsonObject] = [
        {"id": f"{SCOPE}/w{n}", "properties": {"retentionInDays": 400}} for n in range(3)
    ]
    found = await said({WORKSPACES: rows})

    assert found["monitor_log_analytics_retention_one_year", "w2"] == "pass"


async def test_nothing_is_asked_of_an_empty_subscription_but_its_lists() -> None:
    """One request a list, and none twice."""
    reader = reader_of({"logprofiles": ResourceAbsent("Retired.")})
    await read_part(COLLECTOR.parts[0], reader)

    assert len(reader.sent) == len(set(reader.sent)) == 9


async def test_the_official_bodies() -> None:
    """Microsoft's examples: alerts of another subscription, a setting that sends all, components."""
    verdicts = await official_verdicts(COLLECTOR.parts[0])

    found = {check: status for (check, _), status in statuses(verdicts).items()}
    assert found["monitor_alert_nsg_create_update"] == "fail"
    assert found["monitor_activity_log_diagnostic_setting"] == "pass"
    assert found["monitor_activity_log_categories"] == "pass"
    assert found["monitor_application_insights_configured"] == "pass"
