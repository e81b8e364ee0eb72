"""The routes of the sign-in with Microsoft, and their handlers."""

from http import HTTPStatus
from typing import Any

from pipeline import errors
from pipeline.audit import Actor, Attempt, Ending, Result, Target
from pipeline.callers.caller import Caller
from pipeline.requests import AuthRequest, CallbackQuery, SignInAuth, SignInRequest
from pipeline.sign_in.addresses import with_outcome
from pipeline.sign_in.flow import Finished
from pipeline.sign_in.page import page
from pipeline.sign_in.views import SignInStarted, SignInView
from pipeline.triggers.http_browser import BrowserAnswer
from pipeline.triggers.http_parsing import NoBody, NoQuery
from pipeline.triggers.http_route import Call, Route


async def start_sign_in(call: Call[SignInRequest, NoQuery]) -> SignInStarted:
    """Start a sign-in for this caller."""
    return await call.services.sign_ins.start(call.body, by=starter_of(call.caller))


async def finish_sign_in(call: Call[NoBody, CallbackQuery]) -> BrowserAnswer:
    """Finish a sign-in and send the browser where its caller wants it, else show what to do."""
    done = await call.services.sign_ins.finish(call.query)
    answer = _answer(done)
    status = answer.status if answer.location is None else HTTPStatus.FOUND
    await call.services.audit.record(_attempt(call, done), Ending(result=_result(done, status)))
    return answer


async def get_sign_in(call: Call[NoBody, NoQuery]) -> SignInView:
    """Give a sign-in to the caller who started it."""
    return await call.services.sign_ins.show(call.path["sign_in_id"], by=starter_of(call.caller))


async def demand_own(call: Call[Any, Any], auth: AuthRequest) -> None:
    """Let a sign-in be used by the caller alone who started it; raises NotFound for everybody else."""
    if isinstance(auth, SignInAuth):
        await call.services.sign_ins.demand(auth.sign_in_id, by=starter_of(call.caller))


def starter_of(caller: Caller) -> str | None:
    """Name a caller by what the token says; None for a Functions key, which tells callers not apart."""
    if caller.kind != "token":
        return None
    return f"{caller.tenant_id}/{caller.object_id or caller.client_id}"


def _answer(done: Finished) -> BrowserAnswer:
    if done.return_url is None:
        return _page(done)
    error = (done.problem.reason or done.problem.code) if done.problem else None
    return BrowserAnswer(location=with_outcome(done.return_url, done.sign_in_id, error))


def _attempt(call: Call[NoBody, CallbackQuery], done: Finished) -> Attempt:
    """Describe a sign-in that ended, by who signed in; its id stays out, for whoever has it may use it."""
    return Attempt(
        action="sign_in",
        actor=Actor(kind="person", object_id=done.principal_id, tenant_id=done.tenant_id),
        origin=call.origin,
        target=Target(method="sign_in", tenant_id=done.tenant_id, principal_id=done.principal_id),
        fields=(),
        correlation_id=call.correlation_id,
    )


def _result(done: Finished, status: HTTPStatus) -> Result:
    """Say what came of it, which the status of a redirect does not."""
    if done.problem is None:
        return Result(outcome="succeeded", status=status)
    return Result(
        outcome="refused", status=status, code=done.problem.code, reason=done.problem.reason or None
    )


def _page(done: Finished) -> BrowserAnswer:
    if done.problem is None:
        told = "You can close this page and go back to where you came from, to choose subscriptions."
        return BrowserAnswer(page=page("You are signed in", told))
    failed = page("You are not signed in", done.problem.detail, done.problem.advice)
    return BrowserAnswer(page=failed, status=HTTPStatus.BAD_REQUEST)


SIGN_IN: tuple[Route[Any, Any, Any], ...] = (
    Route(
        name="start_sign_in",
        method="POST",
        path="sign-in",
        handler=start_sign_in,
        request=SignInRequest,
        query=NoQuery,
        answer=SignInStarted,
        audited="sign_in",
        summary="Start a sign-in with Microsoft: give the address where a person signs in",
        errors=(errors.SignInNotConfigured, errors.UpstreamUnavailable),
    ),
    Route(
        name="finish_sign_in",
        method="GET",
        path="sign-in/callback",
        handler=finish_sign_in,
        request=NoBody,
        query=CallbackQuery,
        answer=BrowserAnswer,
        anonymous=True,
        browser=True,
        summary="Where Microsoft Entra sends the browser back to",
        errors=(errors.SignInNotConfigured, errors.SignInRefused),
    ),
    Route(
        name="get_sign_in",
        method="GET",
        path="sign-in/{sign_in_id}",
        handler=get_sign_in,
        request=NoBody,
        query=NoQuery,
        answer=SignInView,
        summary="Read a sign-in, and once it is complete, the subscriptions that can be connected with it",
        errors=(errors.SignInNotConfigured, errors.UpstreamUnavailable),
    ),
)
