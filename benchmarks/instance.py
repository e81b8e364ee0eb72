"""One instance of the app in simulated time: syncs read by read, through its own limiter and retry rules."""

import asyncio
import math
from dataclasses import dataclass, field, replace
from statistics import fmean

import msgspec
from azure.core.pipeline import PipelineContext

from benchmarks.simulated_time import SimulatedClock, Spread, run_simulated
from collectors.errors import Throttled
from pipeline.azure.limiter import Limiter
from pipeline.azure.retry import Cure, Effort, Trouble
from pipeline.settings import ReadLimits

_ONE = 1 - 1e-6
"""A whole read, but for what floating point loses."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one sync takes.

    Args:
        reads: requests it makes of Azure Resource Manager.
        cpu_s: seconds of processor time.
        latency_s: seconds that Azure takes to answer a read, on average; each takes 0.5 to 1.5 of it.
        fixed_s: seconds besides its reads: lease, secret, token, commit.
    """

    reads: int
    cpu_s: float
    latency_s: float
    fixed_s: float


@dataclass(frozen=True, slots=True)
class Machine:
    """What an instance has.

    Args:
        cores: that its one Python process can use.
        limits: how hard one subscription may be read, by the app and by Azure Resource Manager alike.
        others_per_second: reads that something else makes of the same subscription with the same principal.
    """

    cores: int = 1
    limits: ReadLimits = field(default_factory=ReadLimits)
    others_per_second: float = 0.0


class ResourceManager:
    """Azure Resource Manager's bucket for one subscription and principal.

    Args:
        machine: the limits, and who else drinks of it.
        clock: time.
    """

    def __init__(self, machine: Machine, clock: SimulatedClock) -> None:
        self._size = float(machine.limits.bucket)
        self._per_second = machine.limits.per_second - machine.others_per_second
        self._clock = clock
        self._left, self._counted_at = self._size, clock.monotonic()

    def refusal(self) -> float | None:
        """Take a read from the bucket; gives what `Retry-After` says, whole seconds, if it is empty."""
        now = self._clock.monotonic()
        self._left = min(self._size, self._left + (now - self._counted_at) * self._per_second)
        self._counted_at = now
        if self._left >= _ONE:
            self._left -= 1
            return None
        return float(math.ceil(max(1.0, (1 - self._left) / self._per_second)))


class Sync:
    """One sync of a subscription that no other is of.

    Args:
        core: the processor that all syncs of the instance share.
    """

    def __init__(self, cost: Cost, machine: Machine, core: asyncio.Semaphore, spread: Spread) -> None:
        self._cost, self._machine, self._core, self._spread = cost, machine, core, spread
        self._clock = SimulatedClock(spread)
        self._limiter = Limiter(machine.limits, self._clock)
        self._azure = ResourceManager(machine, self._clock)
        self.throttled = 0

    async def run(self) -> None:
        """Read everything."""
        await self._clock.sleep(self._cost.fixed_s)
        await asyncio.gather(*(self._read() for _ in range(self._cost.reads)))

    async def _read(self) -> None:
        effort = Effort(self._machine.limits, self._clock)
        while (wait_s := await self._try()) is not None:
            self.throttled += 1
            trouble = Trouble(Throttled("made up"), Cure.WAIT_AS_ASKED, wait_s)
            await effort.prepare(trouble, PipelineContext(None))
        async with self._core:
            await self._clock.sleep(self._cost.cpu_s / self._cost.reads)

    async def _try(self) -> float | None:
        async with self._limiter.turn():
            wait_s = self._azure.refusal()
            await self._clock.sleep(self._cost.latency_s * self._spread.between(0.5, 1.5))
        return wait_s


@dataclass(frozen=True, slots=True)
class Played:
    """What came of an instance that always had so many syncs at a time: ended, how long each, 429 answers."""

    per_second: float
    mean_s: float
    throttled: int


def play(cost: Cost, machine: Machine, at_a_time: int, *, rounds: int = 2) -> Played:
    """Play an instance that begins another sync whenever one ends; takes how many each place makes."""
    return run_simulated(_play(cost, machine, at_a_time, rounds))


async def _play(cost: Cost, machine: Machine, at_a_time: int, rounds: int) -> Played:
    core, spread = asyncio.Semaphore(machine.cores), Spread(at_a_time)
    durations: list[float] = []
    throttled = 0

    async def place() -> None:
        nonlocal throttled
        for _ in range(rounds):
            began = asyncio.get_running_loop().time()
            sync = Sync(cost, machine, core, spread)
            await sync.run()
            durations.append(asyncio.get_running_loop().time() - began)
            throttled += sync.throttled

    await asyncio.gather(*(place() for _ in range(at_a_time)))
    return Played(len(durations) / asyncio.get_running_loop().time(), fmean(durations), throttled)


def speeds(cost: Cost, machine: Machine, most: int) -> tuple[float, ...]:
    """Give, for 1 to `most` syncs at a time, how many an instance ends in a second."""
    return tuple(play(cost, machine, number).per_second for number in range(1, most + 1))


def doubled(machine: Machine) -> dict[str, Machine]:
    """Give the instance with twice of each thing that may hold it up, by name."""
    limits = machine.limits
    more_flying = msgspec.structs.replace(limits, in_flight=2 * limits.in_flight)
    larger_bucket = msgspec.structs.replace(
        limits, bucket=2 * limits.bucket, per_second=2 * limits.per_second
    )
    return {
        "processor": replace(machine, cores=2 * machine.cores),
        "reads in flight": replace(machine, limits=more_flying),
        "ARM's bucket": replace(machine, limits=larger_bucket),
    }
