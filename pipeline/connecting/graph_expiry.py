"""When a client secret ends, as Microsoft Graph tells it where an administrator consented to that.

Graph lists an application's secrets without their values: which one is in use shows its `hint`, the first
three characters ("passwordCredential resource type"). They are compared here, and kept nowhere.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from collectors.contract import Read, Reader
from collectors.errors import AccessDenied, CollectionError, ResourceAbsent
from pipeline.connecting.secret_expiry import source_of
from pipeline.stores.records import CredentialRecord
from pipeline.times import from_rfc3339

if TYPE_CHECKING:
    from pipeline.model import EndSource

APPLICATION = Read(
    path="/v1.0/applications(appId='{client_id}')",
    api_version="",
    permission="Application.Read.All",
    query=(("$select", "passwordCredentials"),),
)
WITHIN_S = 15.0
"""Longer nobody waits for it who connects: it can be entered, and is asked for again when verifying."""
A_DAY = timedelta(days=1)
"""By so much the portal's day, which is local time, may be later than the one in UTC."""
_GRAPH: "EndSource" = "graph"

_CONSENT = (
    f"Or let an administrator consent to the application permission {APPLICATION.permission} of Microsoft "
    "Graph and verify the connection: then the app reads the day itself."
)


class EndRemark(msgspec.Struct, frozen=True, kw_only=True):
    """What a person should know of a secret's end beside the day.

    Args:
        detail: a sentence.
        advice: what more can be done; "" for nothing.
        warns: whether something is wrong.
    """

    detail: str
    advice: str = ""
    warns: bool = False


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """A credential with all that is known of its end."""

    credential: CredentialRecord
    remark: EndRemark | None = None


class _Password(msgspec.Struct, frozen=True, rename="camel"):
    hint: str | None = None
    end_date_time: str | None = None


class _Application(msgspec.Struct, frozen=True, rename="camel"):
    password_credentials: tuple[_Password, ...] = ()


async def learn_end(reader: Reader, credential: CredentialRecord, *, hint: str, now: datetime) -> Learnt:
    """Ask Microsoft Graph when a client secret ends that Entra has just accepted.

    Takes a reader of the application's tenant, the credential as it is known, the secret's first three
    characters, and the present. Gives the credential with the day: Graph's where nobody entered one, or one
    later than the secret's end; else as it was. What Graph does not tell is said, never raised.
    """
    try:
        async with asyncio.timeout(WITHIN_S):
            found = await reader.get(APPLICATION, _Application, client_id=credential.client_id or "")
    except (CollectionError, TimeoutError) as error:
        return _unknown(credential, _reason(error))
    ends = sorted(_ends(found, hint, now))
    if not ends:
        return _unknown(credential, EndRemark(detail="Microsoft Graph lists no end for it."))
    return _known(credential, ends)


def _known(credential: CredentialRecord, ends: list[date]) -> Learnt:
    entered = credential.secret_expires_on if source_of(credential) == "entered" else None
    if entered is not None and date.fromisoformat(entered) - A_DAY <= ends[-1]:
        return Learnt(credential=credential)
    told = msgspec.structs.replace(
        credential, secret_expires_on=ends[0].isoformat(), secret_expires_on_source=_GRAPH
    )
    several = (
        f"That is the earliest end of {len(ends)} client secrets that begin alike: Microsoft Graph does not "
        "tell which of them this is."
    )
    remarks = [several] if len(set(ends)) > 1 else []
    if entered is None:
        return Learnt(credential=told, remark=EndRemark(detail=several) if remarks else None)
    late = f"The day that was entered, {entered}, is later than Microsoft Graph tells."
    advice = "The app goes by Microsoft Graph. Compare the day with the one under Certificates & secrets."
    return Learnt(
        credential=told, remark=EndRemark(detail=" ".join([late, *remarks]), advice=advice, warns=True)
    )


def _unknown(credential: CredentialRecord, remark: EndRemark) -> Learnt:
    return Learnt(credential=credential, remark=None if credential.secret_expires_on else remark)


def _reason(error: CollectionError | TimeoutError) -> EndRemark:
    if isinstance(error, AccessDenied):
        return EndRemark(detail="Microsoft Graph does not let the application read it.", advice=_CONSENT)
    if isinstance(error, ResourceAbsent):
        return EndRemark(detail="Microsoft Graph knows no such application in this tenant.")
    again = "Or verify the connection again, for Microsoft Graph to be asked once more."
    return EndRemark(detail="Microsoft Graph did not tell it this time.", advice=again)


def _ends(application: _Application, hint: str, now: datetime) -> Iterator[date]:
    """Give the days on which the secrets end that may be this one: they begin alike, and have not ended."""
    for password in application.password_credentials:
        if password.hint == hint and password.end_date_time is not None:
            try:
                end = from_rfc3339(password.end_date_time)
            except (ValueError, OverflowError):
                continue
            if end > now.astimezone(UTC):
                yield end.date()
