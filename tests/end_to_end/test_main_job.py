"""The main job through HTTP: connect a subscription, sync Defender for Cloud, read the evidence."""

import re

import pytest

from local.stack import Stack
from tests.end_to_end.conftest import Connect
from tests.end_to_end.reading import evidence, findings, row, rows, synced, truth

EXPECTED_CONTROLS = {
    "secure_score": (["A.5.36", "A.8.8"], ["CC7.1"]),
    "resource_assessments": (["A.8.8", "A.8.9"], ["CC7.1"]),
    "security_alerts": (["A.5.25", "A.8.16"], ["CC7.2"]),
}


def test_a_connected_subscription_is_synced_at_once(stack: Stack, connect: Connect) -> None:
    """Connecting with sync_now answers 201 and leaves a run of trigger `connect` that succeeds."""
    connection = connect("production", sync_now=True)

    run = stack.api.wait_for_run(row(connection["last_sync_run"]))
    assert (run["trigger"], run["status"]) == ("connect", "succeeded")


@pytest.mark.parametrize("kind", EXPECTED_CONTROLS)
def test_the_three_evidence_items_map_to_their_controls(stack: Stack, connect: Connect, kind: str) -> None:
    """Each of Defender's evidence items names exactly the ISO 27001 and SOC 2 controls of the contract."""
    connection = connect("production")
    synced(stack.api, connection)

    controls = row(evidence(stack.api, connection)[kind]["controls"])
    named = tuple(controls[name] for name in ("iso27001_2022", "soc2_2017"))
    assert named == EXPECTED_CONTROLS[kind]


def test_the_assessment_counts_are_the_truth(stack: Stack, connect: Connect) -> None:
    """Total, healthy, unhealthy and not applicable are what the subscription holds."""
    connection = connect("production")
    synced(stack.api, connection)

    summary = row(evidence(stack.api, connection)["resource_assessments"]["summary"])
    assert {name: summary[name] for name in truth(stack, "production")} == truth(stack, "production")


def test_every_assessment_is_a_finding_on_its_real_resource(stack: Stack, connect: Connect) -> None:
    """There is one finding per assessment, each on a full resource id, none on a GUID."""
    connection = connect("production")
    synced(stack.api, connection)

    found = [one for one in findings(stack.api, connection) if "defender_assessment:" in str(one["check_id"])]
    assert len(found) == truth(stack, "production")["total"]
    assert all(str(one["resource_id"]).startswith("/subscriptions/") for one in found)


def test_the_official_bodies_give_the_official_score(stack: Stack, connect: Connect) -> None:
    """Microsoft's own example of a secure score, 0.6033 of 39 points, reads 60.33 percent."""
    connection = connect("specification")
    synced(stack.api, connection)

    summary = row(evidence(stack.api, connection)["secure_score"]["summary"])
    assert (summary["percentage"], summary["current"], summary["max"]) == (60.33, 23.53, 39.0)


def test_missing_permission_is_unknown_and_never_fail(stack: Stack, connect: Connect) -> None:
    """Without Security Reader the run is partial, the items unavailable, the checks unknown with advice."""
    connection = connect("staging")

    run = synced(stack.api, connection)

    item = evidence(stack.api, connection)["resource_assessments"]
    [finding] = [
        one for one in findings(stack.api, connection) if one["check_id"] == "defender_resource_assessments"
    ]
    assert (run["status"], item["status"], finding["status"]) == ("partial", "unavailable", "unknown")
    assert "Security Reader" in str(row(item["problem"])["advice"])


def test_defender_off_is_told_from_missing_permission(stack: Stack, connect: Connect) -> None:
    """Where Defender was never registered, evidence says so and how to enable it."""
    connection = connect("sandbox")
    synced(stack.api, connection)

    problems = {row(item["problem"])["code"] for item in evidence(stack.api, connection).values()}
    assert problems == {"service_not_enabled"}


@pytest.mark.parametrize("name", ["computing", "computing-missing"])
def test_a_score_that_is_not_computed_yet_says_24_hours(stack: Stack, connect: Connect, name: str) -> None:
    """An empty list and a 404 both mean `not computed yet`, with the advice of the free tier and 24 hours."""
    connection = connect(name)
    synced(stack.api, connection)

    problem = row(evidence(stack.api, connection)["secure_score"]["problem"])
    assert problem["code"] == "not_computed_yet"
    assert "free tier" in str(problem["advice"])
    assert "24 hours" in str(problem["advice"])


def test_a_second_unchanged_sync_changes_no_finding(stack: Stack, connect: Connect) -> None:
    """Nothing changed: nothing is opened, nothing is closed, and evidence is appended all the same."""
    connection = connect("production")
    first = synced(stack.api, connection)

    second = synced(stack.api, connection)

    history = list(stack.api.items(f"/evidence?connection_id={connection['id']}&latest=false"))
    assert row(second["changes"]) == {"opened": 0, "closed": 0}
    assert {item["sync_run_id"] for item in history} == {first["id"], second["id"]}


def test_a_flipped_assessment_closes_one_interval_and_opens_the_next(stack: Stack, connect: Connect) -> None:
    """One resource turned unhealthy: its finding is open once, and its past stays readable."""
    connection = connect("production")
    first = synced(stack.api, connection)
    stack.azure.control({"operation": "flip_assessment", "subscription": "production", "status": "Unhealthy"})

    run = synced(stack.api, connection)

    then = findings(stack.api, connection, f"&as_of={first['finished_at']}")
    assert int(str(row(run["changes"])["opened"])) >= 1
    ids = [one["id"] for one in findings(stack.api, connection)]
    assert len(ids) == len(set(ids)) == len(then)


def test_the_digest_chain_is_intact(stack: Stack, connect: Connect) -> None:
    """After two syncs the chain of two items of each of the five kinds verifies."""
    connection = connect("production")
    synced(stack.api, connection)
    synced(stack.api, connection)

    assert stack.api.get(f"/connections/{connection['id']}/evidence/verify") == {
        "items": 10,
        "intact": True,
        "first_broken": None,
    }


def test_each_request_of_a_sync_is_made_once(stack: Stack, connect: Connect) -> None:
    """A sync sends one request per page and fixed call: no address twice, nothing but GET."""
    connection = connect("production")
    stack.azure.requests(reset=True)

    run = synced(stack.api, connection)

    sent = [one for one in stack.azure.requests() if str(one["path"]).startswith("/subscriptions/")]
    addresses = [f"{one['path']}?{one['query']}" for one in sent]
    [collector] = rows(run["collectors"])
    assert len(addresses) == len(set(addresses)) == collector["requests"]
    assert {one["method"] for one in sent} == {"GET"}


def test_provenance_names_every_read(stack: Stack, connect: Connect) -> None:
    """An item says by whom, when and with which requests it was read."""
    connection = connect("production")
    synced(stack.api, connection)

    provenance = row(evidence(stack.api, connection)["resource_assessments"]["provenance"])
    paths = [str(read["path"]).rpartition("/")[2] for read in rows(provenance["requests"])]
    assert provenance["principal"] == stack.connector()["client_id"]
    assert sorted(paths) == ["assessmentMetadata", "assessments"]


def test_a_disconnected_connection_keeps_its_evidence(stack: Stack, connect: Connect) -> None:
    """After DELETE the connection is gone, its evidence is not; the subscription can be connected again."""
    connection = connect("production")
    synced(stack.api, connection)

    assert stack.api.call("DELETE", f"/connections/{connection['id']}").status == 204
    assert stack.api.call("GET", f"/connections/{connection['id']}").status == 404
    assert len(evidence(stack.api, connection)) == 5
    assert connect("production")["id"] != connection["id"]


def test_a_purge_removes_the_evidence(stack: Stack, connect: Connect) -> None:
    """With purge_evidence the evidence is gone too."""
    connection = connect("production")
    synced(stack.api, connection)

    stack.api.call("DELETE", f"/connections/{connection['id']}?purge_evidence=true")

    assert stack.api.call("GET", f"/evidence?connection_id={connection['id']}").status == 404


def test_times_are_utc_with_z(stack: Stack, connect: Connect) -> None:
    """Every time of a run is RFC 3339 in UTC."""
    run = synced(stack.api, connect("production"))

    times = [str(run[name]) for name in ("queued_at", "started_at", "finished_at")]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", at) for at in times)
