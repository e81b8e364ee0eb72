"""Reading App Service: nothing there, refused lists and children, pages, Microsoft's own examples."""

from collectors.app_service import COLLECTOR
from collectors.contract import Reading, Verdict
from collectors.declarations.resources import JsonObject
from collectors.errors import AccessDenied
from local.azure import SimulatedAzure
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import reading

PART = COLLECTOR.parts[0]
SITES = "providers/Microsoft.Web/sites"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
DENIED = AccessDenied("No.", permission="Microsoft.Web/sites/config/list/action", scope=SCOPE)
EMPTY: dict[str, Answer] = {SITES: [], ASSIGNMENTS: [], "providers/Microsoft.Insights/components": []}


def site(name: str, kind: str = "app") -> JsonObject:
    """Give a row of the list of sites."""
    return {"id": f"{SCOPE}/s/{name}", "kind": kind, "identity": {"principalId": "p"}}


async def read(answers: dict[str, Answer]) -> tuple[Reading, dict[tuple[str, str], str], PathReader]:
    """Read a subscription; gives the reading, the status by check and name, and what was asked."""
    reader = PathReader({**EMPTY, **answers})
    found, verdicts = await read_part(PART, reader)
    return found, statuses(verdicts), reader


async def test_an_empty_subscription_has_one_verdict_for_each_check() -> None:
    """Looked for, and none found."""
    _, said, _ = await read({})

    name = SCOPE.rpartition("/")[2]
    assert said == {(check.id, name): "not_applicable" for check in COLLECTOR.checks}


async def test_a_refused_list_is_a_gap_of_both_kinds() -> None:
    """Of every check, as both are in it."""
    found, said, _ = await read({SITES: DENIED})

    assert {check.id for gap in found.gaps for check in gap.checks} == {one.id for one in COLLECTOR.checks}
    assert said == {}


async def test_refused_authentication_settings_are_unknown_for_one_site() -> None:
    """With the permission that would cure it; everything else of the site is judged."""
    answers: dict[str, Answer] = {SITES: [site("a"), site("b")], "s/a/config/authsettingsV2": DENIED}
    _, verdicts = await read_part(PART, PathReader({**EMPTY, **answers}))

    said = statuses(verdicts)
    check_id = "app_service_authentication_enabled"
    refused = next(one for one in verdicts if one.check_id == check_id and one.resource_id.endswith("/a"))
    assert (said[check_id, "a"], said[check_id, "b"]) == ("unknown", "fail")
    assert refused.observed["missing_permission"] == "Microsoft.Web/sites/config/list/action"
    assert said["app_service_https_only", "a"] == "fail"


async def test_refused_role_assignments_make_only_their_check_unknown() -> None:
    """Never a failure because something could not be read."""
    _, said, _ = await read({SITES: [site("f", "functionapp")], ASSIGNMENTS: DENIED})

    assert said["function_app_identity_least_privilege", "f"] == "unknown"
    assert said["function_app_https_only", "f"] == "fail"


async def test_sites_of_every_page_are_judged_by_their_kind() -> None:
    """The list has three pages, and is asked for once for both kinds."""
    rows = [site("a"), site("f", "functionapp"), site("b"), site("g", "functionapp,linux"), site("c")]
    _, said, reader = await read({SITES: rows})

    assert sorted(name for check, name in said if check == "app_service_https_only") == ["a", "b", "c"]
    assert sorted(name for check, name in said if check == "function_app_https_only") == ["f", "g"]
    assert reader.sent.count(SITES) == 1


async def test_app_settings_are_never_asked_for() -> None:
    """They hold secrets, and Reader may not list them."""
    _, _, reader = await read({SITES: [site("a"), site("f", "functionapp")]})

    assert not [path for path in reader.sent if path.lower().endswith(("/list", "/appsettings"))]


async def test_the_examples_of_the_specification_are_read() -> None:
    """Microsoft's site asks for certificates by its mode, while the flag is off."""
    found: dict[tuple[str, str], Verdict] = {}

    async def emit(verdict: Verdict) -> None:
        found[verdict.check_id, verdict.resource_id.rpartition("/")[2]] = verdict

    async with SimulatedAzure("specification") as azure, reading(azure, "specification") as reader:
        answer = await PART.collect(reader, emit)

    assert isinstance(answer, Reading)
    assert answer.gaps == ()
    assert found["app_service_client_certificates_on", "sitef6141"].observed == {
        "clientCertEnabled": False,
        "clientCertMode": "Required",
    }


def test_it_says_that_slots_are_not_read() -> None:
    """A slot is a site of its own: whoever trusts this service has to know that it was not looked at."""
    assert "Deployment slots are not read" in COLLECTOR.reads_what
