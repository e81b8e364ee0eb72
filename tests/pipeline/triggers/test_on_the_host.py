"""Claims about the API under the worker library that Azure runs: found, routed, keyed, answered."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.host.launch import HostProcess
from tests.local.host.calls import Answer, call, with_key, write_app
from tests.pipeline.triggers.calls import CONNECT

ROOT = Path(__file__).parents[3]
APP = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pipeline.triggers.http_api import blueprint
from tests.pipeline.triggers.memory_services import MemoryServices

app = func.FunctionApp()
app.register_functions(blueprint(MemoryServices()))
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """Run the API on a host of its own."""
    folder = write_app(tmp_path_factory.mktemp("app"), APP)
    with HostProcess(folder) as running:
        yield running


def body_of(answer: Answer) -> dict[str, Any]:
    """Read an answer as JSON."""
    body: dict[str, Any] = json.loads(answer.body)
    return body


def test_health_needs_no_key(host: HostProcess) -> None:
    """Anybody may ask whether the app is well."""
    answer = call(host, "/api/health")

    assert (answer.status, body_of(answer)) == (200, {"status": "ok"})


def test_every_other_route_needs_one(host: HostProcess) -> None:
    """Without a key there is no description either."""
    assert call(host, "/api/openapi.json").status == 401
    assert call(host, "/api/openapi.json", headers=with_key(host)).status == 200


def test_connecting_over_http(host: HostProcess) -> None:
    """A body sent over the wire arrives, and so does the answer."""
    headers = {**with_key(host), "content-type": "application/json", "x-correlation-id": "portal-1"}

    answer = call(host, "/api/connections", method="POST", headers=headers, body=json.dumps(CONNECT).encode())

    assert (answer.status, answer.headers["x-correlation-id"]) == (201, "portal-1")
    assert body_of(answer)["connections"][0]["id"] == "c1"


def test_a_problem_over_http(host: HostProcess) -> None:
    """Media type and members of RFC 9457 survive the host."""
    answer = call(host, "/api/findings?as_of=yesterday", headers=with_key(host))

    assert answer.status == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert body_of(answer)["errors"][0]["field"] == "as_of"


def test_an_answer_without_a_body_over_http(host: HostProcess) -> None:
    """204 is empty."""
    answer = call(host, "/api/connections/c1", method="DELETE", headers=with_key(host))

    assert (answer.status, answer.body) == (204, b"")
