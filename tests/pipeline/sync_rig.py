"""The storage and sync core on a real Azurite; collectors, readers and time are the tests' own."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from uuid import uuid4

import msgspec
from azure.core.credentials_async import AsyncTokenCredential
from azure.storage.queue.aio import QueueServiceClient

from collectors.contract import Check, Collector, Emit, Gap, Part, Read, Reader, Status, Summary, Verdict
from collectors.contract import Reading as PartReading
from collectors.errors import Terminal
from mappings.loader import Mappings, load
from pipeline.configuration.values import StorageTarget
from pipeline.ids import new_connection_id
from pipeline.model import EvidenceItem, Finding, Frequency, RequestRecord, SyncRun
from pipeline.reading.register import Register
from pipeline.requests import EvidenceQuery, FindingQuery
from pipeline.stores.connection_table import ConnectionTable
from pipeline.stores.evidence_table import EvidenceTable
from pipeline.stores.finding_table import FindingTable
from pipeline.stores.leases import LeaseTable
from pipeline.stores.manifests import ManifestTable
from pipeline.stores.records import ConnectionRecord, CredentialRecord
from pipeline.stores.run_queue import QUEUE, RunMessage, RunQueue
from pipeline.stores.run_table import RunTable
from pipeline.stores.schema import TableName
from pipeline.stores.tables import Entity, TableStorage
from pipeline.sync_runs import SyncRuns
from pipeline.sync_worker import SyncWorker
from pipeline.syncing.attempt import AttemptOpener, PartReaders, Stores
from pipeline.syncing.register_commit import RegisterCommit
from pipeline.times import rfc3339

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SCHEDULES: dict[Frequency, str] = {"daily": "0 30 2 * * *", "hourly": "0 5 * * * *"}
LEASE_S = 60.0


@cache
def mappings() -> Mappings:
    """Load the real mappings, once."""
    return load()


class Time:
    """A clock that goes on only when told."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        """Give the present."""
        return self.now

    def later(self, **by: float) -> datetime:
        """Go on by so much (hours=1, seconds=30, ...)."""
        self.now += timedelta(**by)
        return self.now


class Portal:
    """A portal whose pages have short addresses."""

    def portal_url(self, page: str) -> str | None:
        """Compose an address."""
        return f"https://portal/{page}" if page else None


class StillReader:
    """A reader that was never used: the collectors of these tests know their answers."""

    subscription_id = "s"
    subscription_scope = "/subscriptions/s"
    requests_sent, pages_read, throttled = 3, 2, 1

    def limits(self, check: Check) -> Mapping[str, float]:
        """Give a check's default thresholds."""
        return check.thresholds

    def records(self) -> tuple[RequestRecord, ...]:
        """Give one read, made up."""
        read = RequestRecord(
            method="GET", path="/x", api_version="1", status=200, pages=2, items=1, duration_ms=5
        )
        return (read,)

    def pages[T](self, read: Read, item: type[T], **fields: str) -> AsyncIterator[list[T]]:
        """Read nothing."""
        raise NotImplementedError

    async def items[T](self, read: Read, item: type[T], **fields: str) -> list[T]:
        """Read nothing."""
        raise NotImplementedError

    async def get[T](self, read: Read, of: type[T], **fields: str) -> T:
        """Read nothing."""
        raise NotImplementedError

    def client[C](self, client_class: type[C]) -> C:
        """Make nothing."""
        raise NotImplementedError


class Readers:
    """Readers of one attempt."""

    def part(self) -> StillReader:
        """Give a reader."""
        return StillReader()


def check(kind: str) -> Check:
    """Declare the one check of a part; its id is the kind's."""
    return Check(
        id=kind,
        title=f"{kind} is good",
        severity="high",
        rationale="It matters.",
        remediation="Mend it.",
        permission="Microsoft.Test/things/read",
    )


def verdict(kind: str, resource: str, status: Status = Status.PASS, reason: str = "Seen.") -> Verdict:
    """Answer a part's check for a resource."""
    return check(kind).verdict(f"/subscriptions/S/{resource}", status, reason, resource=resource)


@dataclass
class World:
    """What the parts will see, by kind, and how each ends.

    Args:
        seen: verdicts of each part.
        ends: the error that a part ends in, after it emitted its verdicts; none for a whole read.
        during: called in the middle of a part, after its verdicts.
        refused: a read of a part that was refused while the rest went on.
        reads: how often each part was read.
        summaries: what the item of a part tells besides its number of resources.
    """

    seen: dict[str, list[Verdict]] = field(default_factory=dict)
    ends: dict[str, Exception] = field(default_factory=dict)
    during: dict[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    refused: dict[str, Terminal] = field(default_factory=dict)
    reads: dict[str, int] = field(default_factory=dict)
    summaries: dict[str, Summary] = field(default_factory=dict)

    def part(self, kind: str) -> Part:
        """Declare a part that reports what this world holds."""

        async def collect(_reader: Reader, emit: Emit) -> Summary | PartReading:
            self.reads[kind] = self.reads.get(kind, 0) + 1
            for one in self.seen.get(kind, []):
                await emit(one)
            if kind in self.during:
                await self.during[kind]()
            if kind in self.ends:
                raise self.ends[kind]
            summary = {"resources": len(self.seen.get(kind, [])), **self.summaries.get(kind, {})}
            gaps = (Gap((check(kind),), self.refused[kind]),) if kind in self.refused else ()
            return PartReading(summary, gaps) if gaps else summary

        return Part(kind=kind, title=kind.title(), checks=(check(kind),), reads=(), collect=collect)

    def collector(self, service: str, *kinds: str) -> Collector:
        """Declare a service of these parts."""
        return Collector(
            service=service,
            title=service.title(),
            reads_what="Nothing.",
            roles=("Reader",),
            version="1",
            parts=tuple(self.part(kind) for kind in kinds),
        )


@dataclass
class Reading:
    """Opens Azure at once, or refuses."""

    refuses: Exception | None = None

    async def open(self, connection: ConnectionRecord) -> PartReaders:
        """Give readers, or raise what the test wants."""
        if self.refuses is not None:
            raise self.refuses
        assert connection.id
        return Readers()


class Rig:
    """Everything between planning a run and reading the register, as `Services` puts it together.

    Args:
        storage: connection string of an Azurite.
        services: kinds by service.
        time: the clock; one may be shared between rigs, which then are instances of one app.
        world: what the collectors see; may be shared likewise.
    """

    def __init__(
        self,
        storage: str,
        services: Mapping[str, tuple[str, ...]] | None = None,
        *,
        time: Time | None = None,
        world: World | None = None,
        lease_s: float = LEASE_S,
        deadline_s: float = 60,
    ) -> None:
        self.storage = storage
        self.time = time or Time()
        self.world = world or World()
        self.reading = Reading()
        self.days_to_tell: int | None = None
        self.lease_s, self.deadline_s = lease_s, deadline_s
        target = StorageTarget(connection_string=storage)
        self.tables = TableStorage(target, no_identity, clock=self.time)
        self.queue = RunQueue(target, no_identity)
        self.connections = ConnectionTable(self.tables)
        self.runs = RunTable(self.tables)
        self.evidence = EvidenceTable(self.tables)
        self.findings = FindingTable(self.tables)
        self.manifests = ManifestTable(self.tables)
        self.leases = LeaseTable(self.tables, self.time, lease_s)
        names = {"things": ("colour", "shape")} if services is None else services
        self.collectors = {name: self.world.collector(name, *kinds) for name, kinds in names.items()}

    @cached_property
    def stores(self) -> Stores:
        """The stores of a worker."""
        return Stores(
            connections=self.connections,
            runs=self.runs,
            evidence=self.evidence,
            findings=self.findings,
            manifests=self.manifests,
            leases=self.leases,
            queue=self.queue,
        )

    @cached_property
    def opener(self) -> AttemptOpener:
        """What begins attempts."""
        return AttemptOpener(self.stores, self.collectors, portal=Portal(), clock=self.time)

    @cached_property
    def commit(self) -> RegisterCommit:
        """What commits runs."""
        return RegisterCommit(self.evidence, self.manifests, self.runs, mappings)

    @cached_property
    def worker(self) -> SyncWorker:
        """What works on runs."""
        return SyncWorker(
            self.stores,
            self.opener,
            self.reading,
            self.commit,
            portal=Portal(),
            clock=self.time,
            deadline_s=self.deadline_s,
            lease_s=self.lease_s,
        )

    @cached_property
    def sync_runs(self) -> SyncRuns:
        """What plans runs."""
        return SyncRuns(
            self.connections,
            self.runs,
            self.leases,
            self.queue,
            schedules=SCHEDULES,
            days_to_tell=lambda _record, _now: self.days_to_tell,
            clock=self.time,
        )

    @cached_property
    def register(self) -> Register:
        """What reads the register."""
        return Register(self.connections, self.evidence, self.findings, mappings=mappings, clock=self.time)

    async def forget_all(self) -> None:
        """Remove every connection: of other tests too, for tests of what looks at all there are."""
        await self.tables.purge("connections", "connections")

    async def connect(self, **changes: object) -> ConnectionRecord:
        """Keep a connection of a fresh subscription."""
        return await self.connections.create(msgspec.structs.replace(record(self.time.now), **changes))

    async def sync(self, connection_id: str) -> SyncRun:
        """Start a run and make one attempt at it."""
        return await self.attempt(await self.sync_runs.start(connection_id))

    async def attempt(self, run: SyncRun) -> SyncRun:
        """Make one attempt at a run; gives it as it stands then."""
        await self.worker.run(message(run))
        return await self.runs.get(run.connection_id, run.id)

    async def open_findings(self, connection_id: str, as_of: str | None = None) -> dict[str, str]:
        """Give the status of each open finding, by check and resource."""
        found = await self.all_findings(FindingQuery(connection_id=connection_id, as_of=as_of, limit=1000))
        return {f"{one.check_id} {one.resource_id.rpartition('/')[2]}": one.status for one in found}

    async def all_findings(self, query: FindingQuery) -> list[Finding]:
        """Give every page of findings."""
        found: list[Finding] = []
        while True:
            page = await self.register.findings(query)
            found += page.items
            if page.next_cursor is None:
                return found
            query = msgspec.structs.replace(query, position=page.next_cursor)

    async def items(self, connection_id: str) -> list[EvidenceItem]:
        """Give every evidence item, newest first."""
        query = EvidenceQuery(connection_id=connection_id, latest=False, limit=1000)
        return list((await self.register.evidence(query)).items)

    async def rows(self, table: TableName, partition: str) -> list[Entity]:
        """Give every raw row of a partition; in the case of findings, of all partitions of a connection."""
        client = await self.tables.table(table)
        query = f"PartitionKey eq '{partition}'"
        if table == "findings":
            query += f" or (PartitionKey ge '{partition}|0' and PartitionKey lt '{partition}|:')"
        return [dict(row) async for row in client.query_entities(query)]

    async def keys(self, connection_id: str, prefix: str) -> list[str]:
        """Give the keys of a connection's evidence rows that start so."""
        rows = await self.rows("evidence", connection_id)
        return [str(row["RowKey"]) for row in rows if str(row["RowKey"]).startswith(prefix)]

    async def messages(self) -> list[RunMessage]:
        """Take every message that can be seen in the queue."""
        async with QueueServiceClient.from_connection_string(self.storage) as service:
            client = service.get_queue_client(QUEUE)
            taken = [one async for one in client.receive_messages(messages_per_page=32)]
            await client.clear_messages()
        return [msgspec.json.decode(base64.b64decode(one.content), type=RunMessage) for one in taken]

    async def close(self) -> None:
        """Close every connection."""
        await self.tables.close()
        await self.queue.close()


@asynccontextmanager
async def rigged(
    storage: str,
    services: Mapping[str, tuple[str, ...]] | None = None,
    *,
    time: Time | None = None,
    world: World | None = None,
    lease_s: float = LEASE_S,
    deadline_s: float = 60,
) -> AsyncIterator[Rig]:
    """Give a rig, closed at the end."""
    rig = Rig(storage, services, time=time, world=world, lease_s=lease_s, deadline_s=deadline_s)
    try:
        yield rig
    finally:
        await rig.close()


def record(at: datetime = NOON) -> ConnectionRecord:
    """Describe a connection of a fresh subscription."""
    subscription_id = str(uuid4())
    return ConnectionRecord(
        id=new_connection_id(at),
        name="Production",
        subscription_id=subscription_id,
        subscription_name="production",
        credential=CredentialRecord(method="client_secret", tenant_id="t", client_id="app"),
        frequency="daily",
        created_at=rfc3339(at),
        updated_at=rfc3339(at),
    )


def message(run: SyncRun) -> RunMessage:
    """Give the queue's message of a run."""
    return RunMessage(connection_id=run.connection_id, sync_run_id=run.id)


def statuses(run: SyncRun) -> Sequence[str]:
    """Give what a run says of its collectors."""
    return [one.status for one in run.collectors]


def no_identity() -> AsyncTokenCredential:
    """Refuse: these tests use a connection string."""
    raise NotImplementedError
