"""The controls of Defender's recommendations through HTTP: those the subscription's own compliance names."""

from collections import Counter

import pytest

from local.api_client import Json
from local.stack import Stack
from tests.end_to_end.conftest import Connect
from tests.end_to_end.reading import evidence, findings, row, rows, synced

MCSB = "mcsb_v1"
MOVED, PUBLISHED_UNDER, MOVED_TO = "78211c00-15a9-336e-17c4-0b48613dadf4", "DP-8", "BR-3"
NEW, NEW_UNDER = "6c2f91d4-7be0-4a35-9d18-e20b7f4c5a63", "NS-9"
DROPPED, DROPPED_UNDER = "35f45c95-27cf-4e52-891f-8390d1de5828", "AM-5"
STANDARDS = "*/regulatoryComplianceStandards"
BELOW_A_CONTROL = "*/regulatoryComplianceAssessments"
REFUSED = {"kind": "denied", "count": None}


def of(stack: Stack, connection: Json, key: str) -> list[Json]:
    """The findings of a recommendation."""
    return findings(stack.api, connection, f"&check_id=defender_assessment:{key}")


def states(stack: Stack, connection: Json) -> dict[str, Json]:
    """The benchmark's controls as a connection has them, by id."""
    path = f"/frameworks/{MCSB}/controls?connection_id={connection['id']}&limit=1000"
    return {str(one["id"]): one for one in stack.api.items(path)}


def named(found: list[Json]) -> set[str]:
    """What findings say of their controls, and who names them."""
    return {f"{row(one['controls']).get(MCSB)} {one['controls_source']}" for one in found}


def test_findings_have_the_controls_of_the_live_compliance(stack: Stack, connect: Connect) -> None:
    """A recommendation that moved, one that nobody published, and one that the compliance does not name."""
    connection = connect("production")
    synced(stack.api, connection)

    found = {key: of(stack, connection, key) for key in (MOVED, NEW, DROPPED)}
    assert {key: named(several) for key, several in found.items()} == {
        MOVED: {f"['{MOVED_TO}'] live"},
        NEW: {f"['{NEW_UNDER}'] live"},
        DROPPED: {f"['{DROPPED_UNDER}'] catalogue"},
    }
    by_control = findings(stack.api, connection, f"&framework={MCSB}&control={NEW_UNDER}")
    assert {one["id"] for one in by_control} == {one["id"] for one in found[NEW]}


def test_control_states_count_by_the_live_compliance(stack: Stack, connect: Connect) -> None:
    """A control that no check supports has the verdicts of the recommendation that is new."""
    connection = connect("production")
    synced(stack.api, connection)

    control = states(stack, connection)[NEW_UNDER]
    expected = Counter(str(one["status"]) for one in of(stack, connection, NEW))
    counted = {status: number for status, number in row(control["verdicts"]).items() if number}
    assert counted == expected
    assert control["checks"] == [f"defender_assessment:{NEW}"]


def test_the_evidence_shows_what_was_read(stack: Stack, connect: Connect) -> None:
    """The item has the controls of every recommendation that is named, and the requests that told."""
    connection = connect("production")
    synced(stack.api, connection)

    item = evidence(stack.api, connection)["regulatory_compliance"]
    summary = row(item["summary"])
    assert (summary["controls_source"], row(summary["recommendation_controls"])[MOVED]) == (
        "live",
        [MOVED_TO],
    )
    asked = [str(one["path"]).rpartition("/")[2] for one in rows(row(item["provenance"])["requests"])]
    assert asked.count("regulatoryComplianceAssessments") > 20


@pytest.mark.parametrize(
    ("path", "item_status"), [(BELOW_A_CONTROL, "collected"), (STANDARDS, "unavailable")]
)
def test_where_the_compliance_is_refused_the_published_controls_hold(
    stack: Stack, connect: Connect, path: str, item_status: str
) -> None:
    """The run says what was refused; findings and states are there, under the published controls."""
    connection = connect("production")
    stack.azure.control({"operation": "add_fault", "fault": {**REFUSED, "path": path}})
    run = synced(stack.api, connection)

    item = evidence(stack.api, connection)["regulatory_compliance"]
    assert (run["status"], item["status"]) == ("partial", item_status)
    assert row(item["summary"]).get("controls_source", "catalogue") == "catalogue"
    assert named(of(stack, connection, MOVED)) == {f"['{PUBLISHED_UNDER}'] catalogue"}
    assert states(stack, connection)[NEW_UNDER]["state"] == "manual"
