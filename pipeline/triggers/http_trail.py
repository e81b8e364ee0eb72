"""The trail of one call in the audit log: written before it is handled, and once it is answered."""

import re
from collections.abc import Iterator
from typing import Any

import azure.functions as func
import msgspec

from pipeline.audit import Actor, Attempt, AuditEntry, Ending, Result, Target
from pipeline.callers.caller import KEY_HOLDER, Caller
from pipeline.model import Connected, Connection, Rotated, SyncRun
from pipeline.triggers.http_origin import origin_of
from pipeline.triggers.http_route import Call, Route
from pipeline.triggers.http_services import AuditService

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SANE_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
_MOST_SUBSCRIPTIONS = 500


class Trail:
    """What one call leaves in the audit log; nothing, where its route changes nothing.

    Args:
        route: what was called.
        request: as the Functions host hands it over.

    `caller` is a holder of the key until more is known.
    """

    def __init__(
        self, route: Route[Any, Any, Any], audit: AuditService, request: func.HttpRequest, correlation_id: str
    ) -> None:
        self._route = route
        self._audit = audit
        self._request = request
        self._correlation_id = correlation_id
        self._entry: AuditEntry | None = None
        self._tried = False
        self.caller = KEY_HOLDER

    async def start(self, call: Call[Any, Any]) -> None:
        """Record a call that is about to be handled; raises AuditUnavailable, and then it must not be."""
        attempt = self._attempt(call)
        if attempt is not None:
            self._tried = True
            self._entry = await self._audit.start(attempt)

    async def end(self, result: Result, answer: object = None) -> None:
        """Record how a call was answered, also one that was refused before it was handled."""
        ending = _ending(_true(result, answer), answer)
        if self._entry is not None:
            await self._audit.finish(self._entry, ending)
        elif not self._tried and (attempt := self._attempt(None)) is not None:
            await self._audit.record(attempt, ending)

    def _attempt(self, call: Call[Any, Any] | None) -> Attempt | None:
        """Describe the call; one that was refused unread, by its address alone."""
        action = self._route.action_of(None if call is None else call.query)
        if action is None:
            return None
        body = None if call is None else call.body
        return Attempt(
            action=action,
            actor=_actor(self.caller),
            origin=origin_of(self._request.headers),
            target=_target_of(self._request.route_params.get("connection_id", ""), body),
            fields=_given(body),
            correlation_id=self._correlation_id,
        )


def _actor(caller: Caller) -> Actor:
    return Actor(
        kind="token" if caller.kind == "token" else "key",
        object_id=caller.object_id,
        client_id=caller.client_id,
        tenant_id=caller.tenant_id,
    )


def _target_of(connection_id: str, body: msgspec.Struct | None) -> Target:
    """Name what a request is about: of its body only ids, and only what looks like one."""
    credential = _member(body, "auth") or body
    method = type(credential).__struct_config__.tag if isinstance(credential, msgspec.Struct) else None
    return Target(
        connection_ids=(connection_id,) if _SANE_ID.fullmatch(connection_id) else (),
        subscription_ids=tuple(_subscriptions_of(body))[:_MOST_SUBSCRIPTIONS],
        method=method if isinstance(method, str) else None,
        tenant_id=_id_in(credential, "tenant_id"),
        client_id=_id_in(credential, "client_id"),
    )


def _subscriptions_of(body: msgspec.Struct | None) -> Iterator[str]:
    asked = getattr(body, "subscription_ids", ())
    for one in asked.split(",") if isinstance(asked, str) else asked:
        if _GUID.fullmatch(one.strip()):
            yield one.strip().lower()


def _member(body: msgspec.Struct | None, name: str) -> msgspec.Struct | None:
    value = getattr(body, name, None)
    return value if isinstance(value, msgspec.Struct) else None


def _id_in(credential: msgspec.Struct | None, name: str) -> str | None:
    value = getattr(credential, name, None)
    return value.lower() if isinstance(value, str) and _GUID.fullmatch(value) else None


def _given(body: msgspec.Struct | None) -> tuple[str, ...]:
    """Name the fields that a request gave: those that are not as they are when left out."""
    if body is None:
        return ()
    given = (
        field.encode_name
        for field in msgspec.structs.fields(body)
        if field.required or getattr(body, field.name) != field.default
    )
    return tuple(sorted(given))


def _true(result: Result, answer: object) -> Result:
    """Call a rotation that left connections with the old credential no success, whatever its status."""
    if not isinstance(answer, Rotated) or not answer.rejected:
        return result
    return msgspec.structs.replace(result, outcome="failed", code=str(answer.rejected[0].problem["code"]))


def _ending(result: Result, answer: object) -> Ending:
    """Name the connections that an answer is about, and whose access they have; one about all names none."""
    match answer:
        case Connected(connections=[first, *_] as about) | Rotated(connections=[first, *_] as about):
            return _of_access(result, first, about)
        case Connection():
            return _of_access(result, answer, (answer,))
        case SyncRun(connection_id=connection_id):
            return Ending(result=result, connection_ids=(connection_id,))
    return Ending(result=result)


def _of_access(result: Result, one: Connection, about: tuple[Connection, ...]) -> Ending:
    return Ending(
        result=result,
        connection_ids=tuple(connection.id for connection in about),
        tenant_id=one.tenant_id,
        principal_id=one.auth.principal_id,
    )
