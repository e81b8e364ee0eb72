"""Which services a connection collects, and why one has no findings: the API says it of each."""

from local.api_client import Json
from local.stack import Stack
from tests.end_to_end.conftest import Connect
from tests.end_to_end.reading import evidence, findings, row, rows, synced, words


def _states(stack: Stack, connection: Json) -> dict[str, Json]:
    """What each service of a connection came to."""
    return {str(one["service"]): one for one in stack.api.items(f"/connections/{connection['id']}/services")}


def _of_registries(control: Json) -> list[str]:
    """The checks of container registries that support a control."""
    return [check for check in words(control["checks"]) if check.startswith("container_registry_")]


def _controls_of_registries(stack: Stack, connection: Json) -> dict[str, Json]:
    """The controls of ISO 27001 that a check of container registries supports, by id."""
    path = f"/frameworks/iso27001_2022/controls?connection_id={connection['id']}&limit=1000"
    return {str(one["id"]): one for one in stack.api.items(path) if _of_registries(one)}


def test_a_run_says_what_was_not_collected(stack: Stack, connect: Connect) -> None:
    """A scan of one service never reads as a full one: the others are named."""
    run = synced(stack.api, connect("production", services=["container_registry"]))

    every = {str(service["name"]) for service in stack.api.items("/services")}
    assert run["not_collected"] == sorted(every - {"container_registry"})
    assert [one["service"] for one in rows(run["collectors"])] == ["container_registry"]


def test_a_service_that_is_switched_off_keeps_its_last_evidence(stack: Stack, connect: Connect) -> None:
    """Switched off, its item stays, stale and marked, and the next run does not touch it."""
    connection = connect("production", services=["container_registry", "defender"])
    synced(stack.api, connection)
    stack.api.call("PATCH", f"/connections/{connection['id']}", {"services": ["defender"]})

    synced(stack.api, connection)

    item = evidence(stack.api, connection)["container_registry_configuration"]
    assert (item["status"], item["freshness"], item["no_longer_collected"]) == ("collected", "stale", True)
    assert findings(stack.api, connection, "&service=container_registry")
    assert _states(stack, connection)["container_registry"]["state"] == "disabled"


def test_a_service_that_is_switched_off_supports_no_control(stack: Stack, connect: Connect) -> None:
    """Its last verdicts count for no state; each control shows them apart, and never passes."""
    connection = connect("production", services=["container_registry", "defender"])
    synced(stack.api, connection)
    before = _controls_of_registries(stack, connection)
    stack.api.call("PATCH", f"/connections/{connection['id']}", {"services": ["defender"]})
    after = _controls_of_registries(stack, connection)

    assert before
    for control_id, control in before.items():
        assert control["no_longer_collected"] == []
        assert after[control_id]["no_longer_collected"] == _of_registries(control)
        assert set(_of_registries(control)) <= set(words(after[control_id]["without_verdict"]))
        assert after[control_id]["state"] != "pass"
        assert any(row(after[control_id]["last_verdicts"]).values())


def test_missing_findings_have_an_answer(stack: Stack, connect: Connect) -> None:
    """Not permitted, not enabled, none found and collected are told apart."""
    expected = {"staging": "none_found", "production": "collected"}
    told: dict[str, str] = {}
    for name in expected:
        connection = connect(name, services=["container_registry"])
        synced(stack.api, connection)
        told[name] = str(_states(stack, connection)["container_registry"]["state"])
    assert told == expected


def test_defender_off_is_not_enabled_and_denied_is_partly_collected(stack: Stack, connect: Connect) -> None:
    """Defender off is not_enabled; a missing role is partly_collected, with advice."""
    off, denied = connect("sandbox"), connect("staging")
    synced(stack.api, off)
    synced(stack.api, denied)

    assert _states(stack, off)["defender"]["state"] == "not_enabled"
    state = _states(stack, denied)["defender"]
    assert (state["state"], "Security Reader" in str(state["advice"])) == ("partly_collected", True)


def test_every_verdict_of_a_service_reaches_the_findings(stack: Stack, connect: Connect) -> None:
    """The findings of a service are as many as its evidence counts, and none is about a mere presence."""
    connection = connect("production", services=["container_registry"])
    synced(stack.api, connection)

    summary = row(evidence(stack.api, connection)["container_registry_configuration"]["summary"])
    found = findings(stack.api, connection)
    counted = sum(int(str(number)) for number in row(summary["verdicts"]).values())
    assert len(found) == counted
    assert not [one for one in found if str(one["check_id"]).startswith("population:")]


def test_the_population_is_listed_by_name(stack: Stack, connect: Connect) -> None:
    """Every resource of a service is listed, page after page, with its type, and counted the same."""
    connection = connect("production", services=["container_registry"])
    synced(stack.api, connection)

    found = list(stack.api.items(f"/resources?connection_id={connection['id']}&limit=2"))
    summary = row(evidence(stack.api, connection)["container_registry_configuration"]["summary"])
    assert sorted(str(one["name"]) for one in found) == ["badregistry0", "goodregistry0", "silentregistry"]
    assert {one["type"] for one in found} == {"Microsoft.ContainerRegistry/registries"}
    assert len(found) == summary["resources"]


def test_the_population_of_an_earlier_time_stays_readable(stack: Stack, connect: Connect) -> None:
    """As of before the first sync there was none, as of now there are three."""
    connection = connect("production", services=["container_registry"])
    run = synced(stack.api, connection)

    there = f"/resources?connection_id={connection['id']}&type=microsoft.containerregistry/registries&as_of="
    assert list(stack.api.items(f"{there}{connection['created_at']}")) == []
    assert len(list(stack.api.items(f"{there}{run['finished_at']}"))) == 3
