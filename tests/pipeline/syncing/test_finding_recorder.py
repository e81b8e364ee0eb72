"""The recorder: differences only, in transactions that Azure takes, stopping when told."""

import asyncio
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from collectors.contract import POPULATION, Status, Verdict
from pipeline.errors import LeaseLost
from pipeline.ids import finding_id
from pipeline.stores.finding_table import Intervals
from pipeline.stores.manifests import OpenFinding
from pipeline.stores.tables import Operation
from pipeline.syncing.finding_recorder import FindingRecorder
from tests.pipeline.sync_rig import verdict


class Writer:
    """Keeps transactions; each takes a while, and may fail."""

    def __init__(self) -> None:
        self.done: list[list[Operation]] = []
        self.begun = 0
        self.under_way = 0
        self.most_under_way = 0
        self.fails_at = 0

    async def submit(self, operations: list[Operation]) -> None:
        """Write one transaction."""
        self.begun += 1
        number = self.begun
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0.01)
        self.under_way -= 1
        if number == self.fails_at:
            raise ConnectionError
        self.done.append(operations)


def allowed() -> None:
    """Let it write."""


def forbidden() -> None:
    """Stop it."""
    raise LeaseLost("Gone.")


def recorder(
    writer: Writer,
    before: dict[bytes, OpenFinding] | None = None,
    *,
    sequence: int = 1,
    may_write: Callable[[], None] = allowed,
) -> FindingRecorder:
    """Make a recorder."""
    intervals = Intervals(connection_id="c", service="things", kind="colour", sequence=sequence, at="now")
    return FindingRecorder(intervals, before or {}, writer, may_write)


async def emitted(made: FindingRecorder, number: int, status: Status = Status.PASS) -> FindingRecorder:
    """Emit so many verdicts and finish."""
    for one in range(number):
        await made.emit(verdict("colour", f"r{one}", status))
    await made.finish()
    return made


async def test_a_change_is_one_pair_in_one_transaction() -> None:
    """Never closed in one and opened in another, whatever the count."""
    first, writer = await emitted(recorder(Writer()), 151), Writer()
    await emitted(recorder(writer, dict(first.open), sequence=2), 151, Status.FAIL)
    pairs = [[str(one[1]["RowKey"])[11:] for one in batch] for batch in writer.done]

    assert all(len(batch) <= 100 for batch in pairs)
    assert all(sorted(batch)[::2] == sorted(batch)[1::2] for batch in pairs)
    assert sum(map(len, pairs)) == 302


async def test_writes_go_out_while_more_is_read_but_not_without_bound() -> None:
    """At most four transactions are under way."""
    writer = Writer()
    await emitted(recorder(writer), 1_000)

    assert (len(writer.done), writer.most_under_way) == (10, 4)


async def test_an_unchanged_set_writes_nothing() -> None:
    """And is not called changed."""
    first, writer = await emitted(recorder(Writer()), 30), Writer()
    second = await emitted(recorder(writer, dict(first.open), sequence=2), 30)

    assert (writer.begun, second.changed, second.open) == (0, False, first.open)


@pytest.mark.parametrize(
    "changed",
    [
        verdict("colour", "a", Status.FAIL),
        verdict("colour", "a", reason="Another."),
        replace(verdict("colour", "a"), severity="low"),
        replace(verdict("colour", "a"), observed={"resource": 1}),
    ],
    ids=["status", "reason", "severity", "observed"],
)
async def test_what_makes_a_verdict_another_verdict(changed: Verdict) -> None:
    """Each of these opens a new interval."""
    first = recorder(Writer())
    await first.emit(verdict("colour", "a"))
    await first.finish()
    second = recorder(Writer(), dict(first.open), sequence=2)
    await second.emit(changed)
    await second.finish()

    assert (second.changes.opened, second.changes.closed) == (1, 1)


async def test_large_rows_make_small_transactions() -> None:
    """By bytes, not only by count."""
    writer = Writer()
    made = recorder(writer)
    for one in range(60):
        await made.emit(verdict("colour", f"r{one}", reason="漢" * 30_000))
    await made.finish()

    assert len(writer.done) == 4


async def test_counts_are_of_verdicts_and_resources() -> None:
    """Not of changes."""
    made = await emitted(recorder(Writer()), 3)

    assert (made.resources, made.counts["colour"].passed) == (3, 3)


async def test_a_write_that_failed_stops_the_part() -> None:
    """With its own error, at the latest when it finishes."""
    writer = Writer()
    writer.fails_at = 2
    made = recorder(writer)
    with pytest.raises(ConnectionError):
        await emitted(made, 1_000)
    await made.abandon()


async def test_one_that_may_not_write_any_more_writes_nothing() -> None:
    """Its lease is gone."""
    writer = Writer()
    with pytest.raises(LeaseLost):
        await emitted(recorder(writer, may_write=forbidden), 1)

    assert writer.begun == 0


async def test_an_abandoned_part_lets_its_writes_land() -> None:
    """One that is cancelled might still land after the sweep that follows."""
    writer = Writer()
    made = recorder(writer)
    for one in range(250):
        await made.emit(verdict("colour", f"r{one}"))
    await made.abandon()

    assert (len(writer.done), writer.under_way) == (2, 0)


async def test_an_abandoned_part_waits_no_longer_than_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    """A storage that hangs does not hold it for ever."""
    monkeypatch.setattr("pipeline.syncing.finding_recorder._LANDING_S", 0.001)
    writer = Writer()
    made = recorder(writer)
    for one in range(150):
        await made.emit(verdict("colour", f"r{one}"))
    await made.abandon()

    assert writer.done == []


async def test_a_gap_keeps_what_was_last_seen() -> None:
    """A check that passed or failed for the very resource stays as it is; nothing closes."""
    first = recorder(Writer())
    await first.emit(verdict("colour", "a", Status.FAIL))
    second = recorder(Writer(), dict(first.open), sequence=2)
    await second.finish_gap([verdict("colour", "a", Status.UNKNOWN)])

    assert (second.changed, second.open) == (False, first.open)
    assert second.counts["colour"].unknown == 1


async def test_findings_are_told_apart_by_check_and_resource() -> None:
    """Whatever the casing."""
    made = recorder(Writer())
    await made.emit(verdict("colour", "a"))
    await made.emit(verdict("colour", "A", Status.FAIL))

    assert list(made.open) == [finding_id("c", "colour", "/subscriptions/s/a")]


class TestPartialGaps:
    """Checks that could not look at everything, in a part that was read otherwise."""

    async def test_nothing_of_an_unread_check_closes(self) -> None:
        """What was not seen may still be there; the others' intervals close as ever."""
        first = recorder(Writer())
        for one in (verdict("colour", "a"), verdict("colour", "b"), verdict("shape", "a")):
            await first.emit(one)
        await first.finish()
        second = recorder(Writer(), dict(first.open), sequence=2)
        await second.emit(verdict("colour", "a"))
        await second.finish(unread=["colour"])

        assert (second.changes.opened, second.changes.closed) == (0, 1)
        assert len(second.open) == 2

    async def test_a_check_that_two_reads_refused_is_unknown_once(self) -> None:
        """Whichever reason came first; a row is never written twice in one run."""
        writer = Writer()
        made = recorder(writer)
        for reason in ("No role.", "Not enabled."):
            await made.emit_gap(verdict("colour", "a", Status.UNKNOWN, reason))
        await made.finish(unread=["colour"])

        assert (made.changes.opened, made.changes.closed) == (1, 0)
        assert made.counts["colour"].unknown == 1
        assert [len(batch) for batch in writer.done] == [1]

    async def test_a_check_that_was_answered_is_not_unknown_as_well(self) -> None:
        """For the very resource."""
        writer = Writer()
        made = recorder(writer)
        await made.emit(verdict("colour", "a", Status.FAIL))
        await made.emit_gap(verdict("colour", "a", Status.UNKNOWN))
        await made.finish(unread=["colour"])

        assert (made.changes.opened, made.counts["colour"].unknown) == (1, 0)


async def test_a_resource_itself_counts_as_no_verdict() -> None:
    """It is recorded that it was there; nothing was judged."""
    made = recorder(Writer())
    await made.emit(verdict(f"{POPULATION}thing", "a"))
    await made.finish()

    assert (made.resources, dict(made.counts), made.changes.opened) == (1, {}, 1)
