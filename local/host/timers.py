"""Timer functions, run when their schedule says so."""

import asyncio
import datetime as dt
import json
import logging
from itertools import pairwise
from pathlib import Path

from local.host.functions import TimerFunction
from local.host.ncrontab import Schedule
from local.host.timer_status import TimerStatus, TimerStatusFile, status_after, status_at_start
from local.host.worker import Invocation, Worker
from local.host.worker_messages import TypedData

# The clock may be set, or the machine sleep, so a long wait is cut up and the time looked at again.
_LONGEST_SLEEP_S = 30.0
_SHORTEST_MONITORED = dt.timedelta(minutes=1)
_OCCURRENCES_LOOKED_AT = 5

_log = logging.getLogger("local.host")


class TimerListener:
    """Run one timer function on its schedule, never twice at the same time.

    Source: learn.microsoft.com/azure/azure-functions/functions-bindings-timer and TimerListener.cs of
    Azure/azure-webjobs-sdk-extensions.

    Args:
        function: The timer.
        worker: Runs it.
        state: Folder in which its status is kept.

    Raises:
        StartRefusedError: The kept status is damaged.
    """

    def __init__(self, function: TimerFunction, worker: Worker, *, state: Path) -> None:
        self._function = function
        self._worker = worker
        self._file = TimerStatusFile(state, function.name) if _is_monitored(function) else None
        self._stored = self._file.read() if self._file else None

    async def run_until(self, stopping: asyncio.Event) -> None:
        """Run the timer until the host stops; a run that has begun is finished first."""
        now = _now()
        status = status_at_start(self._function.schedule, self._stored, now)
        self._write(status)
        if now > status.next:
            status = await self._run(status, past_due=True, reason="timer past due")
        elif self._function.run_on_startup:
            status = await self._run(status, past_due=False, reason="timer at startup")
        # Always the next one from now on: an occurrence that falls into a run is left out.
        while not await _stopped_before(self._function.schedule.next_after(_now()), stopping):
            status = await self._run(status, past_due=False, reason="timer")

    async def _run(self, status: TimerStatus, *, past_due: bool, reason: str) -> TimerStatus:
        ran_at = _now()
        shown = status if self._file else None
        await self._worker.invoke(
            timer_invocation(self._function, status=shown, past_due=past_due, reason=reason)
        )
        after = status_after(self._function.schedule, ran_at)
        self._write(after)
        return after

    def _write(self, status: TimerStatus) -> None:
        if self._file is None:
            return
        try:
            self._file.write(status)
        except OSError as error:
            _log.warning("The status of timer %s was not kept: %s", self._function.name, error)


def timer_invocation(
    function: TimerFunction, *, status: TimerStatus | None, past_due: bool, reason: str
) -> Invocation:
    """Give the call of a timer function.

    Args:
        function: The timer.
        status: What is remembered of it; None when nothing is.
        past_due: Whether an occurrence was missed.
        reason: Why it runs, for the log.
    """
    request = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": status.to_json() if status else None,
        "IsPastDue": past_due,
    }
    return Invocation(
        function_name=function.name,
        function_id=function.function_id,
        parameter=function.parameter,
        data=TypedData(json=json.dumps(request)),
        reason=reason,
    )


def _is_monitored(function: TimerFunction) -> bool:
    """Leave a timer of more than one run a minute unmonitored unless it says otherwise, as documented."""
    if function.use_monitor is not None:
        return function.use_monitor
    occurrences = _occurrences(function.schedule, _OCCURRENCES_LOOKED_AT)
    return all(later - earlier >= _SHORTEST_MONITORED for earlier, later in pairwise(occurrences))


def _occurrences(schedule: Schedule, count: int) -> list[dt.datetime]:
    times = [schedule.next_after(_now())]
    while len(times) < count:
        times.append(schedule.next_after(times[-1]))
    return times


async def _stopped_before(due: dt.datetime, stopping: asyncio.Event) -> bool:
    while not stopping.is_set():
        remaining_s = (due - _now()).total_seconds()
        if remaining_s <= 0:
            return False
        try:
            async with asyncio.timeout(min(remaining_s, _LONGEST_SLEEP_S)):
                await stopping.wait()
        except TimeoutError:
            continue
    return True


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
