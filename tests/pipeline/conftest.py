"""A simulated Azure, a storage, and the app between them."""

from collections.abc import AsyncIterator, Iterator

import pytest

from local.azure import SimulatedAzure
from local.azurite import Azurite
from tests.pipeline.app import App, running
from tests.pipeline.sync_rig import Rig, rigged


@pytest.fixture(scope="session")
def storage() -> Iterator[str]:
    """The connection string of an Azurite that lives as long as the tests."""
    with Azurite() as azurite:
        yield azurite.connection_string


@pytest.fixture
async def azure(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SimulatedAzure]:
    """A simulated Azure of profile small, whose managed identity this process has."""
    async with SimulatedAzure("small") as simulated:
        monkeypatch.setenv("IDENTITY_ENDPOINT", simulated.simulation.identity_endpoint)
        monkeypatch.setenv("IDENTITY_HEADER", simulated.simulation.identity_header)
        yield simulated


@pytest.fixture
async def app(azure: SimulatedAzure, storage: str) -> AsyncIterator[App]:
    """The app, with no connection."""
    async with running(azure, storage) as made:
        yield made


@pytest.fixture
async def rig(storage: str) -> AsyncIterator[Rig]:
    """The storage and sync core, with no connection."""
    async with rigged(storage) as made:
        yield made
