"""Slots: the day or hour a planned run stands for, so that none is served twice and a missed one shows."""

import re
from datetime import UTC, datetime, timedelta

from pipeline.evidence import INTERVAL
from pipeline.model import Frequency

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def slot_of(schedule: str, frequency: Frequency, now: datetime) -> datetime:
    """Give the start of the slot that a time lies in.

    A slot is one interval long and starts where the schedule first fires in it: the day of `0 30 2 * * *`
    runs from 02:30 to 02:30. A run planned late, because the app was down at 02:30, so still serves its day.

    Args:
        schedule: NCRONTAB in six fields (second minute hour day month weekday), UTC.
    """
    interval, offset = INTERVAL[frequency], _offset(schedule, frequency)
    return _EPOCH + (now - _EPOCH - offset) // interval * interval + offset


def next_slot(schedule: str, frequency: Frequency, now: datetime) -> datetime:
    """Give the start of the slot after the one that a time lies in."""
    return slot_of(schedule, frequency, now) + INTERVAL[frequency]


def _offset(schedule: str, frequency: Frequency) -> timedelta:
    second, minute, hour = (_first(field) for field in schedule.split()[:3])
    return timedelta(seconds=second, minutes=minute, hours=hour if frequency == "daily" else 0)


def _first(field: str) -> int:
    """Give the smallest value a field fires at; `*` and `*/5` fire at 0."""
    starts = [re.match(r"\d+", part) for part in field.split(",")]
    return min((int(start.group()) if start else 0) for start in starts)
