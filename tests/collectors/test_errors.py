"""The tree of errors: what everybody is told who meets one."""

import pytest

from collectors.errors import (
    CollectionError,
    PageLoop,
    ReadRefused,
    ResourceAbsent,
    ServiceUnavailable,
    UnexpectedAnswer,
)


@pytest.mark.parametrize(
    "kind", [PageLoop, ReadRefused, ResourceAbsent, ServiceUnavailable, UnexpectedAnswer]
)
def test_nobody_is_left_without_advice(kind: type[CollectionError]) -> None:
    """An error that is raised without advice of its own has one all the same."""
    assert kind("It broke.").advice
