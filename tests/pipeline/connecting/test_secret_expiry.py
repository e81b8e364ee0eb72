"""What is said of a secret that ends."""

from datetime import UTC, date, datetime, timedelta

import pytest

from pipeline.connecting.secret_expiry import EXPIRY_NOTICE_DAYS, days_left, days_to_tell, expiry_notice
from pipeline.stores.records import ConnectionRecord, CredentialRecord

NOW = datetime(2026, 11, 21, 23, 59, tzinfo=UTC)


def connection(days: int | None) -> ConnectionRecord:
    """Make a connection whose secret ends in so many days."""
    ends = None if days is None else (date(2026, 11, 21) + timedelta(days=days)).isoformat()
    return ConnectionRecord(
        id="c1",
        name="Example",
        subscription_id="s1",
        subscription_name="production",
        credential=CredentialRecord(method="client_secret", tenant_id="t1", secret_expires_on=ends),
        frequency="daily",
        created_at="2026-01-01T00:00:00.000000Z",
        updated_at="2026-01-01T00:00:00.000000Z",
    )


@pytest.mark.parametrize("days", EXPIRY_NOTICE_DAYS)
def test_notice_on_the_days(days: int) -> None:
    """At 30, 14, 7 and 1 days the connection says so, and the log too."""
    notice = expiry_notice(connection(days), NOW)

    assert notice is not None
    assert notice.code == "secret_expires_soon"
    assert notice.advice
    assert days_to_tell(connection(days), NOW) == days


@pytest.mark.parametrize("days", [29, 13, 2, 0])
def test_notice_between_the_days(days: int) -> None:
    """Between the days the connection goes on saying so, and the log is silent."""
    assert expiry_notice(connection(days), NOW) is not None
    assert days_to_tell(connection(days), NOW) is None


@pytest.mark.parametrize("days", [31, 365, None])
def test_no_notice(days: int | None) -> None:
    """A secret that lasts longer than 30 days, or whose end nobody told, needs no person."""
    assert expiry_notice(connection(days), NOW) is None
    assert days_to_tell(connection(days), NOW) is None


@pytest.mark.parametrize("days", [-1, -100])
def test_expired(days: int) -> None:
    """A secret that has ended is another matter than one that will."""
    notice = expiry_notice(connection(days), NOW)

    assert notice is not None
    assert notice.code == "secret_expired"


@pytest.mark.parametrize(("days", "due"), [(-1, True), (-2, False)])
def test_expired_is_logged_once(days: int, *, due: bool) -> None:
    """The log says that a secret has ended on the first day after it."""
    assert (days_to_tell(connection(days), NOW) is not None) is due


@pytest.mark.parametrize(("days", "words"), [(0, "ends today"), (1, "ends tomorrow"), (7, "ends in 7 days")])
def test_words(days: int, words: str) -> None:
    """The notice says when, in words and as a day."""
    notice = expiry_notice(connection(days), NOW)

    assert notice is not None
    assert words in notice.detail
    assert str(connection(days).credential.secret_expires_on) in notice.detail


def test_days_are_utc() -> None:
    """Days change at midnight in UTC, wherever the clock says it is."""
    elsewhere = datetime.fromisoformat("2026-11-22T01:30:00+02:00")

    assert days_left(connection(0).credential, elsewhere) == 0
