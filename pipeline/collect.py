"""Run one part of a collector: what it could not read becomes an honest gap, what may pass goes up.

The only place that catches the errors of reading: a terminal one makes the part `unavailable` and its checks
`unknown`, with the advice that cures it; a transient one fails the attempt, and the queue retries the run.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from collectors.contract import Check, Collector, JsonValue, Part, Reader, Reading, Status, Verdict
from collectors.errors import AccessDenied, ConnectorError, Terminal
from pipeline.model import ItemStatus, ProblemView, RequestRecord
from pipeline.stores.records import PartOutcome
from pipeline.syncing.finding_recorder import FindingRecorder
from pipeline.times import Clock, rfc3339


class RecordedReader(Reader, Protocol):
    """A reader that tells what it did."""

    def records(self) -> tuple[RequestRecord, ...]:
        """Give every read as it went, the pages of one list together."""
        ...

    @property
    def requests_sent(self) -> int:
        """How many requests went out, retries included."""
        ...

    @property
    def pages_read(self) -> int:
        """How many pages of lists were read."""
        ...

    @property
    def throttled(self) -> int:
        """How often Azure asked to slow down."""
        ...


class PortalUrls(Protocol):
    """Knows the cloud's portal."""

    def portal_url(self, page: str) -> str | None:
        """Compose the address of a portal page; None for none."""
        ...


class PartJob(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a collector, to be collected.

    Args:
        number: its place among the parts of all collectors.
    """

    collector: Collector
    part: Part
    number: int


class FindingLedger(Protocol):
    """Keeps the record of what a run's parts find."""

    async def open(self, job: PartJob) -> FindingRecorder:
        """Start from the findings that are open as of the last committed run."""
        ...

    async def reopen(self, job: PartJob, spoilt: FindingRecorder) -> FindingRecorder:
        """Undo what a half-read part wrote, and start anew."""
        ...

    async def close(self, job: PartJob, recorder: FindingRecorder) -> None:
        """Keep the list of what is open now, if it changed."""
        ...


class Result(NamedTuple):
    """How reading a part went, besides its findings."""

    status: ItemStatus
    summary: Mapping[str, JsonValue]
    problem: ProblemView | None
    started_at: datetime


class PartCollection:
    """Collects the parts of one attempt.

    Args:
        ledger: where their findings are recorded.
        scope: `/subscriptions/<id>`, what an `unknown` verdict of a whole part is about.
    """

    def __init__(self, ledger: FindingLedger, scope: str, *, portal: PortalUrls, clock: Clock) -> None:
        self._ledger = ledger
        self._scope = scope
        self._portal = portal
        self._clock = clock

    async def collect(self, job: PartJob, reader: RecordedReader) -> PartOutcome:
        """Read and evaluate one part; every finding change is written when it returns.

        Raises:
            Transient: trying again may help; nothing of the part counts.
            LeaseLost: this worker must stop.
        """
        started_at = self._clock()
        recorder = await self._ledger.open(job)
        try:
            result = await self._read(job, reader, recorder, started_at)
        except Terminal as error:
            await recorder.abandon()
            recorder = await self._ledger.reopen(job, recorder)
            await recorder.finish_gap(self._unknowns(job.part.checks, error))
            result = Result("unavailable", {}, view_of(error, self._portal), started_at)
        finally:
            await recorder.abandon()
        return await self._outcome(job, recorder, result, reader)

    async def _read(
        self, job: PartJob, reader: RecordedReader, recorder: FindingRecorder, started_at: datetime
    ) -> Result:
        answer = await job.part.collect(reader, recorder.emit)
        reading = answer if isinstance(answer, Reading) else Reading(answer)
        for gap in reading.gaps:
            for verdict in self._unknowns(gap.checks, gap.error):
                await recorder.emit_gap(verdict)
        unread = [*(check for gap in reading.gaps for check in gap.checks), *reading.unread]
        await recorder.finish(unread=[check.id for check in unread])
        errors = [*(gap.error for gap in reading.gaps), *reading.refused]
        problem = view_of(errors[0], self._portal) if errors else None
        return Result("collected", reading.summary, problem, started_at)

    async def gap(self, job: PartJob, error: Terminal) -> PartOutcome:
        """Record a part that was not even tried, and why."""
        started_at = self._clock()
        recorder = await self._ledger.open(job)
        try:
            await recorder.finish_gap(self._unknowns(job.part.checks, error))
        finally:
            await recorder.abandon()
        result = Result("unavailable", {}, view_of(error, self._portal), started_at)
        return await self._outcome(job, recorder, result, None)

    def _unknowns(self, checks: Iterable[Check], error: Terminal) -> list[Verdict]:
        """Answer checks that could not be read: `unknown`, with what would cure it."""
        observed: dict[str, JsonValue] = {"problem": error.code}
        if isinstance(error, AccessDenied):
            observed["missing_permission"] = error.permission
        reason = f"Could not be read: {error.detail} {error.advice}".rstrip()
        return [check.verdict(self._scope, Status.UNKNOWN, reason, **observed) for check in checks]

    async def _outcome(
        self, job: PartJob, recorder: FindingRecorder, result: Result, reader: RecordedReader | None
    ) -> PartOutcome:
        await self._ledger.close(job, recorder)
        finished_at = self._clock()
        return PartOutcome(
            service=job.collector.service,
            kind=job.part.kind,
            title=job.part.title,
            status=result.status,
            started_at=rfc3339(result.started_at),
            finished_at=rfc3339(finished_at),
            summary=result.summary,
            problem=result.problem,
            requests=reader.records() if reader else (),
            collector_version=job.collector.version,
            resources=recorder.resources,
            counts=dict(recorder.counts),
            changes=recorder.changes,
            manifest=recorder.sequence if recorder.changed else None,
            requests_sent=reader.requests_sent if reader else 0,
            pages_read=reader.pages_read if reader else 0,
            throttled=reader.throttled if reader else 0,
            duration_ms=round((finished_at - result.started_at).total_seconds() * 1000),
            kept=dict(recorder.kept),
        )


def view_of(error: ConnectorError, portal: PortalUrls) -> ProblemView:
    """Give an error as it is kept and answered."""
    return ProblemView(
        code=error.code,
        detail=error.detail,
        advice=error.advice,
        reason=error.reason,
        portal_url=portal.portal_url(error.portal_page),
    )
