"""Answers every error as RFC 9457 problem details, with a stable code and what to do about it."""

import math
from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec

from collectors.errors import ConnectorError, Terminal, Throttled, Transient
from pipeline.errors import PROBLEM_TYPES, CallerRefused, Problem, TooManyAttempts

MEDIA_TYPE = "application/problem+json"
UNFORESEEN = ConnectorError(
    "Something went wrong in this app, not in the request.",
    advice="Try again. If it stays, look for the correlation id in the app's log.",
)


class FieldFault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a request."""

    field: str
    message: str


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, what to do about it and where; further members may stand beside these."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    reason: str
    advice: str
    portal_url: str | None
    correlation_id: str
    errors: tuple[FieldFault, ...]


class ProblemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A problem as it is sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def describe(
    error: Exception, *, correlation_id: str, portal_url: Callable[[str], str | None]
) -> ProblemAnswer:
    """Make the answer to an error.

    Args:
        error: one of ours says its own code, detail and advice; of any other nothing is told.
        correlation_id: what finds the call in the log.
        portal_url: completes a page of the Azure portal to its address in this cloud; None for "".

    Returns:
        Status, headers and body: the members of RFC 9457, API.md's, and those the error adds.
    """
    known = error if isinstance(error, ConnectorError) else UNFORESEEN
    status, title = status_and_title(known)
    details = ProblemDetails(
        type=PROBLEM_TYPES + known.code,
        title=title,
        status=status,
        detail=known.detail,
        code=known.code,
        reason=known.reason,
        advice=known.advice,
        portal_url=portal_url(known.portal_page),
        correlation_id=correlation_id,
        errors=_faults(known),
    )
    return ProblemAnswer(status=status, headers=_headers(known), body=_encoded(details, known))


def status_and_title(error: ConnectorError) -> tuple[int, str]:
    """Give the HTTP status and the title of an error of ours."""
    if isinstance(error, Problem):
        return error.status, error.title
    if isinstance(error, Transient):
        return HTTPStatus.SERVICE_UNAVAILABLE, "Azure did not answer"
    if isinstance(error, Terminal):
        return HTTPStatus.BAD_GATEWAY, "Azure refused what this needs"
    return HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error"


def _faults(error: ConnectorError) -> tuple[FieldFault, ...]:
    pairs = error.errors if isinstance(error, Problem) else ()
    return tuple(FieldFault(field=field, message=message) for field, message in pairs)


def _headers(error: ConnectorError) -> dict[str, str]:
    if isinstance(error, CallerRefused):
        return {"www-authenticate": error.challenge}
    wait_s = error.retry_after_s if isinstance(error, Throttled | TooManyAttempts) else None
    return {} if wait_s is None else {"retry-after": str(math.ceil(wait_s))}


def _encoded(details: ProblemDetails, error: ConnectorError) -> bytes:
    extra = error.extra if isinstance(error, Problem) else {}
    members = {**extra, **msgspec.to_builtins(details)}
    return msgspec.json.encode(members)
