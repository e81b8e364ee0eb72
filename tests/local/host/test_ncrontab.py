"""NCRONTAB is read as NCrontab reads it, and its next occurrence is right."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.host.ncrontab import Schedule, ScheduleError, parse_schedule

_STEPS_LOOKED_AT = 3000


def _items(least: int, most: int) -> st.SearchStrategy[str]:
    numbers = st.integers(least, most)
    ranges = st.tuples(numbers, numbers).map(lambda pair: f"{pair[0]}-{pair[1]}")
    steps = st.tuples(st.one_of(st.just("*"), ranges, numbers.map(str)), st.integers(1, 20))
    return st.one_of(st.just("*"), numbers.map(str), ranges, steps.map(lambda step: f"{step[0]}/{step[1]}"))


def _fields(least: int, most: int) -> st.SearchStrategy[str]:
    return st.lists(_items(least, most), min_size=1, max_size=3).map(",".join)


# Days up to the 28th are in every month, so every expression occurs.
_EXPRESSIONS = st.tuples(
    _fields(0, 59), _fields(0, 59), _fields(0, 23), _fields(1, 28), _fields(1, 12), _fields(0, 6)
).map(" ".join)
_FIRST, _LAST = dt.datetime.fromisoformat("2024-01-01"), dt.datetime.fromisoformat("2030-01-01")
_MOMENTS = st.datetimes(_FIRST, _LAST, timezones=st.just(dt.UTC))


def _matches(schedule: Schedule, moment: dt.datetime) -> bool:
    return (
        moment.second in schedule.seconds
        and moment.minute in schedule.minutes
        and moment.hour in schedule.hours
        and moment.day in schedule.days
        and moment.month in schedule.months
        and (moment.weekday() + 1) % 7 in schedule.weekdays
    )


@given(expression=_EXPRESSIONS, start=_MOMENTS)
def test_next_occurrence_is_the_first_match(expression: str, start: dt.datetime) -> None:
    """It is later than the start, matches every field, and no second in between does."""
    schedule = parse_schedule(expression)
    found = schedule.next_after(start)

    assert found > start
    assert _matches(schedule, found)
    first = start.replace(microsecond=0) + dt.timedelta(seconds=1)
    between = int((found - first).total_seconds())
    # All of a short gap, both ends of a long one.
    offsets = {*range(min(between, _STEPS_LOOKED_AT)), *range(max(0, between - _STEPS_LOOKED_AT), between)}
    assert not any(_matches(schedule, first + dt.timedelta(seconds=offset)) for offset in offsets)


@pytest.mark.parametrize(
    ("expression", "field", "values"),
    [
        ("* * * * * *", "seconds", tuple(range(60))),
        ("5 * * * *", "seconds", (0,)),
        ("5 * * * *", "minutes", (5,)),
        ("0 */20 * * * *", "minutes", (0, 20, 40)),
        ("0 50/5 * * * *", "minutes", (50, 55)),
        ("0 10-20/5 * * * *", "minutes", (10, 15, 20)),
        ("0 0 22-20 * * *", "hours", (20, 21, 22)),
        ("0 0 8,10-11 * * *", "hours", (8, 10, 11)),
        ("0 0 0 * Jan,december *", "months", (1, 12)),
        ("0 0 0 * * Mon-Fri", "weekdays", (1, 2, 3, 4, 5)),
        ("0 0 0 * * SUN", "weekdays", (0,)),
    ],
)
def test_field_is_read(expression: str, field: str, values: tuple[int, ...]) -> None:
    """Steps, lists, ranges, swapped ranges, names and five fields mean what NCrontab makes of them."""
    assert getattr(parse_schedule(expression), field) == values


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 0 0 13 * 5", "2026-02-13T00:00:00+00:00"),
        ("0 0 0 29 2 *", "2028-02-29T00:00:00+00:00"),
        ("59 59 23 31 12 *", "2026-12-31T23:59:59+00:00"),
        ("0 0 0 29 2 1", "2044-02-29T00:00:00+00:00"),
    ],
)
def test_next_occurrence_in_the_calendar(expression: str, expected: str) -> None:
    """Day and weekday must both match, leap days are found, and the year turns."""
    start = dt.datetime(2026, 1, 15, 12, 30, 15, tzinfo=dt.UTC)

    assert parse_schedule(expression).next_after(start).isoformat() == expected


def test_next_occurrence_is_computed_in_utc() -> None:
    """A start in another time zone is taken to UTC first."""
    start = dt.datetime(2026, 1, 15, 1, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))

    assert parse_schedule("0 0 0 * * *").next_after(start).isoformat() == "2026-01-15T00:00:00+00:00"


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * * *",
        "01:00:00",
        "60 * * * * *",
        "* * 24 * * *",
        "* * * 0 * *",
        "* * * * 13 *",
        "* * * * * 7",
        "? * * * * *",
        "* * * L * *",
        "* * * * * 5#2",
        "* * * * * @",
        "@hourly",
        "*/0 * * * * *",
        "-5 * * * * *",
        "1, * * * * *",
        "1- * * * * *",
        "1/ * * * * *",
        "* * * * Foo *",
        "Jan * * * * *",
        "٣ * * * * *",
        "0 0 0 30 2 *",
    ],
)
def test_malformed_schedule_is_refused(expression: str) -> None:
    """What NCrontab does not read, or what never occurs, is no schedule."""
    with pytest.raises(ScheduleError):
        parse_schedule(expression)
