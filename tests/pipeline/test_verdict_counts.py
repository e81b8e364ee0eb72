"""Verdict counts add up, and adding changes nothing that was added."""

from pipeline.model import VerdictCounts
from pipeline.verdict_counts import total, total_by_check


def test_counts_add_up_without_touching_their_parts() -> None:
    """They are counted again at the next reading."""
    one = VerdictCounts(failed=1)

    assert VerdictCounts(failed=2) == total([one, one])
    assert one == VerdictCounts(failed=1)


def test_nothing_adds_up_to_none() -> None:
    """Of no counts at all."""
    assert VerdictCounts() == total([])
    assert total_by_check([]) == {}


def test_each_check_adds_up_apart() -> None:
    """Also one that only some of them count."""
    passed, unknown = VerdictCounts(passed=1), VerdictCounts(unknown=2)

    assert total_by_check([{"a": passed, "b": unknown}, {"a": unknown}]) == {
        "a": VerdictCounts(passed=1, unknown=2),
        "b": unknown,
    }
