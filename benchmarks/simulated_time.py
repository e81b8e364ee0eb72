"""Time that passes as fast as it can be reckoned: a loop that never waits, and the reader's clock on it."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import override

from pipeline.azure.limiter import Clock

_GOLDEN = 0.6180339887498949


class _Skipping(selectors.SelectSelector):
    """Waits for nothing: adds the time that it was to wait."""

    now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer when nothing else is left to do."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    @override
    def time(self) -> float:
        return self._skipping.now


class Spread:
    """Numbers from 0 to 1 that look like chance and are the same each time.

    Multiples of the golden section, modulo 1: any stretch of them is spread evenly.

    Args:
        seed: where they begin.
    """

    def __init__(self, seed: float) -> None:
        self._at = seed % 1.0

    def between(self, low: float, high: float) -> float:
        """Give the next one, stretched."""
        self._at = (self._at + _GOLDEN) % 1.0
        return low + self._at * (high - low)


class SimulatedClock(Clock):
    """The reader's time, as the running loop has it.

    Args:
        spread: what the jitter is taken from.
    """

    def __init__(self, spread: Spread) -> None:
        self._spread = spread
        self._loop = asyncio.get_running_loop()

    @override
    def monotonic(self) -> float:
        return self._loop.time()

    @override
    def wall(self) -> float:
        return self._loop.time()

    @override
    def jitter(self) -> float:
        return self._spread.between(0.5, 1.0)


def run_simulated[T](work: Coroutine[None, None, T]) -> T:
    """Run a coroutine in simulated time that begins at 0; gives its result."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work)
