"""A worker's attempts: what they end in, what they keep, what they leave to the next."""

import asyncio
import logging

import msgspec
import pytest

from collectors.contract import Status
from collectors.errors import AccessDenied, CredentialRejected, ServiceUnavailable, Throttled
from pipeline.model import SyncRun
from pipeline.stores.records import ConnectionRecord
from pipeline.stores.run_queue import RunMessage
from tests.pipeline.sync_rig import Rig, message, rigged, statuses, verdict

replace = msgspec.structs.replace
DENIED = AccessDenied("HTTP 403.", permission="Microsoft.Test/things/read", scope="/", advice="Add Reader.")
REFUSED = CredentialRejected("Entra says no.", advice="Renew it.", reason="expired_client_secret")
GREEN, RED = verdict("colour", "a"), verdict("colour", "b", Status.FAIL)
ROUND = verdict("shape", "a")


@pytest.fixture
async def connection(rig: Rig) -> ConnectionRecord:
    """Give a connection whose two parts see something."""
    rig.world.seen = {"colour": [GREEN, RED], "shape": [ROUND]}
    return await rig.connect()


async def failing(rig: Rig, run: SyncRun, error: type[Exception] = ServiceUnavailable) -> SyncRun:
    """Make an attempt that fails; gives the run as it stands then."""
    with pytest.raises(error):
        await rig.worker.run(message(run))
    return await rig.runs.get(run.connection_id, run.id)


class TestSuccess:
    """A run that reads everything."""

    async def test_everything_is_visible_at_once(self, rig: Rig, connection: ConnectionRecord) -> None:
        """Findings, items and the run's report."""
        run = await rig.sync(connection.id)

        assert (run.status, run.attempt, statuses(run)) == ("succeeded", 1, ["succeeded"])
        assert (run.changes.opened, run.changes.closed) == (3, 0)
        assert await rig.open_findings(connection.id) == {
            "colour a": "pass",
            "colour b": "fail",
            "shape a": "pass",
        }
        assert {item.kind for item in await rig.items(connection.id)} == {"colour", "shape"}
        assert await rig.keys(connection.id, "staged") == await rig.keys(connection.id, "active") == []

    async def test_nothing_is_visible_before(self, rig: Rig, connection: ConnectionRecord) -> None:
        """While a part still reads, the others' rows are written and not to be seen."""
        seen: list[dict[str, str]] = []

        async def look() -> None:
            await asyncio.sleep(0.1)
            seen.append(await rig.open_findings(connection.id))

        rig.world.during["shape"] = look
        await rig.sync(connection.id)

        assert seen == [{}]

    async def test_an_unchanged_second_run_writes_no_finding(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """Its items are new links of the chain, all else stays."""
        await rig.sync(connection.id)
        before = await rig.rows("findings", connection.id)
        rig.time.later(days=1)
        run = await rig.sync(connection.id)

        assert before == await rig.rows("findings", connection.id)
        assert (run.changes.opened, run.changes.closed) == (0, 0)
        assert (await rig.register.verify_chain(connection.id)).items == 4

    async def test_a_resource_that_vanished_closes_its_interval(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """At the time of the run that did not see it any more."""
        await rig.sync(connection.id)
        rig.time.later(days=1)
        rig.world.seen["colour"] = [GREEN]
        run = await rig.sync(connection.id)

        assert (run.changes.opened, run.changes.closed) == (0, 1)
        assert await rig.open_findings(connection.id) == {"colour a": "pass", "shape a": "pass"}

    async def test_a_list_that_names_a_resource_twice_is_one_finding(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """The same row read twice, in whatever casing."""
        rig.world.seen["colour"] = [GREEN, replace(GREEN, resource_id=GREEN.resource_id.upper()), GREEN]
        run = await rig.sync(connection.id)

        assert run.collectors[0].verdicts.passed == 2

    async def test_services_switched_off_are_not_read_and_are_named(self, storage: str) -> None:
        """As not collected."""
        async with rigged(storage, {"things": ("colour",), "others": ("shape",)}) as rig:
            connection = await rig.connect(services=("others",))
            run = await rig.sync(connection.id)

            assert rig.world.reads == {"shape": 1}
            assert run.not_collected == ("things",)

    async def test_a_run_without_any_service_succeeds(self, rig: Rig) -> None:
        """There is nothing to read, and nothing to miss."""
        connection = await rig.connect(services=())

        assert (await rig.sync(connection.id)).status == "succeeded"


class TestGaps:
    """A part that cannot be read, for good."""

    async def test_it_is_unknown_with_its_cure_and_the_rest_goes_on(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """The run is partial."""
        rig.world.ends["shape"] = DENIED
        run = await rig.sync(connection.id)

        assert (run.status, statuses(run)) == ("partial", ["unavailable"])
        problem = run.collectors[0].problem
        assert problem is not None
        assert (problem.code, problem.advice) == ("permission_missing", "Add Reader.")
        subscription = f"shape {connection.subscription_id}"
        assert await rig.open_findings(connection.id) == {
            "colour a": "pass",
            "colour b": "fail",
            subscription: "unknown",
        }

    async def test_it_closes_nothing_and_the_last_good_item_stays_stale(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """What it had emitted before it failed is undone."""
        await rig.sync(connection.id)
        before = await rig.open_findings(connection.id)
        rig.time.later(days=1)
        rig.world.seen["colour"], rig.world.ends["colour"] = [verdict("colour", "new")], DENIED
        await rig.sync(connection.id)

        subscription = f"colour {connection.subscription_id}"
        assert {**before, subscription: "unknown"} == await rig.open_findings(connection.id)

    async def test_an_unknown_that_becomes_known_is_closed(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """Once the permission is there."""
        rig.world.ends["shape"] = DENIED
        await rig.sync(connection.id)
        rig.time.later(days=1)
        del rig.world.ends["shape"]
        run = await rig.sync(connection.id)

        assert (run.changes.opened, run.changes.closed) == (1, 1)
        assert "unknown" not in (await rig.open_findings(connection.id)).values()

    async def test_the_same_gap_again_writes_nothing(self, rig: Rig, connection: ConnectionRecord) -> None:
        """One that has another reason does."""
        rig.world.ends["shape"] = DENIED
        await rig.sync(connection.id)
        rig.time.later(days=1)
        same = await rig.sync(connection.id)
        rig.time.later(days=1)
        rig.world.ends["shape"] = REFUSED
        other = await rig.sync(connection.id)

        assert (same.changes.opened, same.changes.closed) == (0, 0)
        assert (other.changes.opened, other.changes.closed) == (1, 1)


class TestRetries:
    """An attempt that failed, and the next one."""

    async def test_it_goes_back_to_the_queue_with_its_reason(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """Nothing of it is visible."""
        rig.world.ends["shape"] = Throttled("HTTP 429.")
        run = await failing(rig, await rig.sync_runs.start(connection.id), Throttled)

        assert (run.status, run.attempt) == ("queued", 1)
        assert run.problem is not None
        assert run.problem.code == "throttled"
        assert await rig.open_findings(connection.id) == {}
        assert await rig.leases.held_until(connection.id) is None

    async def test_finished_parts_are_not_read_again(self, rig: Rig, connection: ConnectionRecord) -> None:
        """And what the failed part had written is undone."""
        rig.world.ends["shape"] = ServiceUnavailable("HTTP 503.")
        run = await failing(rig, await rig.sync_runs.start(connection.id))
        rig.world.ends.clear()
        rig.world.seen["shape"] = [verdict("shape", "other")]
        run = await rig.attempt(run)

        assert (run.status, run.attempt, run.problem) == ("succeeded", 2, None)
        assert rig.world.reads == {"colour": 1, "shape": 2}
        assert await rig.open_findings(connection.id) == {
            "colour a": "pass",
            "colour b": "fail",
            "shape other": "pass",
        }
        assert len(await rig.rows("findings", connection.id)) == 3

    async def test_a_retry_with_nothing_left_to_read_reports_all_of_it(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """The worker died between its last part and the commit."""
        run = await rig.sync_runs.start(connection.id)
        async with rig.leases.hold(connection.id) as lease:
            assert lease is not None
            attempt = await rig.opener.begin(run, lease)
            await attempt.collect(await rig.reading.open(connection))
        run = await rig.attempt(run)

        assert (run.status, statuses(run), run.changes.opened) == ("succeeded", ["succeeded"], 3)
        assert rig.world.reads == {"colour": 1, "shape": 1}

    async def test_a_service_switched_off_meanwhile_leaves_nothing(
        self, rig: Rig, storage: str, connection: ConnectionRecord
    ) -> None:
        """Its finished part neither commits half nor comes back as finished."""
        world = rig.world
        services = {"things": ("colour",), "others": ("shape",)}
        async with rigged(storage, services, time=rig.time, world=world) as two:
            world.ends["shape"] = ServiceUnavailable("HTTP 503.")
            run = await failing(two, await two.sync_runs.start(connection.id))
            current = await two.connections.get(connection.id)
            await two.connections.replace(replace(current, services=("others",)))
            world.ends.clear()
            await two.attempt(run)

            assert await two.open_findings(connection.id) == {"shape a": "pass"}
            assert await two.keys(connection.id, "staged") == []
            current = await two.connections.get(connection.id)
            await two.connections.replace(replace(current, services=None))
            two.time.later(days=1)
            await two.sync(connection.id)
            assert len(await two.rows("findings", connection.id)) == 3

    async def test_the_deadline_ends_an_attempt(self, storage: str) -> None:
        """Well before the platform would end the whole worker."""
        async with rigged(storage, deadline_s=0.5) as rig:
            rig.world.during["shape"] = asyncio.Event().wait
            connection = await rig.connect()
            run = await failing(rig, await rig.sync_runs.start(connection.id), TimeoutError)

            assert run.problem is not None
            assert run.problem.code == "service_unavailable"

    async def test_a_defect_of_a_collector_is_named_without_its_text(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """The message of an unknown error may hold anything."""
        rig.world.ends["shape"] = KeyError("secret")
        run = await failing(rig, await rig.sync_runs.start(connection.id), KeyError)

        assert run.problem is not None
        assert run.problem.detail == "The sync failed on KeyError."

    @pytest.mark.parametrize("by", ["the poison queue", "another message"])
    async def test_after_five_attempts_it_ends_with_gaps_and_keeps_what_was_read(
        self, rig: Rig, connection: ConnectionRecord, by: str
    ) -> None:
        """The good part's items count; the other's checks are unknown, and the run says why."""
        rig.world.ends["shape"] = ServiceUnavailable("HTTP 503.")
        run = await rig.sync_runs.start(connection.id)
        for _ in range(5):
            run = await failing(rig, run)
        await (rig.worker.give_up if by == "the poison queue" else rig.worker.run)(message(run))
        run = await rig.runs.get(connection.id, run.id)

        assert (run.status, run.attempt) == ("failed", 5)
        assert run.problem is not None
        assert run.problem.detail == "5 attempts failed. The last one: HTTP 503."
        assert set((await rig.open_findings(connection.id)).values()) == {"pass", "fail", "unknown"}
        assert {item.kind: item.status for item in await rig.items(connection.id)} == {
            "colour": "collected",
            "shape": "unavailable",
        }
        assert await rig.runs.active(connection.id) is None

    async def test_a_run_that_was_never_tried_can_be_given_up(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """Five deliveries that never reached an attempt."""
        run = await rig.sync_runs.start(connection.id)
        await rig.worker.give_up(message(run))

        assert (await rig.runs.get(connection.id, run.id)).status == "failed"

    async def test_giving_up_ends_quietly_where_there_is_nothing_to_end(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """The run ended meanwhile, or another worker is at it."""
        run = await rig.sync(connection.id)
        await rig.worker.give_up(message(run))
        assert run == await rig.runs.get(connection.id, run.id)

        rig.time.later(days=1)
        run = await rig.sync_runs.start(connection.id)
        async with rig.leases.hold(connection.id):
            await rig.worker.give_up(message(run))
        assert (await rig.runs.get(connection.id, run.id)).status == "queued"


class TestOtherWorkers:
    """Two workers on one connection."""

    async def test_one_works_the_other_puts_its_message_back(self, storage: str) -> None:
        """Whatever the order; each part is read once."""
        async with (
            rigged(storage, lease_s=2) as one,
            rigged(storage, time=one.time, world=one.world, lease_s=2) as two,
        ):
            one.world.seen = {"colour": [GREEN]}

            async def linger() -> None:
                await asyncio.sleep(0.3)

            one.world.during["colour"] = linger
            connection = await one.connect()
            run = await one.sync_runs.start(connection.id)
            await one.messages()
            await asyncio.gather(one.worker.run(message(run)), two.worker.run(message(run)))
            await asyncio.sleep(1.1)

            assert one.world.reads == {"colour": 1, "shape": 1}
            assert (await one.runs.get(connection.id, run.id)).status == "succeeded"
            assert [message(run)] == await one.messages()
            await two.worker.run(message(run))
            assert len(await one.items(connection.id)) == 2

    async def test_a_worker_that_lost_its_lease_writes_nothing_more(self, storage: str) -> None:
        """Another one finished the run meanwhile; its record stays as that one left it."""
        async with rigged(storage, lease_s=3) as slow, rigged(storage, time=slow.time) as other:
            slow.world.seen = {"colour": [GREEN], "shape": [ROUND]}
            other.world.seen = {"colour": [verdict("colour", "theirs")]}
            run = await slow.sync_runs.start((await slow.connect()).id)

            async def overtake() -> None:
                slow.time.later(seconds=4)
                await other.worker.run(message(run))
                await asyncio.sleep(1.1)  # a renewal's turn

            slow.world.during["shape"] = overtake
            await slow.worker.run(message(run))

            ended = await slow.runs.get(run.connection_id, run.id)
            assert (ended.status, ended.attempt) == ("succeeded", 2)
            assert await slow.runs.active(run.connection_id) is None
            assert (await slow.register.verify_chain(run.connection_id)).items == 2

    async def test_a_run_that_ended_ends_quietly(self, rig: Rig, connection: ConnectionRecord) -> None:
        """A second delivery of its message."""
        run = await rig.sync(connection.id)
        await rig.worker.run(message(run))

        assert run == await rig.runs.get(connection.id, run.id)

    async def test_a_run_of_a_disconnected_connection_ends_quietly(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """It says why."""
        run = await rig.sync_runs.start(connection.id)
        await rig.connections.disconnect(connection, at="2026-11-21T12:00:00.000000Z")
        run = await rig.attempt(run)

        assert run.status == "failed"
        assert run.problem is not None
        assert run.problem.code == "connection_disconnected"
        assert rig.world.reads == {}

    async def test_a_run_of_a_purged_connection_leaves_nothing(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """Not even the row of its lease."""
        run = await rig.sync_runs.start(connection.id)
        await rig.connections.disconnect(connection, at="2026-11-21T12:00:00.000000Z")
        await rig.evidence.purge(connection.id)
        await rig.connections.purge(connection.id)
        await rig.worker.run(message(run))

        assert await rig.rows("evidence", connection.id) == []

    async def test_a_purge_while_it_syncs_leaves_nothing(
        self, rig: Rig, connection: ConnectionRecord
    ) -> None:
        """What the worker wrote afterwards goes too."""

        async def purge() -> None:
            await rig.connections.disconnect(await rig.connections.get(connection.id), at="2026")
            await rig.stores.purge_evidence(connection.id)
            await rig.connections.purge(connection.id)

        rig.world.during["shape"] = purge
        await rig.worker.run(message(await rig.sync_runs.start(connection.id)))

        assert await rig.rows("evidence", connection.id) == []
        assert await rig.rows("findings", connection.id) == []

    async def test_a_message_that_names_nothing_ends_quietly(self, rig: Rig) -> None:
        """Of a connection that never was."""
        await rig.worker.run(RunMessage(connection_id="nothing", sync_run_id="nothing"))

        assert await rig.rows("evidence", "nothing") == []


async def test_an_end_is_logged_with_its_counts(
    rig: Rig, connection: ConnectionRecord, caplog: pytest.LogCaptureFixture
) -> None:
    """Opened, closed and gaps, under the run's id; one line more for each service."""
    rig.world.ends["shape"] = DENIED
    with caplog.at_level(logging.INFO):
        run = await rig.sync(connection.id)

    ids = f"sync_run_id={run.id} connection_id={connection.id}"
    assert f"sync_run_finished {ids} trigger=manual status=partial attempt=1 " in caplog.text
    assert "opened=3 closed=0 gaps=1 problem= reason=" in caplog.text
    assert f"collector_finished {ids} service=things status=unavailable resources=2 " in caplog.text


async def test_a_failed_attempt_is_logged_with_its_problem(
    rig: Rig, connection: ConnectionRecord, caplog: pytest.LogCaptureFixture
) -> None:
    """Its code and the kind of error, never the error's own words."""
    rig.world.ends["shape"] = RuntimeError("password=hunter2")
    run = await failing(rig, await rig.sync_runs.start(connection.id), RuntimeError)

    [line] = [one.message for one in caplog.records if one.message.startswith("sync_attempt_failed")]
    assert line == (
        f"sync_attempt_failed sync_run_id={run.id} connection_id={connection.id} attempt=1"
        " problem=internal_error error=RuntimeError"
    )


async def test_a_credential_that_works_again_is_logged(
    rig: Rig, connection: ConnectionRecord, caplog: pytest.LogCaptureFixture
) -> None:
    """So that a query can tell which connections still need a person."""
    rig.reading.refuses = REFUSED
    await rig.sync(connection.id)
    rig.reading.refuses = None
    with caplog.at_level(logging.INFO):
        await rig.sync(connection.id)
        await rig.sync(connection.id)

    assert (
        f"connection_needs_attention connection_id={connection.id} code=expired_client_secret" in caplog.text
    )
    assert caplog.text.count(f"connection_recovered connection_id={connection.id}") == 1
