"""The recorder: what differs from the last committed run, and nothing else, becomes changes."""

from collections import Counter
from math import ceil

import pytest
from msgspec.structs import replace

from collectors.contract import POPULATION, Status, Verdict
from pipeline.ids import finding_id
from pipeline.model import VerdictCounts
from pipeline.stores.finding_table import ROWS_PER_PARTITION, Intervals
from pipeline.stores.manifests import OpenFinding
from pipeline.stores.tables import Operation, partition_of
from pipeline.syncing.finding_recorder import FindingRecorder
from tests.pipeline.sync_rig import verdict
from tests.pipeline.syncing.slow_writer import SlowWriter

PART = 3


def allowed() -> None:
    """Let it write."""


def recorder(
    writer: SlowWriter,
    before: dict[bytes, OpenFinding] | None = None,
    *,
    sequence: int = 1,
) -> FindingRecorder:
    """Make a recorder."""
    intervals = Intervals(
        connection_id="c", service="things", kind="colour", part=PART, sequence=sequence, at="now"
    )
    return FindingRecorder(intervals, before or {}, writer, allowed)


async def emitted(made: FindingRecorder, number: int, status: Status = Status.PASS) -> FindingRecorder:
    """Emit so many verdicts and finish."""
    for one in range(number):
        await made.emit(verdict("colour", f"r{one}", status))
    await made.finish()
    return made


def found_by(operation: Operation) -> str:
    """Give the id of the finding that an operation is about."""
    return str(operation[1]["RowKey"]).rpartition("|")[2]


def row_of(operation: Operation) -> tuple[object, object]:
    """Give the keys of the row that an operation writes."""
    return operation[1]["PartitionKey"], operation[1]["RowKey"]


async def test_a_change_closes_and_opens_under_one_number() -> None:
    """The uncommitted run's, so that both take effect in the one transaction that commits it."""
    first, writer = await emitted(recorder(SlowWriter()), 151), SlowWriter()
    second = await emitted(recorder(writer, dict(first.open), sequence=2), 151, Status.FAIL)
    closed = {found_by(one): one[1]["closed_seq"] for one in writer.operations if one[0] == "update"}
    opened = {found_by(one): one[1]["opened_seq"] for one in writer.operations if one[0] == "create"}

    assert closed == opened == {found.hex(): 2 for found in second.open}
    assert len(writer.operations) == 302


@pytest.mark.parametrize("number", [1, 99, 100, 101, 2_000, 2_345])
async def test_a_part_fills_its_transactions(number: int) -> None:
    """However small it is: so many rows are a hundredth of them in transactions."""
    writer = SlowWriter()
    await emitted(recorder(writer), number)

    assert len(writer.done) == ceil(number / 100)
    assert all(len(set(map(partition_of, batch))) == 1 for batch in writer.done)
    assert max(Counter(map(partition_of, writer.operations)).values()) <= ROWS_PER_PARTITION


async def test_what_changes_entirely_fills_its_transactions_too() -> None:
    """Closings go where the openings went, which were together."""
    first, writer = await emitted(recorder(SlowWriter()), 2_345), SlowWriter()
    await emitted(recorder(writer, dict(first.open), sequence=2), 2_345, Status.FAIL)

    assert len(writer.done) == 2 * ceil(2_345 / 100)


async def test_an_interval_is_closed_where_it_was_opened() -> None:
    """The manifest says where that is; two runs later too, and whichever resource comes first then."""
    opening, closing = SlowWriter(), SlowWriter()
    first = await emitted(recorder(opening), 451)
    second = await emitted(recorder(SlowWriter(), dict(first.open), sequence=2), 451)
    third = recorder(closing, dict(second.open), sequence=3)
    for one in reversed(range(451)):
        await third.emit(verdict("colour", f"r{one}", Status.FAIL))
    await third.finish()

    opened = {found_by(one): row_of(one) for one in opening.operations}
    closed = {found_by(one): row_of(one) for one in closing.operations if one[0] == "update"}
    assert opened == closed
    assert len(opened) == 451


async def test_an_unchanged_set_writes_nothing() -> None:
    """And is not called changed."""
    first, writer = await emitted(recorder(SlowWriter()), 30), SlowWriter()
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
    first = recorder(SlowWriter())
    await first.emit(verdict("colour", "a"))
    await first.finish()
    second = recorder(SlowWriter(), dict(first.open), sequence=2)
    await second.emit(changed)
    await second.finish()

    assert (second.changes.opened, second.changes.closed) == (1, 1)


async def test_counts_are_of_verdicts_and_resources() -> None:
    """Not of changes."""
    made = await emitted(recorder(SlowWriter()), 3)

    assert (made.resources, made.counts["colour"].passed) == (3, 3)


async def test_a_write_that_failed_stops_the_part() -> None:
    """With its own error, at the latest when it finishes."""
    writer = SlowWriter()
    writer.fails_at = 2
    made = recorder(writer)
    with pytest.raises(ConnectionError):
        await emitted(made, 1_000)
    await made.abandon()


async def test_a_gap_keeps_what_was_last_seen() -> None:
    """A check that passed or failed for the very resource stays as it is; nothing closes."""
    first = recorder(SlowWriter())
    await first.emit(verdict("colour", "a", Status.FAIL))
    second = recorder(SlowWriter(), dict(first.open), sequence=2)
    await second.finish_gap([verdict("colour", "a", Status.UNKNOWN)])

    assert (second.changed, second.open) == (False, first.open)
    assert second.counts["colour"].unknown == 1


async def test_findings_are_told_apart_by_check_and_resource() -> None:
    """Whatever the casing."""
    made = recorder(SlowWriter())
    await made.emit(verdict("colour", "a"))
    await made.emit(verdict("colour", "A", Status.FAIL))

    assert list(made.open) == [finding_id("c", "colour", "/subscriptions/s/a")]


class TestPartialGaps:
    """Checks that could not look at everything, in a part that was read otherwise."""

    async def test_nothing_of_an_unread_check_closes(self) -> None:
        """What was not seen may still be there; the others' intervals close as ever."""
        first = recorder(SlowWriter())
        for one in (verdict("colour", "a"), verdict("colour", "b"), verdict("shape", "a")):
            await first.emit(one)
        await first.finish()
        second = recorder(SlowWriter(), dict(first.open), sequence=2)
        await second.emit(verdict("colour", "a"))
        await second.finish(unread=["colour"])

        assert (second.changes.opened, second.changes.closed) == (0, 1)
        assert len(second.open) == 2

    @pytest.mark.parametrize(("unread", "closed"), [(["colour"], 0), ([], 2)])
    async def test_resources_that_could_not_be_listed_are_not_gone(
        self, unread: list[str], closed: int
    ) -> None:
        """Nobody saw that they went; once everything was read, who is not there is gone."""
        first = recorder(SlowWriter())
        for one in ("a", "b"):
            await first.emit(verdict(f"{POPULATION}thing/{one}", one))
        await first.finish()
        second = recorder(SlowWriter(), dict(first.open), sequence=2)
        await second.finish(unread=unread)

        assert second.changes.closed == closed

    async def test_a_check_that_two_reads_refused_is_unknown_once(self) -> None:
        """Whichever reason came first; a row is never written twice in one run."""
        writer = SlowWriter()
        made = recorder(writer)
        for reason in ("No role.", "Not enabled."):
            await made.emit_gap(verdict("colour", "a", Status.UNKNOWN, reason))
        await made.finish(unread=["colour"])

        assert (made.changes.opened, made.changes.closed) == (1, 0)
        assert made.counts["colour"].unknown == 1
        assert [len(batch) for batch in writer.done] == [1]

    async def test_a_check_that_was_answered_is_not_unknown_as_well(self) -> None:
        """For the very resource."""
        writer = SlowWriter()
        made = recorder(writer)
        await made.emit(verdict("colour", "a", Status.FAIL))
        await made.emit_gap(verdict("colour", "a", Status.UNKNOWN))
        await made.finish(unread=["colour"])

        assert (made.changes.opened, made.counts["colour"].unknown) == (1, 0)

    async def test_what_is_kept_is_counted_apart(self) -> None:
        """By its last status; not what was seen again, nor resources, nor what another check closes."""
        first = recorder(SlowWriter())
        for resource, status in (("a", Status.PASS), ("b", Status.FAIL), ("c", Status.MANUAL)):
            await first.emit(verdict("colour", resource, status))
        await first.emit(verdict("shape", "a", Status.FAIL))
        await first.emit(verdict(f"{POPULATION}thing/a", "a"))
        await first.finish()
        second = recorder(SlowWriter(), dict(first.open), sequence=2)
        await second.emit(verdict("colour", "a"))
        await second.finish(unread=["colour"])

        assert first.kept == {}
        assert second.kept == {"colour": VerdictCounts(failed=1, manual=1)}
        assert second.counts == {"colour": VerdictCounts(passed=1)}

    async def test_a_refusal_that_goes_on_is_unknown_once(self) -> None:
        """Counted as the gap that it is, in every run, and by however many reads; never as kept too."""
        before: dict[bytes, OpenFinding] = {}
        for sequence in (1, 2, 3):
            made = recorder(SlowWriter(), dict(before), sequence=sequence)
            for _ in range(2):
                await made.emit_gap(verdict("colour", "a", Status.UNKNOWN))
            await made.finish(unread=["colour"])
            before = made.open

            assert (made.counts, made.kept) == ({"colour": VerdictCounts(unknown=1)}, {})

    async def test_a_refused_check_keeps_its_fail_of_the_very_resource(self) -> None:
        """The verdict that stands is counted, and the gap beside it."""
        first = recorder(SlowWriter())
        await first.emit(verdict("colour", "a", Status.FAIL))
        await first.finish()
        second = recorder(SlowWriter(), dict(first.open), sequence=2)
        await second.emit_gap(verdict("colour", "a", Status.UNKNOWN))
        await second.finish(unread=["colour"])

        assert second.counts == {"colour": VerdictCounts(unknown=1)}
        assert second.kept == {"colour": VerdictCounts(failed=1)}


async def test_a_resource_itself_counts_as_no_verdict() -> None:
    """It is recorded that it was there; nothing was judged."""
    made = recorder(SlowWriter())
    await made.emit(verdict(f"{POPULATION}thing", "a"))
    await made.finish()

    assert (made.resources, dict(made.counts), made.changes.opened) == (1, {}, 1)
