"""Times as they are stored and answered: RFC 3339, UTC, fixed width, so that text order is time order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

type Clock = Callable[[], datetime]

FOREVER = "9999-12-31T23:59:59.999999Z"
"""What an open interval's end is stored as, so that one comparison answers "still open"."""


def utc_now() -> datetime:
    """Give the present, aware, in UTC."""
    return datetime.now(UTC)


def rfc3339(at: datetime) -> str:
    """Write an aware time in UTC with six decimals, such as 2026-11-21T22:24:00.000000Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_rfc3339(text: str) -> datetime:
    """Read a time with an offset or `Z`; raises ValueError for anything else, naive times included."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        message = "the time has no offset"
        raise ValueError(message)
    return at.astimezone(UTC)


def epoch_ms(at: datetime) -> int:
    """Give the milliseconds since 1970 UTC."""
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
