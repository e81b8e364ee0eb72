"""A tick that planned a connection twice, or not at all, is told."""

import pytest

from benchmarks.planned import wrong

KNOWN = {"a", "b"}
RUNS = [("a", "1"), ("b", "2")]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (RUNS, 0),
        (RUNS[:1], 2),
        ([*RUNS, ("a", "1")], 1),
        ([("a", "1"), ("b", "3")], 2),
        ([*RUNS, ("c", "4")], 2),
    ],
    ids=["each once", "missing", "twice", "another run", "of no connection"],
)
def test_what_is_not_exactly_one_of_each_is_wrong(found: list[tuple[str, str]], told: int) -> None:
    """Of runs, slots and messages alike; each must be of the run that the row names."""
    assert wrong(KNOWN, RUNS, found) == told
