"""The declared events: told apart, explained, and harmless in a log."""

import logging

import pytest

from pipeline import events
from pipeline.event_log import Event, name_of

DECLARED = [one for one in vars(events).values() if isinstance(one, type) and issubclass(one, Event)][1:]
EACH = pytest.mark.parametrize("event", DECLARED, ids=name_of)
_OF_A_RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime", "event"}


def test_names_are_unique() -> None:
    """And there are events."""
    names = [name_of(event) for event in DECLARED]

    assert len(names) == len(set(names)) > 20


@EACH
def test_each_says_what_it_means(event: type[Event]) -> None:
    """In one line, which docs/operations.md shows."""
    assert event.__doc__
    assert len(event.__doc__.splitlines()) == 1
    assert event.__doc__.endswith(".")


@EACH
def test_no_field_hides_one_of_the_record(event: type[Event]) -> None:
    """`logging` refuses such a field when the event is logged, which may be long after."""
    assert set(event.__struct_fields__) & _OF_A_RECORD == set()


@EACH
def test_no_field_is_for_what_must_not_be_logged(event: type[Event]) -> None:
    """No event has room for a secret, a token, a body, a query, a header or the words of an error."""
    forbidden = {"secret", "token", "body", "query", "url", "header", "headers", "detail", "message", "name"}

    assert forbidden.intersection(event.__struct_fields__) == set()
