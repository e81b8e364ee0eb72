"""Which controls a recommendation supports: those its subscription names, else those that were published."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from collectors.contract import Status, Verdict
from collectors.defender import COLLECTOR, assessments
from collectors.defender.recommendation_controls import RecommendationControls
from collectors.defender.regulatory_compliance import PART
from collectors.errors import AccessDenied
from pipeline.framework_model import ControlState
from pipeline.model import Finding
from pipeline.reading.live_controls import KIND, NAMED, RECOMMENDATIONS, SERVICE
from pipeline.requests import FindingQuery
from pipeline.stores.records import ConnectionRecord
from pipeline.times import rfc3339
from tests.pipeline.sync_rig import Rig, rigged, verdict

ROWS, MCSB = "resource_assessments", "mcsb_v1"
SERVICES = {SERVICE: (ROWS, KIND), "other": ("colour",)}
PUBLISHED, NEW = "78211c00-15a9-336e-17c4-0b48613dadf4", "6c2f91d4-7be0-4a35-9d18-e20b7f4c5a63"
"""The first is published under DP-8; the second is not published."""
NAMES = {PUBLISHED: ["BR-3"], NEW: ["NS-9"]}
DENIED = AccessDenied("HTTP 403.", permission="Microsoft.Test/things/read", scope="/")


def found(key: str, status: Status) -> Verdict:
    """Give what Defender says of a resource."""
    row = verdict(ROWS, "thing", status)
    return msgspec.structs.replace(row, check_id=f"defender_assessment:{key}")


def our_checks(state: ControlState) -> tuple[str, ...]:
    """Give the checks of a control that are no recommendations of Defender."""
    return tuple(one for one in state.checks if not one.startswith("defender_assessment:"))


class Connected:
    """Connections whose Defender finds two recommendations, a published one met and a new one not."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        rig.world.seen = {
            ROWS: [found(PUBLISHED, Status.PASS), found(NEW, Status.FAIL)],
            "colour": [verdict("colour", "a")],
        }

    async def sync(
        self, named: dict[str, list[str]], connection: ConnectionRecord | None = None
    ) -> ConnectionRecord:
        """Sync a connection, by default a new one, whose compliance names these controls."""
        self.rig.world.summaries[KIND] = {NAMED: named}
        connected = connection or await self.rig.connect()
        self.rig.time.later(minutes=1)
        await self.rig.sync(connected.id)
        return connected

    async def findings(self, connection: ConnectionRecord, **asked: str) -> dict[str, Finding]:
        """Give the findings of a connection by the last part of their check."""
        query = msgspec.convert({"connection_id": connection.id, **asked}, FindingQuery)
        return {one.check_id.rpartition(":")[2]: one for one in await self.rig.all_findings(query)}

    async def states(self, connection: ConnectionRecord | None = None) -> dict[str, ControlState]:
        """Give the states of a connection's controls, or of all connections'."""
        connection_id = None if connection is None else connection.id
        states = await self.rig.register.control_states(MCSB, connection_id=connection_id)
        return {one.id: one for one in states}


@pytest.fixture
async def connected(storage: str) -> AsyncIterator[Connected]:
    """Give a register without connections."""
    async with rigged(storage, SERVICES) as rig:
        await rig.forget_all()
        yield Connected(rig)


def test_the_names_are_the_collectors() -> None:
    """What is looked for is what the collector leaves."""
    assert (COLLECTOR.service, PART.kind) == (SERVICE, KIND)
    assert assessments.PART.kind == RECOMMENDATIONS
    assert NAMED in RecommendationControls({}).summary()


class TestFindings:
    """Findings tell their controls, and who names them."""

    async def test_controls_are_those_the_subscription_names(self, connected: Connected) -> None:
        """Of a recommendation that was published elsewhere, and of one that nobody published."""
        rows = await connected.findings(await connected.sync(NAMES))

        assert {key: (rows[key].controls[MCSB], rows[key].controls_source) for key in NAMES} == {
            PUBLISHED: (("BR-3",), "live"),
            NEW: (("NS-9",), "live"),
        }
        assert rows["colour"].controls_source == "catalogue"

    async def test_without_names_the_published_hold(self, connected: Connected) -> None:
        """A recommendation that is not published has no control then."""
        rows = await connected.findings(await connected.sync({}))

        assert {key: (rows[key].controls, rows[key].controls_source) for key in NAMES} == {
            PUBLISHED: ({MCSB: ("DP-8",)}, "catalogue"),
            NEW: ({}, "catalogue"),
        }

    @pytest.mark.parametrize(
        ("control", "expected"), [("BR-3", {PUBLISHED}), ("NS-9", {NEW}), ("DP-8", set[str]())]
    )
    async def test_filters_follow_the_names(
        self, connected: Connected, control: str, expected: set[str]
    ) -> None:
        """What moved is found where it is now, and there alone."""
        connection = await connected.sync(NAMES)

        assert set(await connected.findings(connection, framework=MCSB, control=control)) == expected

    async def test_each_connection_has_its_own(self, connected: Connected) -> None:
        """One subscription's compliance says nothing of another's."""
        live, other = await connected.sync(NAMES), await connected.sync({})
        sources = [(await connected.findings(one))[PUBLISHED].controls_source for one in (live, other)]

        assert sources == ["live", "catalogue"]

    async def test_a_failed_try_leaves_the_names_of_the_last_good_one(self, connected: Connected) -> None:
        """As the evidence item does."""
        connection = await connected.sync(NAMES)
        connected.rig.world.ends[KIND] = DENIED
        await connected.sync({}, connection)

        assert (await connected.findings(connection))[NEW].controls == {MCSB: ("NS-9",)}

    async def test_what_was_never_read_leaves_the_published(self, connected: Connected) -> None:
        """A compliance that is refused from the start breaks nothing."""
        connected.rig.world.ends[KIND] = DENIED
        rows = await connected.findings(await connected.sync(NAMES))

        assert rows[PUBLISHED].controls == {MCSB: ("DP-8",)}

    async def test_the_newest_names_hold(self, connected: Connected) -> None:
        """Microsoft moves recommendations: an unchanged finding moves with it, without a new verdict."""
        connection = await connected.sync(NAMES)
        await connected.sync({PUBLISHED: ["NS-1"]}, connection)

        assert (await connected.findings(connection))[PUBLISHED].controls == {MCSB: ("NS-1",)}

    async def test_as_of_a_time_the_names_of_that_time_hold(self, connected: Connected) -> None:
        """What the compliance names today says nothing of what it named then; filters go by the same."""
        connection = await connected.sync(NAMES)
        then = rfc3339(connected.rig.time.now)
        await connected.sync({PUBLISHED: ["NS-1"]}, connection)
        now = rfc3339(connected.rig.time.now)

        for at, control in ((then, "BR-3"), (now, "NS-1")):
            found = await connected.findings(connection, as_of=at)
            assert found[PUBLISHED].controls == {MCSB: (control,)}
            assert PUBLISHED in await connected.findings(connection, as_of=at, control=control)
        assert PUBLISHED not in await connected.findings(connection, as_of=then, control="NS-1")

    async def test_as_of_a_failed_try_the_names_before_it_hold(self, connected: Connected) -> None:
        """Whatever was read since."""
        connection = await connected.sync(NAMES)
        connected.rig.world.ends[KIND] = DENIED
        await connected.sync({}, connection)
        then = rfc3339(connected.rig.time.now)
        connected.rig.world.ends.clear()
        await connected.sync({PUBLISHED: ["NS-1"]}, connection)
        found = await connected.findings(connection, as_of=then)

        assert (found[NEW].controls, found[NEW].controls_source) == ({MCSB: ("NS-9",)}, "live")

    async def test_as_of_a_time_before_it_was_read_the_published_hold(self, connected: Connected) -> None:
        """The compliance was refused then, and read later."""
        connected.rig.world.ends[KIND] = DENIED
        connection = await connected.sync(NAMES)
        then = rfc3339(connected.rig.time.now)
        connected.rig.world.ends.clear()
        await connected.sync(NAMES, connection)
        found = await connected.findings(connection, as_of=then)

        assert (found[PUBLISHED].controls, found[PUBLISHED].controls_source) == (
            {MCSB: ("DP-8",)},
            "catalogue",
        )


class TestControlStates:
    """Verdicts count where their recommendation stands."""

    async def test_a_verdict_counts_for_the_control_named(self, connected: Connected) -> None:
        """And for no other; a control that no check of ours supports has a state then."""
        states = await connected.states(await connected.sync(NAMES))

        assert (states["NS-9"].state, states["NS-9"].verdicts.failed) == ("fail", 1)
        assert states["NS-9"].checks == (f"defender_assessment:{NEW}",)
        assert states["NS-9"].coverage == "partial"
        assert states["BR-3"].verdicts.passed == 1
        assert states["DP-8"].verdicts.passed == 0
        assert f"defender_assessment:{PUBLISHED}" not in states["DP-8"].checks

    async def test_without_names_it_counts_as_published(self, connected: Connected) -> None:
        """As before the compliance was read."""
        states = await connected.states(await connected.sync({}))

        assert (states["NS-9"].state, states["DP-8"].verdicts.passed) == ("manual", 1)

    async def test_over_all_connections_each_counts_by_its_own(self, connected: Connected) -> None:
        """Two with names of their own, one of them otherwise, and one without."""
        for named in (NAMES, NAMES, {PUBLISHED: ["NS-1"]}, {}):
            await connected.sync(named)

        states = await connected.states()

        passed = {one: states[one].verdicts.passed for one in ("BR-3", "NS-1", "DP-8")}
        assert passed == {"BR-3": 2, "NS-1": 1, "DP-8": 1}
        assert states["NS-9"].verdicts.failed == 2

    async def test_a_list_that_was_not_read_leaves_its_recommendations_open(
        self, connected: Connected
    ) -> None:
        """Those without a verdict are a gap then; a list that was read has all there are."""
        connection = await connected.sync({})
        read = await connected.states(connection)
        connected.rig.world.ends[ROWS] = DENIED
        refused = await connected.states(await connected.sync({}, connection))

        assert read["PV-2"].without_verdict == our_checks(read["PV-2"])
        assert refused["PV-2"].without_verdict == refused["PV-2"].checks

    async def test_other_frameworks_are_as_they_were(self, connected: Connected) -> None:
        """The compliance names controls of the benchmark only."""
        connection = await connected.sync(NAMES)
        register = connected.rig.register
        states = await register.control_states("iso27001_2022", connection_id=connection.id)

        assert not any("defender_assessment" in check for state in states for check in state.checks)
