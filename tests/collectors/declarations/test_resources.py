"""Values as Azure answered them: what is of another type than expected is nothing, and never an error."""

import pytest

from collectors.contract import JsonValue
from collectors.declarations.resources import Resource


@pytest.mark.parametrize(
    ("given", "expected"),
    [(7, 7), (1.5, 1.5), ("30", 30), ("nan", None), ("1e999", None), (True, None), ("x", None), ([], None)],
)
def test_a_number_is_finite(given: JsonValue, expected: float | None) -> None:
    """Words that Python takes for numbers are none."""
    assert Resource({"n": given}).number("n") == expected


@pytest.mark.parametrize("given", [2**63 - 1, -(2**63), "2024-13-01", "x", 1.5, True, "0001-01-01T00:00:00Z"])
def test_a_time_outside_the_calendar_is_none(given: JsonValue) -> None:
    """Seconds that no year holds, months that no year has, and the word for never."""
    assert Resource({"t": given}).moment("t") is None
