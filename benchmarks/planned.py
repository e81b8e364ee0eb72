"""What a tick left, held against the connections there are."""

from collections import Counter
from collections.abc import Collection


def wrong(known: set[str], runs: list[tuple[str, str]], found: Collection[tuple[str, str]]) -> int:
    """Count connections that have not exactly one of something, and those of another run than the row's."""
    times = Counter(connection_id for connection_id, _ in found)
    unlike = sum(times[one] != int(one in known) for one in known | times.keys())
    return unlike + len(set(found) ^ set(runs))
