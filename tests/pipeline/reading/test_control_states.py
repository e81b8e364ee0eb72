"""Control states of connections: what was refused, switched off, or never ran hides nothing."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from collectors.contract import Status
from collectors.errors import AccessDenied
from pipeline.framework_model import ControlState
from pipeline.model import VerdictCounts
from pipeline.stores.records import ConnectionRecord
from tests.pipeline.sync_rig import Rig, rigged, verdict

SCORE = "defender_secure_score"
SERVICES = {"alpha": (SCORE,), "beta": ("colour",)}
DENIED = AccessDenied("HTTP 403.", permission="Microsoft.Test/things/read", scope="/")


@pytest.fixture
async def rig(storage: str) -> AsyncIterator[Rig]:
    """Give a register without connections, whose only failing check supports CC7.1 of SOC 2."""
    async with rigged(storage, SERVICES) as made:
        await made.forget_all()
        made.world.seen = {SCORE: [verdict(SCORE, "score", Status.FAIL)], "colour": [verdict("colour", "a")]}
        yield made


async def connected(rig: Rig, **changes: object) -> ConnectionRecord:
    """Connect a subscription and sync it once."""
    connection = await rig.connect(**changes)
    await rig.sync(connection.id)
    rig.time.later(minutes=1)
    return connection


async def state(rig: Rig, connection: ConnectionRecord | None = None) -> ControlState:
    """Give SOC 2's CC7.1 of a connection, or of all."""
    connection_id = None if connection is None else connection.id
    states = await rig.register.control_states("soc2_2017", connection_id=connection_id)
    [one] = [state for state in states if state.id == "CC7.1"]
    return one


class TestRefused:
    """One list of a service is refused."""

    async def test_a_fail_that_is_still_open_still_fails(self, rig: Rig) -> None:
        """What the refused list said before stands until somebody sees otherwise, with the gap beside it."""
        connection = await connected(rig)
        rig.world.seen[SCORE], rig.world.refused[SCORE] = [], DENIED
        run = await rig.sync(connection.id)
        shown = await state(rig, connection)

        assert (shown.state, shown.verdicts.failed, shown.verdicts.unknown) == ("fail", 1, 1)
        assert [one.verdicts.failed for one in run.collectors] == [0, 0]
        assert (await rig.open_findings(connection.id))[f"{SCORE} score"] == "fail"

    async def test_once_the_list_is_read_again_nothing_is_kept(self, rig: Rig) -> None:
        """Its verdicts alone count."""
        connection = await connected(rig)
        rig.world.seen[SCORE], rig.world.refused[SCORE] = [], DENIED
        await rig.sync(connection.id)
        rig.world.seen[SCORE] = [verdict(SCORE, "score")]
        rig.world.refused.clear()
        await rig.sync(connection.id)
        shown = await state(rig, connection)

        assert (shown.verdicts.passed, shown.verdicts.failed, shown.verdicts.unknown) == (1, 0, 0)


class TestSwitchedOff:
    """A service that is collected no longer."""

    async def test_its_last_verdicts_are_told_apart(self, rig: Rig) -> None:
        """They are no state of today; what they said last is shown beside it, and whose they are."""
        connection = await connected(rig)
        await rig.connections.replace(replace(connection, services=("beta",)))
        shown = await state(rig, connection)

        assert (shown.state, shown.verdicts) == ("no_evidence", VerdictCounts())
        assert (shown.no_longer_collected, shown.last_verdicts.failed) == ((SCORE,), 1)
        assert SCORE in shown.without_verdict

    async def test_its_evidence_is_marked(self, rig: Rig) -> None:
        """The newest item stays the newest, as one of a service that is off."""
        connection = await connected(rig)
        before = (await state(rig, connection)).newest_evidence
        await rig.connections.replace(replace(connection, services=("beta",)))
        after = (await state(rig, connection)).newest_evidence

        assert before is not None
        assert after == replace(before, freshness="stale", no_longer_collected=True)
        assert not before.no_longer_collected

    async def test_switched_on_again_it_counts_again(self, rig: Rig) -> None:
        """Nothing was lost."""
        connection = await connected(rig)
        before = await state(rig, connection)
        for services in (("beta",), ("alpha", "beta")):
            connection = await rig.connections.replace(replace(connection, services=services))

        assert await state(rig, connection) == before

    async def test_a_disconnected_connection_has_last_verdicts_only(self, rig: Rig) -> None:
        """Asked for by name it still answers what it said last, and that nobody looks any more."""
        connection = await connected(rig)
        await rig.connections.disconnect(await rig.connections.get(connection.id), at="2026-11-22T12:00:00Z")
        shown = await state(rig, connection)

        assert (shown.state, shown.last_verdicts.failed) == ("no_evidence", 1)
        assert shown.newest_evidence is not None
        assert shown.newest_evidence.no_longer_collected


class TestSeveralConnections:
    """All connections together."""

    @pytest.mark.parametrize("services", [("beta",), ()], ids=["switched off", "all off"])
    async def test_a_check_must_have_run_in_each(self, rig: Rig, services: tuple[str, ...]) -> None:
        """Passing in one says nothing of another that never ran it, by choice or not."""
        rig.world.seen[SCORE] = [verdict(SCORE, "score")]
        await connected(rig)
        alone = await state(rig)
        await connected(rig, services=services)
        together = await state(rig)

        assert SCORE not in alone.without_verdict
        assert SCORE in together.without_verdict
        assert together.verdicts == alone.verdicts

    async def test_one_that_was_never_synced_ran_nothing(self, rig: Rig) -> None:
        """From the moment it is connected until its first run ended."""
        await connected(rig)
        waiting = await rig.connect()
        before = (await state(rig)).without_verdict
        await rig.sync(waiting.id)
        after = (await state(rig)).without_verdict

        assert (SCORE in before, SCORE in after) == (True, False)

    async def test_disconnected_ones_ran_what_they_had_to(self, rig: Rig) -> None:
        """They are not asked about."""
        await connected(rig)
        gone = await rig.connect()
        await rig.connections.disconnect(await rig.connections.get(gone.id), at="2026-11-22T12:00:00Z")

        assert SCORE not in (await state(rig)).without_verdict
