"""Fixtures of the HTTP tests."""

import pytest

from tests.pipeline.triggers.memory_services import MemoryServices


@pytest.fixture
def services() -> MemoryServices:
    """Give a flow that answers from memory."""
    return MemoryServices()
