"""Timers, duplicates and two hosts: one run per slot, one attempt at a time, a queued run of nobody ends."""

import base64
import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

from local.api_client import ApiClient, Json
from local.host.launch import HostProcess
from local.stack import REPOSITORY, Stack
from tests.end_to_end.conftest import QUICK, Connect
from tests.end_to_end.reading import evidence, row, synced

ASSESSMENTS = "*/providers/Microsoft.Security/assessments"


@pytest.fixture(scope="module")
def second_host(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiClient]:
    """Another instance of the app on the same storage."""
    environment = {
        **stack.azure.settings,
        "AzureWebJobsStorage": stack.azurite.connection_string,
        **QUICK,
    }
    folder = tmp_path_factory.mktemp("second")
    with HostProcess(REPOSITORY, environment=environment, arguments=("--state", str(folder))) as host:
        yield ApiClient(host.base_url, host.key)


def _fire(stack: Stack, function: str) -> None:
    """Run a timer function by hand, as the host's admin endpoint does."""
    request = urllib.request.Request(
        f"{stack.host.base_url}/admin/functions/{function}",
        data=b'{"input": ""}',
        headers={"x-functions-key": stack.host.key, "content-type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 202


def _runs(stack: Stack, connection: Json) -> list[Json]:
    return list(stack.api.items(f"/connections/{connection['id']}/sync-runs"))


def _wait_until_all_ended(stack: Stack, connection: Json, count: int = 1) -> list[Json]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        runs = _runs(stack, connection)
        if len(runs) >= count and all(run["finished_at"] for run in runs):
            return runs
        time.sleep(0.2)
    raise TimeoutError


def _send(stack: Stack, message: Json) -> None:
    with QueueClient.from_connection_string(stack.azurite.connection_string, "sync-runs") as queue:
        queue.send_message(base64.b64encode(json.dumps(message).encode()).decode())


def _poison(stack: Stack) -> str:
    """Give what lies in the poison queue; it only comes to exist with the first poison message."""
    with QueueClient.from_connection_string(stack.azurite.connection_string, "sync-runs-poison") as queue:
        try:
            return " ".join(message.content for message in queue.peek_messages(32))
        except ResourceNotFoundError:
            return ""


@pytest.mark.parametrize("frequency", ["daily", "hourly"])
def test_a_slot_is_served_once_however_often_the_timer_fires(
    stack: Stack, connect: Connect, frequency: str
) -> None:
    """Five firings of its timer give a connection one run of that trigger."""
    connection = connect("production", frequency=frequency)

    for _ in range(5):
        _fire(stack, f"plan_{frequency}_syncs")
        _wait_until_all_ended(stack, connection)

    assert [run["trigger"] for run in _runs(stack, connection)] == [frequency]


def test_a_timer_leaves_the_other_frequency_alone(stack: Stack, connect: Connect) -> None:
    """The hourly timer plans nothing for a daily connection, and next_sync_at says when it is due."""
    connection = connect("production", frequency="daily")

    _fire(stack, "plan_hourly_syncs")
    time.sleep(1)

    assert _runs(stack, connection) == []
    assert connection["next_sync_at"]


def test_a_paused_connection_is_left_alone(stack: Stack, connect: Connect) -> None:
    """No timer syncs it, and it is due at no time."""
    connection = connect("production", frequency="hourly")
    paused = stack.api.call("PATCH", f"/connections/{connection['id']}", {"status": "paused"}).document

    _fire(stack, "plan_hourly_syncs")
    time.sleep(1)

    assert (paused["status"], paused["next_sync_at"]) == ("paused", None)
    assert _runs(stack, connection) == []


def test_syncing_now_many_times_makes_one_run(stack: Stack, connect: Connect, second_host: ApiClient) -> None:
    """Twelve simultaneous requests on two instances all name the same run."""
    connection = connect("production")
    stack.azure.control(
        {"operation": "add_fault", "fault": {"kind": "delay", "delay_s": 1, "path": ASSESSMENTS}}
    )
    apis = [stack.api, second_host] * 6

    with ThreadPoolExecutor(12) as pool:
        path = f"/connections/{connection['id']}/sync-runs"
        started = list(pool.map(lambda api: api.call("POST", path).document["id"], apis))

    assert len(set(started)) == 1
    assert len(_wait_until_all_ended(stack, connection)) == 1


def test_two_workers_make_one_attempt(stack: Stack, connect: Connect, second_host: ApiClient) -> None:
    """The same message four times, two instances: one attempt, one set of evidence."""
    connection = connect("production")
    stack.azure.control(
        {"operation": "add_fault", "fault": {"kind": "delay", "delay_s": 2, "path": ASSESSMENTS}}
    )
    run = second_host.call("POST", f"/connections/{connection['id']}/sync-runs").document
    for _ in range(3):
        _send(stack, {"connection_id": connection["id"], "sync_run_id": run["id"]})

    ended = stack.api.wait_for_run(run)

    time.sleep(3)  # the messages that were put back come again and find the run ended
    history = list(stack.api.items(f"/evidence?connection_id={connection['id']}&latest=false"))
    assert (ended["status"], ended["attempt"], len(history)) == ("succeeded", 1, 5)


def test_a_run_of_a_disconnected_connection_ends_quietly(stack: Stack, connect: Connect) -> None:
    """Disconnected while a run is queued: the run is not worked on, nothing fails, no poison."""
    connection = connect("production")
    stack.azure.control(
        {"operation": "add_fault", "fault": {"kind": "delay", "delay_s": 2, "path": ASSESSMENTS}}
    )
    run = stack.api.call("POST", f"/connections/{connection['id']}/sync-runs").document
    stack.api.call("DELETE", f"/connections/{connection['id']}")

    ended = stack.api.wait_for_run(run)

    assert ended["status"] in {"failed", "succeeded"}
    assert str(connection["id"]) not in _poison(stack)


def test_a_message_nobody_understands_harms_no_one(stack: Stack, connect: Connect) -> None:
    """Garbage in the queue ends in the poison queue's handler; syncs go on."""
    _send(stack, {"unknown": "message"})

    connection = connect("production")

    assert synced(stack.api, connection)["status"] == "succeeded"
    assert len(evidence(stack.api, connection)) == 5


def test_the_connection_shows_its_newest_run(stack: Stack, connect: Connect) -> None:
    """last_sync_run is the run that just ended."""
    connection = connect("production")
    run = synced(stack.api, connection)

    shown = row(stack.api.get(f"/connections/{connection['id']}")["last_sync_run"])
    assert (shown["id"], shown["status"]) == (run["id"], "succeeded")
