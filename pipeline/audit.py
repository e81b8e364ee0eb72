"""The audit log: who asked for which change, when, from where, and what came of it.

An entry is two facts, each written once and never again: that a change was asked for, before it is tried, and
how it ended. Where the second is missing the app stopped in between, or is still at it: `unknown`.
What a request holds beyond ids and the names of its fields is never recorded.
"""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Literal, Protocol

import msgspec
from azure.core.exceptions import AzureError

from pipeline.errors import AuditUnavailable
from pipeline.event_log import log
from pipeline.events import AuditEndingNotWritten, AuditNotWritten, AuditRefusalNotWritten
from pipeline.ids import new_audit_id
from pipeline.model import Page
from pipeline.requests import AuditAction, AuditQuery
from pipeline.times import Clock, rfc3339

type Outcome = Literal["succeeded", "refused", "failed", "unknown"]

SCAN_BUDGET = 2_000
"""Entries looked at for one page before it is given short: keeps every answer quick."""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked.

    Args:
        kind: `token` for a caller that Entra vouches for; `key` for whoever holds a Functions key;
            `person` for who came back from signing in.
        object_id, client_id, tenant_id: as the token names the caller, or Entra the person; None without one.
    """

    kind: Literal["key", "token", "person"]
    object_id: str | None = None
    client_id: str | None = None
    tenant_id: str | None = None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """From where.

    Args:
        address: of whoever spoke to Azure's front end: a gateway's, if one stands before the app.
        user_agent: what the caller says of itself, cut.
    """

    address: str | None = None
    user_agent: str | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What was to be changed; a change of all connections names none.

    Args:
        principal_id: object id of whom the credential speaks for, known once it was tried.
    """

    connection_ids: tuple[str, ...] = ()
    subscription_ids: tuple[str, ...] = ()
    method: str | None = None
    tenant_id: str | None = None
    client_id: str | None = None
    principal_id: str | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Args:
        outcome: `refused` changed nothing; `failed` may have changed a part; `unknown` never ended.
        status: of the HTTP answer.
        code, reason: of the problem that was answered.
    """

    outcome: Outcome = "unknown"
    status: int | None = None
    code: str | None = None
    reason: str | None = None
    finished_at: str | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a change.

    Args:
        fields: the fields that the request gave, by name; never a value.
    """

    id: str
    at: str
    action: AuditAction
    actor: Actor
    origin: Origin = msgspec.field(name="from")
    target: Target
    fields: tuple[str, ...]
    correlation_id: str
    result: Result = Result()


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended; as the answer tells, which connections it was about and whose access they have.

    Args:
        tenant_id, principal_id: of the credential, as the access token named them.
    """

    result: Result
    connection_ids: tuple[str, ...] = ()
    tenant_id: str | None = None
    principal_id: str | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt as its caller describes it."""

    action: AuditAction
    actor: Actor
    origin: Origin
    target: Target
    fields: tuple[str, ...]
    correlation_id: str


class AuditStore(Protocol):
    """Keeps entries: what is inserted stays as it is."""

    async def start(self, entry: AuditEntry) -> None:
        """Keep that an attempt begins."""
        ...

    async def finish(self, entry: AuditEntry, ending: Ending) -> None:
        """Keep how it ended."""
        ...

    async def record(self, entry: AuditEntry, ending: Ending) -> None:
        """Keep both at once."""
        ...

    def entries(self, query: AuditQuery, *, page_size: int) -> AsyncIterator[AuditEntry]:
        """Stream joined entries newest first, from the query's position, of its times and its action."""
        ...


class AuditLog:
    """Writes and reads the audit log."""

    def __init__(self, store: AuditStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def start(self, attempt: Attempt) -> AuditEntry:
        """Record that a change is about to be tried.

        Takes what is known of it. Gives the entry, to be finished.

        Raises:
            AuditUnavailable: it could not be recorded, so the change must not be tried.
        """
        entry = self._entry(attempt)
        try:
            await self._store.start(entry)
        except AzureError as error:
            log(AuditNotWritten(action=entry.action, error=type(error).__name__))
            raise AuditUnavailable("The change was not tried: the audit log cannot be written.") from error
        return entry

    async def finish(self, entry: AuditEntry, ending: Ending) -> None:
        """Record how it ended; where that fails the entry stays `unknown`, for the change is made already."""
        try:
            await self._store.finish(entry, self._ended(ending))
        except AzureError as error:
            log(AuditEndingNotWritten(audit_id=entry.id, error=type(error).__name__))

    async def record(self, attempt: Attempt, ending: Ending) -> None:
        """Record an attempt that has ended: refused before it was tried, or begun before it was ours.

        Where that fails, only the app's log knows of it.
        """
        entry = self._entry(attempt)
        try:
            await self._store.record(entry, self._ended(ending))
        except AzureError as error:
            log(AuditRefusalNotWritten(action=entry.action, error=type(error).__name__))

    async def page(self, query: AuditQuery) -> Page[AuditEntry]:
        """List entries newest first; `next_cursor` is the id of the last one looked at.

        A page may hold fewer entries than asked for and still have a next one, when many had to be looked at.
        """
        found: list[AuditEntry] = []
        seen, last = 0, query.position
        page_size = min(2 * query.limit + 2, 1000)
        async for entry in self._store.entries(query, page_size=page_size):
            if len(found) == query.limit or seen == SCAN_BUDGET:
                return Page(items=tuple(found), next_cursor=last)
            last, seen = entry.id, seen + 1
            if query.connection_id is None or query.connection_id in entry.target.connection_ids:
                found.append(entry)
        return Page(items=tuple(found), next_cursor=None)

    def _entry(self, attempt: Attempt) -> AuditEntry:
        now = self._clock()
        return AuditEntry(
            id=new_audit_id(now),
            at=rfc3339(now),
            action=attempt.action,
            actor=attempt.actor,
            origin=attempt.origin,
            target=attempt.target,
            fields=attempt.fields,
            correlation_id=attempt.correlation_id,
        )

    def _ended(self, ending: Ending) -> Ending:
        result = msgspec.structs.replace(ending.result, finished_at=rfc3339(self._clock()))
        return msgspec.structs.replace(ending, result=result)


def result_of(status: int, *, code: str | None = None, reason: str | None = None) -> Result:
    """Say what an answer means for the change: 2xx made it, 4xx refused it, anything else failed."""
    kind = HTTPStatus(status)
    outcome: Outcome = "succeeded" if kind.is_success else "refused" if kind.is_client_error else "failed"
    return Result(outcome=outcome, status=status, code=code, reason=reason or None)
