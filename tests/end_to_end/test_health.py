"""The health details, part by part: one thing stopped at a time, on the whole app."""

import time
import urllib.request
from pathlib import Path

import pytest

from local.api_client import ApiClient, Json
from local.host.launch import HostProcess
from local.stack import REPOSITORY, Stack
from pipeline.triggers.surface import FUNCTIONS, TIMERS
from tests.end_to_end.conftest import QUICK, Connect
from tests.end_to_end.reading import row, synced

PARTS = ["tables", "queue", "key_vault", "entra", "resource_manager"]
STOPPED = {
    "key_vault": "/secrets/*",
    "entra": "*/.well-known/openid-configuration",
    "resource_manager": "/subscriptions",
}


def _details(stack: Stack) -> Json:
    return stack.api.call("GET", "/health/details").document


def _failed(details: Json) -> list[str]:
    parts = details["parts"]
    assert isinstance(parts, list)
    assert [row(part)["name"] for part in parts] == PARTS
    return [str(row(part)["name"]) for part in parts if row(part)["status"] == "failed"]


def _fire(stack: Stack, function: str) -> None:
    request = urllib.request.Request(
        f"{stack.host.base_url}/admin/functions/{function}",
        data=b'{"input": ""}',
        headers={"x-functions-key": stack.host.key, "content-type": "application/json"},
        method="POST",
    )
    urllib.request.urlopen(request, timeout=30).close()


def _timers(stack: Stack) -> dict[str, Json]:
    timers = _details(stack)["timers"]
    assert isinstance(timers, list)
    return {str(row(timer)["name"]): row(timer) for timer in timers}


def test_all_is_well(stack: Stack) -> None:
    """Every part is tried, and every function is named."""
    details = _details(stack)

    assert (details["status"], _failed(details)) == ("ok", [])
    assert details["functions"] == list(FUNCTIONS)


@pytest.mark.parametrize("part", STOPPED)
def test_one_part_fails_alone(stack: Stack, part: str) -> None:
    """The others still show as they are; only what the app itself needs is told to anybody."""
    stack.azure.control(
        {
            "operation": "add_fault",
            "fault": {"kind": "status", "status": 503, "path": STOPPED[part], "count": None},
        }
    )
    try:
        details = _details(stack)
    finally:
        stack.azure.control({"operation": "clear_faults"})

    assert (details["status"], _failed(details)) == ("degraded", [part])


def test_a_timer_that_ran_shows(stack: Stack) -> None:
    """With its time; one that never ran has none, and none is late yet."""
    _fire(stack, "plan_hourly_syncs")
    deadline = time.monotonic() + 20
    while not _timers(stack)["plan_hourly_syncs"]["last_run_at"] and time.monotonic() < deadline:
        time.sleep(0.2)

    timers = _timers(stack)
    assert tuple(timers) == TIMERS
    assert timers["plan_hourly_syncs"]["last_run_at"]
    assert timers["plan_daily_syncs"]["last_run_at"] is None
    assert not any(timer["late"] for timer in timers.values())


def test_connections_are_counted(stack: Stack, connect: Connect) -> None:
    """Fresh evidence is not stale."""
    synced(stack.api, connect("production"))

    assert _details(stack)["connections"] == {"total": 1, "stale": 0, "attention": 0, "at_least": False}


@pytest.mark.parametrize(("part", "endpoint"), [("tables", "TableEndpoint"), ("queue", "QueueEndpoint")])
def test_one_storage_service_fails_alone(stack: Stack, state: Path, part: str, endpoint: str) -> None:
    """Behind a firewall, or without its private endpoint: the two services of one account are told apart."""
    whole = stack.azurite.connection_string
    dead = f"{endpoint}=http://127.0.0.1:9/devstoreaccount1"
    broken = ";".join(dead if pair.startswith(endpoint) else pair for pair in whole.split(";"))
    of_host, of_evidence = (whole, broken) if part == "tables" else (broken, whole)
    storage = {"AzureWebJobsStorage": of_host, "EVIDENCE_STORAGE": of_evidence}
    environment = {**stack.azure.settings, **storage, **QUICK}
    with HostProcess(REPOSITORY, environment=environment, arguments=("--state", str(state))) as host:
        api = ApiClient(host.base_url, host.key)
        details = api.call("GET", "/health/details").document

        assert (details["status"], _failed(details)) == ("degraded", [part])
        assert api.call("GET", "/health").document == {"status": "degraded"}
