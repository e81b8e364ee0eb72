"""What a tick left, held against the connections there are."""

from collections import Counter
from collections.abc import Collection


def wrong(known: set[str], runs: list[tuple[str, str]], found: Collection[tuple[str, str]]) -> int:
    """Count connections that have not exactly one of something, and those of another run than the row's."""
    times = Counter(connection_id for connection_id, _ in found)
    return sum(times[one] != 1 for one in known | times.keys()) + len(set(found) ^ set(runs))
