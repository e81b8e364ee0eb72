"""Plan, queue and follow sync runs: by timer, at connect, on demand; at most one active per connection."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from datetime import datetime, timedelta

from pipeline.errors import NotFound
from pipeline.event_log import log
from pipeline.events import SecretExpiring, SyncsPlanned, SyncsResumed
from pipeline.ids import new_run_id
from pipeline.model import Frequency, Page, RunTrigger, SyncRun
from pipeline.stores.leases import LeaseTable
from pipeline.stores.protocols import ConnectionStore
from pipeline.stores.records import ConnectionRecord
from pipeline.stores.run_queue import RunMessage, RunQueue
from pipeline.stores.run_table import RunTable
from pipeline.syncing.schedule import next_slot, slot_of
from pipeline.times import Clock, from_rfc3339, rfc3339

_AT_ONCE = 16
_PAGE = 500
LOST_AFTER = timedelta(minutes=15)
"""How long a run may wait in the queue before its message is taken for lost and sent again."""

EARLY = timedelta(seconds=5)
"""How early a timer may fire and still mean the slot about to begin, which would else be lost."""


class SyncRuns:
    """The runs of all connections.

    Args:
        schedules: NCRONTAB of each frequency.
        days_to_tell: gives the days until a secret ends, on the days when that is worth an event.
    """

    def __init__(
        self,
        connections: ConnectionStore,
        runs: RunTable,
        leases: LeaseTable,
        queue: RunQueue,
        *,
        schedules: dict[Frequency, str],
        days_to_tell: Callable[[ConnectionRecord, datetime], int | None],
        clock: Clock,
    ) -> None:
        self._connections = connections
        self._runs = runs
        self._leases = leases
        self._queue = queue
        self._schedules = schedules
        self._days_to_tell = days_to_tell
        self._clock = clock

    async def start(self, connection_id: str, trigger: RunTrigger = "manual") -> SyncRun:
        """Queue a run, or give the one that is queued or running already; raises NotFound."""
        await self._connections.get(connection_id)
        standing, _ = await self._queue_once(_queued(connection_id, trigger, self._clock()), slot=None)
        return standing

    async def start_all(self) -> tuple[SyncRun, ...]:
        """Queue a run of every connection that is not paused."""
        active = (record async for record in self._all() if not record.paused)
        started = _some_at_once(active, lambda record: self._start_unless_gone(record.id))
        runs = [run async for run in started if run is not None]
        return tuple(sorted(runs, key=lambda run: run.connection_id))

    async def plan(self, frequency: Frequency) -> int:
        """Queue the run of the present slot for every connection of a frequency; gives how many are new.

        Planned again in the same slot, it queues nothing: the slot's row names the run that serves it.
        """
        now, due, planned = self._clock(), 0, 0
        async for created in _some_at_once(self._due(frequency, now), lambda one: self._plan_one(one, now)):
            due += 1
            planned += created
        log(SyncsPlanned(frequency=frequency, planned=planned, connections=due))
        return planned

    async def resume(self) -> int:
        """Queue again every run that a crash left behind; gives how many."""
        looked = _some_at_once(self._all(), lambda record: self._resume_one(record.id))
        resumed = sum([again async for again in looked])
        if resumed:
            log(SyncsResumed(runs=resumed))
        return resumed

    async def page(self, connection_id: str, *, limit: int, position: str | None) -> Page[SyncRun]:
        """List a connection's runs newest first; raises NotFound."""
        await self._known(connection_id)
        runs, following = await self._runs.page(connection_id, limit=limit, position=position)
        return Page(items=tuple(runs), next_cursor=following)

    async def get(self, connection_id: str, run_id: str) -> SyncRun:
        """Give a run; raises NotFound."""
        await self._known(connection_id)
        return await self._runs.get(connection_id, run_id)

    async def last(self, connection_id: str) -> SyncRun | None:
        """Give the newest run of a connection, if there is one."""
        runs, _ = await self._runs.page(connection_id, limit=1, position=None)
        return runs[0] if runs else None

    def next_sync_at(self, record: ConnectionRecord) -> str | None:
        """Tell when a connection is due next; None while it is paused."""
        if record.paused:
            return None
        schedule = self._schedules[record.frequency]
        return rfc3339(next_slot(schedule, record.frequency, self._clock()))

    async def _due(self, frequency: Frequency, now: datetime) -> AsyncIterator[ConnectionRecord]:
        """Give the connections to plan; the daily timer also tells of secrets of all that end soon."""
        async for record in self._all():
            if record.paused:
                continue
            if frequency == "daily":
                self._announce_expiry(record, now)
            if record.frequency == frequency:
                yield record

    def _announce_expiry(self, record: ConnectionRecord, now: datetime) -> None:
        days = self._days_to_tell(record, now)
        if days is not None:
            log(SecretExpiring(connection_id=record.id, days=days))

    async def _start_unless_gone(self, connection_id: str) -> SyncRun | None:
        try:
            return await self.start(connection_id)
        except NotFound:
            return None  # disconnected a moment ago

    async def _plan_one(self, record: ConnectionRecord, now: datetime) -> bool:
        frequency = record.frequency
        slot = slot_of(self._schedules[frequency], frequency, now + EARLY)
        _, created = await self._queue_once(
            _queued(record.id, frequency, now), slot=f"{frequency}|{rfc3339(slot)}"
        )
        return created

    async def _queue_once(self, run: SyncRun, *, slot: str | None) -> tuple[SyncRun, bool]:
        standing, created = await self._runs.create(run, slot=slot)
        if created or await self._is_left_behind(standing):
            await self._send(standing)
        return standing, created

    async def _resume_one(self, connection_id: str) -> bool:
        run = await self._runs.active(connection_id)
        if run is None or not await self._is_left_behind(run):
            return False
        await self._send(run)
        return True

    async def _is_left_behind(self, run: SyncRun) -> bool:
        """Tell whether a run's worker died or its message was lost."""
        if run.status not in {"queued", "running"}:
            return False
        waited = self._clock() - from_rfc3339(run.started_at or run.queued_at)
        if run.status == "queued" and waited <= LOST_AFTER:
            return False
        return await self._leases.held_until(run.connection_id) is None

    async def _send(self, run: SyncRun) -> None:
        await self._queue.send(RunMessage(connection_id=run.connection_id, sync_run_id=run.id))

    async def _known(self, connection_id: str) -> None:
        if await self._connections.find(connection_id) is None:
            await self._connections.get(connection_id)

    async def _all(self) -> AsyncIterator[ConnectionRecord]:
        position: str | None = None
        while True:
            records, position = await self._connections.page(limit=_PAGE, position=position)
            for record in records:
                yield record
            if position is None:
                return


def _queued(connection_id: str, trigger: RunTrigger, now: datetime) -> SyncRun:
    return SyncRun(
        id=new_run_id(now),
        connection_id=connection_id,
        trigger=trigger,
        status="queued",
        queued_at=rfc3339(now),
    )


async def _some_at_once[T, R](
    items: AsyncIterator[T], work: Callable[[T], Coroutine[None, None, R]]
) -> AsyncIterator[R]:
    """Work on all, a bounded number at one time, and give what comes of it, as it comes.

    No more than that number is held in memory, however many there are. Every one is tried even if another
    fails; the first failure is raised when all are done.
    """
    under_way: set[asyncio.Task[R]] = set()
    failures: list[BaseException] = []
    try:
        async for item in items:
            under_way.add(asyncio.create_task(work(item)))
            if len(under_way) == _AT_ONCE:
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for result in _results(done, failures):
                    yield result
        while under_way:
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for result in _results(done, failures):
                yield result
    finally:
        await asyncio.gather(*under_way, return_exceptions=True)  # what was begun ends, whatever else failed
    if failures:
        raise failures[0]


def _results[R](done: Iterable[asyncio.Task[R]], failures: list[BaseException]) -> Iterator[R]:
    """Give what tasks came to, and note which failed."""
    for task in done:
        error = task.exception()
        if error is None:
            yield task.result()
        else:
            failures.append(error)
