"""The host starts with a readable word, serves on the port it is given, and stops cleanly."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.host.launch import HostProcess, HostStartError
from tests.local.host.calls import Answer, call, until, write_app

_APP = """
import asyncio, os, time

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="settings/{name}")
def settings(req: func.HttpRequest) -> str:
    return os.environ.get(req.route_params["name"], "")

@app.route(route="cwd")
def cwd(req: func.HttpRequest) -> str:
    return os.getcwd()

@app.route(route="slow")
async def slow(req: func.HttpRequest) -> str:
    print("slow began", flush=True)
    await asyncio.sleep(1)
    return "done"

@app.route(route="stuck")
def stuck(req: func.HttpRequest) -> str:
    print("stuck began", flush=True)
    time.sleep(60)
    return "never"
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """Write the app above."""
    return write_app(tmp_path / "app", _APP)


def _in_background(host: HostProcess, path: str, answers: list[Answer]) -> threading.Thread:
    def run() -> None:
        answers.append(call(host, path))

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def _connected(host: HostProcess) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(host.base_url).port or 0))


def test_running_invocation_is_finished_before_the_stop(app: Path) -> None:
    """A request that runs when the stop comes still gets its answer; new ones do not get in."""
    answers: list[Answer] = []
    with HostProcess(app) as host:
        thread = _in_background(host, "/api/slow", answers)
        assert until(lambda: "slow began" in host.output)
        host.begin_stop()
        assert until(lambda: "Stopping" in host.output)
        with pytest.raises(ConnectionRefusedError):
            call(host, "/api/cwd")
        thread.join()
        exit_code = host.stop()

        assert ([answer.text for answer in answers], exit_code) == (["done"], 0)
        assert "Traceback" not in host.output


def test_stuck_invocation_does_not_hold_up_the_stop(app: Path) -> None:
    """A synchronous function that goes on is left behind after ten seconds."""
    with HostProcess(app) as host, _connected(host) as connection:
        connection.sendall(b"GET /api/stuck HTTP/1.1\r\nHost: x\r\n\r\n")
        assert until(lambda: "stuck began" in host.output)
        started = time.monotonic()
        exit_code = host.stop()

        assert exit_code == 0
        assert 9 < time.monotonic() - started < 18
        assert "Traceback" not in host.output


def test_idle_host_stops_at_once(app: Path) -> None:
    """Without anything running the stop takes no time and leaves no traceback."""
    with HostProcess(app) as host:
        started = time.monotonic()

        assert host.stop() == 0
        assert time.monotonic() - started < 5
        assert "Traceback" not in host.output


def test_second_signal_does_not_cut_the_stop_short(app: Path) -> None:
    """However often it is told to stop, the host ends with exit code 0."""
    with HostProcess(app) as host:
        while host.exit_code is None:
            host.begin_stop()
            time.sleep(0.002)

        assert host.exit_code == 0
        assert "Traceback" not in host.output


def test_app_runs_in_its_own_folder(app: Path) -> None:
    """As in Azure the current folder is that of the app."""
    with HostProcess(app) as host:
        assert call(host, "/api/cwd").text == str(app)


def test_settings_reach_the_app(app: Path) -> None:
    """The file is obeyed, the environment wins over it, and over that the certificates of the file."""
    values = {"FROM_FILE": "file", "FROM_BOTH": "file", "SSL_CERT_FILE": "private.pem"}
    (app / "local.settings.json").write_text(json.dumps({"Values": values}))
    environment = {"FROM_BOTH": "environment", "SSL_CERT_FILE": "machine.pem"}
    with HostProcess(app, environment=environment) as host:
        found = {name: call(host, f"/api/settings/{name}").text for name in values}

    assert found == {"FROM_FILE": "file", "FROM_BOTH": "environment", "SSL_CERT_FILE": "private.pem"}


def test_taken_port_is_one_message(app: Path) -> None:
    """A port that another process listens on ends the start with exit code 1 and the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(HostStartError) as refused:
        HostProcess(app, arguments=["--port", str(taken.getsockname()[1])])

    assert refused.value.exit_code == 1
    assert "choose another with --port" in refused.value.output
    assert "Traceback" not in refused.value.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--app", "no-such-folder"], "is no folder"),
        (["--settings", "no-such-file.json"], "cannot be read"),
        (["--port", "70000"], "must be 0 to 65535"),
        (["--queue-lease-s", "0"], "must be 1 to 604800"),
        (["--key", ""], "must not be empty"),
    ],
)
def test_wrong_command_line_is_refused(app: Path, arguments: list[str], message: str) -> None:
    """What the command line gets wrong is said in one message."""
    with pytest.raises(HostStartError, match=message) as refused:
        HostProcess(app, arguments=arguments)

    assert "Traceback" not in refused.value.output


def test_given_key_is_not_printed(app: Path) -> None:
    """Who gives a key knows it; it stands in no output."""
    with HostProcess(app) as host:
        assert host.key not in host.output


def test_generated_key_is_printed_once(app: Path, tmp_path: Path) -> None:
    """Without --key a new one is printed at the start, beside the functions and the base URL."""
    output = tmp_path / "output"
    command = [sys.executable, "-m", "local.host", "--app", str(app), "--port", "0"]
    with output.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as host:
        try:
            assert until(lambda: "Listening on http://127.0.0.1:" in output.read_text())
        finally:
            host.terminate()
    printed = output.read_text()

    (line,) = [line for line in printed.splitlines() if line.startswith("Function key")]
    key = line.split()[-1]
    assert (len(key) >= 40, printed.count(key)) == (True, 1)
    assert "  slow: [any method] http://127.0.0.1:" in printed
    assert not [path for path in app.rglob("*") if path.is_file() and key in path.read_text(errors="replace")]


def test_interrupt_stops_cleanly(app: Path) -> None:
    """Ctrl+C is a clean stop too."""
    with HostProcess(app) as host:
        os.kill(host.process_id, signal.SIGINT)

        assert until(lambda: host.exit_code == 0)
        assert "Traceback" not in host.output
