"""Slots: every instant lies in exactly one, which begins where the schedule fires."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evidence import INTERVAL
from pipeline.model import Frequency
from pipeline.syncing.schedule import next_slot, slot_of

instants = st.builds(
    lambda hours, microseconds: (
        datetime(1969, 1, 1, tzinfo=UTC) + timedelta(hours=hours, microseconds=microseconds)
    ),
    st.integers(0, 2_000_000),
    st.integers(0, 3_600_000_000),
)
frequencies: st.SearchStrategy[Frequency] = st.sampled_from(["daily", "hourly"])
schedules = st.builds("{} {} {} * * *".format, st.integers(0, 59), st.integers(0, 59), st.integers(0, 23))


def at(text: str) -> datetime:
    """Read a time of the day of these tests, or of another."""
    return datetime.fromisoformat(text if "T" in text else f"2026-11-21T{text}+00:00")


@given(schedules, frequencies, instants)
def test_every_instant_lies_in_the_slot_that_it_names(
    schedule: str, frequency: Frequency, now: datetime
) -> None:
    """A slot begins before, ends after, and is one interval long."""
    slot, following = slot_of(schedule, frequency, now), next_slot(schedule, frequency, now)

    assert slot <= now < following
    assert following - slot == INTERVAL[frequency]


@given(schedules, frequencies, instants, st.floats(0, 1, exclude_max=True))
def test_all_instants_of_a_slot_name_the_same(
    schedule: str, frequency: Frequency, now: datetime, part: float
) -> None:
    """From its first microsecond to its last."""
    slot = slot_of(schedule, frequency, now)
    inside = slot + timedelta(microseconds=int(INTERVAL[frequency] / timedelta(microseconds=1) * part))

    assert slot == slot_of(schedule, frequency, inside)


@given(schedules, frequencies, instants)
def test_a_slot_begins_when_the_schedule_fires(schedule: str, frequency: Frequency, now: datetime) -> None:
    """At its second and minute, and for a day at its hour."""
    second, minute, hour = map(int, schedule.split()[:3])
    slot = slot_of(schedule, frequency, now)

    assert (second, minute) == (slot.second, slot.minute)
    assert frequency == "hourly" or hour == slot.hour


@pytest.mark.parametrize(
    ("schedule", "frequency", "now", "slot"),
    [
        ("0 30 2 * * *", "daily", "02:29:59", "2026-11-20T02:30:00+00:00"),
        ("0 30 2 * * *", "daily", "02:30:00", "02:30:00"),
        ("0 30 2 * * *", "daily", "00:00:00", "2026-11-20T02:30:00+00:00"),
        ("0 0 0 * * *", "daily", "00:00:00", "00:00:00"),
        ("0 30 2,14 * * *", "daily", "15:00:00", "02:30:00"),
        ("0 0 */6 * * 1-5", "daily", "23:59:59", "00:00:00"),
        ("0 5 * * * *", "hourly", "12:04:59", "11:05:00"),
        ("0 5 * * * *", "hourly", "12:05:00", "12:05:00"),
        ("30 */15 * * * *", "hourly", "12:59:00", "12:00:30"),
        ("0 45,15 * * * *", "hourly", "12:20:00", "12:15:00"),
        ("0 20-40/10 * * * *", "hourly", "12:19:00", "11:20:00"),
    ],
)
def test_slots_of_schedules_that_people_write(
    schedule: str, frequency: Frequency, now: str, slot: str
) -> None:
    """A schedule that fires several times in an interval still has one slot in it."""
    assert at(slot) == slot_of(schedule, frequency, at(now))
