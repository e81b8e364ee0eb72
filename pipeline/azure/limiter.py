"""How fast one subscription is read: Azure Resource Manager's own token bucket, and a cap on reads under way.

"Understand how Azure Resource Manager throttles requests": per subscription and principal a bucket of 250
reads, refilled by 25 a second.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import SystemRandom

from pipeline.settings import ReadLimits

_random = SystemRandom()


class Clock:
    """Time as the reader sees it; tests hand in one that does not wait."""

    def monotonic(self) -> float:
        """Give seconds that never run backwards."""
        return time.monotonic()

    def wall(self) -> float:
        """Give seconds since 1970 UTC."""
        return time.time()

    def jitter(self) -> float:
        """Give a factor between one half and one."""
        return _random.uniform(0.5, 1.0)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Turn:
    """One read's time under way; `shared` tells whether any other was under way meanwhile."""

    def __init__(self) -> None:
        self.shared = False


class Limiter:
    """Lets reads of one subscription go, in the order they came.

    Args:
        limits: bucket, refill and reads in flight.
        clock: time.
    """

    def __init__(self, limits: ReadLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._left = float(limits.bucket)
        self._counted_at = clock.monotonic()
        self._places = asyncio.Semaphore(limits.in_flight)
        self._one_alone = asyncio.Lock()
        self._under_way: set[Turn] = set()

    @asynccontextmanager
    async def turn(self, *, alone: bool = False) -> AsyncIterator[Turn]:
        """Wait for a turn and hold it.

        Takes whether nothing else may be under way meanwhile. Gives the turn.
        """
        await self._take_from_bucket()
        async with self._all_places() if alone else self._places:
            turn = Turn()
            if self._under_way:
                for other in (turn, *self._under_way):
                    other.shared = True
            self._under_way.add(turn)
            try:
                yield turn
            finally:
                self._under_way.remove(turn)

    async def _take_from_bucket(self) -> None:
        now = self._clock.monotonic()
        refilled = self._left + (now - self._counted_at) * self._limits.per_second
        self._left = min(refilled, float(self._limits.bucket)) - 1
        self._counted_at = now
        if self._left < 0:
            await self._clock.sleep(-self._left / self._limits.per_second)

    @asynccontextmanager
    async def _all_places(self) -> AsyncIterator[None]:
        taken = 0
        async with self._one_alone:
            try:
                for _ in range(self._limits.in_flight):
                    await self._places.acquire()
                    taken += 1
                yield
            finally:
                for _ in range(taken):
                    self._places.release()
