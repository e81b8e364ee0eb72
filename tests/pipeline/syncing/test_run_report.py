"""What a run says of itself."""

import msgspec
import pytest

from pipeline.collect import PartJob
from pipeline.event_log import line_of
from pipeline.model import Changes, ItemStatus, ProblemView, SyncRun, VerdictCounts
from pipeline.stores.records import PartOutcome
from pipeline.syncing.run_report import changes_of, end_events, ended, failed_attempt, progressed, started
from tests.pipeline.sync_rig import World

PROBLEM = ProblemView(code="permission_missing", detail="No.")
RUN = SyncRun(id="r", connection_id="c", trigger="manual", status="queued", queued_at="0")
ALPHA, BETA = World().collector("alpha", "one", "two"), World().collector("beta", "three")
PARTS = [(made, part) for made in (ALPHA, BETA) for part in made.parts]
JOBS = [PartJob(collector=made, part=part, number=number) for number, (made, part) in enumerate(PARTS)]


def outcome(service: str, kind: str, status: ItemStatus = "collected") -> PartOutcome:
    """Describe how a part ended."""
    return PartOutcome(
        service=service,
        kind=kind,
        title=kind,
        status=status,
        started_at="1",
        finished_at="2",
        summary={},
        problem=None if status == "collected" else PROBLEM,
        requests=(),
        collector_version="1",
        resources=len(kind),
        counts={kind: VerdictCounts(passed=2, unknown=1)},
        changes=Changes(opened=3, closed=1),
        manifest=None,
        requests_sent=5,
        pages_read=4,
        throttled=1,
        duration_ms=10 * len(kind),
    )


ONE, TWO, THREE = outcome("alpha", "one"), outcome("alpha", "two"), outcome("beta", "three")
TWO_GAP = outcome("alpha", "two", "unavailable")


def test_it_starts_with_every_service_pending() -> None:
    """And names what is switched off."""
    run = started(RUN, JOBS, ["gamma"], "1")

    assert [(one.service, one.status) for one in run.collectors] == [
        ("alpha", "pending"),
        ("beta", "pending"),
    ]
    assert (run.status, run.started_at, run.attempt, run.not_collected) == ("running", "1", 1, ("gamma",))


def test_a_second_attempt_keeps_when_it_first_started() -> None:
    """And counts on."""
    run = started(failed_attempt(started(RUN, JOBS, [], "1"), PROBLEM), JOBS, [], "9")

    assert (run.started_at, run.attempt) == ("1", 2)


@pytest.mark.parametrize(
    ("outcomes", "statuses"),
    [
        ([], ["pending", "pending"]),
        ([ONE], ["running", "pending"]),
        ([ONE, TWO], ["succeeded", "pending"]),
        ([ONE, TWO_GAP, THREE], ["unavailable", "succeeded"]),
    ],
)
def test_progress_is_by_service(outcomes: list[PartOutcome], statuses: list[str]) -> None:
    """Running from its first finished part to its last."""
    assert statuses == [one.status for one in progressed(RUN, JOBS, outcomes).collectors]


def test_a_service_adds_up_its_parts() -> None:
    """Requests and verdicts are summed, durations overlap."""
    alpha, _ = progressed(RUN, JOBS, [ONE, TWO_GAP]).collectors

    assert (alpha.requests, alpha.pages, alpha.throttled, alpha.duration_ms) == (10, 8, 2, 30)
    assert (alpha.verdicts.passed, alpha.verdicts.unknown) == (4, 2)
    assert alpha.problem == PROBLEM
    assert [(part.kind, part.problem) for part in alpha.parts] == [("one", None), ("two", PROBLEM)]


def test_what_was_kept_is_no_verdict_of_the_run() -> None:
    """The run did not see it."""
    kept = msgspec.structs.replace(ONE, kept={"one": VerdictCounts(failed=9)})
    alpha, _ = progressed(RUN, JOBS, [kept, TWO]).collectors

    assert alpha.verdicts == VerdictCounts(passed=4, unknown=2)


def test_changes_add_up() -> None:
    """Of all parts."""
    assert Changes(opened=9, closed=3) == changes_of([ONE, TWO, THREE])
    assert Changes() == changes_of([])


def test_it_ends_once() -> None:
    """With its time and its reason."""
    run = ended(RUN, "failed", "5", PROBLEM)

    assert (run.status, run.finished_at, run.problem) == ("failed", "5", PROBLEM)


def test_its_end_is_told_in_events() -> None:
    """One per service and one of the whole, which lasts from the first attempt's start to the end."""
    begun, over = "2026-11-21T12:00:00.000000Z", "2026-11-21T12:00:01.500000Z"
    run = started(RUN, JOBS, [], begun)
    alpha, beta, whole = map(
        line_of, end_events(ended(progressed(run, JOBS, [ONE, TWO_GAP, THREE]), "partial", over, None))
    )

    assert alpha == (
        "collector_finished sync_run_id=r connection_id=c service=alpha status=unavailable resources=3"
        " requests=10 pages=8 throttled=2 duration_ms=30 problem=permission_missing"
    )
    assert "service=beta status=succeeded" in beta
    assert whole == (
        "sync_run_finished sync_run_id=r connection_id=c trigger=manual status=partial attempt=1"
        " duration_ms=1500 resources=8 opened=9 closed=3 gaps=1 problem= reason="
    )


def test_a_failed_run_says_why() -> None:
    """Code and reason; one that never started lasted no time."""
    problem = ProblemView(code="credential_rejected", detail="No.", reason="expired_client_secret")

    [line] = map(line_of, end_events(ended(RUN, "failed", "2026-11-21T12:00:00Z", problem)))

    assert line.endswith("gaps=0 problem=credential_rejected reason=expired_client_secret")
    assert " duration_ms=0 " in line
