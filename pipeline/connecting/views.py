"""How connections and their problems are shown: derived status, the next sync, problems inside answers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from collectors.errors import ConnectorError, Transient
from pipeline.connecting.secret_expiry import expiry_notice, source_of
from pipeline.errors import PROBLEM_TYPES, NothingConnected, NothingRotated, Problem, UpstreamUnavailable
from pipeline.model import Attention, AuthView, Connection, ConnectionStatus, Rejected, SecretLeft, SyncRun
from pipeline.stores.records import ConnectionRecord
from pipeline.times import Clock

if TYPE_CHECKING:
    from collectors.contract import JsonValue

AT_ONCE = 16

type LastRun = Callable[[str], Awaitable[SyncRun | None]]
type SecretsLeft = Callable[[], Awaitable[Mapping[str, tuple[SecretLeft, ...]]]]
type NextSync = Callable[[ConnectionRecord], str | None]


class ConnectionViews:
    """Shows stored connections as the API answers them.

    Args:
        services: the names of all services.
        last_run: gives a connection's newest sync run.
        next_sync_at: tells when a connection is due next.
        secrets_left: gives what is left in the vault of discarded secrets, by connection.
    """

    def __init__(
        self,
        services: Iterable[str],
        *,
        last_run: LastRun,
        next_sync_at: NextSync,
        secrets_left: SecretsLeft,
        clock: Clock,
    ) -> None:
        self.services = tuple(services)
        self._last_run = last_run
        self._next_sync_at = next_sync_at
        self._secrets_left = secrets_left
        self._clock = clock

    async def show(self, record: ConnectionRecord) -> Connection:
        """Show one connection: `paused` if it is, else with `attention` if anything needs a person."""
        return await self._show(record, (await self._secrets_left()).get(record.id, ()))

    async def _show(self, record: ConnectionRecord, left: tuple[SecretLeft, ...]) -> Connection:
        attention = record.attention or expiry_notice(record, self._clock())
        return Connection(
            id=record.id,
            name=record.name,
            tenant_id=record.credential.tenant_id,
            subscription_id=record.subscription_id,
            subscription_name=record.subscription_name,
            auth=AuthView(
                method=record.credential.method,
                client_id=record.credential.client_id,
                principal_id=record.credential.principal_id,
                secret_expires_on=record.credential.secret_expires_on,
                secret_expires_on_source=source_of(record.credential),
                certificate_thumbprint=record.credential.certificate_thumbprint,
            ),
            frequency=record.frequency,
            services=self.services if record.services is None else record.services,
            status=_status(record, attention),
            created_at=record.created_at,
            updated_at=record.updated_at,
            next_sync_at=self._next_sync_at(record),
            last_sync_run=await self._last_run(record.id),
            setup_checks=record.setup_checks,
            attention=attention,
            secrets_left=left,
        )

    async def show_all(self, records: Sequence[ConnectionRecord]) -> tuple[Connection, ...]:
        """Show several connections in their order, a bounded number at one time."""
        turn = asyncio.Semaphore(AT_ONCE)
        left = await self._secrets_left()

        async def one(record: ConnectionRecord) -> Connection:
            async with turn:
                return await self._show(record, left.get(record.id, ()))

        return tuple(await asyncio.gather(*map(one, records)))


def _status(record: ConnectionRecord, attention: Attention | None) -> ConnectionStatus:
    if record.paused:
        return "paused"
    return "active" if attention is None else "attention"


def rejected(
    subscription_id: str, error: ConnectorError, portal_url: Callable[[str], str | None]
) -> Rejected:
    """Show why a subscription was not connected, in the members of problem details (RFC 9457)."""
    known = error if isinstance(error, Problem) else None
    status = HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, Transient) else NothingConnected.status
    problem: dict[str, JsonValue] = {
        "type": PROBLEM_TYPES + error.code,
        "title": known.title if known else "Azure did not answer",
        "status": known.status if known else status,
        "code": error.code,
        "detail": error.detail,
        "advice": error.advice,
        "portal_url": portal_url(error.portal_page),
    }
    return Rejected(subscription_id=subscription_id, problem={**(known.extra if known else {}), **problem})


def nothing_connected(failures: Sequence[ConnectorError], shown: Sequence[Rejected]) -> Problem:
    """Say that no connection was made: with the one reason if all share it, and the whole list.

    Takes the errors and the list as the answer would have shown it. Gives the problem to raise:
    SubscriptionRejected, AlreadyConnected or another if that was the only reason, UpstreamUnavailable if
    Azure was, else NothingConnected.
    """
    several = f"None of the {len(failures)} subscriptions was connected."
    return _nothing_done(NothingConnected, several, failures, shown)


def nothing_rotated(failures: Sequence[ConnectorError], shown: Sequence[Rejected]) -> Problem:
    """Say the same of a rotation that changed no connection: for several reasons NothingRotated."""
    several = f"None of the {len(failures)} connections was changed."
    return _nothing_done(NothingRotated, several, failures, shown)


def _nothing_done(
    nothing: type[Problem], several: str, failures: Sequence[ConnectorError], shown: Sequence[Rejected]
) -> Problem:
    first, *others = failures
    extra: dict[str, JsonValue] = {"rejected": tuple(msgspec.to_builtins(shown))}
    if any(type(other) is not type(first) for other in others):
        return nothing(several, advice="See each of them.", extra=extra)
    if isinstance(first, Problem):
        single = first.extra if not others else {}
        return type(first)(
            first.detail,
            advice=first.advice,
            portal_page=first.portal_page,
            reason=first.reason,
            extra={**single, **extra},
        )
    kind = UpstreamUnavailable if isinstance(first, Transient) else nothing
    return kind(first.detail, advice=first.advice, portal_page=first.portal_page, extra=extra)
