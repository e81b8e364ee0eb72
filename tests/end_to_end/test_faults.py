"""What goes wrong between us and Azure: each fault ends in the right run, and then every row is right."""

import pytest

from local.api_client import Json
from local.stack import Stack
from tests.end_to_end.conftest import Connect
from tests.end_to_end.reading import evidence, findings, row, synced, truth

ASSESSMENTS = "*/providers/Microsoft.Security/assessments"
ALERTS = "*/providers/Microsoft.Security/alerts"

PASSING: dict[str, Json] = {
    "throttled with seconds": {"kind": "throttle", "retry_after_s": 1, "count": 2},
    "throttled until a date": {"kind": "throttle", "retry_after_s": 1, "retry_after_as_date": True},
    "a burst of 500": {"kind": "status", "status": 500, "count": 2},
    "a burst of 503": {"kind": "status", "status": 503, "count": 2},
    "a dropped connection": {"kind": "drop", "count": 2},
    "a slow answer": {"kind": "delay", "delay_s": 1.5},
    "a truncated body": {"kind": "truncate"},
    "a body cut in the middle": {"kind": "cut"},
    "an HTML page": {"kind": "html"},
    "a token that expired on the way": {"kind": "expired_token"},
}
"""Faults that pass by themselves."""

LASTING: dict[str, tuple[Json, str]] = {
    "a page link to a foreign host": ({"kind": "foreign_next_link"}, "read_refused"),
    "a page link in a circle": ({"kind": "looping_next_link", "count": None}, "page_loop"),
    "a redirect": ({"kind": "redirect", "count": None}, "unexpected_answer"),
    "HTML for good": ({"kind": "html", "count": None}, "unexpected_answer"),
    "truncated for good": ({"kind": "truncate", "count": None}, "unexpected_answer"),
    "no permission": ({"kind": "denied", "count": None}, "permission_missing"),
}
"""Faults that trying again does not cure, and what the part says then."""


def _fault(stack: Stack, fault: Json, path: str = ASSESSMENTS) -> None:
    stack.azure.control({"operation": "add_fault", "fault": {**fault, "path": path}})


def _all_rows_are_right(stack: Stack, connection: Json) -> bool:
    """Tell whether every assessment has its one open finding and the counts are the truth."""
    real = truth(stack, "production")
    found = [one for one in findings(stack.api, connection) if "defender_assessment:" in str(one["check_id"])]
    summary = row(evidence(stack.api, connection)["resource_assessments"]["summary"])
    ids = {one["id"] for one in found}
    failing = sum(one["status"] == "fail" for one in found)
    return (
        len(ids) == len(found) == real["total"] == summary["total"]
        and failing == real["unhealthy"] == summary["unhealthy"]
    )


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_leaves_no_trace(stack: Stack, connect: Connect, name: str) -> None:
    """The run succeeds, and every row is right."""
    connection = connect("production")
    _fault(stack, PASSING[name])

    run = synced(stack.api, connection)

    assert run["status"] == "succeeded"
    assert _all_rows_are_right(stack, connection)


@pytest.mark.parametrize("name", LASTING)
def test_a_fault_that_lasts_is_a_gap_of_its_own_size(stack: Stack, connect: Connect, name: str) -> None:
    """The run is partial: that part is unavailable and says why, the others are collected."""
    connection = connect("production")
    fault, code = LASTING[name]
    _fault(stack, fault)

    run = synced(stack.api, connection)

    items = evidence(stack.api, connection)
    assert (run["status"], row(items["resource_assessments"]["problem"])["code"]) == ("partial", code)
    assert items["secure_score"]["status"] == items["security_alerts"]["status"] == "collected"


@pytest.mark.parametrize("name", LASTING)
def test_a_gap_never_replaces_what_was_read_before(stack: Stack, connect: Connect, name: str) -> None:
    """After a good run and a gap, the good item is shown as stale with the gap's reason; nothing closes."""
    connection = connect("production")
    synced(stack.api, connection)
    fault, code = LASTING[name]
    _fault(stack, fault)

    run = synced(stack.api, connection)

    item = evidence(stack.api, connection)["resource_assessments"]
    assert (item["status"], item["freshness"]) == ("collected", "stale")
    assert row(row(item["newest_try"])["problem"])["code"] == code
    assert row(run["changes"])["closed"] == 0
    assert _all_rows_are_right(stack, connection)


def test_the_run_after_a_gap_is_whole_again(stack: Stack, connect: Connect) -> None:
    """Once the fault is gone the next run succeeds and the register is fresh."""
    connection = connect("production")
    _fault(stack, {"kind": "denied", "count": None})
    synced(stack.api, connection)
    stack.azure.control({"operation": "clear_faults"})

    run = synced(stack.api, connection)

    assert run["status"] == "succeeded"
    assert {item["freshness"] for item in evidence(stack.api, connection).values()} == {"fresh"}
    assert not findings(stack.api, connection, "&status=unknown")


def test_a_failing_service_fails_the_run_after_five_attempts(stack: Stack, connect: Connect) -> None:
    """A service that answers 503 throughout: five attempts, then `failed` with the reason, nothing lost."""
    connection = connect("production")
    synced(stack.api, connection)
    _fault(stack, {"kind": "status", "status": 503, "count": None}, ALERTS)

    run = synced(stack.api, connection, timeout_s=180)

    assert (run["status"], run["attempt"], row(run["problem"])["code"]) == ("failed", 5, "attempts_spent")
    assert evidence(stack.api, connection)["security_alerts"]["freshness"] == "stale"
    assert _all_rows_are_right(stack, connection)


def test_a_retried_run_does_not_read_again_what_it_has(stack: Stack, connect: Connect) -> None:
    """An attempt that fails on alerts leaves the assessments read: the next attempt asks only for alerts."""
    connection = connect("production")
    # Every try of the first attempt meets the fault, no try of the second.
    _fault(stack, {"kind": "status", "status": 503, "count": 4}, ALERTS)
    stack.azure.requests(reset=True)

    run = synced(stack.api, connection)

    pages = [one for one in stack.azure.requests() if str(one["path"]).endswith("/assessments")]
    assert (run["status"], run["attempt"], len(pages)) == ("succeeded", 2, 1)


@pytest.mark.parametrize("kind", ["foreign_next_link", "redirect"])
def test_no_token_leaves_for_another_host(stack: Stack, connect: Connect, kind: str) -> None:
    """A link or redirect to another simulated host is not followed: no request with a token arrives there."""
    connection = connect("production")
    elsewhere = stack.azure.url.replace("127.0.0.1", "localhost")
    _fault(stack, {"kind": kind, "count": None, "location": f"{elsewhere}/steal"})
    stack.azure.requests(reset=True)

    synced(stack.api, connection)

    assert not [one for one in stack.azure.requests() if one["path"] == "/steal"]
