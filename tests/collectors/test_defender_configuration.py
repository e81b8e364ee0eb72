"""How Defender for Cloud is set up: each check by what it passes, fails, and makes of an absent value."""

import pytest

from collectors.contract import POPULATION, JsonValue, Reading, Status, Verdict
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.defender import COLLECTOR, configuration
from collectors.defender.configuration import PART, RULES
from collectors.errors import (
    AccessDenied,
    CollectionError,
    ResourceAbsent,
    ServiceNotEnabled,
    ServiceUnavailable,
    Terminal,
)
from local.azure import SimulatedAzure
from local.azure.estate import Estate
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import official_verdicts, reading

SECURITY = "providers/Microsoft.Security"
LISTS = {
    "plans": f"{SECURITY}/pricings",
    "contacts": f"{SECURITY}/securityContacts",
    "settings": f"{SECURITY}/settings",
    "automations": f"{SECURITY}/automations",
    "provisioning": f"{SECURITY}/autoProvisioningSettings",
    "server_scanners": f"{SECURITY}/serverVulnerabilityAssessmentsSettings",
    "suppressions": f"{SECURITY}/alertsSuppressionRules",
    "iot_solutions": f"{SECURITY}/iotSecuritySolutions",
    "iot_hubs": "providers/Microsoft.Devices/IotHubs",
    "attack_surfaces": "providers/Microsoft.Easm/workspaces",
}
HUB = f"{SCOPE}/resourceGroups/g/providers/Microsoft.Devices/IotHubs/hub"
DENIED = AccessDenied("no", permission="p/read", scope=SCOPE)


def thing(name: str, kind: str | None = None, /, **properties: JsonValue) -> JsonObject:
    """Make a row of a list."""
    return {"id": f"{SCOPE}/{SECURITY}/things/{name}", "name": name, "kind": kind, "properties": properties}


def judged(check_id: str, list_name: str, *rows: JsonObject, **others: list[JsonObject]) -> str:
    """Judge a subscription by one check, these rows being the named list; what is not given is empty."""
    given = {name: tuple(map(Resource, others.get(name, []))) for name in LISTS}
    given[list_name] = tuple(map(Resource, rows))
    subscription = Resource({"id": SCOPE}, Surroundings(Resource({}).now, given))
    found = {one.check_id: one.status.value for one in evaluate(subscription, RULES)}
    return found[f"defender_{check_id}"]


def contact(**properties: JsonValue) -> JsonObject:
    """Make a security contact that is on and has two addresses in one text."""
    return thing("default", **{"isEnabled": True, "emails": "a@example.com;b@example.com", **properties})


def owners(state: str, *roles: str) -> JsonValue:
    """Notify roles."""
    return {"state": state, "roles": list(roles)}


def told(source: str, **level: JsonValue) -> JsonValue:
    """Notify of a kind of source."""
    return [{"sourceType": source, **level}]


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("security_contact_email_set", {}, "pass"),
        ("security_contact_email_set", {"emails": " ; "}, "fail"),
        ("security_contact_email_set", {"emails": None}, "fail"),
        ("security_contact_email_set", {"isEnabled": None}, "pass"),
        ("security_contact_email_set", {"isEnabled": False}, "fail"),
        ("security_contact_owners_notified", {"notificationsByRole": owners("On", "Owner")}, "pass"),
        ("security_contact_owners_notified", {"notificationsByRole": owners("on", "OWNER")}, "pass"),
        ("security_contact_owners_notified", {"notificationsByRole": owners("On", "Contributor")}, "fail"),
        ("security_contact_owners_notified", {"notificationsByRole": owners("Off", "Owner")}, "fail"),
        ("security_contact_owners_notified", {"notificationsByRole": owners("Later", "Owner")}, "unknown"),
        ("security_contact_owners_notified", {}, "fail"),
        (
            "alert_notifications_high_severity",
            {"notificationsSources": told("alert", minimalSeverity="HIGH")},
            "pass",
        ),
        (
            "alert_notifications_high_severity",
            {"notificationsSources": told("Alert", minimalSeverity="Severe")},
            "unknown",
        ),
        ("alert_notifications_high_severity", {"notificationsSources": told("Alert")}, "unknown"),
        ("alert_notifications_high_severity", {"notificationsSources": told("AttackPath")}, "fail"),
        ("alert_notifications_high_severity", {}, "fail"),
        (
            "attack_path_notifications_enabled",
            {"notificationsSources": told("AttackPath", minimalRiskLevel="Critical")},
            "pass",
        ),
        (
            "attack_path_notifications_enabled",
            {"notificationsSources": told("Alert", minimalSeverity="Low")},
            "fail",
        ),
        ("attack_path_notifications_enabled", {}, "fail"),
    ],
)
def test_a_contact_says(check_id: str, properties: JsonObject, expected: str) -> None:
    """What it is there to say."""
    assert judged(check_id, "contacts", contact(**properties)) == expected


@pytest.mark.parametrize("severity", ["High", "Medium", "Low"])
def test_high_or_higher_a_lower_minimal_severity_is_stricter(severity: str) -> None:
    """Whoever is told of low severities is told of high ones too."""
    sources = told("Alert", minimalSeverity=severity)

    found = judged("alert_notifications_high_severity", "contacts", contact(notificationsSources=sources))
    assert found == "pass"


def test_notifications_to_nobody_are_none() -> None:
    """Without an address and without a role nobody is written to; a role alone will do."""
    sources = told("Alert", minimalSeverity="High")
    nobody = contact(emails="", notificationsSources=sources)
    by_role = contact(emails="", notificationsSources=sources, notificationsByRole=owners("On", "Owner"))

    assert judged("alert_notifications_high_severity", "contacts", nobody) == "fail"
    assert judged("alert_notifications_high_severity", "contacts", by_role) == "pass"


def test_no_address_is_kept() -> None:
    """How many addresses there are is observed, not whose."""
    surroundings = Surroundings(
        Resource({}).now, dict.fromkeys(LISTS, ()) | {"contacts": (Resource(contact()),)}
    )
    [verdict] = [
        one
        for one in evaluate(Resource({"id": SCOPE}, surroundings), RULES)
        if one.check_id == "defender_security_contact_email_set"
    ]

    assert verdict.observed == {"contacts": 1, "addresses": 2}


EXPORT = "DataExportSettings"
WORKSPACE: JsonValue = [{"actionType": "Workspace"}]
WHOLE: JsonValue = [{"scopePath": f"{SCOPE.upper()}/"}]
PART_OF_IT: JsonValue = [{"scopePath": f"{SCOPE}/resourceGroups/g"}]
ALERTS: JsonValue = [{"eventSource": "Alerts"}]


def automation(**properties: JsonValue) -> JsonObject:
    """Make a continuous export that is on."""
    return thing(
        "export",
        **{"isEnabled": True, "actions": WORKSPACE, "scopes": WHOLE, "sources": ALERTS, **properties},
    )


@pytest.mark.parametrize(
    ("check_id", "list_name", "rows", "expected"),
    [
        ("mde_integration_enabled", "settings", [thing("wdatp", EXPORT, enabled=True)], "pass"),
        ("mde_integration_enabled", "settings", [thing("WDATP", EXPORT, enabled=False)], "fail"),
        ("mde_integration_enabled", "settings", [thing("WDATP", "NewKind", enabled=True)], "unknown"),
        ("mde_integration_enabled", "settings", [thing("WDATP", EXPORT)], "unknown"),
        ("mde_integration_enabled", "settings", [thing("WDATP_UNIFIED", EXPORT, enabled=True)], "unknown"),
        ("cloud_apps_integration_enabled", "settings", [thing("MCAS", EXPORT, enabled=True)], "pass"),
        ("cloud_apps_integration_enabled", "settings", [thing("MCAS", EXPORT, enabled=False)], "fail"),
        ("cloud_apps_integration_enabled", "settings", [], "unknown"),
        (
            "vulnerability_assessment_provisioned",
            "server_scanners",
            [thing("s", selectedProvider="mdeTvm")],
            "pass",
        ),
        (
            "vulnerability_assessment_provisioned",
            "server_scanners",
            [thing("s", selectedProvider="New")],
            "unknown",
        ),
        ("vulnerability_assessment_provisioned", "server_scanners", [], "fail"),
        ("continuous_export_configured", "automations", [automation()], "pass"),
        (
            "continuous_export_configured",
            "automations",
            [automation(actions=[{"actionType": "EventHub"}])],
            "pass",
        ),
        (
            "continuous_export_configured",
            "automations",
            [automation(actions=[{"actionType": "LogicApp"}])],
            "fail",
        ),
        ("continuous_export_configured", "automations", [automation(scopes=PART_OF_IT)], "fail"),
        ("continuous_export_configured", "automations", [automation(scopes=None)], "fail"),
        ("continuous_export_configured", "automations", [automation(sources=[])], "fail"),
        ("continuous_export_configured", "automations", [automation(isEnabled=False)], "fail"),
        ("continuous_export_configured", "automations", [automation(isEnabled=None)], "unknown"),
        ("continuous_export_configured", "automations", [], "fail"),
        ("alert_suppression_reviewed", "suppressions", [thing("r", state="Enabled")], "manual"),
        ("alert_suppression_reviewed", "suppressions", [thing("r", state="Disabled")], "not_applicable"),
        (
            "alert_suppression_reviewed",
            "suppressions",
            [thing("r", state="Enabled", expirationDateUtc="2019-12-01T19:50:47Z")],
            "not_applicable",
        ),
        (
            "alert_suppression_reviewed",
            "suppressions",
            [thing("r", state="Enabled", expirationDateUtc="2999-12-01T19:50:47Z")],
            "manual",
        ),
        ("alert_suppression_reviewed", "suppressions", [], "not_applicable"),
        ("external_attack_surface_enabled", "attack_surfaces", [thing("workspace")], "pass"),
        ("external_attack_surface_enabled", "attack_surfaces", [], "manual"),
    ],
)
def test_a_setting_says(check_id: str, list_name: str, rows: list[JsonObject], expected: str) -> None:
    """What it is there to say."""
    assert judged(check_id, list_name, *rows) == expected


@pytest.mark.parametrize("state", ["On", "Off", None])
def test_a_retired_agent_is_never_failed(state: str | None) -> None:
    """Whether the Log Analytics agent is provisioned decides nothing any more."""
    found = judged("log_analytics_agent_provisioned", "provisioning", thing("default", autoProvision=state))

    assert found == ("pass" if state == "On" else "not_applicable")


@pytest.mark.parametrize(
    ("hubs", "solution", "expected"),
    [
        ([HUB], {"status": "Enabled", "iotHubs": [HUB.upper()]}, "pass"),
        ([HUB], {"iotHubs": [HUB]}, "unknown"),
        ([HUB, f"{HUB}2"], {"iotHubs": [HUB]}, "fail"),
        ([HUB], {"status": "Disabled", "iotHubs": [HUB]}, "fail"),
        ([HUB, f"{HUB}2"], {"status": "Enabled", "iotHubs": [HUB]}, "fail"),
        ([], {"status": "Enabled", "iotHubs": []}, "not_applicable"),
    ],
)
def test_every_hub_is_watched(hubs: list[str], solution: JsonObject, expected: str) -> None:
    """One that no solution names is one too many."""
    rows: list[JsonObject] = [{"id": hub} for hub in hubs]

    assert judged("plan_iot_hub", "iot_solutions", thing("s", **solution), iot_hubs=rows) == expected


def reader(**answers: Answer) -> PathReader:
    """Answer the lists, those not given with nothing."""
    return PathReader({path: answers.get(name, []) for name, path in LISTS.items()}, page_size=1)


async def test_an_empty_subscription_has_one_verdict_per_check() -> None:
    """Defender is registered and nothing is set up: each check is answered once, for the subscription."""
    read, verdicts = await read_part(PART, reader())

    assert read.gaps == ()
    assert [one.check_id for one in verdicts] == [check.id for check in PART.checks]
    assert {one.resource_id for one in verdicts} == {SCOPE}


async def test_each_list_is_asked_for_once() -> None:
    """Ten lists, however many checks look at each; the plans too, although they are asked for first."""
    async with SimulatedAzure("small") as azure, reading(azure, "production") as azure_reader:
        await PART.collect(azure_reader, _forget)

        assert azure_reader.requests_sent == len(LISTS) == len(PART.reads)


async def _forget(verdict: Verdict) -> None:
    del verdict


async def test_a_contact_on_the_second_page_counts() -> None:
    """Lists are read to their end."""
    _, verdicts = await read_part(PART, reader(contacts=[contact(emails=""), contact()]))

    assert statuses(verdicts)["defender_security_contact_email_set", SCOPE.rpartition("/")[2]] == "pass"


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_that_is_denied_makes_only_its_checks_unknown(name: str) -> None:
    """The others are answered as before; the permission that is missing is named."""
    settings: list[JsonObject] = [thing("WDATP", EXPORT, enabled=True)]
    _, whole = await read_part(PART, reader(settings=settings))

    answers: dict[str, Answer] = {"settings": settings, name: DENIED}
    _, verdicts = await read_part(PART, reader(**answers))

    denied = {one.check_id for one in verdicts if one.observed.get("missing_permission") == "p/read"}
    before = {one.check_id: one.status for one in whole}
    assert denied
    assert {one.check_id for one in verdicts if one.status != before[one.check_id]} <= denied
    assert {one.status for one in verdicts if one.check_id in denied} == {Status.UNKNOWN}


@pytest.mark.parametrize("error", [ServiceNotEnabled("never registered"), ServiceUnavailable("503")])
async def test_defender_off_is_one_gap_and_a_failing_service_is_tried_again(error: CollectionError) -> None:
    """Nothing of the set-up can be told where Defender was never registered: that is no list of verdicts."""
    with pytest.raises(type(error)):
        await read_part(PART, reader(plans=error))


@pytest.mark.parametrize("error", [ServiceNotEnabled("not registered"), ResourceAbsent("404")])
@pytest.mark.parametrize(
    ("name", "check_id", "expected"),
    [
        ("iot_hubs", "defender_plan_iot_hub", "not_applicable"),
        ("attack_surfaces", "defender_external_attack_surface_enabled", "manual"),
    ],
)
async def test_a_provider_that_is_not_registered_has_nothing(
    error: Terminal, name: str, check_id: str, expected: str
) -> None:
    """Without Microsoft.Devices there is no IoT hub: that is an answer and no gap."""
    _, verdicts = await read_part(PART, reader(**{name: error}))

    assert statuses(verdicts)[check_id, SCOPE.rpartition("/")[2]] == expected


async def test_every_verdict_is_the_truth() -> None:
    """No verdict on the set-up of the simulated subscription differs from the truth, none is missing."""
    found: dict[tuple[str, str], str] = {}

    async def emit(verdict: Verdict) -> None:
        assert not verdict.check_id.startswith(POPULATION)
        found[verdict.check_id, verdict.resource_id.lower()] = verdict.status.value

    async with SimulatedAzure("demo") as azure, reading(azure, "production") as azure_reader:
        estate = azure.subscription("production").estate
        assert isinstance(estate, Estate)
        for part in COLLECTOR.parts[3:]:
            answer = await part.collect(azure_reader, emit)
            assert not isinstance(answer, Reading) or answer.gaps == ()

    checks = {check.id for part in COLLECTOR.parts[3:] for check in part.checks}
    assert found == {key: status for key, status in estate.truth.items() if key[0] in checks}


async def test_the_official_bodies_say() -> None:
    """Microsoft's own examples: Defender for Servers is on, App Service is off, DNS is a plan for servers."""
    found = {one.check_id: one.status.value for one in await official_verdicts(configuration.PART)}

    assert {name: found[f"defender_{name}"] for name in OFFICIAL} == OFFICIAL


OFFICIAL = {
    "plan_servers": "pass",
    "plan_app_services": "fail",
    "plan_dns": "pass",
    "plan_ai_services": "not_applicable",
    "agentless_scanning_enabled": "pass",
    "file_integrity_monitoring_enabled": "fail",
    "security_contact_email_set": "pass",
    "security_contact_owners_notified": "pass",
    "alert_notifications_high_severity": "pass",
    "attack_path_notifications_enabled": "pass",
    "mde_integration_enabled": "fail",
    "cloud_apps_integration_enabled": "unknown",
    "vulnerability_assessment_provisioned": "pass",
    "log_analytics_agent_provisioned": "pass",
}
