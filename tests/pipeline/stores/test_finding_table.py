"""Finding intervals in their table: what is not committed cannot be seen and can be undone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import Status
from pipeline.stores.finding_table import FindingRow, Intervals, finding_key
from pipeline.stores.tables import operation_bytes
from tests.pipeline.faulty_storage import faulty
from tests.pipeline.sync_rig import Rig, record, rigged, verdict

ONE, TWO = b"1" * 16, b"2" * 16


def intervals(connection_id: str, sequence: int, kind: str = "colour") -> Intervals:
    """Give how a run writes."""
    return Intervals(
        connection_id=connection_id, service="things", kind=kind, sequence=sequence, at=f"at {sequence}"
    )


@pytest.fixture
async def connection_id(rig: Rig) -> str:
    """Give a connection whose run 1 opened one finding, whose run 2 replaced it and opened another."""
    made = record().id
    first, second = intervals(made, 1), intervals(made, 2)
    await rig.findings.submit([first.opening(ONE, verdict("colour", "a"))])
    await rig.findings.submit(
        [second.closing(ONE, 1), second.opening(ONE, verdict("colour", "a", Status.FAIL))]
    )
    await rig.findings.submit([intervals(made, 2, "shape").opening(TWO, verdict("shape", "a"))])
    return made


async def seen(rig: Rig, connection_id: str, sequence: int) -> list[FindingRow]:
    """Give what is visible once so many runs committed."""
    return [row async for row in rig.findings.rows(connection_id, sequence=sequence)]


@given(st.integers(0, 10**10 - 1), st.integers(0, 10**10 - 1))
def test_rows_of_later_runs_sort_first(one: int, other: int) -> None:
    """By text order."""
    assert (one > other) == (finding_key(one, ONE) < finding_key(other, ONE))


async def test_before_its_commit_a_run_changes_nothing(rig: Rig, connection_id: str) -> None:
    """The interval it closed is still open."""
    (row,) = await seen(rig, connection_id, 1)

    assert (row.status, row.opened_at, row.closed_at) == ("pass", "at 1", None)


async def test_after_its_commit_all_of_it_shows(rig: Rig, connection_id: str) -> None:
    """Newest first."""
    rows = await seen(rig, connection_id, 2)

    assert [(row.status, row.closed_at) for row in rows] == [("fail", None), ("pass", None), ("pass", "at 2")]


async def test_a_sweep_undoes_it_but_not_its_finished_parts(rig: Rig, connection_id: str) -> None:
    """What it opened goes, what it closed is open again; sweeping twice is sweeping once."""
    for _ in range(2):
        await rig.findings.sweep(connection_id, 2, undo=lambda kind: kind == "colour")

    rows = await seen(rig, connection_id, 2)
    assert [(row.check_id, row.status, row.closed_at) for row in rows] == [
        ("shape", "pass", None),
        ("colour", "pass", None),
    ]


async def test_rows_go_on_after_a_key(rig: Rig, connection_id: str) -> None:
    """As a page does."""
    first, *rest = await seen(rig, connection_id, 2)

    assert rest == [row async for row in rig.findings.rows(connection_id, sequence=2, after=first.key)]


async def test_a_purge_leaves_nothing(rig: Rig, connection_id: str) -> None:
    """Of this connection."""
    await rig.findings.purge(connection_id)

    assert await rig.rows("findings", connection_id) == []


@pytest.mark.parametrize("character", ["a", "é", "漢", '"'])
async def test_a_finding_is_never_larger_than_estimated(storage: str, character: str) -> None:
    """With all its columns and keys, as it leaves."""
    made = intervals(record().id, 1)
    long = verdict("colour", character * 300, reason=character * 3000)
    operations = [made.opening(bytes([number]) * 16, long) for number in range(20)]
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        await rig.findings.submit(operations)

    assert len(proxy.bodies[-1]) <= sum(operation_bytes(one[1]) for one in operations)
