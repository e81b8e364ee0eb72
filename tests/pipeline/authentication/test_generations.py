"""Names of a secret that is replaced at each use."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pipeline.authentication.generations import root_of, successor

FIRST = "connection-credential-7b0c2f6e-3a44-4a1d-9f5e-0d6e3c1f2a90"
VAULT_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")


def names_up_to(number: int) -> list[str]:
    """Give a first name and so many generations after it."""
    names = [FIRST]
    for _ in range(number):
        names.append(successor(names[-1]))
    return names


@given(st.integers(0, 40))
def test_every_generation_has_a_name_of_its_own(number: int) -> None:
    """And all of them the same root, as a vault takes it."""
    names = names_up_to(number)

    assert len(set(names)) == len(names)
    assert {root_of(name) for name in names} == {FIRST}
    assert all(VAULT_NAME.fullmatch(name) for name in names)


@given(st.integers(0, 40))
def test_no_name_comes_back(number: int) -> None:
    """Two tries after the same generation have different names."""
    last = names_up_to(number)[-1]

    assert successor(last) != successor(last)


def test_the_number_tells_the_order() -> None:
    """People who look into the vault see which one is newer."""
    assert names_up_to(2)[2].startswith(f"{FIRST}-r2-")
