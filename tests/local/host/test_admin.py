"""Timer and queue functions can be run by hand, with the key only."""

import json
from collections.abc import Iterator

import pytest

from local.host.launch import HostProcess
from tests.local.host.calls import call, until, with_key, write_app

_APP = """
import logging

app = func.FunctionApp()

@app.timer_trigger(arg_name="timer", schedule="0 0 3 1 1 *")
def tick(timer: func.TimerRequest) -> None:
    logging.info("ticked %s", timer.past_due)

@app.queue_trigger(arg_name="msg", queue_name="jobs", connection="AzureWebJobsStorage")
async def work(msg: func.QueueMessage) -> None:
    logging.info("worked %s %s %s", msg.get_body(), msg.dequeue_count, msg.id)

@app.route(route="x")
def page(req: func.HttpRequest) -> str:
    return "x"
"""
# Nothing listens on port 1: the host must live without its storage.
_NO_STORAGE = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:1/a;"
)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """Run the app above while its storage is away."""
    app = write_app(tmp_path_factory.mktemp("app"), _APP)
    with HostProcess(app, environment={"AzureWebJobsStorage": _NO_STORAGE}) as running:
        yield running


def _run(host: HostProcess, name: str, body: bytes = b'{"input": ""}') -> int:
    path = f"/admin/functions/{name}"
    return call(host, path, method="POST", headers=with_key(host), body=body).status


def test_timer_runs_by_hand(host: HostProcess) -> None:
    """A timer is accepted under its name in any case, and runs as not past due."""
    assert _run(host, "TICK") == 202
    assert until(lambda: "ticked False" in host.output)


def test_queue_function_runs_by_hand(host: HostProcess) -> None:
    """The input is the body of a message in its first attempt."""
    assert _run(host, "work", b'{"input": "hello"}') == 202
    assert until(lambda: "worked b'hello' 1 " in host.output)


def test_message_keys_override_its_metadata(host: HostProcess) -> None:
    """As in the real host, keys of a JSON message replace metadata of that name, whatever the case."""
    message = json.dumps({"ID": "own id", "dequeueCount": 9})

    assert _run(host, "work", json.dumps({"input": message}).encode()) == 202
    assert until(lambda: " 9 own id" in host.output)


def test_unknown_function_is_not_found(host: HostProcess) -> None:
    """A name that no function has is 404."""
    assert _run(host, "none") == 404


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"input": 1}', b"\xff"])
def test_malformed_body_is_refused(host: HostProcess, body: bytes) -> None:
    """A body that is no JSON with a text as input is 400."""
    assert _run(host, "tick", body) == 400


def test_http_function_is_called_by_its_route(host: HostProcess) -> None:
    """An HTTP function has a route of its own for this."""
    assert _run(host, "page") == 400


@pytest.mark.parametrize("headers", [{}, {"x-functions-key": "wrong"}])
def test_key_is_needed(host: HostProcess, headers: dict[str, str]) -> None:
    """Without the key nothing is run."""
    answer = call(host, "/admin/functions/tick", method="POST", headers=headers, body=b"{}")

    assert (answer.status, answer.body) == (401, b"")


def test_absent_storage_is_told_once(host: HostProcess) -> None:
    """A queue that cannot be read is one warning, and everything else works on."""
    assert until(lambda: "Queue jobs cannot be read" in host.output)
    assert (host.output.count("Queue jobs cannot be read"), host.exit_code) == (1, None)
