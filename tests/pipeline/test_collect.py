"""One part: what it could not read becomes a gap that says how to cure it, what may pass goes up."""

import pytest
from msgspec.structs import replace

from collectors.contract import POPULATION, Emit, Reader, Reading, Status
from collectors.errors import (
    AccessDenied,
    ConnectorError,
    NotComputedYet,
    PageLoop,
    ServiceUnavailable,
    Terminal,
    Throttled,
    UnexpectedAnswer,
)
from pipeline.collect import PartCollection, PartJob, view_of
from pipeline.errors import LeaseLost
from pipeline.stores.finding_table import Intervals
from pipeline.stores.manifests import OpenFinding
from pipeline.stores.tables import Operation
from pipeline.syncing.finding_recorder import FindingRecorder
from tests.pipeline.sync_rig import Portal, StillReader, Time, World, verdict

DENIED = AccessDenied(
    "HTTP 403.",
    permission="Microsoft.Test/things/read",
    scope="/",
    advice="Add Reader.",
    portal_page="#users",
)


class Ledger:
    """Keeps the operations of a part, in the order they were written."""

    before: dict[bytes, OpenFinding]

    def __init__(self) -> None:
        self.before = {}
        self.written: list[Operation] = []
        self.closed: list[FindingRecorder] = []
        self.reopened = 0
        self.lost = False

    async def submit(self, operations: list[Operation]) -> None:
        """Write."""
        self.written += operations

    def ensure(self) -> None:
        """Stop a worker that lost its lease."""
        if self.lost:
            raise LeaseLost("Gone.")

    async def open(self, job: PartJob) -> FindingRecorder:
        """Start."""
        intervals = Intervals(
            connection_id="c",
            service=job.collector.service,
            kind=job.part.kind,
            part=job.number,
            sequence=1,
            at="now",
        )
        return FindingRecorder(intervals, dict(self.before), self, self.ensure)

    async def reopen(self, job: PartJob, spoilt: FindingRecorder) -> FindingRecorder:
        """Start anew."""
        assert not spoilt.open or spoilt.changed
        self.reopened += 1
        self.written.clear()
        return await self.open(job)

    async def close(self, _job: PartJob, recorder: FindingRecorder) -> None:
        """End."""
        self.closed.append(recorder)


class Scene:
    """A part, and what becomes of it."""

    def __init__(self) -> None:
        self.ledger, self.world, self.time = Ledger(), World(), Time()
        self.collection = PartCollection(self.ledger, "/subscriptions/S", portal=Portal(), clock=self.time)
        collector = self.world.collector("things", "colour")
        self.job = PartJob(collector=collector, part=collector.parts[0], number=0)

    def statuses(self) -> list[object]:
        """Give the statuses of what was opened."""
        return [one[1]["status"] for one in self.ledger.written]


@pytest.fixture
def scene() -> Scene:
    """Set the scene: one verdict to be seen."""
    made = Scene()
    made.world.seen["colour"] = [verdict("colour", "a")]
    return made


async def test_a_part_that_was_read_is_collected(scene: Scene) -> None:
    """With its summary, its traffic and how long it took."""

    async def tick() -> None:
        scene.time.later(seconds=1.5)

    scene.world.during["colour"] = tick
    outcome = await scene.collection.collect(scene.job, StillReader())

    assert (outcome.status, outcome.problem, outcome.summary) == ("collected", None, {"resources": 1})
    assert (outcome.requests_sent, outcome.pages_read, outcome.throttled) == (3, 2, 1)
    assert (outcome.duration_ms, outcome.resources, outcome.manifest) == (1500, 1, 1)
    assert outcome.started_at < outcome.finished_at


async def test_an_unchanged_part_has_no_new_manifest(scene: Scene) -> None:
    """Nothing was written."""
    await scene.collection.collect(scene.job, StillReader())
    scene.ledger.before = dict(scene.ledger.closed[0].open)
    outcome = await scene.collection.collect(scene.job, StillReader())

    assert outcome.manifest is None


@pytest.mark.parametrize(
    "error",
    [DENIED, NotComputedYet("Wait."), PageLoop("Round."), UnexpectedAnswer("What?"), Terminal("No.")],
    ids=lambda error: type(error).__name__,
)
async def test_a_terminal_error_is_a_gap(scene: Scene, error: Terminal) -> None:
    """Its checks are unknown; what the part had emitted does not count."""
    scene.world.ends["colour"] = error
    outcome = await scene.collection.collect(scene.job, StillReader())

    assert (outcome.status, outcome.summary, outcome.resources) == ("unavailable", {}, 0)
    assert outcome.problem is not None
    assert outcome.problem.code == error.code
    assert scene.ledger.reopened == 1
    assert scene.statuses() == ["unknown"]
    assert outcome.counts["colour"].unknown == 1
    assert outcome.requests_sent == 3


async def test_a_read_refused_on_the_way_keeps_the_rest(scene: Scene) -> None:
    """The part is collected, with the problem beside it; the refused checks are unknown and close nothing."""
    await scene.collection.collect(scene.job, StillReader())
    scene.ledger.before, scene.ledger.written = dict(scene.ledger.closed[0].open), []
    scene.world.seen["colour"], scene.world.refused["colour"] = [verdict("colour", "b")], DENIED
    outcome = await scene.collection.collect(scene.job, StillReader())

    assert (outcome.status, outcome.summary, scene.ledger.reopened) == ("collected", {"resources": 1}, 0)
    assert outcome.problem is not None
    assert outcome.problem.code == "permission_missing"
    assert scene.statuses() == ["pass", "unknown"]
    assert len(scene.ledger.closed[1].open) == 3


async def test_what_could_not_be_listed_inside_a_resource_stays(scene: Scene) -> None:
    """Its resource has an `unknown`; nothing that was said of the things in it closes."""
    there = verdict(f"{POPULATION}thing", "a")
    scene.world.seen["colour"] = [there, verdict("colour", "a")]
    await scene.collection.collect(scene.job, StillReader())
    scene.ledger.before, scene.ledger.written = dict(scene.ledger.closed[0].open), []

    async def collect(_reader: Reader, emit: Emit) -> Reading:
        await emit(verdict("colour", "a/inside", Status.UNKNOWN))
        return Reading({}, refused=(DENIED,), unread=scene.job.part.checks)

    part = replace(scene.job.part, collect=collect)
    outcome = await scene.collection.collect(replace(scene.job, part=part), StillReader())

    assert (outcome.changes.opened, outcome.changes.closed) == (1, 0)
    assert len(scene.ledger.closed[1].open) == 3


async def test_an_unknown_says_what_would_cure_it(scene: Scene) -> None:
    """The permission that is missing, and what to do."""
    scene.world.ends["colour"] = DENIED
    await scene.collection.collect(scene.job, StillReader())
    body = str(scene.ledger.written[0][1]["body"])

    assert "Could not be read: HTTP 403. Add Reader." in body
    assert '"missing_permission":"Microsoft.Test/things/read"' in body
    assert scene.ledger.written[0][1]["resource_key"] == "/subscriptions/s"


@pytest.mark.parametrize(
    "error",
    [ServiceUnavailable("503"), Throttled("429"), KeyError("x"), LeaseLost("Gone.")],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_else_happens_goes_up(scene: Scene, error: Exception) -> None:
    """Nothing of the part counts, and no gap is made of it."""
    scene.world.ends["colour"] = error
    with pytest.raises(type(error)):
        await scene.collection.collect(scene.job, StillReader())

    assert (scene.ledger.closed, scene.ledger.reopened) == ([], 0)


async def test_a_lost_lease_stops_a_part_and_makes_no_gap(scene: Scene) -> None:
    """Also one that could not be read."""
    scene.ledger.lost = True
    scene.world.seen["colour"] = []
    scene.world.ends["colour"] = DENIED
    with pytest.raises(LeaseLost):
        await scene.collection.collect(scene.job, StillReader())
    with pytest.raises(LeaseLost):
        await scene.collection.gap(scene.job, DENIED)

    assert scene.ledger.written == []


async def test_a_part_that_was_not_tried_says_why(scene: Scene) -> None:
    """Without any traffic."""
    outcome = await scene.collection.gap(scene.job, DENIED)

    assert (outcome.status, outcome.requests_sent, outcome.requests) == ("unavailable", 0, ())
    assert scene.world.reads == {}
    assert scene.statuses() == [Status.UNKNOWN]


def test_an_error_is_kept_with_its_place_in_the_portal() -> None:
    """If it has one."""
    assert view_of(DENIED, Portal()).portal_url == "https://portal/#users"
    assert view_of(ConnectorError("x"), Portal()).portal_url is None
