"""A day of planned syncs on instances that come and go with the queue, every sync one event.

How fast an instance works with so many syncs at a time is told by `benchmarks.instance`. What the platform
does is what its documents say: an instance fetches `batchSize` messages when it has come down to
`newBatchThreshold` (functions-bindings-storage-queue, host.json); an empty queue is looked at again after
`maxPollingInterval`; as many instances are wanted as the queue's length over `batchSize`, and at most four
are added at a time (functions-target-based-scaling).
"""

import heapq
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Host:
    """host.json and the plan.

    Args:
        batch: messages that an instance fetches at a time.
        threshold: syncs under way at which it fetches the next.
        polling_s: how long it waits when the queue was empty.
        instances: that there may be at most.
        added: instances that one decision adds at most.
        decided_each_s: seconds between two decisions (assumed: no document tells).
        start_s: seconds from a decision until its instances work (assumed).
    """

    batch: int
    threshold: int
    polling_s: float
    instances: int
    added: int = 4
    decided_each_s: float = 30.0
    start_s: float = 10.0

    @property
    def at_a_time(self) -> int:
        """How many syncs an instance has under way at most."""
        return self.batch + self.threshold


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be done.

    Args:
        connections: synced once an hour each.
        plan_each_s: seconds that planning one takes; messages come one after another.
        hours: how many slots.
    """

    connections: int
    plan_each_s: float
    hours: int = 24


@dataclass(slots=True)
class Day:
    """What came of it.

    Args:
        ended: syncs that ended.
        skipped: slots of a connection whose sync of the slot before was not over: that one serves both.
        slot_s: for each slot, seconds from its beginning to the end of its last sync.
        instances: the most there were at one time.
        busy_s: seconds that instances had anything to do, together.
    """

    ended: int = 0
    skipped: int = 0
    slot_s: list[float] = field(default_factory=list)
    instances: int = 0
    busy_s: float = 0.0

    @property
    def within_the_hour(self) -> bool:
        """Whether every slot was over before the next began."""
        return self.skipped == 0 and max(self.slot_s) <= HOUR_S


@dataclass(slots=True)
class _Instance:
    """Syncs under way share it: each is done when the work given to every one of them reaches its mark."""

    works_from: float
    counted_at: float = 0.0
    given: float = 0.0
    marks: list[tuple[float, int]] = field(default_factory=list)
    version: int = 0
    polling: bool = False
    gone: bool = False


class Fleet:
    """Plays a load on a host.

    Args:
        speeds: syncs that an instance ends in a second with 1, 2, ... at a time.
    """

    def __init__(self, load: Load, host: Host, speeds: Sequence[float]) -> None:
        self._load, self._host, self._speeds = load, host, speeds
        self._events: list[tuple[float, int, str, int, int]] = []
        self._number = 0
        self._queue: deque[int] = deque()
        self._instances: list[_Instance] = []
        self._under_way = 0
        self._now = 0.0
        self._to_come = 0
        self.day = Day()

    def run(self) -> Day:
        """Play until the last sync has ended; gives what came of it."""
        for hour in range(self._load.hours):
            self._at(hour * HOUR_S, "slot", hour)
        self._at(0.0, "decide")
        while self._events:
            self._now, _, kind, one, version = heapq.heappop(self._events)
            self._happen(kind, one, version)
        return self.day

    def _happen(self, kind: str, one: int, version: int) -> None:
        match kind:
            case "slot":
                self._begin_slot(one)
            case "message":
                self._to_come -= 1
                self._queue.append(one)
            case "decide":
                self._decide()
            case "poll":
                self._instances[one].polling = False
                self._fetch(one)
            case "ends" if version == self._instances[one].version:
                self._end(one)

    def _at(self, when: float, kind: str, one: int = 0, version: int = 0) -> None:
        self._number += 1
        heapq.heappush(self._events, (when, self._number, kind, one, version))

    @property
    def _goes_on(self) -> bool:
        to_do = self._queue or self._to_come or self._under_way
        return bool(to_do) or len(self.day.slot_s) < self._load.hours

    def _begin_slot(self, hour: int) -> None:
        left = len(self._queue) + self._under_way + self._to_come
        planned = max(0, self._load.connections - left)
        self.day.skipped += self._load.connections - planned
        self.day.slot_s.append(0.0)
        self._to_come += planned
        for place in range(planned):
            self._at(self._now + (place + 1) * self._load.plan_each_s, "message", hour)

    def _decide(self) -> None:
        waiting = len(self._queue) + self._under_way
        standing = [one for one in self._instances if not one.gone]
        wanted = min(self._host.instances, math.ceil(waiting / self._host.batch))
        for _ in range(min(self._host.added, wanted - len(standing))):
            self._instances.append(_Instance(self._now + self._host.start_s))
            self._at(self._now + self._host.start_s, "poll", len(self._instances) - 1)
        idle = [one for one in standing if not one.marks and one.works_from <= self._now]
        for one in idle[: max(0, len(standing) - wanted)]:
            one.gone = True
        alive = sum(not one.gone for one in self._instances)
        self.day.instances = max(self.day.instances, alive)
        if self._goes_on:
            self._at(self._now + self._host.decided_each_s, "decide")

    def _fetch(self, number: int) -> None:
        instance = self._instances[number]
        if instance.gone or len(instance.marks) > self._host.threshold:
            return
        taken = [self._queue.popleft() for _ in range(min(self._host.batch, len(self._queue)))]
        self._advance(instance)
        for hour in taken:
            heapq.heappush(instance.marks, (instance.given + 1.0, hour))
        self._under_way += len(taken)
        if taken:
            self._schedule(number)
        elif not instance.polling and self._goes_on:
            instance.polling = True
            self._at(self._now + self._host.polling_s, "poll", number)

    def _end(self, number: int) -> None:
        instance = self._instances[number]
        self._advance(instance)
        _, hour = heapq.heappop(instance.marks)
        self._under_way -= 1
        self.day.ended += 1
        self.day.slot_s[hour] = self._now - hour * HOUR_S
        self._schedule(number)
        self._fetch(number)

    def _advance(self, instance: _Instance) -> None:
        """Give every sync under way its share of the time since the last look."""
        passed = self._now - instance.counted_at
        if instance.marks:
            self.day.busy_s += passed
            instance.given += passed * self._speeds[len(instance.marks) - 1] / len(instance.marks)
        instance.counted_at = self._now

    def _schedule(self, number: int) -> None:
        instance = self._instances[number]
        instance.version += 1
        if instance.marks:
            share = self._speeds[len(instance.marks) - 1] / len(instance.marks)
            wait_s = max(0.0, instance.marks[0][0] - instance.given) / share
            self._at(self._now + wait_s, "ends", number, instance.version)
