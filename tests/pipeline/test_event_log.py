"""How events are logged: one line each, whatever is in it, and the same fields for an exporter."""

import logging
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import event_log
from pipeline.event_log import LOGGER, MOST_CHARACTERS, Event, line_of, log, name_of
from pipeline.events import CallFailed, SecretNotDeleted, SyncRunFinished, Throttled

VALUES = st.text(max_size=MOST_CHARACTERS) | st.none()


def test_a_name_is_that_of_the_class() -> None:
    """In the words that queries use."""
    assert [name_of(SyncRunFinished), name_of(Throttled)] == ["sync_run_finished", "throttled"]


def test_fields_stand_in_their_order() -> None:
    """However they are given; numbers and paths as they are, what has no value as nothing."""
    event = Throttled(
        subscription_id="s", retry_after_s=None, path="/subscriptions/s/x.y", host="management.azure.com:443"
    )

    assert line_of(event) == (
        "throttled host=management.azure.com:443 path=/subscriptions/s/x.y retry_after_s= subscription_id=s"
    )


@given(name=VALUES, problem=VALUES)
def test_nothing_can_be_slipped_in(name: str | None, problem: str | None) -> None:
    """Blanks, line breaks, `=` and anything else in a value make no field and no line more, and come back."""
    line = line_of(SecretNotDeleted(secret_name=name, problem=problem or ""))

    event, *fields = line.split(" ")
    pairs = [field.split("=") for field in fields]
    assert event == "secret_not_deleted"
    assert [key for key, _ in pairs] == ["secret_name", "problem"]
    assert line.isprintable()
    assert line.isascii()
    assert [unquote(value) for _, value in pairs] == [
        (text or "").encode("utf-8", "replace").decode() for text in (name, problem)
    ]


def test_a_long_value_is_cut() -> None:
    """A line stays a line."""
    line = line_of(SecretNotDeleted(secret_name="x" * 10_000, problem="p"))

    assert len(line) < MOST_CHARACTERS + 100


def test_the_record_carries_the_fields(caplog: pytest.LogCaptureFixture) -> None:
    """For an exporter of OpenTelemetry: with their types, without what has no value, and who logged it."""
    log(Throttled(host="h", path="/p", retry_after_s=1.5, subscription_id="s"))
    log(Throttled(host="h", path="/p", retry_after_s=None, subscription_id="s"))

    first, second = map(vars, caplog.records)
    assert {name: first[name] for name in ("event", "host", "path", "retry_after_s")} == {
        "event": "throttled",
        "host": "h",
        "path": "/p",
        "retry_after_s": 1.5,
    }
    assert "retry_after_s" not in second
    assert (first["name"], first["levelno"], first["module"]) == (LOGGER, logging.WARNING, "test_event_log")


def test_a_failure_brings_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Below the event's own line."""
    try:
        int("found")
    except ValueError:
        event_log.exception(CallFailed(route="r", correlation_id="c"))

    assert "call_failed route=r correlation_id=c" in caplog.text
    assert "ValueError: invalid literal for int() with base 10: 'found'" in caplog.text


class Named(Event):
    """An event of this test."""

    status: str


@pytest.mark.parametrize("text", ["%s", "%(x)s", "100%"])
def test_a_percent_sign_is_no_format(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """It is a character like any other."""
    caplog.set_level(logging.INFO)
    log(Named(status=text))

    assert [unquote(record.message) for record in caplog.records] == [f"named status={text}"]
