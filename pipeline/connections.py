"""Connections, one subscription and one credential each: made, shown, changed, verified and ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping

import msgspec
from azure.core.exceptions import AzureError

from collectors.errors import ConnectorError
from pipeline.authentication.methods import method_of
from pipeline.connecting.attempt_limit import Trier
from pipeline.connecting.credential_changes import CredentialChanges
from pipeline.connecting.credential_trials import CredentialTrials, Tried
from pipeline.connecting.requests import new_credential, service_names, subscription_ids, unprefixed
from pipeline.connecting.views import ConnectionViews, nothing_connected, nothing_rotated, rejected
from pipeline.errors import Conflict, InvalidRequest, NotFound, UpstreamUnavailable
from pipeline.event_log import log
from pipeline.events import ConnectionChangedMeanwhile, StorageFailed, SyncNotQueued
from pipeline.ids import new_connection_id
from pipeline.model import Connected, Connection, Page, Rejected, Rotated, RunTrigger, SyncRun
from pipeline.requests import ChangeRequest, ConnectRequest, RotateRequest
from pipeline.stores.protocols import ConnectionStore
from pipeline.stores.records import ConnectionRecord
from pipeline.times import Clock, rfc3339

_PAGE = 500
_TRIES = 5

type StartRun = Callable[[str, RunTrigger], Awaitable[SyncRun]]
type PurgeEvidence = Callable[[str], Awaitable[None]]
type Outcome = ConnectionRecord | ConnectorError


class Connections:
    """Every way to make, change and end a connection.

    Args:
        changes: keeps credentials, and deletes those that end.
        trials: tries credentials before they are kept.
        views: shows what is stored.
        portal_url: completes a page of the portal to its address.
        start_run: queues a sync run.
        purge_evidence: removes everything a connection collected.
    """

    def __init__(
        self,
        store: ConnectionStore,
        changes: CredentialChanges,
        trials: CredentialTrials,
        views: ConnectionViews,
        *,
        portal_url: Callable[[str], str | None],
        start_run: StartRun,
        purge_evidence: PurgeEvidence,
        clock: Clock,
    ) -> None:
        self._store = store
        self._changes = changes
        self._trials = trials
        self._views = views
        self._portal_url = portal_url
        self._start_run = start_run
        self._purge_evidence = purge_evidence
        self._clock = clock

    async def connect(self, asked: ConnectRequest, *, by: Trier | None = None) -> Connected:
        """Connect subscriptions with one credential, which is tried first.

        Takes the request, its values trimmed. Gives the connections made and the subscriptions rejected.

        Raises:
            InvalidRequest: names each field that is wrong.
            TooManyAttempts: too many were refused of this application or caller; Entra was not asked.
            AuthenticationFailed: Entra refuses the credential; nothing is stored.
            NothingConnected: no connection was made, for several reasons; for one reason its own problem.
            Transient: Entra did not answer.
        """
        ids = subscription_ids(asked.subscription_ids)
        services = service_names(asked.services, self._views.services)
        tried = await self._trials.offer(asked.auth, by=by)
        outcomes = dict(
            zip(ids, await _each(self._connect(asked, services, tried, one) for one in ids), strict=True)
        )
        records, shown = self._sorted(outcomes)
        if not records:
            raise nothing_connected(_failures(outcomes.values()), shown)
        if asked.sync_now:
            await asyncio.gather(*map(self._sync, records))
        return Connected(connections=await self._views.show_all(records), rejected=shown)

    async def page(self, *, limit: int, position: str | None) -> Page[Connection]:
        """List connections newest first; `next_cursor` is the position of the next page."""
        records, following = await self._store.page(limit=limit, position=position)
        return Page(items=await self._views.show_all(records), next_cursor=following)

    async def get(self, connection_id: str) -> Connection:
        """Give one connection; raises NotFound."""
        return await self._views.show(await self._store.get(connection_id))

    async def change(
        self, connection_id: str, asked: ChangeRequest, *, by: Trier | None = None
    ) -> Connection:
        """Change what is given; a new credential is tried before it replaces the old one.

        A credential of another application, or of another tenant, will do if it sees the same subscription.

        Raises:
            NotFound: there is no such connection.
            InvalidRequest: names each field that is wrong.
            AuthenticationFailed: Entra refuses the new credential; the old one stays.
            SubscriptionRejected: the new credential does not see the subscription; the old one stays.
            Conflict: somebody else changed the connection while the credential was tried; the old one stays.
            Transient: Azure did not answer.
        """
        record = await self._store.get(connection_id)
        changed = self._changed(record, asked)
        if asked.auth is not msgspec.UNSET:
            tried = await self._trials.offer(asked.auth, by=by)
            await self._trials.subscription(tried, record.subscription_id)
            return await self._views.show(await self._with_credential(changed, tried))
        verified = await self._trials.verify(changed) if changed.services != record.services else None

        def update(current: ConnectionRecord) -> ConnectionRecord:
            now = self._changed(current, asked)
            return now if verified is None else verified.onto(now)

        return await self._views.show(await self._update(connection_id, update))

    async def verify(self, connection_id: str) -> Connection:
        """Run the setup checks again, with the secret read and a token asked for anew; raises NotFound."""
        verified = await self._trials.verify(await self._store.get(connection_id))
        return await self._views.show(await self._update(connection_id, verified.onto))

    async def disconnect(self, connection_id: str, *, purge_evidence: bool) -> None:
        """Free the subscription and delete the secret; keep the evidence unless it is to be purged.

        Asked again for a connection that was disconnected before, it deletes what an earlier try left of the
        secret, and purges the evidence.

        Raises:
            NotFound: there is no such connection, or it was disconnected before and nothing is to be purged.
            SecretUnavailable: Key Vault did not delete the secret; it is tried again every minute.
        """
        record = await self._store.find(connection_id)
        standing = record if record and record.disconnected_at else await self._end(connection_id)
        await self._changes.ended(standing)
        if purge_evidence:
            await self._purge_evidence(connection_id)
            await self._store.purge(connection_id)
        elif record is standing:
            await self._store.get(connection_id)

    async def rotate(self, asked: RotateRequest, *, by: Trier | None = None) -> Rotated:
        """Give every connection of one application the same new secret or certificate, which is tried first.

        Gives the connections that have it now, and those that keep the old one with the reason.

        Raises:
            InvalidRequest: names each field that is wrong.
            NotFound: no connection uses this application with a credential of this kind.
            AuthenticationFailed: Entra refuses the new credential; nothing was changed.
            NothingRotated: no connection has it now, for several reasons; for one reason its own problem.
            Transient: Entra did not answer.
        """
        new = new_credential(asked)
        name = method_of(new).name
        records = [record async for record in self._using(name, asked)]
        if not records:
            raise NotFound(
                f"No connection uses the application {asked.client_id} with a {name.replace('_', ' ')}.",
                advice="Compare the tenant ID and the client ID with those of the connections.",
            )
        try:
            tried = await self._trials.offer(new, by=by)
        except InvalidRequest as error:
            raise unprefixed(error) from None
        outcomes = await _each(self._with_credential(record, tried) for record in records)
        by_subscription = {
            record.subscription_id: outcome for record, outcome in zip(records, outcomes, strict=True)
        }
        changed, shown = self._sorted(by_subscription)
        if not changed:
            raise nothing_rotated(_failures(outcomes), shown)
        return Rotated(connections=await self._views.show_all(changed), rejected=shown)

    async def _sync(self, record: ConnectionRecord) -> None:
        """Queue a first run; where that fails, the connection stands and the timers will."""
        try:
            await self._start_run(record.id, "connect")
        except (ConnectorError, AzureError) as error:
            log(SyncNotQueued(connection_id=record.id, error=type(error).__name__))

    async def _connect(
        self, asked: ConnectRequest, services: tuple[str, ...] | None, tried: Tried, subscription_id: str
    ) -> ConnectionRecord:
        subscription = await self._trials.subscription(tried, subscription_id)
        now = self._clock()
        record = ConnectionRecord(
            id=new_connection_id(now),
            name=asked.name,
            subscription_id=subscription_id,
            subscription_name=subscription.display_name or subscription_id,
            credential=tried.offer.record,
            frequency=asked.frequency,
            created_at=rfc3339(now),
            updated_at=rfc3339(now),
            services=services,
        )
        checks = await self._trials.checks(record, tried)
        return await self._changes.create(msgspec.structs.replace(record, setup_checks=checks), tried)

    def _changed(self, record: ConnectionRecord, asked: ChangeRequest) -> ConnectionRecord:
        given = {
            "name": asked.name,
            "frequency": asked.frequency,
            "services": asked.services
            if asked.services is msgspec.UNSET
            else service_names(asked.services, self._views.services),
            "paused": asked.status if asked.status is msgspec.UNSET else asked.status == "paused",
            "updated_at": rfc3339(self._clock()),
        }
        known = {name: value for name, value in given.items() if value is not msgspec.UNSET}
        return msgspec.structs.replace(record, **known)

    async def _with_credential(self, record: ConnectionRecord, tried: Tried) -> ConnectionRecord:
        now = rfc3339(self._clock())
        offered = msgspec.structs.replace(record, credential=tried.offer.record)
        checks = await self._trials.checks(offered, tried)
        return await self._changes.replace(
            msgspec.structs.replace(record, setup_checks=checks, updated_at=now), tried
        )

    async def _update(
        self, connection_id: str, change: Callable[[ConnectionRecord], ConnectionRecord]
    ) -> ConnectionRecord:
        """Change a connection whatever else changes in it meanwhile."""
        for _ in range(_TRIES):
            try:
                return await self._store.replace(change(await self._store.get(connection_id)))
            except Conflict:
                log(ConnectionChangedMeanwhile(connection_id=connection_id))
        return await self._store.replace(change(await self._store.get(connection_id)))

    async def _end(self, connection_id: str) -> ConnectionRecord:
        """Disconnect a connection as it stands now; raises NotFound."""
        for _ in range(_TRIES):
            record = await self._store.get(connection_id)
            await self._changes.ends(record)
            try:
                await self._store.disconnect(record, at=rfc3339(self._clock()))
            except Conflict:
                log(ConnectionChangedMeanwhile(connection_id=connection_id))
            else:
                return record
        raise Conflict(f"Connection {connection_id} is being changed again and again.")

    async def _using(self, method: str, asked: RotateRequest) -> AsyncIterator[ConnectionRecord]:
        wanted = (method, asked.tenant_id.lower(), asked.client_id.lower())
        position: str | None = None
        while True:
            records, position = await self._store.page(limit=_PAGE, position=position)
            for record in records:
                has = record.credential
                if (has.method, has.tenant_id, has.client_id) == wanted:
                    yield record
            if position is None:
                return

    def _sorted(self, outcomes: Mapping[str, Outcome]) -> tuple[list[ConnectionRecord], tuple[Rejected, ...]]:
        """Part what worked from what did not, which is shown by its subscription."""
        records = [outcome for outcome in outcomes.values() if isinstance(outcome, ConnectionRecord)]
        shown = tuple(
            rejected(subscription_id, outcome, self._portal_url)
            for subscription_id, outcome in outcomes.items()
            if isinstance(outcome, ConnectorError)
        )
        return records, shown


def _failures(outcomes: Iterable[Outcome]) -> list[ConnectorError]:
    return [outcome for outcome in outcomes if isinstance(outcome, ConnectorError)]


async def _each(work: Iterable[Coroutine[None, None, ConnectionRecord]]) -> list[Outcome]:
    """Try all at once; what fails is an outcome and stops none of the others."""

    async def one(item: Coroutine[None, None, ConnectionRecord]) -> Outcome:
        try:
            return await item
        except ConnectorError as error:
            return error
        except AzureError as error:
            log(StorageFailed(error=type(error).__name__))
            return UpstreamUnavailable("Table Storage did not answer.", advice="Try again.")

    return list(await asyncio.gather(*map(one, work)))
