"""When a promise counts as broken, and how that is shown."""

import pytest

from benchmarks.figures import Figure, markdown, table


@pytest.mark.parametrize(
    ("ratio", "limit", "judged", "verdict"),
    [
        (1.3, 1.3, True, "met"),
        (1.31, 1.3, True, "MISSED"),
        (1.31, 1.3, False, "not judged"),
        (None, None, True, "-"),
    ],
)
def test_a_figure_says_whether_its_promise_held(
    ratio: float | None, limit: float | None, *, judged: bool, verdict: str
) -> None:
    """Up to the limit it did; a self-check does not say."""
    figure = Figure("import", "1 s", ratio, limit, judged=judged)

    assert (figure.verdict, figure.missed) == (verdict, verdict == "MISSED")


def test_the_table_has_a_line_for_each_figure() -> None:
    """With value, ratio, limit and verdict in columns."""
    shown = table([Figure("import", "1 s", 1.0, 1.3), Figure("floor", "20 s")])

    assert shown.splitlines()[1:] == ["import  1 s    1.00   1.30   met", "floor   20 s                 -"]


def test_the_kept_page_says_how_to_measure_again() -> None:
    """With the day, the machine and the command."""
    page = markdown([Figure("floor", "20 s")], machine="2 cores", day="2026-01-02", command="make bench")

    assert "2026-01-02, 2 cores, `make bench`:" in page.splitlines()
