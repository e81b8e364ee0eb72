"""What the app roles let a caller do."""

import pytest

from pipeline.callers.caller import MANAGE, READ, lacking_role

OWN = "Auditor"


@pytest.mark.parametrize("required", [None, READ])
@pytest.mark.parametrize(
    ("roles", "changes", "lacking"),
    [
        ((READ,), False, None),
        ((READ,), True, MANAGE),
        ((MANAGE,), False, None),
        ((MANAGE,), True, None),
        ((READ, MANAGE), True, None),
        ((), False, READ),
        ((), True, MANAGE),
        (("evidence.read",), False, READ),
        ((OWN,), False, READ),
    ],
)
def test_the_two_roles(
    required: str | None, roles: tuple[str, ...], lacking: str | None, *, changes: bool
) -> None:
    """A reader reads, a manager does everything, anybody else nothing; capitals count."""
    assert lacking_role(roles, changes=changes, required=required) == lacking


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("required", [MANAGE, OWN])
def test_a_required_role(required: str, *, changes: bool) -> None:
    """A role that every call needs is needed to read too, and is enough for everything."""
    others = tuple({READ, MANAGE, OWN} - {required})

    assert lacking_role((required,), changes=changes, required=required) is None
    assert lacking_role(others, changes=changes, required=required) == required
