"""The timer functions: what fires when, and what it calls."""

import logging

import azure.functions as func
import pytest

from pipeline.model import Frequency
from pipeline.triggers.timers import RESUME_SCHEDULE, blueprint


class Planner:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def plan(self, frequency: Frequency) -> int:
        """Plan."""
        self.asked.append(frequency)
        return 0

    async def resume(self) -> int:
        """Resume."""
        self.asked.append("resume")
        return 0


class Sweeper:
    """Notes that it swept, after whatever its planner was asked for."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner

    async def sweep(self) -> None:
        """Sweep."""
        self._planner.asked.append("sweep")


class Record:
    """Notes which timers did their work, among what their planner was asked for."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner

    async def ran(self, name: str) -> None:
        """Note it."""
        self._planner.asked.append(f"ran {name}")


class Timer(func.TimerRequest):
    """A timer that fired."""

    def __init__(self, *, past_due: bool) -> None:
        self._past_due = past_due

    @property
    def past_due(self) -> bool:
        """Whether it fired late."""
        return self._past_due


def functions(planner: Planner) -> dict[str, func.Function]:
    """Give the functions by name."""
    app = func.FunctionApp()
    parts = (planner, Record(planner), Sweeper(planner))
    app.register_functions(blueprint(*parts, daily="0 30 2 * * *", hourly="0 5 * * * *"))
    return {str(one.get_function_name()): one for one in app.get_functions()}


def trigger_of(function: func.Function) -> dict[str, object]:
    """Give the options of a function's trigger."""
    trigger = function.get_trigger()
    assert trigger is not None
    options: dict[str, object] = trigger.get_dict_repr()
    return options


def test_schedules_and_options() -> None:
    """A missed slot fires once, late; a start fires nothing."""
    triggers = {name: trigger_of(one) for name, one in functions(Planner()).items()}
    found = {
        name: (one["schedule"], one["useMonitor"], one["runOnStartup"]) for name, one in triggers.items()
    }

    assert found == {
        "plan_daily_syncs": ("0 30 2 * * *", True, False),
        "plan_hourly_syncs": ("0 5 * * * *", True, False),
        "resume_sync_runs": (RESUME_SCHEDULE, False, False),
    }


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("plan_daily_syncs", ["daily", "ran plan_daily_syncs"]),
        ("plan_hourly_syncs", ["hourly", "ran plan_hourly_syncs"]),
        ("resume_sync_runs", ["resume", "sweep", "ran resume_sync_runs"]),
    ],
)
async def test_each_asks_for_its_own(name: str, asked: list[str]) -> None:
    """Then it says that it ran; every minute, what was left behind comes before what nobody needs."""
    planner = Planner()
    await functions(planner)[name].get_user_function()(Timer(past_due=False))

    assert planner.asked == asked


@pytest.mark.parametrize(("past_due", "notes"), [(True, 1), (False, 0)])
async def test_a_late_one_is_noted(caplog: pytest.LogCaptureFixture, *, past_due: bool, notes: int) -> None:
    """It runs all the same."""
    planner = Planner()
    with caplog.at_level(logging.WARNING):
        await functions(planner)["plan_daily_syncs"].get_user_function()(Timer(past_due=past_due))

    assert caplog.text.count("timer_past_due timer=plan_daily_syncs") == notes
    assert planner.asked[0] == "daily"


class Broken(Planner):
    """A planner whose storage is away."""

    async def plan(self, frequency: Frequency) -> int:
        """Fail."""
        raise ConnectionError(frequency)


async def test_one_that_failed_did_not_run() -> None:
    """So it turns late if it goes on failing."""
    planner = Broken()
    with pytest.raises(ConnectionError):
        await functions(planner)["plan_hourly_syncs"].get_user_function()(Timer(past_due=False))

    assert planner.asked == []
