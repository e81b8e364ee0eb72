"""The storage that hosts under test run on."""

from collections.abc import Iterator

import pytest

from local.azurite import Azurite


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Run one Azurite in memory for all tests of the host."""
    with Azurite() as running:
        yield running
