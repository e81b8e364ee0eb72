"""One attempt at a run: what is left to collect, collecting it, keeping each finished part for a retry."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import msgspec

from collectors.contract import Collector
from collectors.errors import CredentialRejected, Terminal
from pipeline.collect import PartCollection, PartJob, PortalUrls, RecordedReader
from pipeline.model import SyncRun
from pipeline.stores.connection_table import ConnectionTable
from pipeline.stores.evidence_table import EvidenceTable
from pipeline.stores.finding_table import FindingTable
from pipeline.stores.leases import Lease, LeaseTable
from pipeline.stores.manifests import ManifestTable
from pipeline.stores.protocols import ConnectionStore
from pipeline.stores.records import ConnectionRecord, PartOutcome
from pipeline.stores.run_queue import RunQueue
from pipeline.stores.run_table import RunTable
from pipeline.stores.tables import TableStorage
from pipeline.syncing.finding_ledger import RunFindings
from pipeline.syncing.run_report import progressed, started
from pipeline.times import Clock, rfc3339


class PartReaders(Protocol):
    """Readers of one attempt, sharing limits and answers."""

    def part(self) -> RecordedReader:
        """Give a reader with a record of its own."""
        ...


class Stores(msgspec.Struct, frozen=True, kw_only=True):
    """Where a worker finds and keeps things."""

    connections: ConnectionStore
    runs: RunTable
    evidence: EvidenceTable
    findings: FindingTable
    manifests: ManifestTable
    leases: LeaseTable
    queue: RunQueue

    @classmethod
    def over(cls, tables: TableStorage, queue: RunQueue, clock: Clock, *, lease_s: float) -> Self:
        """Put them together over one storage; a lease lasts this many seconds."""
        return cls(
            connections=ConnectionTable(tables),
            runs=RunTable(tables),
            evidence=EvidenceTable(tables),
            findings=FindingTable(tables),
            manifests=ManifestTable(tables),
            leases=LeaseTable(tables, clock, lease_s),
            queue=queue,
        )

    async def purge_evidence(self, connection_id: str) -> None:
        """Remove everything a connection collected, and the record of its runs."""
        for store in (self.findings, self.manifests, self.evidence):
            await store.purge(connection_id)


class Attempt:
    """One attempt, as it goes.

    Args:
        run: its record, kept up to date.
        jobs: every part of every enabled collector, in the order of the register.
        staged: parts that earlier attempts finished; they are not read again.
    """

    def __init__(
        self,
        run: SyncRun,
        connection: ConnectionRecord,
        lease: Lease,
        *,
        jobs: Sequence[PartJob],
        staged: Sequence[PartOutcome],
        runs: RunTable,
        collection: PartCollection,
    ) -> None:
        self.run = run
        self.connection = connection
        self.lease = lease
        self.jobs = jobs
        self.staged = list(staged)
        self._runs = runs
        self._collection = collection
        self._outcomes = {outcome.kind: outcome for outcome in staged}

    @property
    def todo(self) -> list[PartJob]:
        """The parts still to be collected."""
        return [job for job in self.jobs if job.part.kind not in self._outcomes]

    @property
    def outcomes(self) -> list[PartOutcome]:
        """The finished parts in the order of the register."""
        return [self._outcomes[job.part.kind] for job in self.jobs if job.part.kind in self._outcomes]

    async def collect(self, readers: PartReaders) -> None:
        """Collect what is left, all at once; a part that fails does not stop the others.

        Raises:
            Transient, LeaseLost: of the first part that did; the finished ones are kept for the retry.
        """
        work = [self._collect_part(job, readers.part()) for job in self.todo]
        results = await asyncio.gather(*work, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def gaps(self, error: Terminal) -> None:
        """Record every part that is left as a gap, and why."""
        for job in self.todo:
            await self._finished(await self._collection.gap(job, error))

    def rejection(self) -> CredentialRejected | None:
        """Tell whether the credential was refused on the way: then every part says so."""
        problems = [outcome.problem for outcome in self.outcomes]
        refused = [problem for problem in problems if problem and problem.code == CredentialRejected.code]
        if not refused or len(refused) < len(problems):
            return None
        first = refused[0]
        return CredentialRejected(first.detail, advice=first.advice, reason=first.reason)

    async def _collect_part(self, job: PartJob, reader: RecordedReader) -> None:
        outcome = await self._collection.collect(job, reader)
        self.lease.ensure()
        await self._runs.stage(self.connection.id, self.run.id, outcome)
        self.staged.append(outcome)
        await self._finished(outcome)

    async def _finished(self, outcome: PartOutcome) -> None:
        self.lease.ensure()
        self._outcomes[outcome.kind] = outcome
        self.run = progressed(self.run, self.jobs, self.outcomes)
        await self._runs.save(self.run)


class AttemptOpener:
    """Begins attempts: on clean finding tables, with what earlier attempts of the same run finished."""

    def __init__(
        self, stores: Stores, collectors: Mapping[str, Collector], *, portal: PortalUrls, clock: Clock
    ) -> None:
        self._stores = stores
        self._collectors = collectors
        self._portal = portal
        self._clock = clock

    async def begin(self, run: SyncRun, lease: Lease) -> Attempt:
        """Begin the next attempt at a run whose connection the lease protects."""
        runs, connection_id = self._stores.runs, run.connection_id
        connection = await self._stores.connections.get(connection_id)
        jobs, switched_off = self._jobs(connection)
        kinds = {job.part.kind for job in jobs}
        staged = [one for one in await runs.staged(connection_id, run.id) if one.kind in kinds]
        finished = {outcome.kind for outcome in staged}
        await runs.discard_staged(connection_id, but=run.id, kinds=finished)
        findings = await self._findings(lease, finished)
        run = progressed(started(run, jobs, switched_off, rfc3339(self._clock())), jobs, staged)
        await runs.save(run)
        scope = f"/subscriptions/{connection.subscription_id}"
        collection = PartCollection(findings, scope, portal=self._portal, clock=self._clock)
        return Attempt(run, connection, lease, jobs=jobs, staged=staged, runs=runs, collection=collection)

    def _jobs(self, connection: ConnectionRecord) -> tuple[list[PartJob], list[str]]:
        """Give the parts to collect, and the services that are switched off."""
        wanted = set(self._collectors if connection.services is None else connection.services)
        parts = [(collector, part) for collector in self._collectors.values() for part in collector.parts]
        jobs = [
            PartJob(collector=collector, part=part, number=number)
            for number, (collector, part) in enumerate(parts)
            if collector.service in wanted
        ]
        return jobs, [service for service in self._collectors if service not in wanted]

    async def _findings(self, lease: Lease, finished_kinds: set[str]) -> RunFindings:
        """Open the findings, clean of what an earlier attempt left uncommitted."""
        stores, connection_id = self._stores, lease.connection_id
        head = await stores.evidence.head(connection_id)
        pointers = await stores.evidence.pointers(connection_id)
        sequence = head.sequence + 1
        if await stores.runs.is_dirty(connection_id):
            undo = frozenset(finished_kinds).isdisjoint
            await stores.findings.sweep(connection_id, sequence, undo=lambda kind: undo((kind,)))
        await stores.runs.mark_dirty(connection_id)
        return RunFindings(
            stores.findings,
            stores.manifests,
            lease,
            sequence=sequence,
            at=rfc3339(self._clock()),
            manifests_before={pointer.kind: pointer.manifest for pointer in pointers},
        )
