"""The whole app on this machine: Azurite, the simulated Azure, and the host that runs function_app.py."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.api_client import Json
from local.stack import Stack

QUICK = {
    "SYNC_LEASE_S": "3",
    "READ_PATIENCE_S": "5",
    "READ_TIMEOUT_S": "5",
    # Far away: no timer fires by itself while a test runs.
    "DAILY_SCHEDULE": "0 0 0 1 1 *",
    "HOURLY_SCHEDULE": "0 0 0 1 1 *",
}

type Connect = Callable[..., Json]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The three processes, for one module's tests."""
    with Stack("small", tmp_path_factory.mktemp("stack"), settings=QUICK) as running:
        yield running


@pytest.fixture
def connect(stack: Stack) -> Iterator[Connect]:
    """Connect one subscription by name, for Defender alone; it is disconnected and purged after the test."""
    made: list[str] = []

    def connect_one(name: str, *, sync_now: bool = False, **more: object) -> Json:
        reply = stack.api.call(
            "POST",
            "/connections",
            {
                "name": name,
                "auth": stack.connector(),
                "subscription_ids": [stack.subscription_id(name)],
                "sync_now": sync_now,
                "services": ["defender"],
                **more,
            },
        )
        connections = reply.document["connections"]
        assert isinstance(connections, list)
        connection = connections[0]
        assert isinstance(connection, dict)
        made.append(str(connection["id"]))
        return connection

    yield connect_one
    stack.azure.control({"operation": "clear_faults"})
    for connection_id in made:
        stack.api.call("DELETE", f"/connections/{connection_id}?purge_evidence=true")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A folder for a stack of a test's own."""
    return tmp_path
