"""Fixtures of the tests of callers."""

from collections.abc import AsyncIterator

import pytest

from local.azure import SimulatedAzure
from tests.pipeline.callers.token_rig import TokenRig, token_rig


@pytest.fixture
async def rig(azure: SimulatedAzure) -> AsyncIterator[TokenRig]:
    """A check of tokens against a simulated Entra."""
    async with token_rig(azure) as made:
        yield made
