"""NCRONTAB schedules: six fields from second to weekday, read and stepped through in UTC."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

# fmt: off
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)
_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
# fmt: on
_FIELDS_WITH_SECONDS = 6
# 29 February on a given weekday comes back after 40 years at most, over a century year without a leap day.
_HORIZON = dt.timedelta(days=41 * 366)


@dataclass(frozen=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 6, _WEEKDAYS),
)


class ScheduleError(ValueError):
    """Say what is wrong with a schedule, and in which field."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A read schedule: the values each field allows, in ascending order. Day and weekday must both match."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def next_after(self, start: dt.datetime) -> dt.datetime:
        """Give the first occurrence that is later than a time.

        Args:
            start: An aware time; it is taken to UTC.

        Returns:
            The occurrence in UTC, without microseconds.

        Raises:
            ScheduleError: There is none, as with 30 February.
        """
        floor = start.astimezone(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=1)
        for date in self._dates(floor.date()):
            earliest = (floor.hour, floor.minute, floor.second) if date == floor.date() else (0, 0, 0)
            for hour, minute, second in self._times(earliest):
                return dt.datetime(date.year, date.month, date.day, hour, minute, second, tzinfo=dt.UTC)
        message = f"{self.text!r} never occurs: no such day in the month."
        raise ScheduleError(message)

    def _dates(self, first: dt.date) -> Iterator[dt.date]:
        for offset in range(_HORIZON.days):
            date = first + dt.timedelta(days=offset)
            weekday = date.isoweekday() % 7
            if date.month in self.months and date.day in self.days and weekday in self.weekdays:
                yield date

    def _times(self, earliest: tuple[int, int, int]) -> Iterator[tuple[int, int, int]]:
        for hour in self.hours:
            if hour < earliest[0]:
                continue
            for minute in self.minutes:
                if (hour, minute) < earliest[:2]:
                    continue
                for second in self.seconds:
                    if (hour, minute, second) >= earliest:
                        yield hour, minute, second


def parse_schedule(text: str) -> Schedule:
    """Read an NCRONTAB expression of six fields, or of five with the seconds left out.

    Source: learn.microsoft.com/azure/azure-functions/functions-bindings-timer, "NCRONTAB expressions", and
    CrontabField.cs of atifaziz/NCrontab, which the real host parses with.

    Args:
        text: `{second} {minute} {hour} {day} {month} {weekday}` with `*`, lists, ranges and steps.

    Returns:
        The schedule; it has at least one occurrence.

    Raises:
        ScheduleError: It does not parse, or never occurs.
    """
    parts = text.split()
    if len(parts) == _FIELDS_WITH_SECONDS - 1:
        parts = ["0", *parts]
    if len(parts) != _FIELDS_WITH_SECONDS:
        message = f"{text!r} has {len(parts)} fields; NCRONTAB has six: second minute hour day month weekday."
        raise ScheduleError(message)
    values = [_parse_field(part, field) for part, field in zip(parts, _FIELDS, strict=True)]
    second, minute, hour, day, month, weekday = values
    schedule = Schedule(
        text=text, seconds=second, minutes=minute, hours=hour, days=day, months=month, weekdays=weekday
    )
    schedule.next_after(dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
    return schedule


def _parse_field(text: str, field: _Field) -> tuple[int, ...]:
    allowed: set[int] = set()
    for item in text.split(","):
        allowed.update(_parse_item(item, field))
    return tuple(sorted(allowed))


def _parse_item(item: str, field: _Field) -> range:
    span, slash, step_text = item.partition("/")
    step = _number(step_text, item, field) if slash else 1
    if step < 1:
        raise _unreadable(item, field)
    if span == "*":
        return range(field.least, field.most + 1, step)
    first_text, dash, last_text = span.partition("-")
    first = _value(first_text, field)
    if dash:
        # NCrontab swaps a reversed range instead of wrapping it around.
        low, high = sorted((first, _value(last_text, field)))
        return range(low, high + 1, step)
    return range(first, field.most + 1, step) if slash and step > 1 else range(first, first + 1)


def _value(text: str, field: _Field) -> int:
    if text and not text[0].isdigit():
        # NCrontab takes the first name that starts with the text.
        for index, name in enumerate(field.names):
            if name.startswith(text.lower()):
                return index + field.least
        raise _unreadable(text, field)
    value = _number(text, text, field)
    if not field.least <= value <= field.most:
        raise _unreadable(text, field)
    return value


def _number(text: str, item: str, field: _Field) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _unreadable(item, field)
    return int(text)


def _unreadable(item: str, field: _Field) -> ScheduleError:
    return ScheduleError(
        f"{item!r} is not a {field.name} ({field.least}-{field.most}, lists, ranges and steps of them)."
    )
