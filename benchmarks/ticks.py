"""Ticks of the timers with thousands of connections: how long, in how much memory, and nothing twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from benchmarks.children import Answer, run_child
from benchmarks.figures import Figure
from benchmarks.ground import Ground, Storage

MANY, FEW = 10_000, 1_000
WITHIN_S = 60.0
"""How long planning so many may take, on two cores that Azurite shares."""
RESUME_EACH_S = 60.0
"""The timer that looks for runs left behind fires once a minute."""
MEMORY_LIMIT = 1.3
_EXACTLY = 1.0


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick in a storage of its own.

    Args:
        planned: what planning took.
        counted: what it left, held against the connections.
        resumed: what looking for runs left behind took, right after it.
    """

    planned: Answer
    counted: Answer
    resumed: Answer

    @classmethod
    def measured(cls, ground: Ground, connections: int) -> Self:
        """Fill a storage, which is not timed, and let both timers tick."""
        with Storage.open(ground) as storage:
            _child(storage, {"do": "fill", "connections": connections})
            planned, resumed = _child(storage, {"do": "plan"}), _child(storage, {"do": "resume"})
            return cls(planned, _child(storage, {"do": "count"}), resumed)

    @property
    def seconds_each(self) -> float:
        """How long planning one connection took."""
        return float(self.planned["seconds"]) / int(self.planned["planned"])

    @property
    def wrong(self) -> int:
        """How many connections have not exactly one run, slot and message, all of the same run."""
        return int(self.counted["wrong"]) + abs(
            int(self.planned["planned"]) - int(self.counted["connections"])
        )


def figures(many: Tick, few: Tick, *, judged: bool) -> Iterator[Figure]:
    """Hold a tick with many connections against its limits, and its memory against that with few."""
    number, fewer = int(many.counted["connections"]), int(few.counted["connections"])
    seconds, resume_s = float(many.planned["seconds"]), float(many.resumed["seconds"])
    most, small = float(many.planned["peak_mib"]), float(few.planned["peak_mib"])
    name = f"planning {number:,} connections in one tick"
    cpu = f"{seconds:.1f} s (CPU {many.planned['cpu_s']:.1f})"
    yield Figure(name, cpu, seconds / WITHIN_S, 1.0, judged=judged)
    value = f"{most:.0f} / {small:.0f} MiB"
    yield Figure(f"peak memory of that against {fewer:,}", value, most / small, MEMORY_LIMIT, judged=judged)
    wrong = many.wrong + few.wrong
    left = ", ".join(f"{many.counted[what]:,} {what}" for what in ("runs", "slots", "messages"))
    yield Figure("connections planned other than once", f"{wrong}; {left}", _EXACTLY + wrong, _EXACTLY)
    name = f"looking for runs left behind by {number:,}"
    yield Figure(name, f"{resume_s:.1f} s", resume_s / RESUME_EACH_S, 1.0, judged=judged)


def _child(storage: Storage, order: dict[str, object]) -> Answer:
    return run_child("-m", "benchmarks.planning", order=order, environment=storage.environment)
