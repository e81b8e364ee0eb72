"""Reads leave no faster than Azure allows, and no more at once than the cap."""

import asyncio

import pytest

from pipeline.azure.limiter import Clock, Limiter
from pipeline.settings import ReadLimits
from tests.pipeline.azure_rig import StillClock


async def take(limiter: Limiter, turns: int) -> None:
    """Take turns one after the other."""
    for _ in range(turns):
        async with limiter.turn():
            pass


async def test_a_full_bucket_lets_250_go_at_once() -> None:
    """250 reads go without waiting, the next waits for its share of the refill."""
    clock = StillClock()
    limiter = Limiter(ReadLimits(), clock)

    await take(limiter, 250)
    assert clock.slept == []
    await take(limiter, 1)

    assert [pytest.approx(1 / 25)] == clock.slept


async def test_the_bucket_refills_with_time() -> None:
    """Ten seconds of rest give 250 reads back, an hour no more than that."""
    clock = StillClock()
    limiter = Limiter(ReadLimits(), clock)
    await take(limiter, 250)

    for rest_s in (10, 3600):
        clock.now += rest_s
        await take(limiter, 250)

    assert clock.slept == []
    await take(limiter, 1)
    assert len(clock.slept) == 1


async def test_no_more_turns_than_the_cap() -> None:
    """A ninth read waits until one of eight has ended."""
    limiter = Limiter(ReadLimits(in_flight=8), StillClock())
    release = asyncio.Event()
    under_way = 0

    async def hold() -> None:
        nonlocal under_way
        async with limiter.turn():
            under_way += 1
            await release.wait()

    tasks = [asyncio.create_task(hold()) for _ in range(9)]
    await asyncio.sleep(0.01)

    assert under_way == 8
    release.set()
    await asyncio.gather(*tasks)
    assert under_way == 9


async def test_a_turn_knows_whether_it_was_shared() -> None:
    """A turn during which another was under way says so; a lone one does not."""
    limiter = Limiter(ReadLimits(), StillClock())

    async with limiter.turn() as first, limiter.turn() as second:
        pass
    async with limiter.turn() as lone:
        pass

    assert (first.shared, second.shared, lone.shared) == (True, True, False)


async def test_a_turn_alone_waits_for_all_others() -> None:
    """A turn alone starts when nothing is under way, and nothing else starts before it ends."""
    limiter = Limiter(ReadLimits(in_flight=3), StillClock())
    events: list[str] = []

    async def run(name: str, *, alone: bool = False) -> None:
        async with limiter.turn(alone=alone):
            events.append(f"+{name}")
            await asyncio.sleep(0.01)
            events.append(f"-{name}")

    await asyncio.gather(run("a"), run("b"), run("alone", alone=True), run("alone too", alone=True), run("c"))

    for name in ("alone", "alone too"):
        at = events.index(f"+{name}")
        assert f"-{name}" == events[at + 1]


async def test_a_cancelled_turn_alone_gives_everything_back() -> None:
    """Who gives up waiting to be alone blocks nobody."""
    limiter = Limiter(ReadLimits(in_flight=2), StillClock())

    async def alone() -> None:
        async with limiter.turn(alone=True):
            pass

    async with limiter.turn():
        waiting = asyncio.create_task(alone())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    async with asyncio.timeout(1):
        await asyncio.gather(alone(), take(limiter, 4))


async def test_the_real_clock_waits() -> None:
    """The clock of the running app tells the time, sleeps and scatters."""
    clock = Clock()
    began = clock.monotonic()

    await clock.sleep(0.01)

    assert clock.monotonic() > began
    assert clock.wall() > 1_700_000_000
    assert 0.5 <= clock.jitter() <= 1.0
