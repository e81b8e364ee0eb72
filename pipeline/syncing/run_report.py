"""What a sync run says of itself while it goes and when it ends. Pure functions on its record."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from pipeline.collect import PartJob
from pipeline.event_log import Event
from pipeline.events import CollectorFinished, SyncAttemptFailed, SyncRunFinished
from pipeline.model import (
    Changes,
    CollectorRun,
    CollectorStatus,
    PartRun,
    ProblemView,
    RunStatus,
    SyncRun,
)
from pipeline.stores.records import PartOutcome
from pipeline.times import from_rfc3339
from pipeline.verdict_counts import total


def started(run: SyncRun, jobs: Sequence[PartJob], not_collected: Sequence[str], at: str) -> SyncRun:
    """Begin an attempt: every service that will be read is pending, the others are named as not collected."""
    services = dict.fromkeys(job.collector.service for job in jobs)
    return msgspec.structs.replace(
        run,
        status="running",
        started_at=run.started_at or at,
        attempt=run.attempt + 1,
        collectors=tuple(CollectorRun(service=service) for service in services),
        not_collected=tuple(not_collected),
    )


def progressed(run: SyncRun, jobs: Sequence[PartJob], outcomes: Sequence[PartOutcome]) -> SyncRun:
    """Say which parts are done so far."""
    parts: defaultdict[str, list[PartOutcome]] = defaultdict(list)
    for outcome in outcomes:
        parts[outcome.service].append(outcome)
    expected: defaultdict[str, int] = defaultdict(int)
    for job in jobs:
        expected[job.collector.service] += 1
    reports = (_collector_run(service, parts[service], expected[service]) for service in expected)
    return msgspec.structs.replace(run, collectors=tuple(reports), changes=changes_of(outcomes))


def ended(run: SyncRun, status: RunStatus, at: str, problem: ProblemView | None) -> SyncRun:
    """End a run."""
    return msgspec.structs.replace(run, status=status, finished_at=at, problem=problem)


def failed_attempt(run: SyncRun, problem: ProblemView) -> SyncRun:
    """Give a run back to the queue, with what went wrong this time."""
    return msgspec.structs.replace(run, status="queued", problem=problem)


def attempt_failed(run: SyncRun, problem: ProblemView, error: Exception) -> SyncAttemptFailed:
    """Say in an event that an attempt failed, and on what."""
    return SyncAttemptFailed(
        sync_run_id=run.id,
        connection_id=run.connection_id,
        attempt=run.attempt,
        problem=problem.code,
        error=type(error).__name__,
    )


def end_events(run: SyncRun) -> list[Event]:
    """Say in events how a run ended: one for each of its services, then one for the whole."""
    return [*(_collector_finished(run, one) for one in run.collectors), _run_finished(run)]


def changes_of(outcomes: Iterable[PartOutcome]) -> Changes:
    """Add up what parts opened and closed."""
    changes = [outcome.changes for outcome in outcomes]
    return Changes(
        opened=sum(change.opened for change in changes), closed=sum(change.closed for change in changes)
    )


def _run_finished(run: SyncRun) -> SyncRunFinished:
    return SyncRunFinished(
        sync_run_id=run.id,
        connection_id=run.connection_id,
        trigger=run.trigger,
        status=run.status,
        attempt=run.attempt,
        duration_ms=_milliseconds(run.started_at, run.finished_at),
        resources=sum(one.resources for one in run.collectors),
        opened=run.changes.opened,
        closed=run.changes.closed,
        gaps=sum(part.problem is not None for one in run.collectors for part in one.parts),
        problem=run.problem.code if run.problem else None,
        reason=(run.problem.reason or None) if run.problem else None,
    )


def _collector_finished(run: SyncRun, one: CollectorRun) -> CollectorFinished:
    return CollectorFinished(
        sync_run_id=run.id,
        connection_id=run.connection_id,
        service=one.service,
        status=one.status,
        resources=one.resources,
        requests=one.requests,
        pages=one.pages,
        throttled=one.throttled,
        duration_ms=one.duration_ms,
        problem=one.problem.code if one.problem else None,
    )


def _milliseconds(begun: str | None, ended_at: str | None) -> int:
    if begun is None or ended_at is None:
        return 0
    return round((from_rfc3339(ended_at) - from_rfc3339(begun)).total_seconds() * 1000)


def _collector_run(service: str, outcomes: Sequence[PartOutcome], expected: int) -> CollectorRun:
    problems = [outcome.problem for outcome in outcomes if outcome.problem is not None]
    return CollectorRun(
        service=service,
        status=_status(outcomes, expected),
        resources=max((outcome.resources for outcome in outcomes), default=0),
        verdicts=total(counts for outcome in outcomes for counts in outcome.counts.values()),
        requests=sum(outcome.requests_sent for outcome in outcomes),
        pages=sum(outcome.pages_read for outcome in outcomes),
        throttled=sum(outcome.throttled for outcome in outcomes),
        duration_ms=max((outcome.duration_ms for outcome in outcomes), default=0),
        parts=tuple(
            PartRun(kind=outcome.kind, status=outcome.status, problem=outcome.problem) for outcome in outcomes
        ),
        problem=problems[0] if problems else None,
    )


def _status(outcomes: Sequence[PartOutcome], expected: int) -> CollectorStatus:
    if len(outcomes) < expected:
        return "running" if outcomes else "pending"
    return "succeeded" if all(outcome.problem is None for outcome in outcomes) else "unavailable"
