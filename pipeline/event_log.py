"""The one way to log: an event's name, then its fields, always all of them and in the declared order.

Values are percent-encoded, so that a line has neither more fields nor more lines than the event. The same
fields go with the record, where an OpenTelemetry exporter finds them. Fields hold ids, codes, counts and
paths: never a secret, a request's body or an address's query.
"""

import logging
import re
from typing import ClassVar
from urllib.parse import quote

import msgspec

LOGGER = "events"
MOST_CHARACTERS = 300
_LOG = logging.getLogger(LOGGER)
_AS_IT_IS = "/:@,{}*"
"""What stands in a value unchanged, besides letters, digits and `_.-~`."""

type Value = str | int | float | None


class Event(msgspec.Struct):
    """Something that happened."""

    level: ClassVar[int] = logging.INFO


def log(event: Event) -> None:
    """Log an event."""
    _write(event, traceback=False)


def exception(event: Event) -> None:
    """Log an event with the traceback of the error that is being handled."""
    _write(event, traceback=True)


def _write(event: Event, *, traceback: bool) -> None:
    given = {name: value for name, value in _fields(event).items() if value is not None}
    known: dict[str, Value] = {"event": name_of(type(event)), **given}
    # The record names the module that logged, not this one.
    _LOG.log(event.level, "%s", line_of(event), extra=known, exc_info=traceback, stacklevel=3)


def name_of(event: type[Event]) -> str:
    """Give the name that an event is logged under: `SyncRunFinished` is `sync_run_finished`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower()


def line_of(event: Event) -> str:
    """Write an event as one line; what has no value is `name=`."""
    fields = (f"{name}={_escaped(value)}" for name, value in _fields(event).items())
    return " ".join((name_of(type(event)), *fields))


def _fields(event: Event) -> dict[str, Value]:
    values: dict[str, Value] = {name: getattr(event, name) for name in event.__struct_fields__}
    return {
        name: value[:MOST_CHARACTERS] if isinstance(value, str) else value for name, value in values.items()
    }


def _escaped(value: Value) -> str:
    return "" if value is None else quote(str(value), safe=_AS_IT_IS, errors="replace")
