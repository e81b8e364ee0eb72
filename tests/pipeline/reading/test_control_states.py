"""Control states of connections: what was refused, switched off, or never ran hides nothing."""

from collections.abc import AsyncIterator

import pytest

from collectors.contract import Status
from collectors.errors import AccessDenied
from pipeline.framework_model import ControlState
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
