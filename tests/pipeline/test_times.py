"""Times: text order is time order, and what is no time is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.times import FOREVER, epoch_ms, from_rfc3339, rfc3339, utc_now

zones = st.integers(-720, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.builds(
    lambda hours, microseconds, zone: (
        datetime(1001, 1, 1, tzinfo=UTC) + timedelta(hours=hours, microseconds=microseconds)
    ).astimezone(zone),
    st.integers(0, 78_000_000),
    st.integers(0, 3_600_000_000),
    zones,
)


@given(instants, instants)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    """In whatever zones the times were given."""
    assert (one < other) == (rfc3339(one) < rfc3339(other))
    assert rfc3339(one) < FOREVER


@given(instants)
def test_a_time_comes_back_as_it_was_written(at: datetime) -> None:
    """To the microsecond, in UTC."""
    read = from_rfc3339(rfc3339(at))

    assert at == read
    assert read.tzinfo is UTC


@pytest.mark.parametrize("text", ["2026-11-21T12:00:00", "2026-11-21", "yesterday", ""])
def test_what_is_no_instant_is_refused(text: str) -> None:
    """Without an offset nobody knows when it was."""
    with pytest.raises(ValueError, match=r"offset|Invalid isoformat"):
        from_rfc3339(text)


def test_milliseconds_count_from_1970() -> None:
    """Whole ones, in any zone."""
    one_hour_east = timezone(timedelta(hours=1))

    assert epoch_ms(datetime(1970, 1, 1, 1, 0, 1, 999, tzinfo=one_hour_east)) == 1000


def test_the_present_is_aware() -> None:
    """In UTC."""
    assert utc_now().tzinfo is UTC
