"""Adding up how many verdicts there are of each status. Pure functions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from pipeline.model import VerdictCounts

_STATUSES = VerdictCounts.__struct_fields__


def total(several: Iterable[VerdictCounts]) -> VerdictCounts:
    """Add counts up; gives new ones, and leaves those as they are."""
    every = list(several)
    return VerdictCounts(**{name: sum(getattr(one, name) for one in every) for name in _STATUSES})


def total_by_check(several: Iterable[Mapping[str, VerdictCounts]]) -> dict[str, VerdictCounts]:
    """Add counts up, each check's apart, by check id."""
    found: defaultdict[str, list[VerdictCounts]] = defaultdict(list)
    for counts in several:
        for check_id, one in counts.items():
            found[check_id].append(one)
    return {check_id: total(counts) for check_id, counts in found.items()}
