"""The register as callers read it: filters, instants, pages, freshness, chains, control states."""

import asyncio
from collections.abc import AsyncIterator
from typing import override

import msgspec
import pytest

from collectors.contract import Status
from collectors.errors import AccessDenied
from pipeline.errors import NotFound
from pipeline.model import EvidenceItem, Finding
from pipeline.requests import EvidenceQuery, FindingQuery
from pipeline.stores.evidence_table import EvidenceTable
from pipeline.stores.records import ConnectionRecord, Head
from tests.pipeline.sync_rig import NOON, Rig, rigged, verdict

replace = msgspec.structs.replace
SCORE = "defender_secure_score"
SERVICES = {"alpha": (SCORE, "shape"), "beta": ("colour",)}
DENIED = AccessDenied("HTTP 403.", permission="Microsoft.Test/things/read", scope="/")
FIRST, SECOND = "2026-11-21T12:00:00.000000Z", "2026-11-22T12:00:00.000000Z"
BEFORE = "2026-11-21T11:59:59.999999Z"


class Synced:
    """A connection that was synced twice: `colour b` failed on the second day, `shape a` went."""

    def __init__(self, rig: Rig, connection: ConnectionRecord) -> None:
        self.rig, self.id, self.record = rig, connection.id, connection

    async def evidence(self, **asked: object) -> list[EvidenceItem]:
        """Give a page of this connection's evidence."""
        query = msgspec.convert({"connection_id": self.id, **asked}, EvidenceQuery)
        return list((await self.rig.register.evidence(query)).items)

    async def findings(self, **asked: object) -> list[str]:
        """Give check, resource and status of this connection's findings."""
        query = msgspec.convert({"connection_id": self.id, **asked}, FindingQuery)
        return sorted(map(said, await self.rig.all_findings(query)))


def said(finding: Finding) -> str:
    """Say a finding in three words."""
    return f"{finding.check_id} {finding.resource_name} {finding.status}"


async def sync_twice(rig: Rig) -> ConnectionRecord:
    """Make the connection, with its two days."""
    rig.world.seen = {
        SCORE: [verdict(SCORE, "score", Status.FAIL)],
        "colour": [verdict("colour", "a"), verdict("colour", "b")],
        "shape": [verdict("shape", "a", Status.MANUAL)],
    }
    connection = await rig.connect()
    await rig.sync(connection.id)
    rig.time.later(days=1)
    rig.world.seen["colour"] = [verdict("colour", "a"), verdict("colour", "b", Status.FAIL)]
    rig.world.seen["shape"] = []
    await rig.sync(connection.id)
    return connection


@pytest.fixture
async def synced(storage: str) -> AsyncIterator[Synced]:
    """Give the only connection there is, for a test that may change it."""
    async with rigged(storage, SERVICES) as rig:
        await rig.forget_all()
        yield Synced(rig, await sync_twice(rig))


@pytest.fixture(scope="module")
def made_before() -> list[ConnectionRecord]:
    """Remember the connection of tests that only read."""
    return []


@pytest.fixture
async def kept(storage: str, made_before: list[ConnectionRecord]) -> AsyncIterator[Synced]:
    """Give a connection that all tests which only read it share."""
    async with rigged(storage, SERVICES) as rig:
        if not made_before or await rig.connections.find(made_before[-1].id) is None:
            made_before.append(await sync_twice(rig))
        rig.time.later(days=1 if rig.time.now == NOON else 0)
        yield Synced(rig, made_before[-1])


class TestEvidence:
    """Items."""

    async def test_by_default_the_newest_good_item_of_each_kind(self, kept: Synced) -> None:
        """By service and kind."""
        items = await kept.evidence()

        assert [(one.service, one.kind) for one in items] == [
            ("alpha", SCORE),
            ("alpha", "shape"),
            ("beta", "colour"),
        ]
        assert {one.freshness for one in items} == {"fresh"}

    async def test_after_a_failed_try_the_good_one_is_stale_beside_its_error(self, synced: Synced) -> None:
        """The error is the newest try's."""
        synced.rig.world.ends["colour"] = DENIED
        await synced.rig.sync(synced.id)
        (item,) = await synced.evidence(kind="colour")

        assert (item.status, item.freshness) == ("collected", "stale")
        assert item.newest_try is not None
        assert item.newest_try.problem is not None
        assert item.newest_try.problem.code == "permission_missing"

    async def test_a_kind_that_never_was_read_shows_its_gap(self, storage: str) -> None:
        """Not nothing."""
        async with rigged(storage) as rig:
            rig.world.ends["colour"] = DENIED
            connection = await rig.connect()
            await rig.sync(connection.id)
            (item,) = await Synced(rig, connection).evidence(kind="colour")

            assert (item.status, item.freshness) == ("unavailable", "stale")

    async def test_the_history_has_every_item_newest_first(self, kept: Synced) -> None:
        """Each sealing the one before."""
        items = await kept.evidence(latest=False)

        assert [one.id for one in items] == [f"{kept.id}-{place}" for place in (5, 4, 3, 2, 1, 0)]
        assert [one.previous_digest for one in items] == [*(one.digest for one in items[1:]), None]

    @pytest.mark.parametrize(
        ("asked", "places"),
        [
            ({"service": "beta"}, [5, 2]),
            ({"kind": SCORE}, [3, 0]),
            ({"framework": "soc2_2017"}, [3, 0]),
            ({"framework": "soc2_2017", "control": "CC7.1"}, [3, 0]),
            ({"control": "CC7.1"}, [3, 0]),
            ({"control": "nothing"}, []),
            ({"framework": "nothing"}, []),
            ({"as_of": FIRST}, [2, 1, 0]),
            ({"as_of": BEFORE}, []),
            ({"kind": "o'hare"}, []),
            ({"subscription_id": "00000000-0000-0000-0000-000000000000"}, []),
        ],
        ids=str,
    )
    async def test_filters_of_the_history(
        self, kept: Synced, asked: dict[str, object], places: list[int]
    ) -> None:
        """Each holds, whatever it holds."""
        items = await kept.evidence(latest=False, **asked)

        assert [one.id for one in items] == [f"{kept.id}-{place}" for place in places]

    async def test_the_items_of_a_run(self, kept: Synced) -> None:
        """Asked for by the run's id, all of them and no others."""
        run = await kept.rig.sync_runs.last(kept.id)
        assert run is not None

        assert [one.id[-1] for one in await kept.evidence(sync_run_id=run.id)] == ["5", "4", "3"]

    @pytest.mark.parametrize(("as_of", "places"), [(FIRST, "012"), (SECOND, "345"), (BEFORE, "")])
    async def test_the_newest_items_as_of_an_instant(self, kept: Synced, as_of: str, places: str) -> None:
        """At the very instant an item counts."""
        assert sorted(one.id[-1] for one in await kept.evidence(as_of=as_of)) == list(places)

    async def test_as_of_a_gap_the_good_item_before_it_is_shown(self, synced: Synced) -> None:
        """And the gap itself where nothing good came before."""
        rig = synced.rig
        rig.world.ends["colour"] = DENIED
        rig.time.later(days=1)
        await rig.sync(synced.id)
        gap_at = "2026-11-23T12:00:00.000000Z"
        rig.time.later(days=1)
        del rig.world.ends["colour"]
        await rig.sync(synced.id)

        assert [one.id[-1] for one in await synced.evidence(as_of=gap_at, kind="colour")] == ["5"]

    async def test_as_of_a_first_gap_the_gap_is_shown(self, storage: str) -> None:
        """Nothing good came before."""
        async with rigged(storage) as rig:
            rig.world.ends["colour"] = DENIED
            connection = await rig.connect()
            await rig.sync(connection.id)
            rig.world.ends.clear()
            rig.time.later(days=1)
            await rig.sync(connection.id)
            (item,) = await Synced(rig, connection).evidence(as_of=FIRST, kind="colour")

            assert item.status == "unavailable"

    async def test_one_item_by_its_id(self, kept: Synced) -> None:
        """As it stands in the list."""
        (item,) = await kept.evidence(kind="colour")

        assert item == await kept.rig.register.evidence_item(item.id)

    @pytest.mark.parametrize("index", ["99", "x", "-1"])
    async def test_what_is_no_item_is_not_found(self, kept: Synced, index: str) -> None:
        """Of a connection that exists, or of none."""
        for connection_id in (kept.id, "nothing"):
            with pytest.raises(NotFound):
                await kept.rig.register.evidence_item(f"{connection_id}-{index}")


class TestFindings:
    """Intervals."""

    async def test_by_default_those_that_are_open(self, kept: Synced) -> None:
        """With their newest verdict."""
        assert await kept.findings() == ["colour a pass", "colour b fail", f"{SCORE} score fail"]

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({"check_id": "colour"}, ["colour a pass", "colour b fail"]),
            ({"service": "alpha"}, [f"{SCORE} score fail"]),
            ({"status": "pass"}, ["colour a pass"]),
            ({"severity": "low"}, []),
            ({"resource_id": "/SUBSCRIPTIONS/s/A"}, ["colour a pass"]),
            ({"resource_id": "o'hare' or true or 'x"}, []),
            ({"framework": "soc2_2017"}, [f"{SCORE} score fail"]),
            ({"control": "CC7.1"}, [f"{SCORE} score fail"]),
            ({"as_of": BEFORE}, []),
            ({"as_of": FIRST}, ["colour a pass", "colour b pass", f"{SCORE} score fail", "shape a manual"]),
            ({"as_of": SECOND}, ["colour a pass", "colour b fail", f"{SCORE} score fail"]),
            ({"changed_since": SECOND}, ["colour b fail", "colour b pass", "shape a manual"]),
            ({"changed_since": SECOND, "as_of": SECOND}, ["colour b fail"]),
            ({"changed_since": "2026-11-22T12:00:00.000001Z"}, []),
        ],
        ids=str,
    )
    async def test_filters(self, kept: Synced, asked: dict[str, object], expected: list[str]) -> None:
        """An interval holds from its very first instant to before its last."""
        assert expected == await kept.findings(**asked)

    async def test_every_filter_at_once_is_still_a_query(self, kept: Synced) -> None:
        """Azure allows fifteen comparisons."""
        everything = await kept.findings(
            service="beta",
            check_id="colour",
            status="fail",
            severity="high",
            resource_id="/subscriptions/S/b",
            as_of=SECOND,
            changed_since=FIRST,
            limit=1,
        )

        assert everything == ["colour b fail"]

    async def test_an_interval_says_when_it_was(self, kept: Synced) -> None:
        """Open ones have no end."""
        query = FindingQuery(connection_id=kept.id, changed_since=FIRST, check_id="colour")
        found = {said(one): (one.opened_at, one.closed_at) for one in await kept.rig.all_findings(query)}

        assert found == {
            "colour a pass": (FIRST, None),
            "colour b pass": (FIRST, SECOND),
            "colour b fail": (SECOND, None),
        }

    @pytest.mark.parametrize("limit", [1, 2, 3, 1000])
    async def test_pages_hold_every_row_once_newest_first(self, kept: Synced, limit: int) -> None:
        """Whatever their size."""
        query = FindingQuery(connection_id=kept.id, changed_since=BEFORE, limit=limit)
        found = await kept.rig.all_findings(query)

        opened = [one.opened_at for one in found]
        assert opened == sorted(opened, reverse=True)
        assert len(found) == len({(one.id, one.opened_at) for one in found}) == 5

    async def test_a_page_survives_rows_that_come_meanwhile(self, synced: Synced) -> None:
        """They are newer: nothing is shown twice, nothing left out."""
        rig = synced.rig
        query = FindingQuery(connection_id=synced.id, changed_since=BEFORE, limit=2)
        first = await rig.register.findings(query)
        rig.time.later(days=1)
        rig.world.seen["shape"] = [verdict("shape", "new")]
        await rig.sync(synced.id)
        rest = await rig.all_findings(replace(query, position=first.next_cursor))

        assert len([*first.items, *rest]) == 5
        assert "shape new pass" not in map(said, rest)


class TestAcrossConnections:
    """Lists of more than one connection."""

    async def test_pages_go_on_from_connection_to_connection(self, synced: Synced) -> None:
        """Disconnected ones, whose evidence was kept, included."""
        rig = synced.rig
        rig.time.later(minutes=1)
        other = await rig.connect()
        await rig.sync(other.id)
        await rig.connections.disconnect(await rig.connections.get(other.id), at=SECOND)
        ids: list[str] = []
        position: str | None = None
        while len(ids) < 6:
            page = await rig.register.evidence(EvidenceQuery(limit=1, position=position))
            ids += [one.connection_id for one in page.items]
            position = page.next_cursor

        assert ids == [other.id] * 3 + [synced.id] * 3

    async def test_one_purged_between_two_pages_is_passed_over(self, synced: Synced) -> None:
        """The next page begins with the connection after it."""
        rig = synced.rig
        rig.time.later(minutes=1)
        other = await rig.connect()
        await rig.sync(other.id)
        page = await rig.register.evidence(EvidenceQuery(limit=1))
        await rig.connections.disconnect(await rig.connections.get(other.id), at=SECOND)
        await rig.stores.purge_evidence(other.id)
        await rig.connections.purge(other.id)
        following = await rig.register.evidence(EvidenceQuery(limit=1, position=page.next_cursor))

        assert [one.connection_id for one in following.items] == [synced.id]

    async def test_a_subscription_is_found_in_any_casing(self, kept: Synced) -> None:
        """As everywhere in Azure."""
        query = EvidenceQuery(subscription_id=kept.record.subscription_id.upper())

        assert len((await kept.rig.register.evidence(query)).items) == 3

    async def test_what_was_never_connected_is_not_found(self, kept: Synced) -> None:
        """Instead of an empty list."""
        with pytest.raises(NotFound):
            await kept.rig.register.findings(FindingQuery(connection_id="nothing"))

    async def test_a_page_over_its_budget_is_short_and_goes_on(
        self, kept: Synced, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Many rows were looked at and left out; none is lost."""
        monkeypatch.setattr("pipeline.reading.connection_walk.SCAN_BUDGET", 1)
        query = FindingQuery(connection_id=kept.id, framework="soc2_2017")
        page = await kept.rig.register.findings(query)

        assert (page.items, page.next_cursor is None) == ((), False)
        assert [f"{SCORE} score fail"] == await kept.findings(framework="soc2_2017")


class TestChain:
    """The digest chain in its table."""

    async def test_it_is_intact(self, kept: Synced) -> None:
        """Of a connection that kept, and of one that never did."""
        state = await kept.rig.register.verify_chain(kept.id)
        never = await kept.rig.register.verify_chain((await kept.rig.connect()).id)

        assert (state.items, state.intact, state.first_broken) == (6, True, None)
        assert (never.items, never.intact) == (0, True)

    async def test_a_row_changed_in_the_table_is_found(self, synced: Synced) -> None:
        """By whoever may write there."""
        table = await synced.rig.tables.table("evidence")
        key = (await synced.rig.keys(synced.id, "item|"))[2]
        row = await table.get_entity(synced.id, key)
        row["body"] = str(row["body"]).replace('"collected"', '"unavailable"')
        await table.update_entity(row)

        state = await synced.rig.register.verify_chain(synced.id)
        assert (state.intact, state.first_broken) == (False, f"{synced.id}-3")

    async def test_a_row_removed_from_the_table_is_found(self, synced: Synced) -> None:
        """The newest too."""
        table = await synced.rig.tables.table("evidence")
        await table.delete_entity(synced.id, (await synced.rig.keys(synced.id, "item|"))[0])

        assert (await synced.rig.register.verify_chain(synced.id)).first_broken == f"{synced.id}-5"

    async def test_a_commit_meanwhile_is_no_tampering(self, synced: Synced) -> None:
        """It adds what the head that was read does not know."""
        rig = synced.rig
        head = await rig.evidence.head(synced.id)
        await rig.sync(synced.id)

        class Behind(EvidenceTable):
            """An evidence table whose head was read before."""

            @override
            async def head(self, connection_id: str) -> Head:
                return head

        rig.evidence = Behind(rig.tables)
        assert (await rig.register.verify_chain(synced.id)).intact

    async def test_of_what_was_never_connected_it_is_not_found(self, kept: Synced) -> None:
        """There is no chain."""
        with pytest.raises(NotFound):
            await kept.rig.register.verify_chain("nothing")


class TestControlStates:
    """What findings mean for controls."""

    @staticmethod
    async def state(rig: Rig, connection_id: str | None) -> tuple[str, int, str | None]:
        """Give state, unknown verdicts and newest evidence of SOC 2's CC7.1."""
        states = await rig.register.control_states("soc2_2017", connection_id=connection_id)
        (one,) = [state for state in states if state.id == "CC7.1"]
        return one.state, one.verdicts.unknown, one.newest_evidence.id if one.newest_evidence else None

    async def test_verdicts_and_newest_evidence_of_a_connection(self, kept: Synced) -> None:
        """Of the newest good item."""
        state, unknown, newest = await self.state(kept.rig, kept.id)

        assert (state, unknown, newest) == ("fail", 0, f"{kept.id}-3")

    async def test_a_gap_is_never_hidden_behind_older_verdicts(self, synced: Synced) -> None:
        """It counts as unknown beside them."""
        synced.rig.world.ends[SCORE] = DENIED
        await synced.rig.sync(synced.id)

        assert (await self.state(synced.rig, synced.id))[1] == 1

    async def test_a_gap_shows_where_there_was_nothing_to_judge_before(self, storage: str) -> None:
        """An empty subscription whose permission is taken away is not still without evidence."""
        async with rigged(storage, {"alpha": (SCORE,)}) as rig:
            connection = await rig.connect()
            await rig.sync(connection.id)
            rig.world.ends[SCORE] = DENIED
            await rig.sync(connection.id)

            assert (await self.state(rig, connection.id))[1] == 1

    async def test_disconnected_ones_do_not_count_for_all(self, synced: Synced) -> None:
        """Asked for by name they still answer what they said last."""
        rig = synced.rig
        with_it = [one.verdicts.failed for one in await rig.register.control_states("soc2_2017")]
        await rig.connections.disconnect(await rig.connections.get(synced.id), at=SECOND)
        without = [one.verdicts.failed for one in await rig.register.control_states("soc2_2017")]

        assert sum(with_it) > sum(without)
        last = await rig.register.control_states("soc2_2017", connection_id=synced.id)
        assert [one.last_verdicts.failed for one in last] == with_it


async def test_readers_at_work_see_no_mixture(synced: Synced) -> None:
    """While a run commits, a list is of before or of after."""
    rig = synced.rig
    rig.world.seen["colour"] = [verdict("colour", "b")]
    run = asyncio.create_task(rig.sync(synced.id))
    states = []
    while not run.done():
        states.append(await synced.findings(check_id="colour"))

    assert all(one in (["colour a pass", "colour b fail"], ["colour b pass"]) for one in states)
