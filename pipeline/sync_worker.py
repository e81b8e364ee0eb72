"""Take runs from the queue: lease, attempt, commit; and end the run whose attempts are spent."""

import asyncio
import contextlib
from typing import Protocol

import msgspec

from collectors.errors import AccessDenied, ConnectorError, CredentialRejected, ServiceUnavailable, Terminal
from pipeline.authentication.generations import is_same
from pipeline.collect import PortalUrls, view_of
from pipeline.errors import AttemptsSpent, Conflict, LeaseLost, NotFound
from pipeline.event_log import log
from pipeline.events import ConnectionNeedsAttention, ConnectionRecovered, LeaseTakenOver, RunNotGivenUp
from pipeline.model import Attention, ProblemView, RunStatus, SyncRun
from pipeline.stores.leases import Lease
from pipeline.stores.records import ConnectionRecord
from pipeline.stores.run_queue import RunMessage
from pipeline.syncing.attempt import Attempt, AttemptOpener, PartReaders, Stores
from pipeline.syncing.register_commit import Finished, RegisterCommit
from pipeline.syncing.run_report import attempt_failed, end_events, ended, failed_attempt
from pipeline.times import Clock, rfc3339

MAX_ATTEMPTS = 5
_TRIES = 5
_ENDED = {"succeeded", "partial", "failed"}


class Reading(Protocol):
    """Opens Azure for a connection."""

    async def open(self, connection: ConnectionRecord) -> PartReaders:
        """Ask for a token with the connection's credential.

        Raises:
            CredentialRejected: it is refused.
            AccessDenied: it speaks for a person who has no role any more.
            Transient: nobody can tell.
        """
        ...


class SyncWorker:
    """Works on sync runs.

    Args:
        deadline_s: seconds after which an attempt gives up by itself, well under functionTimeout.
        lease_s: how long a lease lasts; a run that another worker holds is looked at again after half of it.
    """

    def __init__(
        self,
        stores: Stores,
        opener: AttemptOpener,
        reading: Reading,
        register: RegisterCommit,
        *,
        portal: PortalUrls,
        clock: Clock,
        deadline_s: float,
        lease_s: float,
    ) -> None:
        self._stores = stores
        self._opener = opener
        self._reading = reading
        self._register = register
        self._portal = portal
        self._clock = clock
        self._deadline_s = deadline_s
        self._lease_s = lease_s

    async def run(self, message: RunMessage) -> None:
        """Make an attempt at a run.

        A message of a run that ended already, or whose connection is gone, ends quietly. One whose connection
        another worker holds is put back for later.

        Raises:
            Exception: whatever made the attempt fail; the run is queued again with the reason kept.
        """
        async with self._stores.leases.hold(message.connection_id) as lease:
            try:
                if lease is None:
                    await self._put_back(message)
                elif (run := await self._pending(message)) is not None:
                    await self._work(run, lease)
            except LeaseLost:
                log(LeaseTakenOver(sync_run_id=message.sync_run_id, connection_id=message.connection_id))
                await self._put_back(message)
            finally:
                await self._sweep_purged(message.connection_id)

    async def _work(self, run: SyncRun, lease: Lease) -> None:
        if run.attempt >= MAX_ATTEMPTS:
            await self._give_up(run, lease)
        else:
            await self._attempt(run, lease)

    async def _put_back(self, message: RunMessage) -> None:
        await self._stores.queue.send(message, delay_s=max(1, round(self._lease_s / 2)))

    async def _sweep_purged(self, connection_id: str) -> None:
        """Leave nothing of a connection whose evidence was purged while this worker was at it."""
        if await self._stores.connections.find(connection_id) is None:
            await self._stores.purge_evidence(connection_id)

    async def give_up(self, message: RunMessage) -> None:
        """End a run whose attempts are spent: what was read counts, the rest is a gap with its reason."""
        async with self._stores.leases.hold(message.connection_id) as lease:
            run = None if lease is None else await self._pending(message)
            if lease is None or run is None:
                log(RunNotGivenUp(sync_run_id=message.sync_run_id, connection_id=message.connection_id))
                return
            await self._give_up(run, lease)

    async def _pending(self, message: RunMessage) -> SyncRun | None:
        """Give the run if it is still to be worked on; one of a connection that is gone ends here."""
        try:
            run = await self._stores.runs.get(message.connection_id, message.sync_run_id)
        except NotFound:
            return None
        if run.status in _ENDED:
            return None
        connection = await self._stores.connections.find(message.connection_id)
        if connection is None or connection.disconnected_at is not None:
            problem = ProblemView(code="connection_disconnected", detail="The connection was disconnected.")
            await self._stores.runs.finish(ended(run, "failed", self._now(), problem))
            return None
        return run

    async def _attempt(self, run: SyncRun, lease: Lease) -> None:
        attempt = await self._opener.begin(run, lease)
        try:
            async with asyncio.timeout(self._deadline_s):
                rejected = await self._collect(attempt)
            # Before the run ends: whoever sees it ended sees the connection as it left it.
            await self._set_attention(attempt.connection, rejected)
            await self._end(attempt, "failed" if rejected else _status(attempt), rejected)
        except LeaseLost:
            raise  # the run is another worker's now; its record is no longer ours to write
        except Exception as error:
            # The one place that ends an attempt: whatever it was, the run says so and the queue tries again.
            problem = self._problem(error)
            await self._stores.runs.save(failed_attempt(attempt.run, problem))
            log(attempt_failed(attempt.run, problem, error))
            raise

    async def _collect(self, attempt: Attempt) -> Terminal | None:
        """Collect what is left; gives what Entra or Azure said if it refuses the credential as a whole."""
        try:
            readers = await self._reading.open(attempt.connection)
        except (CredentialRejected, AccessDenied) as error:
            await attempt.gaps(error)
            return error
        await attempt.collect(readers)
        return attempt.rejection()

    async def _give_up(self, run: SyncRun, lease: Lease) -> None:
        attempt = await self._opener.begin(run, lease)
        attempt.run = msgspec.structs.replace(attempt.run, attempt=run.attempt)
        last = "" if run.problem is None else f" The last one: {run.problem.detail}"
        error = AttemptsSpent(f"{run.attempt} attempts failed.{last}")
        await attempt.gaps(error)
        await self._end(attempt, "failed", error)

    async def _end(self, attempt: Attempt, status: RunStatus, error: ConnectorError | None) -> None:
        problem = None if error is None else view_of(error, self._portal)
        attempt.run = ended(attempt.run, status, self._now(), problem)
        checks = {job.part.kind: tuple(check.id for check in job.part.evidenced) for job in attempt.jobs}
        finished = Finished(
            run=attempt.run,
            connection=attempt.connection,
            outcomes=attempt.outcomes,
            checks=checks,
            staged=attempt.staged,
        )
        await self._register.commit(finished, attempt.lease)
        for event in end_events(attempt.run):
            log(event)

    async def _set_attention(self, connection: ConnectionRecord, rejected: Terminal | None) -> None:
        """Keep on the connection that its credential is refused, or that it works again."""
        attention = None
        if rejected is not None:
            code = rejected.reason or rejected.code
            attention = Attention(code=code, detail=rejected.detail, advice=rejected.advice)
            log(ConnectionNeedsAttention(connection_id=connection.id, code=code))
        elif connection.attention is not None:
            log(ConnectionRecovered(connection_id=connection.id))
        if connection.attention != attention:
            await self._keep_attention(connection, attention)

    async def _keep_attention(self, connection: ConnectionRecord, attention: Attention | None) -> None:
        for _ in range(_TRIES):
            current = await self._stores.connections.find(connection.id)
            if current is None or current.disconnected_at is not None:
                return
            if not is_same(current.credential, connection.credential):
                return  # replaced meanwhile: nothing is known of the new one
            with contextlib.suppress(Conflict):  # somebody changed it meanwhile: look again
                await self._stores.connections.replace(msgspec.structs.replace(current, attention=attention))
                return

    def _problem(self, error: Exception) -> ProblemView:
        if isinstance(error, ConnectorError):
            return view_of(error, self._portal)
        if isinstance(error, TimeoutError):
            message = f"The sync did not end within {self._deadline_s:.0f} seconds."
            return view_of(ServiceUnavailable(message), self._portal)
        return ProblemView(
            code="internal_error",
            detail=f"The sync failed on {type(error).__name__}.",
            advice="See the app's log of this run.",
        )

    def _now(self) -> str:
        return rfc3339(self._clock())


def _status(attempt: Attempt) -> RunStatus:
    complete = all(outcome.problem is None for outcome in attempt.outcomes)
    return "succeeded" if complete else "partial"
