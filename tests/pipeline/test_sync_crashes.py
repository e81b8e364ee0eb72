"""A worker that dies at any of its writes: the last good state stays, the retry finishes the job."""

from collections.abc import AsyncIterator

import pytest
from azure.core.exceptions import HttpResponseError

from collectors.contract import Status
from pipeline.stores.records import ConnectionRecord
from tests.pipeline.faulty_storage import Fate, FaultyStorage, faulty
from tests.pipeline.sync_rig import Rig, message, rigged, verdict

BEFORE = {"colour a": "pass", "colour b": "pass", "shape a": "pass"}
AFTER = {"colour a": "pass", "colour b": "fail", "colour c": "fail"}
WRITES = 16
"""How many writes an attempt of two changed parts makes, from taking the lease on."""


class Scene:
    """A connection synced once, whose subscription changed since, and a worker on a failing storage."""

    def __init__(self, storage: FaultyStorage, sound: Rig, doomed: Rig, connection: ConnectionRecord) -> None:
        self.storage, self.sound, self.doomed, self.connection = storage, sound, doomed, connection

    async def state(self) -> tuple[dict[str, str], int]:
        """Give what a reader sees: open findings and how many evidence items."""
        found = await self.sound.open_findings(self.connection.id)
        return found, len(await self.sound.items(self.connection.id))


@pytest.fixture(autouse=True)
def early_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write each operation at once, not a hundred together, so that there is more to crash between."""
    monkeypatch.setattr("pipeline.syncing.finding_outbox._MOST_WAITING", 0)


@pytest.fixture
async def scene(storage: str) -> AsyncIterator[Scene]:
    """Set the scene."""
    async with (
        faulty(storage) as failing,
        rigged(storage) as sound,
        rigged(failing.connection_string, time=sound.time, world=sound.world) as doomed,
    ):
        sound.world.seen = {
            "colour": [verdict("colour", "a"), verdict("colour", "b")],
            "shape": [verdict("shape", "a")],
        }
        connection = await sound.connect()
        await sound.sync(connection.id)
        sound.time.later(days=1)
        sound.world.seen = {
            "colour": [
                verdict("colour", "a"),
                verdict("colour", "b", Status.FAIL),
                verdict("colour", "c", Status.FAIL),
            ]
        }
        for name in ("connections", "evidence", "findings"):
            await doomed.tables.table(name)
        yield Scene(failing, sound, doomed, connection)


@pytest.mark.parametrize("fate", ["dies before", "dies after"])
@pytest.mark.parametrize("at", range(1, WRITES + 1))
async def test_a_crash_at_any_write_loses_and_doubles_nothing(scene: Scene, fate: Fate, at: int) -> None:
    """A reader sees the old state or the new one, never a mixture; the retry ends with the new one."""
    rig, connection_id = scene.sound, scene.connection.id
    run = await rig.sync_runs.start(connection_id)
    scene.storage.strike(fate, at)
    with pytest.raises(HttpResponseError):
        await scene.doomed.worker.run(message(run))

    assert await scene.state() in ((BEFORE, 2), (AFTER, 4))

    rig.time.later(seconds=61)
    run = await rig.attempt(run)

    assert run.status == "succeeded"
    assert (run.changes.opened, run.changes.closed) == (2, 2)
    assert await scene.state() == (AFTER, 4)
    assert len(await rig.rows("findings", connection_id)) == 5
    assert await rig.keys(connection_id, "staged") == []
    assert (await rig.register.verify_chain(connection_id)).intact
    assert await rig.open_findings(connection_id, as_of="2026-11-22T11:59:59.999999Z") == BEFORE


async def test_an_attempt_makes_no_more_writes_than_crash_here(scene: Scene) -> None:
    """So that none is left out above."""
    run = await scene.sound.sync_runs.start(scene.connection.id)
    scene.storage.strike("dies before", 0)
    await scene.doomed.worker.run(message(run))

    assert scene.storage.writes == WRITES


@pytest.mark.parametrize("at", range(1, WRITES + 1))
async def test_an_answer_lost_at_any_write_changes_nothing(scene: Scene, at: int) -> None:
    """The SDK sends that write again; at most a next attempt is needed."""
    rig, connection_id = scene.sound, scene.connection.id
    run = await rig.sync_runs.start(connection_id)
    scene.storage.strike("answer lost", at)
    await scene.doomed.worker.run(message(run))
    rig.time.later(seconds=61)
    run = await rig.attempt(run)

    assert run.status == "succeeded"
    assert await scene.state() == (AFTER, 4)
    assert len(await rig.rows("findings", connection_id)) == 5
    assert await rig.runs.active(connection_id) is None


@pytest.mark.parametrize("at", [6, 8, 10])
async def test_a_retry_that_sees_another_order_leaves_no_row_twice(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """It writes the same findings into other partitions; what the first wrote was swept before."""
    monkeypatch.setattr("pipeline.stores.finding_table.TRANSACTION_OPERATIONS", 1)
    rig, connection_id = scene.sound, scene.connection.id
    run = await rig.sync_runs.start(connection_id)
    scene.storage.strike("dies after", at)
    with pytest.raises(HttpResponseError):
        await scene.doomed.worker.run(message(run))
    rig.world.seen["colour"].reverse()
    rig.time.later(seconds=61)
    await rig.attempt(run)

    assert await scene.state() == (AFTER, 4)
    rows = await rig.rows("findings", connection_id)
    assert len({str(row["PartitionKey"]) for row in rows}) == 4
    assert len(rows) == 5


async def test_a_next_run_after_a_crash_starts_from_what_was_committed(scene: Scene) -> None:
    """Also when the crashed run was given up: what it left is swept."""
    rig, connection_id = scene.sound, scene.connection.id
    run = await rig.sync_runs.start(connection_id)
    scene.storage.strike("dies before", 9)
    with pytest.raises(HttpResponseError):
        await scene.doomed.worker.run(message(run))
    rig.time.later(seconds=61)
    await rig.worker.give_up(message(run))
    rig.time.later(days=1)
    await rig.sync(connection_id)

    assert await rig.open_findings(connection_id) == AFTER
    assert len(await rig.items(connection_id)) == 6
