"""What is remembered of a timer between two runs of the host, so that a missed occurrence is noticed."""

import datetime as dt
import json
from dataclasses import dataclass, replace
from pathlib import Path

from local.host.errors import StartRefusedError
from local.host.ncrontab import Schedule


@dataclass(frozen=True, kw_only=True)
class TimerStatus:
    """When a timer last ran, when it is due, and from which time that was computed."""

    last: dt.datetime | None
    next: dt.datetime
    last_updated: dt.datetime

    def to_json(self) -> dict[str, str]:
        """Give the names and form of the real host; a timer that never ran has the first day of year 1."""
        never = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
        return {
            "Last": (self.last or never).isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
        }


def status_after(schedule: Schedule, ran_at: dt.datetime) -> TimerStatus:
    """Give the status to write when a run that began at a time has ended."""
    return TimerStatus(last=ran_at, next=schedule.next_after(ran_at), last_updated=ran_at)


def status_at_start(schedule: Schedule, stored: TimerStatus | None, now: dt.datetime) -> TimerStatus:
    """Give the status a timer starts with; it is past due when `next` is before now.

    Source: ScheduleMonitor.CheckPastDueAsync of Azure/azure-webjobs-sdk-extensions. A schedule that
    was changed since is no reason to run at once, so its next occurrence is then looked for from now on.

    Args:
        schedule: The schedule as it is today.
        stored: What was remembered, if anything.
        now: The time of the start.
    """
    if stored is None:
        return TimerStatus(last=None, next=schedule.next_after(now), last_updated=now)
    base = stored.last or stored.last_updated
    expected = schedule.next_after(base)
    if stored.next == expected:
        return stored
    if now > expected:
        base, expected = now, schedule.next_after(now)
    return replace(stored, last=None, next=expected, last_updated=base)


class TimerStatusFile:
    """Keep the status of one timer in a JSON file.

    Args:
        folder: Where the host keeps its state.
        function_name: The timer.
    """

    def __init__(self, folder: Path, function_name: str) -> None:
        self._path = folder / "timers" / f"{function_name}.json"

    def read(self) -> TimerStatus | None:
        """Give what was written last, or None.

        Raises:
            StartRefusedError: The file is damaged.
        """
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
            last, due, updated = (
                dt.datetime.fromisoformat(values[name]) for name in ("Last", "Next", "LastUpdated")
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"{self._path} is damaged ({error}); delete it to let the timer start afresh."
            raise StartRefusedError(message) from error
        return TimerStatus(last=last if last.year > 1 else None, next=due, last_updated=updated)

    def write(self, status: TimerStatus) -> None:
        """Replace the file as a whole, so that a crash leaves the old or the new one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(status.to_json()), encoding="utf-8")
        draft.replace(self._path)
