"""A measured number, what it may be at most, and the table that shows both."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result.

    Args:
        name: what was measured.
        value: as it is read by people, with its unit.
        ratio: to the yardstick it is held against; None for a number that stands for itself.
        limit: what the ratio may be at most; None if nothing was promised.
        judged: whether a missed limit counts; small self-checks measure and judge only what size cannot blur.
    """

    name: str
    value: str
    ratio: float | None = None
    limit: float | None = None
    judged: bool = True

    @property
    def missed(self) -> bool:
        """Whether a promise was broken."""
        return self.judged and self.ratio is not None and self.limit is not None and self.ratio > self.limit

    @property
    def verdict(self) -> str:
        """Whether the promise was kept, in a word."""
        if self.limit is None:
            return "-"
        if not self.judged:
            return "not judged"
        return "MISSED" if self.missed else "met"

    def cells(self) -> tuple[str, str, str, str, str]:
        """Give the line's cells."""
        return self.name, self.value, _number(self.ratio), _number(self.limit), self.verdict


HEADINGS = ("figure", "value", "ratio", "limit", "")


def table(figures: Sequence[Figure]) -> str:
    """Lay figures out for a terminal."""
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def markdown(figures: Sequence[Figure], *, machine: str, day: str, command: str) -> str:
    """Lay figures out for a page that is kept.

    Args:
        machine: what it was measured on.
        day: when.
        command: how to measure it again.
    """
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(figure.cells() for figure in figures)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(["# Measured", "", f"{day}, {machine}, `{command}`:", "", *lines, ""])


def _number(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"
