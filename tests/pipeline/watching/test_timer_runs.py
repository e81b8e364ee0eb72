"""When timers ran: kept in one row each, told to be late after two intervals, never in their way."""

from datetime import timedelta

import pytest
from azure.core.exceptions import ServiceRequestError

from pipeline.times import rfc3339
from pipeline.triggers.surface import TIMERS
from pipeline.watching.timer_runs import INTERVALS, TimerHealth, TimerRuns
from tests.pipeline.sync_rig import Rig

HOURLY = "plan_hourly_syncs"


async def runs_of(rig: Rig) -> TimerRuns:
    """Give timers that never ran, in a process that begins now."""
    await rig.tables.purge("connections", "timers")
    return TimerRuns(rig.tables, rig.time)


async def health_of(runs: TimerRuns, name: str) -> TimerHealth:
    """Tell of one timer."""
    return {one.name: one for one in await runs.health()}[name]


def test_every_timer_is_known() -> None:
    """Those that the host finds."""
    assert tuple(INTERVALS) == TIMERS


@pytest.mark.parametrize("name", INTERVALS)
async def test_it_is_late_after_two_intervals(rig: Rig, name: str) -> None:
    """Not a moment before; and no more once it runs again."""
    runs = await runs_of(rig)
    await runs.ran(name)
    at = rfc3339(rig.time.now)

    rig.time.now += 2 * INTERVALS[name]
    before = await health_of(runs, name)
    rig.time.later(seconds=1)
    after = await health_of(runs, name)
    await runs.ran(name)

    assert before == TimerHealth(name=name, last_run_at=at, late=False)
    assert after == TimerHealth(name=name, last_run_at=at, late=True)
    assert not (await health_of(runs, name)).late


async def test_one_that_never_ran_is_measured_from_the_first_of_the_others(rig: Rig) -> None:
    """Also by processes that begin later, so that it cannot hide behind restarts."""
    await (await runs_of(rig)).ran("resume_sync_runs")
    rig.time.later(hours=3)
    later = TimerRuns(rig.tables, rig.time)
    await later.ran("resume_sync_runs")

    assert await health_of(later, HOURLY) == TimerHealth(name=HOURLY, last_run_at=None, late=True)
    assert not (await health_of(later, "plan_daily_syncs")).late


async def test_without_any_run_the_process_is_measured(rig: Rig) -> None:
    """A fresh deployment is late for nothing; one whose timers stay silent is."""
    runs = await runs_of(rig)
    fresh = [one.late for one in await runs.health()]
    rig.time.later(minutes=3)

    assert fresh == [False, False, False]
    assert [one.name for one in await runs.health() if one.late] == ["resume_sync_runs"]


async def test_the_first_run_is_kept_however_often_all_are_known(rig: Rig) -> None:
    """Beginning to measure takes nothing away from a timer that ran."""
    runs = await runs_of(rig)
    await runs.ran(HOURLY)
    await TimerRuns(rig.tables, rig.time).ran("plan_daily_syncs")

    assert (await health_of(runs, HOURLY)).last_run_at == rfc3339(rig.time.now)


async def test_one_row_each(rig: Rig) -> None:
    """However often they run."""
    runs = await runs_of(rig)
    for _ in range(3):
        for name in INTERVALS:
            await runs.ran(name)
            rig.time.now += timedelta(seconds=1)

    assert len(await rig.rows("connections", "timers")) == len(INTERVALS)


async def test_a_run_that_cannot_be_kept_is_only_logged(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The timer did its work."""

    async def away(_name: str) -> None:
        raise ServiceRequestError("made up")

    runs = await runs_of(rig)
    monkeypatch.setattr(rig.tables, "table", away)
    await runs.ran(HOURLY)

    assert f"timer_not_recorded timer={HOURLY} error=ServiceRequestError" in caplog.text
