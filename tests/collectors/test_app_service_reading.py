"""Reading App Service: nothing there, refused lists and children, pages, Microsoft's own examples."""

import msgspec

from collectors.app_service import COLLECTOR
from collectors.contract import Reading, Verdict
from collectors.declarations.resources import JsonObject
from collectors.errors import AccessDenied
from local.azure import SimulatedAzure
from local.azure.official import find_official
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import reading

PART = COLLECTOR.parts[0]
SITES = "providers/Microsoft.Web/sites"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
DENIED = AccessDenied("No.", permission="Microsoft.Web/sites/config/list/action", scope=SCOPE)
EMPTY: dict[str, Answer] = {
    SITES: [],
    ASSIGNMENTS: [],
    "providers/Microsoft.Insights/components": [],
    "providers/Microsoft.Authorization/roleDefinitions": [],
}


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


def slots(*names: str, of: str) -> dict[str, Answer]:
    """Give the list of slots of a site, by its path."""
    rows: list[JsonObject] = [{"id": f"{SCOPE}/s/{of}/slots/{name}", "kind": "app"} for name in names]
    return {f"s/{of}/slots": rows}


async def test_a_slot_is_judged_like_a_site_under_its_own_id() -> None:
    """By its own configuration: what is true of a site says nothing of its slots."""
    secure: Answer = {"properties": {"minTlsVersion": "1.2"}}
    old: Answer = {"properties": {"minTlsVersion": "1.0"}}
    configured: dict[str, Answer] = {
        "s/a/config/web": secure,
        "s/a/slots/one/config/web": old,
        "s/a/slots/two/config/web": secure,
    }
    _, said, _ = await read({SITES: [site("a")], **slots("one", "two", "three", of="a"), **configured})

    about = {name: status for (check, name), status in said.items() if check == "app_service_min_tls_12"}
    assert about == {"a": "pass", "one": "fail", "two": "pass", "three": "unknown"}
    checks = {check for check, name in said if name == "one"}
    assert checks == {check for check, name in said if name == "a"}


async def test_slots_are_in_the_population() -> None:
    """Under their own type, as resources of this service."""
    row: JsonObject = {"id": f"{SCOPE}/s/f/slots/x", "type": "Microsoft.Web/sites/slots"}
    answers: dict[str, Answer] = {SITES: [site("f", "functionapp")], "s/f/slots": [row]}
    found, verdicts = await read_part(PART, PathReader({**EMPTY, **answers}))

    assert found.summary["by_kind"] == {
        "web apps": 0,
        "deployment slots of web apps": 0,
        "function apps": 1,
        "deployment slots of function apps": 1,
    }
    assert "population:microsoft.web/sites/slots" in {one.check_id for one in verdicts}


async def test_a_site_that_answers_no_slots_has_none() -> None:
    """An empty list, or not found: nothing is said of slots, and nothing is missing."""
    found, said, reader = await read({SITES: [site("a"), site("b")], **slots(of="a")})

    assert {name for _, name in said if name in {"slots", "one"}} == set()
    assert {"s/a/slots", "s/b/slots"} <= set(reader.sent)
    assert (found.gaps, found.refused) == ((), ())


async def test_refused_slots_are_unknown_and_leave_the_site_s_own_verdicts_alone() -> None:
    """What stands for them has an id of its own, below the site."""
    denied = AccessDenied("No.", permission="Microsoft.Web/sites/slots/read", scope=SCOPE)
    _, verdicts = await read_part(PART, PathReader({**EMPTY, SITES: [site("a")], "s/a/slots": denied}))

    about = [one for one in verdicts if one.check_id == "app_service_https_only"]
    assert {one.resource_id.removeprefix(SCOPE): one.status.value for one in about} == {
        "/s/a": "fail",
        "/s/a/slots": "unknown",
    }
    assert about[-1].observed["missing_permission"] == "Microsoft.Web/sites/slots/read"


async def test_a_slot_needs_permissions_of_its_own() -> None:
    """A custom role that has those of sites may lack those of slots: the advice must name the right ones."""
    names = {read.permission for read in COLLECTOR.reads}

    assert {"Microsoft.Web/sites/config/read", "Microsoft.Web/sites/slots/config/read"} <= names


async def test_each_slot_costs_what_a_site_does() -> None:
    """One list of slots a site, and nothing asked twice."""
    answers = {SITES: [site("a"), site("f", "functionapp")], **slots("one", of="a"), **slots("two", of="f")}
    _, _, reader = await read(answers)

    below = {name: [path for path in reader.sent if path.startswith(f"s/{name}/")] for name in ("a", "f")}
    assert len(reader.sent) == len(set(reader.sent))
    # A web app has five children, a function app without a word about its network has three.
    assert {name: len(paths) for name, paths in below.items()} == {"a": 5 + 1 + 5, "f": 3 + 1 + 3}


async def test_the_official_slots_are_judged() -> None:
    """Microsoft's two example slots take HTTP, as their site does."""
    path = f"{SCOPE}/resourceGroups/g/providers/Microsoft.Web/sites/a/slots"
    example = find_official(path, "2024-11-01")
    assert example is not None
    rows = msgspec.convert(example.body["value"], list[JsonObject])
    _, said, _ = await read({SITES: [site("a")], "s/a/slots": rows})

    assert (said["app_service_https_only", "staging"], said["app_service_https_only", "qa"]) == (
        "fail",
        "fail",
    )
    assert said["app_service_client_certificates_on", "qa"] == "fail"
