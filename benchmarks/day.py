"""A day of ten thousand hourly connections: how many instances it needs, and what holds one up.

What a sync costs is measured in the same run by the app itself; how long Azure takes to answer is assumed,
and said. One instance is played read by read, through the limiter and the retry rules of the app on a
simulated clock (`benchmarks.instance`); the day is played sync by sync (`benchmarks.fleet`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import msgspec

from benchmarks.children import REPOSITORY
from benchmarks.figures import Figure
from benchmarks.fleet import HOUR_S, Day, Fleet, Host, Load
from benchmarks.ground import Ground, Storage
from benchmarks.instance import Cost, Machine, doubled, speeds
from collectors import registry

CONNECTIONS = 10_000
INSTANCES = 40
"""maximumInstanceCount, as infra/main.bicep has it unless told otherwise."""
LATENCY_S = 0.15
"""Assumed: what Azure Resource Manager takes to answer a read, on average."""
FIXED_S = 1.0
"""Assumed: lease, secret, token, staging and commit, in which a sync reads nothing."""
_ENOUGH = 500
"""Syncs of one instance from which its throughput is told."""
_WORTH = 1.05


class _Queues(msgspec.Struct, rename="camel"):
    batch_size: int
    new_batch_threshold: int
    max_polling_interval: str


class _Extensions(msgspec.Struct):
    queues: _Queues


class _HostJson(msgspec.Struct):
    extensions: _Extensions


def host(instances: int = INSTANCES) -> Host:
    """Give the host as host.json has it."""
    read = msgspec.json.decode((REPOSITORY / "host.json").read_bytes(), type=_HostJson).extensions.queues
    hours, minutes, seconds = map(int, read.max_polling_interval.split(":"))
    polling_s = hours * 3600 + minutes * 60 + seconds
    return Host(read.batch_size, read.new_batch_threshold, float(polling_s), instances)


def measured_cost(ground: Ground) -> Cost:
    """Measure an unchanged sync of every service in a worker that is warm."""
    further = [name for name in registry.load() if name != "defender"]
    with Storage.open(ground) as storage:
        answer = storage.sync_warm(storage.connect(*further))
    return Cost(int(answer["reads"]), float(answer["cpu_s"]), LATENCY_S, FIXED_S)


@dataclass(frozen=True)
class Plan:
    """What a load needs.

    Args:
        load: a whole day.
        host: with as many instances as there may be at most.
    """

    cost: Cost
    load: Load
    host: Host
    machine: Machine = field(default_factory=Machine)

    @cached_property
    def speeds(self) -> tuple[float, ...]:
        """Syncs that an instance ends in a second, by how many it has under way."""
        return speeds(self.cost, self.machine, self.host.at_a_time)

    @cached_property
    def hourly(self) -> float:
        """Syncs an hour of one instance that never waits for a message."""
        return _hourly(self.host, self.speeds)

    @cached_property
    def gains(self) -> dict[str, float]:
        """Tell how much faster an instance is with twice of a thing, by the thing: what holds it up."""
        twice = replace(self.host, batch=2 * self.host.batch, threshold=2 * self.host.threshold)
        hourly = {"syncs at a time": _hourly(twice, speeds(self.cost, self.machine, twice.at_a_time))}
        for name, machine in doubled(self.machine).items():
            hourly[name] = _hourly(self.host, speeds(self.cost, machine, self.host.at_a_time))
        return {name: number / self.hourly for name, number in hourly.items()}

    @cached_property
    def instances(self) -> int | None:
        """How many it needs so that each slot is over within its hour; None if the most are too few."""
        slot = replace(self.load, hours=1)
        fewest = max(1, int(self.load.connections / self.hourly))
        for number in range(fewest, self.host.instances + 1):
            if Fleet(slot, replace(self.host, instances=number), self.speeds).run().within_the_hour:
                return number
        return None

    @cached_property
    def day(self) -> Day:
        """The day with so many instances, or with the most there may be."""
        return Fleet(
            self.load, replace(self.host, instances=self.instances or self.host.instances), self.speeds
        ).run()

    @classmethod
    def of(cls, cost: Cost, plan_each_s: float, connections: int = CONNECTIONS) -> Self:
        """Plan a day of connections with the app's own host.json."""
        return cls(cost, Load(connections, plan_each_s), host())


def _hourly(host: Host, speeds_of: Sequence[float]) -> float:
    load = Load(_ENOUGH, 0.0, hours=1)
    alone = Fleet(load, replace(host, instances=1, decided_each_s=1.0, start_s=0.0), speeds_of).run()
    return HOUR_S * alone.ended / alone.slot_s[0]


def figures(plan: Plan, *, judged: bool) -> Iterator[Figure]:
    """Hold the day against the hour and against the most instances."""
    cost, number = plan.cost, plan.instances
    assumed = f"assumed {cost.latency_s:.2f} s a read, {cost.fixed_s:.0f} s besides"
    yield Figure("a sync of the day", f"{cost.reads} reads, CPU {cost.cpu_s:.2f} s; {assumed}")
    worth = [f"{name} {gain:.1f} times" for name, gain in plan.gains.items() if gain > _WORTH]
    value = f"{plan.hourly:,.0f}; with twice the {', '.join(worth) or 'anything, no more'}"
    yield Figure("syncs an hour of one instance", value)
    name = f"instances for {plan.load.connections:,} hourly connections"
    needed = plan.host.instances + 1 if number is None else number
    value = f"{number or 'more'} of {plan.host.instances}"
    yield Figure(name, value, needed / plan.host.instances, 1.0, judged=judged)
    day = plan.day
    longest = max(day.slot_s)
    value = f"{day.ended:,} syncs, {day.skipped:,} skipped, a slot in {longest / 60:.0f} min"
    ratio = longest / HOUR_S + day.skipped
    yield Figure("a day of these", value, ratio, 1.0, judged=judged)
