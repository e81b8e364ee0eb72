"""What a fault does to an answer, and how an answer, spoilt or not, is sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from local.azure import arm_errors as errors
from local.azure.arm import action_of, scope_of
from local.azure.entra_errors import refuse
from local.azure.faults import Kind
from local.azure.tokens import Claims
from local.azure.wire import Answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.azure.faults import Fault
    from local.azure.wire import Request

HTML = b"<!DOCTYPE html><html><body><h1>Our services aren't available right now</h1></body></html>"
NOBODY = Claims(iss="", aud="", tid="", appid="unknown", oid="unknown", exp=0, nbf=0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer and how it is sent: whole, cut in the middle, or not at all."""

    answer: Answer
    cut: bool = False
    drop: bool = False

    @property
    def status(self) -> int:
        """The status the client sees; 0 if the connection is dropped."""
        return 0 if self.drop else self.answer.status


def _throttled(fault: Fault) -> Answer:
    message = "Number of requests for subscription and operation exceeded the backend storage limit."
    refused = errors.error(429, "SubscriptionRequestsThrottled", message)
    if fault.retry_after_s is None:
        return refused
    wait = str(fault.retry_after_s)
    if fault.retry_after_as_date:
        wait = format_datetime(datetime.now(UTC) + timedelta(seconds=fault.retry_after_s), usegmt=True)
    return replace(refused, headers={**refused.headers, "Retry-After": wait})


def _failed(fault: Fault) -> Answer:
    return json_answer(
        {"error": {"code": fault.code, "message": "A fault that was asked for."}}, fault.status
    )


def instead(fault: Fault, request: Request, caller: Claims | None) -> Delivery | None:
    """Return what is sent instead of asking the service, or None if the fault only spoils its answer."""
    if fault.kind is Kind.DROP:
        return Delivery(Answer(200), drop=True)
    made = _replacement(fault, request, caller or NOBODY)
    return Delivery(made) if made else None


def _replacement(fault: Fault, request: Request, caller: Claims) -> Answer | None:
    made: dict[Kind, Callable[[], Answer]] = {
        Kind.THROTTLE: lambda: _throttled(fault),
        Kind.STATUS: lambda: _failed(fault),
        Kind.AADSTS: lambda: refuse(int(fault.code)),
        Kind.HTML: lambda: Answer(200, HTML, content_type="text/html; charset=utf-8"),
        Kind.REDIRECT: lambda: Answer(302, headers={"Location": fault.location}),
        Kind.EXPIRED: lambda: errors.expired_token(datetime.now(UTC).timestamp() - 10),
        Kind.DENIED: lambda: errors.authorization_failed(
            caller, action_of(request.path), scope_of(request.path)
        ),
    }
    return made[fault.kind]() if fault.kind in made else None


def spoil(fault: Fault, answer: Answer, url: str, request: Request) -> Delivery:
    """Spoil the service's own answer."""
    match fault.kind:
        case Kind.TRUNCATE:
            return Delivery(replace(answer, body=answer.body[: len(answer.body) // 2]))
        case Kind.CUT:
            return Delivery(answer, cut=True)
        case Kind.FOREIGN_NEXT_LINK:
            return Delivery(_with_next_link(answer, fault.location))
        case Kind.LOOPING_NEXT_LINK:
            query = request.query.encode()
            return Delivery(_with_next_link(answer, f"{url}{request.path}?{query}"))
        case _:
            return Delivery(answer)


def _with_next_link(answer: Answer, link: str) -> Answer:
    body = msgspec.json.decode(answer.body, type=dict[str, object])
    return replace(answer, body=msgspec.json.encode({**body, "nextLink": link}))


async def deliver(incoming: web.Request, delivery: Delivery) -> web.StreamResponse:
    """Send an answer."""
    if delivery.drop:
        return _hang_up(incoming)
    if delivery.cut:
        return await _send_half(incoming, delivery.answer)
    answer = delivery.answer
    headers = dict(answer.headers)
    if answer.body:
        headers["Content-Type"] = answer.content_type
    return web.Response(status=answer.status, body=answer.body or None, headers=headers)


def _hang_up(incoming: web.Request) -> web.StreamResponse:
    if incoming.transport is not None:
        incoming.transport.abort()
    return web.Response(status=500)


async def _send_half(incoming: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(
        status=answer.status, headers={**answer.headers, "Content-Type": answer.content_type}
    )
    response.content_length = len(answer.body)
    await response.prepare(incoming)
    await response.write(answer.body[: len(answer.body) // 2])
    if incoming.transport is not None:
        incoming.transport.close()
    return response
