"""Timers: plan the slots' runs, resume what a crash left behind, sweep what nobody needs any more."""

from collections.abc import Callable
from typing import Protocol

import azure.functions as func

from pipeline.event_log import log
from pipeline.events import TimerPastDue
from pipeline.model import Frequency

_new_blueprint: Callable[[], func.Blueprint] = func.Blueprint  # whose constructor is not annotated
RESUME_SCHEDULE = "0 * * * * *"


class Planner(Protocol):
    """Plans and resumes sync runs."""

    async def plan(self, frequency: Frequency) -> int:
        """Queue the present slot's runs."""
        ...

    async def resume(self) -> int:
        """Queue again what was left behind."""
        ...


class TimerRecord(Protocol):
    """Keeps when timers ran."""

    async def ran(self, name: str) -> None:
        """Keep that a timer did its work."""
        ...


class Sweeper(Protocol):
    """Removes rows that nobody needs any more."""

    async def sweep(self) -> None:
        """Remove them; what fails is left to the next minute."""
        ...


def blueprint(
    planner: Planner, record: TimerRecord, *sweepers: Sweeper, daily: str, hourly: str
) -> func.Blueprint:
    """Make the timer functions for two schedules, NCRONTAB in UTC; the one of every minute also sweeps.

    `use_monitor` lets a missed time fire once, late, at the next start; `run_on_startup` would fire at every
    start, scale-out and deployment.
    https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer
    """
    bp = _new_blueprint()

    @bp.timer_trigger(arg_name="timer", schedule=daily, use_monitor=True, run_on_startup=False)
    async def plan_daily_syncs(timer: func.TimerRequest) -> None:
        _note_delay("plan_daily_syncs", timer)
        await planner.plan("daily")
        await record.ran("plan_daily_syncs")

    @bp.timer_trigger(arg_name="timer", schedule=hourly, use_monitor=True, run_on_startup=False)
    async def plan_hourly_syncs(timer: func.TimerRequest) -> None:
        _note_delay("plan_hourly_syncs", timer)
        await planner.plan("hourly")
        await record.ran("plan_hourly_syncs")

    @bp.timer_trigger(arg_name="timer", schedule=RESUME_SCHEDULE, use_monitor=False, run_on_startup=False)
    async def resume_sync_runs(timer: func.TimerRequest) -> None:
        _note_delay("resume_sync_runs", timer)
        await planner.resume()
        for sweeper in sweepers:
            await sweeper.sweep()
        await record.ran("resume_sync_runs")

    return bp


def _note_delay(name: str, timer: func.TimerRequest) -> None:
    if timer.past_due:
        log(TimerPastDue(timer=name))
