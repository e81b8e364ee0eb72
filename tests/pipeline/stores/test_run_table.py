"""Sync runs in their table: one active, one per slot."""

import asyncio

import msgspec
import pytest
from azure.core.exceptions import HttpResponseError

from pipeline.errors import Conflict
from pipeline.ids import new_run_id
from pipeline.model import SyncRun
from pipeline.times import rfc3339
from tests.pipeline.faulty_storage import faulty
from tests.pipeline.sync_rig import NOON, Rig, record, rigged

SLOT = "daily|2026-11-21T02:30:00.000000Z"


def queued(connection_id: str) -> SyncRun:
    """Describe a new run."""
    return SyncRun(
        id=new_run_id(NOON),
        connection_id=connection_id,
        trigger="manual",
        status="queued",
        queued_at=rfc3339(NOON),
    )


@pytest.fixture
def connection_id() -> str:
    """Give the id of a connection that nothing is kept of."""
    return record().id


@pytest.mark.parametrize("slot", [None, SLOT])
async def test_of_many_at_once_one_is_made(rig: Rig, connection_id: str, slot: str | None) -> None:
    """All are given that one."""
    made = await asyncio.gather(*(rig.runs.create(queued(connection_id), slot=slot) for _ in range(8)))

    assert [created for _, created in made].count(True) == 1
    assert len({run.id for run, _ in made}) == 1


async def test_a_served_slot_is_served_for_ever(rig: Rig, connection_id: str) -> None:
    """Also after its run ended."""
    run, _ = await rig.runs.create(queued(connection_id), slot=SLOT)
    await rig.runs.finish(msgspec.structs.replace(run, status="failed"))
    again, created = await rig.runs.create(queued(connection_id), slot=SLOT)

    assert (again.id, again.status, created) == (run.id, "failed", False)


async def test_a_finished_run_makes_room(rig: Rig, connection_id: str) -> None:
    """For one that somebody asks for."""
    run, _ = await rig.runs.create(queued(connection_id))
    await rig.runs.finish(run)

    assert await rig.runs.active(connection_id) is None
    assert (await rig.runs.create(queued(connection_id)))[1]


@pytest.mark.parametrize("slot", [None, SLOT])
async def test_one_that_ends_between_two_looks_makes_room_at_once(
    rig: Rig, storage: str, connection_id: str, slot: str | None
) -> None:
    """The new run is made and is called new, so that its message is sent."""
    old, _ = await rig.runs.create(queued(connection_id))
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as other:
        await other.tables.table("evidence")
        proxy.strike("answer late", 1)
        proxy.meanwhile = lambda: rig.runs.finish(old)
        run, created = await other.runs.create(queued(connection_id), slot=slot)

    assert created
    assert run == await rig.runs.active(connection_id)


async def test_what_stands_in_the_way_for_no_reason_is_a_conflict(rig: Rig, connection_id: str) -> None:
    """It does not try for ever."""
    run, _ = await rig.runs.create(queued(connection_id))
    await rig.runs.finish(run)
    with pytest.raises(Conflict):
        await rig.runs.create(run)


async def test_a_storage_that_fails_is_not_another_run(storage: str, connection_id: str) -> None:
    """Its own error goes up."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        await rig.tables.table("evidence")
        proxy.strike("dies before", 1)
        with pytest.raises(HttpResponseError):
            await rig.runs.create(queued(connection_id))


async def test_a_transaction_refused_for_another_reason_is_not_another_run(rig: Rig) -> None:
    """A key that no table takes."""
    with pytest.raises(HttpResponseError):
        await rig.runs.create(queued("tab\there"))


@pytest.mark.parametrize("page_of", [1, 2, 5])
async def test_pages_hold_every_run_once(rig: Rig, connection_id: str, page_of: int) -> None:
    """Whatever their size."""
    made = [queued(connection_id) for _ in range(5)]
    for run in made:
        await rig.runs.save(run)
    seen: list[str] = []
    position: str | None = None
    while True:
        runs, position = await rig.runs.page(connection_id, limit=page_of, position=position)
        seen += [run.id for run in runs]
        if position is None:
            break

    assert sorted(run.id for run in made) == seen
