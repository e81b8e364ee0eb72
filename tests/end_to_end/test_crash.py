"""The host is killed in the middle of a sync: after a restart the run completes, no row twice or lost."""

import time
from pathlib import Path

from local.api_client import Json
from local.stack import Stack
from tests.end_to_end.conftest import QUICK
from tests.end_to_end.reading import evidence, findings, row, truth

ASSESSMENTS = "*/providers/Microsoft.Security/assessments"
TOTAL = 2_000


def _connected(stack: Stack) -> Json:
    """Connect the large subscription; its third page of assessments will not come for a while."""
    stack.azure.control({"operation": "set_pages", "assessments": 400})
    hold = {"kind": "delay", "delay_s": 600, "path": ASSESSMENTS, "skip": 3, "count": 1}
    stack.azure.control({"operation": "add_fault", "fault": hold})
    body = {
        "name": "large",
        "auth": stack.connector(),
        "subscription_ids": [stack.subscription_id("large")],
        "services": ["defender"],
    }
    connections = stack.api.call("POST", "/connections", body).document["connections"]
    assert isinstance(connections, list)
    return row(connections[0])


def _wait_for_requests(stack: Stack, count: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        asked = [one for one in stack.azure.requests() if str(one["path"]).endswith("/assessments")]
        if len(asked) >= count:
            return
        time.sleep(0.1)
    raise TimeoutError


def test_a_killed_host_loses_and_doubles_nothing(state: Path) -> None:
    """Kill -9 half-way: the restarted host ends the same run, with one finding per assessment."""
    settings = {**QUICK, "READ_TIMEOUT_S": "600"}
    stack = Stack("large", state, settings=settings, arguments=("--queue-lease-s", "4"), assessments=TOTAL)
    with stack:
        connection = _connected(stack)
        _wait_for_requests(stack, 3)  # setup's first page and two of the sync; the third is held back
        time.sleep(0.5)  # rows of the pages read are being written
        stack.host.kill()
        stack.azure.control({"operation": "clear_faults"})
        stack.start_host()

        run = stack.api.wait_for_run(row(connection["last_sync_run"]), timeout_s=60)

        found = findings(stack.api, connection)
        ids = [one["id"] for one in found if "defender_assessment:" in str(one["check_id"])]
        assert (run["status"], run["attempt"]) == ("succeeded", 2)
        assert len(ids) == len(set(ids)) == truth(stack, "large")["total"] == TOTAL
        assert row(evidence(stack.api, connection)["resource_assessments"]["summary"])["total"] == TOTAL
