"""When a client secret or certificate ends: what a connection says of it, and on which days the log too."""

from datetime import UTC, date, datetime

import msgspec

from pipeline.model import Attention, EndSource
from pipeline.stores.records import ConnectionRecord, CredentialRecord

EXPIRY_NOTICE_DAYS = (30, 14, 7, 1)


class _Words(msgspec.Struct, frozen=True):
    """How one kind of credential is spoken of."""

    name: str
    renew: str


_SECRET = _Words(
    "client secret",
    "Create a new client secret under Certificates & secrets of the app registration, and enter its Value "
    "and its last day here.",
)
_CERTIFICATE = _Words(
    "certificate",
    "Create a new certificate, upload it under Certificates & secrets > Certificates of the app "
    "registration, and enter it with its private key here.",
)


def days_left(credential: CredentialRecord, now: datetime) -> int | None:
    """Count the days until a secret ends: 0 on its last day, less after it, None if nobody told the day."""
    if credential.secret_expires_on is None:
        return None
    return (date.fromisoformat(credential.secret_expires_on) - now.astimezone(UTC).date()).days


def source_of(credential: CredentialRecord) -> EndSource | None:
    """Say who told when a secret ends; None if nobody did."""
    if credential.secret_expires_on is None:
        return None
    return credential.secret_expires_on_source or (
        "certificate" if credential.certificate_thumbprint else "entered"
    )


def expiry_notice(record: ConnectionRecord, now: datetime) -> Attention | None:
    """Say that a connection's secret ends within 30 days, or has ended; None otherwise.

    Takes the connection and the present. Gives `secret_expires_soon` or `secret_expired` with advice.
    """
    left = days_left(record.credential, now)
    if left is None or left > max(EXPIRY_NOTICE_DAYS):
        return None
    day = record.credential.secret_expires_on
    words = _words_of(record.credential)
    if left < 0:
        return Attention(
            code="secret_expired",
            detail=f"The {words.name} ended on {day}.",
            advice=f"{words.renew} Evidence collected so far is kept.",
        )
    return Attention(
        code="secret_expires_soon",
        detail=f"The {words.name} ends {_when(left)} ({day}).",
        advice=f"{words.renew} The old one goes on working until it ends.",
    )


def days_to_tell(record: ConnectionRecord, now: datetime) -> int | None:
    """Give the days left on those that are worth a log event: 30, 14, 7 and 1 before the end, 1 after."""
    left = days_left(record.credential, now)
    return left if left in {*EXPIRY_NOTICE_DAYS, -1} else None


def _when(left: int) -> str:
    if left == 0:
        return "today"
    return "tomorrow" if left == 1 else f"in {left} days"


def ending_name(credential: CredentialRecord) -> str:
    """Name what ends, as people call it."""
    return _words_of(credential).name


def _words_of(credential: CredentialRecord) -> _Words:
    return _CERTIFICATE if credential.certificate_thumbprint else _SECRET
