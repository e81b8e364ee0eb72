"""The findings of one attempt: what was open before each part, and what is open after it."""

from collections.abc import Mapping

from pipeline.collect import PartJob
from pipeline.stores.finding_table import FindingTable, Intervals
from pipeline.stores.leases import Lease
from pipeline.stores.manifests import ManifestTable
from pipeline.syncing.finding_recorder import FindingRecorder


class RunFindings:
    """Fulfils `FindingLedger` with Table Storage.

    Args:
        lease: what allows this worker to write.
        sequence: the number under which the run will commit.
        at: when the run looks, RFC 3339.
        manifests_before: the committed manifest of each kind, by its sequence number.
    """

    def __init__(
        self,
        findings: FindingTable,
        manifests: ManifestTable,
        lease: Lease,
        *,
        sequence: int,
        at: str,
        manifests_before: Mapping[str, int | None],
    ) -> None:
        self._findings = findings
        self._manifests = manifests
        self._lease = lease
        self._sequence = sequence
        self._at = at
        self._manifests_before = manifests_before

    async def open(self, job: PartJob) -> FindingRecorder:
        """Start from the findings that are open as of the last committed run."""
        kind, connection_id = job.part.kind, self._lease.connection_id
        before = await self._manifests.read(connection_id, kind, self._manifests_before.get(kind))
        intervals = Intervals(
            connection_id=connection_id,
            service=job.collector.service,
            kind=kind,
            part=job.number,
            sequence=self._sequence,
            at=self._at,
        )
        return FindingRecorder(intervals, before, self._findings, self._lease.ensure)

    async def reopen(self, job: PartJob, spoilt: FindingRecorder) -> FindingRecorder:
        """Undo what a half-read part wrote, and start anew."""
        if spoilt.changed:
            kind = job.part.kind
            await self._findings.sweep(self._lease.connection_id, self._sequence, undo=kind.__eq__)
        return await self.open(job)

    async def close(self, job: PartJob, recorder: FindingRecorder) -> None:
        """Keep the list of what is open now, if it changed."""
        if recorder.changed:
            self._lease.ensure()
            connection_id, kind = self._lease.connection_id, job.part.kind
            await self._manifests.write(connection_id, kind, self._sequence, recorder.open)
