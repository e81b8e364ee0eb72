"""What the API answers about sign-ins."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from collectors.contract import JsonValue
from collectors.errors import CollectionError
from pipeline.errors import PROBLEM_TYPES, AuthenticationFailed
from pipeline.model import ProblemView
from pipeline.sign_in.records import SignInRecord

type SignInStatus = Literal["pending", "complete", "failed"]


class SignInStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that was started: where the browser is to go, and until when."""

    sign_in_id: str
    authorization_url: str
    expires_at: str


class SignInSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription that the person sees.

    Args:
        state: as Azure says it.
        connectable: whether connecting it with this sign-in is worth a try.
        reason: why not, or what to know of it; "" for nothing.
        connection_id: of the connection that it has already.
    """

    subscription_id: str
    display_name: str
    state: str
    connectable: bool
    reason: str = ""
    connection_id: str | None = None


class SignInView(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in.

    Args:
        expires_at: until when it can be finished, and once complete, used.
        problem: why it failed, in the members of problem details (RFC 9457).
    """

    sign_in_id: str
    status: SignInStatus
    expires_at: str
    subscriptions: tuple[SignInSubscription, ...] = ()
    problem: Mapping[str, JsonValue] | None = None


def shown(record: SignInRecord, status: SignInStatus) -> SignInView:
    """Show a sign-in without what can be connected with it."""
    return SignInView(sign_in_id=record.id, status=status, expires_at=record.expires_at)


def failed(record: SignInRecord, problem: ProblemView | None) -> SignInView:
    """Show a sign-in that failed, with the reason in the members of problem details."""
    details: dict[str, JsonValue] = {
        "type": PROBLEM_TYPES + AuthenticationFailed.code,
        "title": AuthenticationFailed.title,
        "status": AuthenticationFailed.status,
        **(msgspec.to_builtins(problem) if problem else {}),
    }
    return msgspec.structs.replace(shown(record, "failed"), problem=details)


def problem_of(error: CollectionError) -> ProblemView:
    """Describe why a sign-in failed; never in Entra's own words, which may name people."""
    return ProblemView(code=error.code, detail=error.detail, advice=error.advice, reason=error.reason)
