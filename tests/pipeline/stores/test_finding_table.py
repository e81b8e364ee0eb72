"""Finding intervals in their table: what is not committed cannot be seen and can be undone."""

from collections import Counter
from math import ceil

import pytest
from azure.data.tables import TableTransactionError
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import Status
from pipeline.stores.finding_table import (
    ROWS_PER_PARTITION,
    FindingRow,
    Intervals,
    finding_key,
    place_of,
)
from pipeline.stores.tables import Operation, operation_bytes
from tests.pipeline.faulty_storage import Fate, faulty
from tests.pipeline.sync_rig import Rig, record, rigged, verdict

ONE, TWO = b"1" * 16, b"9" * 16
NEAR, FAR = 7, 65_536
"""Places in a run: of the first part, and of the second."""


def intervals(connection_id: str, sequence: int, kind: str = "colour") -> Intervals:
    """Give how a run writes."""
    return Intervals(
        connection_id=connection_id,
        service="things",
        kind=kind,
        part=0,
        sequence=sequence,
        at=f"at {sequence}",
    )


@pytest.fixture
async def connection_id(rig: Rig) -> str:
    """Give a connection whose run 1 opened one finding, whose run 2 replaced it and opened another."""
    made = record().id
    first, second = intervals(made, 1), intervals(made, 2)
    await written(
        rig,
        first.opening(ONE, verdict("colour", "a"), FAR),
        second.closing(ONE, 1, FAR),
        second.opening(ONE, verdict("colour", "a", Status.FAIL), NEAR),
        intervals(made, 2, "shape").opening(TWO, verdict("shape", "a"), FAR),
    )
    return made


async def written(rig: Rig, *operations: Operation) -> None:
    """Write operations one after another."""
    for operation in operations:
        await rig.findings.submit([operation])


async def seen(rig: Rig, connection_id: str, sequence: int) -> list[FindingRow]:
    """Give what is visible once so many runs committed."""
    return [row async for row in rig.findings.rows(connection_id, sequence=sequence)]


@given(st.integers(0, 10**10 - 1), st.integers(0, 10**10 - 1))
def test_rows_of_later_runs_sort_first(one: int, other: int) -> None:
    """By text order."""
    assert (one > other) == (finding_key(one, FAR, ONE) < finding_key(other, NEAR, ONE))


@given(st.integers(0, 65_535), st.integers(1, 10_000))
def test_a_part_fills_its_partitions_by_full_transactions(part: int, rows: int) -> None:
    """None holds more than its share, and none gets a transaction that is not full, but one of them."""
    held = Counter(place_of(part, number) for number in range(rows))

    assert max(held.values()) <= ROWS_PER_PARTITION
    assert sum(ceil(number / 100) for number in held.values()) == ceil(rows / 100)
    assert {place >> 16 for place in held} == {part}


@given(st.integers(0, 10_000))
def test_transactions_that_are_written_together_go_to_different_partitions(first: int) -> None:
    """As many as are in flight, so that no partition is asked for more than it takes."""
    places = [place_of(0, 100 * (first + number)) for number in range(4)]

    assert len(set(places)) == len(places)


async def test_before_its_commit_a_run_changes_nothing(rig: Rig, connection_id: str) -> None:
    """The interval it closed is still open."""
    (row,) = await seen(rig, connection_id, 1)

    assert (row.status, row.opened_at, row.closed_at) == ("pass", "at 1", None)


async def test_after_its_commit_all_of_it_shows(rig: Rig, connection_id: str) -> None:
    """Newest first."""
    rows = await seen(rig, connection_id, 2)

    assert [(row.status, row.closed_at) for row in rows] == [("fail", None), ("pass", None), ("pass", "at 2")]


@pytest.mark.parametrize("crash_after", [0, 1])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["closing first", "opening first"])
async def test_close_and_open_of_a_change_show_together_whatever_crash_comes_between(
    rig: Rig, order: tuple[int, int], crash_after: int
) -> None:
    """They lie in different partitions; the commit of their run makes both true at once."""
    made = record().id
    second = intervals(made, 2)
    change = (
        second.closing(ONE, 1, NEAR),
        second.opening(ONE, verdict("colour", "a", Status.FAIL), FAR),
    )
    await written(rig, intervals(made, 1).opening(ONE, verdict("colour", "a"), NEAR))
    before = await seen(rig, made, 1)

    await written(rig, *(change[one] for one in order[:crash_after]))
    assert await seen(rig, made, 1) == before
    await rig.findings.sweep(made, 2, undo=lambda _: True)
    assert await seen(rig, made, 2) == before
    await written(rig, *(change[one] for one in order))
    assert await seen(rig, made, 1) == before
    after = await seen(rig, made, 2)
    assert [(row.status, row.opened_at, row.closed_at) for row in after] == [
        ("fail", "at 2", None),
        ("pass", "at 1", "at 2"),
    ]


async def test_only_what_was_written_already_is_written_again(rig: Rig) -> None:
    """Closing an interval that is not there is another matter: it is not taken for a lost answer."""
    with pytest.raises(TableTransactionError):
        await written(rig, intervals(record().id, 2).closing(ONE, 1, NEAR))


@pytest.mark.parametrize("fate", ["cut before", "cut after"])
async def test_a_transaction_whose_connection_broke_is_sent_again(storage: str, fate: Fate) -> None:
    """The SDK does not: it cannot know that writing these rows twice is writing them once."""
    made = record().id
    first, second = intervals(made, 1), intervals(made, 2)
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        await written(rig, first.opening(ONE, verdict("colour", "a"), NEAR))
        for change in (second.closing(ONE, 1, NEAR), second.opening(TWO, verdict("colour", "b"), NEAR)):
            proxy.strike(fate, 1)
            await written(rig, change)

        rows = await seen(rig, made, 2)
        assert [(row.opened_at, row.closed_at) for row in rows] == [("at 2", None), ("at 1", "at 2")]


async def test_a_sweep_undoes_it_but_not_its_finished_parts(rig: Rig, connection_id: str) -> None:
    """What it opened goes, what it closed is open again; sweeping twice is sweeping once."""
    for _ in range(2):
        await rig.findings.sweep(connection_id, 2, undo=lambda kind: kind == "colour")

    rows = await seen(rig, connection_id, 2)
    assert [(row.check_id, row.status, row.closed_at) for row in rows] == [
        ("shape", "pass", None),
        ("colour", "pass", None),
    ]


async def test_rows_go_on_after_any_key(rig: Rig, connection_id: str) -> None:
    """As a page does, over runs and partitions."""
    rows = await seen(rig, connection_id, 2)

    for place, row in enumerate(rows):
        onwards = rig.findings.rows(connection_id, sequence=2, after=row.key)
        assert [one async for one in onwards] == rows[place + 1 :]


@pytest.mark.parametrize("page_size", [1, 7])
async def test_a_run_is_one_list_in_key_order(rig: Rig, page_size: int) -> None:
    """Whatever partitions its findings are in; none of another connection and no manifest among them."""
    made = record().id
    found = [(place << 4, bytes([255 - place]) + bytes(15)) for place in range(0, 256, 8)]
    for sequence in (1, 2):
        run = intervals(made, sequence)
        await written(rig, *(run.opening(one, verdict("colour", "a"), place) for place, one in found))
    await written(rig, intervals(f"{made}0", 1).opening(ONE, verdict("colour", "a"), NEAR))
    await rig.manifests.write(made, "colour", 1, {ONE: (bytes(8), 1, 0, 0, NEAR)})

    rows = rig.findings.rows(made, sequence=2, page_size=page_size)
    keys = [row.key async for row in rows]
    assert keys == sorted(finding_key(sequence, *one) for sequence in (1, 2) for one in found)
    assert len({str(row["PartitionKey"]) for row in await rig.rows("findings", made)}) == 2 * len(found)


async def test_a_purge_leaves_nothing(rig: Rig, connection_id: str) -> None:
    """Of this connection; another's findings stay."""
    other = record().id
    await written(rig, intervals(other, 1).opening(ONE, verdict("colour", "a"), NEAR))
    await rig.findings.purge(connection_id)

    assert await rig.rows("findings", connection_id) == []
    assert len(await rig.rows("findings", other)) == 1


@pytest.mark.parametrize("character", ["a", "é", "漢", '"'])
async def test_a_finding_is_never_larger_than_estimated(storage: str, character: str) -> None:
    """With all its columns and keys, as it leaves."""
    made = intervals(record().id, 1)
    long = verdict("colour", character * 300, reason=character * 3000)
    operations = [made.opening(bytes(15) + bytes([number]), long, FAR) for number in range(20)]
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        await rig.findings.submit(operations)

    assert len(proxy.bodies[-1]) <= sum(operation_bytes(one[1]) for one in operations)
