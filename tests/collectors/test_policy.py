"""Azure Policy: each check by what it passes, fails, and makes of what Azure leaves out."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.contract import JsonValue, Verdict
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.errors import AccessDenied, Terminal
from collectors.policy import COLLECTOR, assignments
from collectors.policy.compliance import COMPLIANCE, EXEMPTION
from local.azure import SimulatedAzure
from local.azure.changes import AssignRole
from local.azure.roles import POLICY_STATES_READER
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import reading

GROUP = "/providers/Microsoft.Management/managementGroups/m"
STRANGER = "/providers/Microsoft.Management/managementGroups/stranger"
CHILD = f"{SCOPE}/resourceGroups/g"
BENCHMARK = "1f3afdf9-d0c9-4c3d-847f-89da613e70a8"
LOCATIONS = "e56962a6-4747-49cd-b67b-bf8b01975c4c"
TYPES = "6c112d4e-5bc7-47ae-a041-ea2d9dccd749"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
ACTION = "Microsoft.PolicyInsights/policyStates/summarize/action"
DENIED = AccessDenied("No.", permission=ACTION, scope=SCOPE)
ROOT = "providers/Microsoft.Authorization"
STATES = "providers/Microsoft.PolicyInsights/policyStates/latest"


def assignment(definition: str, scope: str = SCOPE, **properties: JsonValue) -> Resource:
    """Make an assignment of a definition or initiative."""
    inside: JsonObject = {"policyDefinitionId": f"/x/{definition}", "scope": scope, **properties}
    return Resource({"id": f"{scope}/{ROOT}/policyAssignments/a", "properties": inside})


def initiative(name: str, *definitions: str) -> Resource:
    """Make a custom initiative of definitions."""
    inside: list[JsonValue] = [{"policyDefinitionId": f"/x/{one}"} for one in definitions]
    return Resource({"id": f"/x/{name}", "properties": {"policyDefinitions": inside}})


def verdict(check_id: str, *found: Resource, initiatives: tuple[Resource, ...] = ()) -> str:
    """Judge the subscription with these assignments."""
    surroundings = Surroundings(NOW, {"assignments": found, "initiatives": initiatives})
    verdicts = evaluate(Resource({"id": SCOPE}, surroundings), assignments.RULES)
    return next(one.status.value for one in verdicts if one.check_id == f"policy_{check_id}")


AUDIT: JsonObject = {"effect": {"value": "Audit"}}
SELECTED: JsonObject = {"kind": "policyDefinitionReferenceId", "in": ["mfa"]}
OVERRIDES: list[JsonValue] = [{"kind": "policyEffect", "value": "Disabled", "selectors": [SELECTED]}]
OFF: JsonObject = {"mfaEffect": {"value": "DISABLED"}, "count": {"value": 3}}


@pytest.mark.parametrize(
    ("check_id", "found", "expected"),
    [
        ("mcsb_initiative_assigned", assignment(BENCHMARK), "pass"),
        ("mcsb_initiative_assigned", assignment(BENCHMARK.upper(), GROUP), "pass"),
        ("mcsb_initiative_assigned", assignment(BENCHMARK, f"{SCOPE}/resourceGroups/g"), "fail"),
        ("mcsb_initiative_assigned", assignment(BENCHMARK, GROUP, notScopes=[SCOPE.upper()]), "fail"),
        ("mcsb_initiative_assigned", assignment(BENCHMARK, GROUP, notScopes=[f"{CHILD.upper()}/"]), "fail"),
        ("mcsb_initiative_assigned", assignment(BENCHMARK, GROUP, notScopes=[GROUP.upper()]), "fail"),
        ("mcsb_initiative_assigned", assignment(BENCHMARK, GROUP, notScopes=[STRANGER]), "unknown"),
        ("mcsb_not_disabled", assignment(BENCHMARK, GROUP, notScopes=[STRANGER]), "unknown"),
        ("mcsb_not_disabled", assignment(BENCHMARK, GROUP, notScopes=[CHILD]), "not_applicable"),
        ("allowed_locations_assigned", assignment(LOCATIONS, GROUP, notScopes=[STRANGER]), "unknown"),
        ("allowed_locations_assigned", assignment(LOCATIONS, GROUP, notScopes=[CHILD]), "fail"),
        ("mcsb_initiative_assigned", assignment(BENCHMARK, GROUP, notScopes=[f"{SCOPE}1"]), "pass"),
        ("mcsb_initiative_assigned", assignment(BENCHMARK, notScopes=[CHILD]), "fail"),
        ("mcsb_initiative_assigned", assignment(LOCATIONS), "fail"),
        ("mcsb_not_disabled", assignment(BENCHMARK), "pass"),
        ("mcsb_not_disabled", assignment(BENCHMARK, parameters=OFF), "fail"),
        ("mcsb_not_disabled", assignment(BENCHMARK, overrides=OVERRIDES), "fail"),
        ("mcsb_not_disabled", assignment(LOCATIONS, parameters=OFF), "not_applicable"),
        ("allowed_locations_assigned", assignment(LOCATIONS), "pass"),
        ("allowed_locations_assigned", assignment(LOCATIONS, enforcementMode="default"), "pass"),
        ("allowed_locations_assigned", assignment(LOCATIONS, enforcementMode="DoNotEnforce"), "fail"),
        ("allowed_locations_assigned", assignment(TYPES), "fail"),
        ("allowed_resource_types_assigned", assignment(TYPES), "pass"),
        ("allowed_resource_types_assigned", assignment(TYPES, parameters=AUDIT), "fail"),
        ("allowed_resource_types_assigned", assignment(TYPES, overrides=OVERRIDES), "fail"),
        ("allowed_resource_types_assigned", assignment(TYPES, f"{SCOPE}/resourceGroups/g"), "fail"),
    ],
)
def test_an_assignment_says(check_id: str, found: Resource, expected: str) -> None:
    """What it is there to say: `enforcementMode` absent means Default."""
    assert verdict(check_id, found) == expected


def test_a_group_that_others_are_inherited_from_is_above() -> None:
    """What is assigned at it applies here, so leaving it out leaves the subscription out."""
    left_out = assignment(BENCHMARK, GROUP, notScopes=[STRANGER])

    assert verdict("mcsb_initiative_assigned", left_out, assignment(TYPES, STRANGER.upper())) == "fail"


def test_one_whole_assignment_is_enough() -> None:
    """Whatever others leave out."""
    untold, whole = assignment(LOCATIONS, GROUP, notScopes=[STRANGER]), assignment(LOCATIONS)

    assert verdict("allowed_locations_assigned", untold, whole) == "pass"


def test_a_policy_inside_a_custom_initiative_counts() -> None:
    """The allowed locations are restricted, whichever way they are assigned."""
    inside = (initiative("residency", LOCATIONS.upper()),)

    said = verdict("allowed_locations_assigned", assignment("Residency", GROUP), initiatives=inside)
    assert said == "pass"


def state(name: str, timestamp: str, status: str = "NonCompliant") -> Resource:
    """Make the state of a resource under the assignment `/a`."""
    return Resource(
        {"policyAssignmentId": "/A", "resourceId": name, "timestamp": timestamp, "complianceState": status}
    )


def compliance(
    results: JsonObject | None, *states: Resource, limits: dict[str, float] | None = None
) -> Verdict:
    """Judge an assignment by its summary and states."""
    row: JsonObject = {"policyAssignmentId": "/A", "results": results}
    rows: list[JsonValue] = [] if results is None else [row]
    summary = (Resource({"policyAssignments": rows}),)
    surroundings = Surroundings(NOW, {"summary": summary, "states": states})
    found = Resource({"id": "/a"}, surroundings)
    return evaluate(found, (COMPLIANCE,), lambda check: limits or check.thresholds)[0]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ({"nonCompliantPolicies": 0}, "pass"),
        ({"nonCompliantPolicies": 1}, "fail"),
        ({}, "unknown"),
        (None, "unknown"),
    ],
)
def test_compliance_of_an_assignment(results: JsonObject | None, expected: str) -> None:
    """An assignment that is missing from the summary may not have been evaluated yet: nobody knows."""
    assert compliance(results).status.value == expected


def test_the_threshold_can_be_set() -> None:
    """Setting it changes the verdict, and it is kept with what was observed."""
    said = compliance({"nonCompliantPolicies": 3}, limits={"policies": 3})

    assert (said.status.value, said.observed["policies"]) == ("pass", 3)


def test_the_time_of_evaluation_is_kept() -> None:
    """With the resources that do not comply, each once; both spellings of the state are one."""
    details: list[JsonValue] = [
        {"complianceState": "noncompliant", "count": 2},
        {"complianceState": "Compliant", "count": 5},
    ]
    late, early = state("/vm", "2026-05-31T04:00:00Z"), state("/vm", "2026-05-30T04:00:00Z", "noncompliant")

    said = compliance({"nonCompliantPolicies": 2, "resourceDetails": details}, late, early)

    assert said.observed["evaluated_at"] == "2026-05-31T04:00:00Z"
    assert said.observed["noncompliant"] == ["/vm"]
    assert said.observed["resources_by_state"] == {"noncompliant": 2, "compliant": 5}


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (NOW + timedelta(days=365), "pass"),
        (NOW + timedelta(days=366), "fail"),
        (NOW - timedelta(days=1), "not_applicable"),
        (None, "fail"),
        ("soon", "unknown"),
    ],
)
def test_an_exemption_ends(ends: datetime | str | None, expected: str) -> None:
    """One that never ends is reviewed by nobody; one that has ended exempts nothing."""
    at = ends.isoformat() if isinstance(ends, datetime) else ends
    found = Resource({"id": "/e", "properties": {"expiresOn": at}}, Surroundings(NOW))

    assert evaluate(found, (EXEMPTION,))[0].status.value == expected


async def read(answers: dict[str, Answer]) -> tuple[dict[tuple[str, str], str], int]:
    """Read a subscription; gives its verdicts and how many gaps there are."""
    nothing: dict[str, Answer] = {
        f"{ROOT}/policyAssignments": [],
        f"{ROOT}/policyExemptions": [],
        f"{ROOT}/policySetDefinitions": [],
        f"{STATES}/summarize": [],
        f"{STATES}/queryResults": [],
    }
    reading_, verdicts = await read_part(COLLECTOR.parts[0], PathReader({**nothing, **answers}))
    return statuses(verdicts), len(reading_.gaps)


async def test_an_empty_subscription_has_one_verdict_per_check() -> None:
    """Nothing assigned is a failure of the subscription, and nothing to judge below it."""
    found, gaps = await read({})

    assert (len(found), gaps) == (len(COLLECTOR.checks), 0)
    assert found["policy_compliance_state", SCOPE.rpartition("/")[2]] == "not_applicable"


async def test_posts_that_are_refused_leave_only_compliance_unknown() -> None:
    """Reader may not call them everywhere: everything else is decided."""
    row = assignment(BENCHMARK).raw
    found, _ = await read({f"{ROOT}/policyAssignments": [row], f"{STATES}/summarize": DENIED})

    assert found["policy_compliance_state", "a"] == "unknown"
    assert sorted(found.values()).count("unknown") == 1


async def test_a_refused_list_is_a_gap_of_its_checks() -> None:
    """Without assignments nothing is said of them but that they could not be read."""
    refused: Terminal = AccessDenied("No.", permission="p", scope=SCOPE)
    found, gaps = await read({f"{ROOT}/policyAssignments": refused})

    assert gaps == 1
    assert sorted(set(found.values())) == ["not_applicable", "unknown"]


async def test_every_page_is_read() -> None:
    """Five assignments on pages of two are five verdicts."""
    rows = [{**assignment(BENCHMARK).raw, "id": f"/a/{number}"} for number in range(5)]
    found, _ = await read({f"{ROOT}/policyAssignments": rows})

    assert [key for key in found if key[0] == "policy_compliance_state"] == [
        ("policy_compliance_state", str(number)) for number in range(5)
    ]


async def official(azure: SimulatedAzure) -> tuple[dict[tuple[str, str], Verdict], int]:
    """Read the subscription that answers with Microsoft's examples."""
    found: dict[tuple[str, str], Verdict] = {}

    async def keep(one: Verdict) -> None:
        found[one.check_id, one.resource_id.rpartition("/")[2]] = one

    async with reading(azure, "specification") as reader:
        answer = await COLLECTOR.parts[0].collect(reader, keep)
    return found, len(getattr(answer, "gaps", ()))


async def test_official_bodies_are_read() -> None:
    """Microsoft's examples hold an exemption that never ends, and assignments nothing was found for."""
    async with SimulatedAzure("specification") as azure:
        azure.apply(
            AssignRole(
                subscription="specification",
                role=POLICY_STATES_READER.name,
                actions=POLICY_STATES_READER.actions,
            )
        )
        found, gaps = await official(azure)

    assert gaps == 0
    assert found["policy_exemptions_reviewed", "TestVMSub"].status.value == "fail"
    assert found["policy_compliance_state", "CostManagement"].status.value == "unknown"


async def test_reader_alone_leaves_the_action_to_grant() -> None:
    """Where the POSTs are refused, compliance is unknown, and the verdict names the missing action."""
    async with SimulatedAzure("specification") as azure:
        found, _ = await official(azure)

    said = found["policy_compliance_state", "CostManagement"]
    assert (said.status.value, said.observed["missing_permission"]) == ("unknown", ACTION)
