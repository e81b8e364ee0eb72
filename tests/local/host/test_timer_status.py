"""The kept status of a timer tells whether an occurrence was missed."""

import datetime as dt
from pathlib import Path

import pytest

from local.host.errors import StartRefusedError
from local.host.ncrontab import parse_schedule
from local.host.timer_status import TimerStatus, TimerStatusFile, status_after, status_at_start

_HOURLY = parse_schedule("0 5 * * * *")


def _at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"2026-03-01T{text}:00+00:00")


def test_new_timer_is_due_at_its_next_occurrence() -> None:
    """A timer that was never seen is not past due."""
    status = status_at_start(_HOURLY, None, _at("10:00"))

    assert status == TimerStatus(last=None, next=_at("10:05"), last_updated=_at("10:00"))


def test_unchanged_schedule_keeps_its_status() -> None:
    """A status that fits the schedule is taken as it is, so a missed occurrence stays visible."""
    stored = status_after(_HOURLY, _at("08:05"))

    assert status_at_start(_HOURLY, stored, _at("12:00")) == stored
    assert stored.next == _at("09:05")


def test_timer_that_never_ran_can_be_past_due() -> None:
    """The time at which the status was first written counts, when there is no run yet."""
    stored = TimerStatus(last=None, next=_at("10:05"), last_updated=_at("10:00"))

    assert status_at_start(_HOURLY, stored, _at("12:00")).next == _at("10:05")


def test_changed_schedule_is_not_past_due() -> None:
    """After a change of the schedule the next occurrence is looked for from now on."""
    stored = status_after(parse_schedule("0 0 3 * * *"), _at("03:00"))

    status = status_at_start(_HOURLY, stored, _at("12:00"))

    assert status == TimerStatus(last=None, next=_at("12:05"), last_updated=_at("12:00"))


def test_changed_schedule_keeps_an_occurrence_that_is_still_to_come() -> None:
    """An occurrence of the new schedule after the last run is taken when it is not over yet."""
    stored = status_after(_HOURLY, _at("03:05"))

    status = status_at_start(parse_schedule("0 30 23 * * *"), stored, _at("12:00"))

    assert status == TimerStatus(last=None, next=_at("23:30"), last_updated=_at("03:05"))


def test_status_survives_the_file(tmp_path: Path) -> None:
    """What is written is read again."""
    status = status_after(_HOURLY, _at("08:05"))
    TimerStatusFile(tmp_path, "tick").write(status)

    assert TimerStatusFile(tmp_path, "tick").read() == status


def test_never_run_survives_the_file(tmp_path: Path) -> None:
    """The real host's word for never is read again as never."""
    status = status_at_start(_HOURLY, None, _at("08:05"))
    TimerStatusFile(tmp_path, "tick").write(status)

    assert TimerStatusFile(tmp_path, "tick").read() == status


def test_absent_file_is_no_status(tmp_path: Path) -> None:
    """A timer that was never written has no status."""
    assert TimerStatusFile(tmp_path, "tick").read() is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"Last": 1, "Next": 2, "LastUpdated": 3}'])
def test_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    """A damaged status is named, not taken for none."""
    (tmp_path / "timers").mkdir()
    (tmp_path / "timers" / "tick.json").write_text(text)

    with pytest.raises(StartRefusedError, match=r"tick\.json is damaged"):
        TimerStatusFile(tmp_path, "tick").read()
