"""Names of a secret that is replaced at each use."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.authentication.generations import neighbours, root_of, successor

FIRST = "connection-credential-7b0c2f6e-3a44-4a1d-9f5e-0d6e3c1f2a90"


def nth(number: int) -> str:
    """Give a generation."""
    name = FIRST
    for _ in range(number):
        name = successor(name)
    return name


@given(st.integers(0, 40))
def test_every_generation_has_a_name_of_its_own(number: int) -> None:
    """And all of them the same root."""
    names = [nth(one) for one in range(number + 1)]

    assert len(set(names)) == len(names)
    assert {root_of(name) for name in names} == {FIRST}


@given(st.integers(1, 40))
def test_neighbours_hold_what_a_crash_may_leave(number: int) -> None:
    """The one before and the one after."""
    assert neighbours(nth(number)) == (nth(number - 1), nth(number), nth(number + 1))


def test_nothing_is_before_the_first() -> None:
    """The first has one neighbour."""
    assert neighbours(FIRST) == (FIRST, nth(1))
