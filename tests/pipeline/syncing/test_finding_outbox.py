"""The outbox: transactions that Azure takes, few at a time, stopping when told."""

import asyncio
from collections.abc import Callable, Iterable

import pytest

from pipeline.errors import LeaseLost
from pipeline.stores.finding_table import Intervals
from pipeline.stores.tables import Operation, partition_of
from pipeline.syncing.finding_outbox import FindingOutbox
from tests.pipeline.sync_rig import verdict
from tests.pipeline.syncing.slow_writer import SlowWriter

INTERVALS = Intervals(connection_id="c", service="things", kind="colour", part=0, sequence=1, at="now")


def allowed() -> None:
    """Let it write."""


def forbidden() -> None:
    """Stop it."""
    raise LeaseLost("Gone.")


def outbox(writer: SlowWriter, may_write: Callable[[], None] = allowed) -> FindingOutbox:
    """Make an outbox."""
    return FindingOutbox(writer, may_write)


def opening(number: int, *, place: int = 0, reason: str = "Seen.") -> Operation:
    """Give an operation on the finding whose id is this number, in a place."""
    return INTERVALS.opening(number.to_bytes(16), verdict("colour", "a", reason=reason), place)


async def add(made: FindingOutbox, operations: Iterable[Operation]) -> None:
    """Add one after another."""
    for one in operations:
        await made.add(one)


async def test_a_transaction_is_of_one_partition_and_as_full_as_it_may_be() -> None:
    """However the operations alternate."""
    writer = SlowWriter()
    made = outbox(writer)
    await add(made, (opening(one, place=one % 4) for one in range(1_000)))
    await made.flush()

    assert all(len(set(map(partition_of, batch))) == 1 for batch in writer.done)
    assert sorted(map(len, writer.done)) == [50] * 4 + [100] * 8


async def test_writes_go_out_while_more_is_added_but_not_without_bound() -> None:
    """At most four transactions are under way."""
    writer = SlowWriter()
    made = outbox(writer)
    await add(made, map(opening, range(901)))
    begun = writer.begun
    await made.flush()

    assert begun >= 8
    assert (len(writer.done), writer.most_under_way) == (10, 4)


async def test_what_is_added_at_one_time_is_written_once() -> None:
    """Several kinds of resources may be read together."""
    writer = SlowWriter()
    made = outbox(writer)
    await asyncio.gather(*(add(made, map(opening, range(at, 1_000, 8))) for at in range(8)))
    await made.flush()

    assert len({str(one[1]["RowKey"]) for one in writer.operations}) == len(writer.operations) == 1_000
    assert {len(batch) for batch in writer.done} == {100}


async def test_large_rows_make_small_transactions() -> None:
    """By bytes, not only by count."""
    writer = SlowWriter()
    made = outbox(writer)
    await add(made, (opening(one, reason="漢" * 30_000) for one in range(60)))
    await made.flush()

    assert len(writer.done) == 4


async def test_no_more_waits_than_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fullest transaction goes first, though it could be fuller."""
    monkeypatch.setattr("pipeline.syncing.finding_outbox._MOST_WAITING", 10_000)
    writer = SlowWriter()
    made = outbox(writer)
    await add(made, [opening(0, place=1), opening(0), opening(1), opening(0, place=2)])
    assert writer.begun == 0
    await add(made, (opening(one) for one in range(2, 8)))
    await made.abandon()

    assert {partition_of(one) for one in writer.operations} == {partition_of(opening(0))}


async def test_a_write_that_failed_stops_the_adding() -> None:
    """With its own error."""
    writer = SlowWriter()
    writer.fails_at = 2
    made = outbox(writer)
    with pytest.raises(ConnectionError):
        await add(made, map(opening, range(2_000)))
    await made.abandon()


async def test_a_write_that_failed_late_stops_the_flush() -> None:
    """The part does not count as written."""
    writer = SlowWriter()
    writer.fails_at = 1
    made = outbox(writer)
    await made.add(opening(0))
    with pytest.raises(ConnectionError):
        await made.flush()


async def test_one_that_may_not_write_any_more_writes_nothing() -> None:
    """Its lease is gone."""
    writer = SlowWriter()
    made = outbox(writer, forbidden)
    await made.add(opening(0))
    with pytest.raises(LeaseLost):
        await made.flush()

    assert writer.begun == 0


async def test_an_abandoned_one_lets_its_writes_land() -> None:
    """One that is cancelled might still land after the sweep that follows."""
    writer = SlowWriter()
    made = outbox(writer)
    await add(made, map(opening, range(250)))
    await made.abandon()

    assert (len(writer.done), writer.under_way) == (2, 0)


async def test_an_abandoned_one_waits_no_longer_than_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    """A storage that hangs does not hold it for ever."""
    monkeypatch.setattr("pipeline.syncing.finding_outbox._LANDING_S", 0.001)
    writer = SlowWriter()
    made = outbox(writer)
    await add(made, map(opening, range(150)))
    await made.abandon()

    assert writer.done == []
