"""Planning: each slot once, each connection one run at a time, nothing forgotten."""

import asyncio
import logging
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import NotFound
from pipeline.model import Frequency
from pipeline.stores.run_queue import RunMessage
from pipeline.sync_runs import LOST_AFTER
from tests.pipeline.faulty_storage import faulty
from tests.pipeline.sync_rig import NOON, Rig, message, rigged

FAR = "2026-11-21T12:00:00.000000Z"
FIRE = datetime.fromisoformat("2026-11-22T02:30:00+00:00")


@pytest.fixture(autouse=True)
async def empty(rig: Rig) -> None:
    """Begin with no connection and no message."""
    await rig.forget_all()
    await rig.queue.send(RunMessage(connection_id="none", sync_run_id="none"))
    await rig.messages()


async def test_200_connections_are_planned_by_one_tick(rig: Rig) -> None:
    """Each gets its run and its message."""
    connections = await asyncio.gather(*(rig.connect() for _ in range(200)))

    assert await rig.sync_runs.plan("daily") == 200
    assert {one.id for one in connections} == {one.connection_id for one in await rig.messages()}


async def test_connections_are_planned_once_while_pages_of_them_are_read(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the last page is full, or holds one."""
    monkeypatch.setattr("pipeline.sync_runs._PAGE", 2)
    for number in (4, 5):
        rig.time.later(days=1)
        connections = await asyncio.gather(*(rig.connect() for _ in range(number)))
        planned = await rig.sync_runs.plan("daily")
        messages = sorted(one.connection_id for one in await rig.messages())

        assert planned == number
        assert sorted(one.id for one in connections) == messages
        await rig.forget_all()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frequency=st.sampled_from(["daily", "hourly"]),
    ticks=st.lists(st.integers(0, 59 * 60), min_size=1, max_size=4),
)
async def test_a_slot_is_planned_once_however_often_the_timer_fires(
    rig: Rig, frequency: Frequency, ticks: list[int]
) -> None:
    """At any times in it, also after its run ended."""
    rig.time.now = FIRE + timedelta(minutes=35, days=len(ticks))
    connection = await rig.connect(frequency=frequency)
    for seconds in ticks:
        rig.time.now = FIRE + timedelta(minutes=35, days=len(ticks), seconds=seconds)
        await rig.sync_runs.plan(frequency)
        active = await rig.runs.active(connection.id)
        if active is not None:
            await rig.attempt(active)

    page = await rig.sync_runs.page(connection.id, limit=10, position=None)
    assert len(page.items) == 1
    await rig.connections.disconnect(await rig.connections.get(connection.id), at=FAR)


@pytest.mark.parametrize(
    ("first", "second", "runs"),
    [
        (timedelta(seconds=-10), timedelta(seconds=1), 2),
        (timedelta(milliseconds=-20), timedelta(seconds=1), 1),
        (timedelta(0), timedelta(hours=23, minutes=59, seconds=54), 1),
        (timedelta(0), timedelta(days=1), 2),
        (timedelta(hours=-2, minutes=-31), timedelta(hours=-2, minutes=-29), 1),
    ],
    ids=["before and after", "a moment early", "just before the next", "two days", "around midnight"],
)
async def test_around_the_minute_of_the_schedule(
    rig: Rig, first: timedelta, second: timedelta, runs: int
) -> None:
    """A timer that fires a moment early means the day that is about to begin."""
    rig.time.now = FIRE - timedelta(days=3)
    connection = await rig.connect()
    for after in (first, second):
        rig.time.now = FIRE + after
        await rig.sync_runs.plan("daily")
        active = await rig.runs.active(connection.id)
        if active is not None:
            await rig.attempt(active)

    assert runs == len((await rig.sync_runs.page(connection.id, limit=10, position=None)).items)


async def test_planning_at_the_same_time_plans_once(rig: Rig, storage: str) -> None:
    """On several instances."""
    connection = await rig.connect()
    async with rigged(storage, time=rig.time) as other:
        counts = await asyncio.gather(*(one.sync_runs.plan("daily") for one in (rig, other, rig)))

    assert sum(counts) == 1
    assert [one.connection_id for one in await rig.messages()] == [connection.id]


async def test_a_plan_takes_its_frequency_and_leaves_paused_ones_alone(rig: Rig) -> None:
    """A connection is planned by one timer."""
    hourly = await rig.connect(frequency="hourly")
    await rig.connect(frequency="hourly", paused=True)
    await rig.connect()

    assert await rig.sync_runs.plan("hourly") == 1
    assert [hourly.id] == [one.connection_id for one in await rig.messages()]


async def test_a_run_that_is_active_serves_the_slot(rig: Rig) -> None:
    """No second one is planned, and none after it ended."""
    connection = await rig.connect()
    run = await rig.sync_runs.start(connection.id)

    assert await rig.sync_runs.plan("daily") == 0
    await rig.attempt(run)
    assert await rig.sync_runs.plan("daily") == 0


async def test_a_run_planned_late_sorts_by_its_own_time(rig: Rig) -> None:
    """The app was down at 02:30: its run at noon is newer than the manual one before it."""
    connection = await rig.connect()
    await rig.sync(connection.id)
    rig.time.later(minutes=1)
    await rig.sync_runs.plan("daily")

    last = await rig.sync_runs.last(connection.id)
    assert last is not None
    assert last.trigger == "daily"


async def test_start_gives_the_run_that_is_active(rig: Rig) -> None:
    """And sends no second message for it."""
    connection = await rig.connect()
    first = await rig.sync_runs.start(connection.id)

    assert first == await rig.sync_runs.start(connection.id, "connect")
    assert await rig.messages() == [message(first)]


async def test_start_all_leaves_paused_and_vanishing_ones_out(rig: Rig) -> None:
    """One that is disconnected meanwhile stops none of the others."""
    one, gone = await rig.connect(), await rig.connect()
    await rig.connect(paused=True)
    starting = asyncio.create_task(rig.sync_runs.start_all())
    await rig.connections.disconnect(gone, at=FAR)

    assert {one.id} <= {run.connection_id for run in await starting} <= {one.id, gone.id}


async def test_a_run_that_begins_and_ends_between_two_looks_is_no_obstacle(rig: Rig) -> None:
    """The new run is queued with a message."""
    connection = await rig.connect()
    starts = [rig.sync_runs.start(connection.id) for _ in range(8)]
    run = (await asyncio.gather(*starts))[0]

    assert await rig.messages() == [message(run)]


async def test_a_run_whose_creation_was_answered_late_gets_its_message(storage: str, rig: Rig) -> None:
    """The SDK sent it twice and met itself."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string, time=rig.time) as failing:
        connection = await failing.connect()
        await failing.tables.table("evidence")
        proxy.strike("answer lost", 1)
        run = await failing.sync_runs.start(connection.id)

    assert await rig.messages() == [message(run)]


class TestResume:
    """Runs that were left behind."""

    async def test_a_queued_run_is_given_time(self, rig: Rig) -> None:
        """Its message may wait behind others."""
        await rig.sync_runs.start((await rig.connect()).id)
        rig.time.now += LOST_AFTER

        assert await rig.sync_runs.resume() == 0

    async def test_a_lost_message_is_sent_again(self, rig: Rig) -> None:
        """Once it must be taken for lost."""
        run = await rig.sync_runs.start((await rig.connect()).id)
        await rig.messages()
        rig.time.now += LOST_AFTER + timedelta(seconds=1)

        assert await rig.sync_runs.resume() == 1
        assert await rig.messages() == [message(run)]

    async def test_a_dead_workers_run_is_sent_again_and_not_a_live_ones(self, rig: Rig) -> None:
        """The lease tells."""
        connection = await rig.connect()
        run = await rig.sync_runs.start(connection.id)
        async with rig.leases.hold(connection.id) as lease:
            assert lease is not None
            await rig.opener.begin(run, lease)
            assert await rig.sync_runs.resume() == 0

        assert await rig.sync_runs.resume() == 1

    async def test_sync_now_wakes_a_run_that_was_left_behind(self, rig: Rig) -> None:
        """Instead of only naming it."""
        run = await rig.sync_runs.start((await rig.connect()).id)
        await rig.messages()
        rig.time.now += LOST_AFTER + timedelta(seconds=1)
        await rig.sync_runs.start(run.connection_id)

        assert await rig.messages() == [message(run)]

    async def test_one_that_fails_stops_none_of_the_others(self, rig: Rig) -> None:
        """And the timer still learns of it."""
        first, second = await rig.connect(), await rig.connect()
        await rig.sync_runs.start(first.id)
        run = await rig.sync_runs.start(second.id)
        table = await rig.tables.table("evidence")
        await table.delete_entity(first.id, (await rig.keys(first.id, "run|"))[0])
        await rig.messages()
        rig.time.now += LOST_AFTER + timedelta(seconds=1)
        with pytest.raises(NotFound):
            await rig.sync_runs.resume()

        assert await rig.messages() == [message(run)]


async def test_secrets_that_end_soon_are_announced_once_a_day(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """By the daily timer, for connections of either frequency."""
    connection = await rig.connect(frequency="hourly")
    rig.days_to_tell = 7
    with caplog.at_level(logging.INFO):
        await rig.sync_runs.plan("hourly")
        assert "secret_expiring" not in caplog.text
        await rig.sync_runs.plan("daily")

    assert f"secret_expiring connection_id={connection.id} days=7" in caplog.text


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [("daily", "2026-11-22T02:30:00.000000Z"), ("hourly", "2026-11-21T12:05:00.000000Z")],
)
async def test_the_next_sync_is_the_next_slot(rig: Rig, frequency: Frequency, expected: str) -> None:
    """Unless the connection is paused."""
    rig.time.now = NOON

    assert expected == rig.sync_runs.next_sync_at(await rig.connect(frequency=frequency))
    assert rig.sync_runs.next_sync_at(await rig.connect(frequency=frequency, paused=True)) is None


async def test_runs_are_listed_newest_first_in_pages(rig: Rig) -> None:
    """Each once, of a disconnected connection too."""
    connection = await rig.connect()
    made = []
    for _ in range(3):
        made.append((await rig.sync(connection.id)).id)
        rig.time.later(hours=1)
    await rig.connections.disconnect(await rig.connections.get(connection.id), at=FAR)
    first = await rig.sync_runs.page(connection.id, limit=2, position=None)
    second = await rig.sync_runs.page(connection.id, limit=2, position=first.next_cursor)

    assert [run.id for run in (*first.items, *second.items)] == made[::-1]
    assert second.next_cursor is None
    assert (await rig.sync_runs.get(connection.id, made[0])).id == made[0]


@pytest.mark.parametrize("run_id", ["nothing", "a'b", "x" * 3000, ""])
async def test_what_is_no_run_is_not_found(rig: Rig, run_id: str) -> None:
    """Of a connection that exists, or of none."""
    connection = await rig.connect()
    assert await rig.sync_runs.last(connection.id) is None
    for connection_id in (connection.id, "nothing"):
        with pytest.raises(NotFound):
            await rig.sync_runs.get(connection_id, run_id)
