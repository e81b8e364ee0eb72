"""Azurite starts on ports of its own, and keeps data only where it is told to."""

from pathlib import Path

import pytest
from azure.storage.queue import QueueServiceClient

from local import azurite as azurite_module
from local.azurite import Azurite, AzuriteError


def _queues(azurite: Azurite) -> list[str]:
    with QueueServiceClient.from_connection_string(azurite.connection_string) as service:
        return [queue.name for queue in service.list_queues()]


def test_two_run_side_by_side(azurite: Azurite) -> None:
    """Each Azurite picks ports of its own and knows nothing of the other."""
    with QueueServiceClient.from_connection_string(azurite.connection_string) as service:
        service.create_queue("side-by-side")
    with Azurite() as other:
        assert set(other.ports).isdisjoint(azurite.ports)
        assert _queues(other) == []


def test_data_on_disk_survives_a_stop(tmp_path: Path) -> None:
    """With a location the next one finds what the last one held, under the same address if asked to."""
    with Azurite(tmp_path) as first:
        with QueueServiceClient.from_connection_string(first.connection_string) as service:
            service.create_queue("kept")
        ports = first.ports

    with Azurite(tmp_path, ports=ports) as second:
        assert (_queues(second), second.ports) == (["kept"], ports)


def test_taken_port_is_told(azurite: Azurite) -> None:
    """A start that fails says what Azurite printed."""
    with pytest.raises(AzuriteError, match="did not become ready"):
        Azurite(ports=azurite.ports)


def test_missing_installation_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the npm packages the message says how to get them."""
    monkeypatch.setattr(azurite_module, "_EXECUTABLE", tmp_path / "none")

    with pytest.raises(AzuriteError, match="npm ci"):
        Azurite()
