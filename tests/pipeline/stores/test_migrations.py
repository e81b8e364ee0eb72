"""Tables of version 1 are brought forward: what was committed reads as before, and runs go on from there."""

from collections.abc import AsyncIterator, Mapping

import msgspec
import pytest
from azure.core.exceptions import AzureError

from collectors.contract import Status
from pipeline.model import Changes
from pipeline.requests import FindingQuery
from pipeline.stores.schema import VERSIONS, TableName, read_schema
from tests.pipeline.faulty_storage import faulty
from tests.pipeline.stores.version_1 import restore, turned, version_1, world_of_first_run, world_of_then
from tests.pipeline.sync_rig import Rig, rigged, verdict

THEN = version_1().expected
ALL = FindingQuery(connection_id=THEN.connection_id, changed_since="2026-01-01T00:00:00.000000Z", limit=1000)


@pytest.fixture
async def old(storage: str) -> AsyncIterator[Rig]:
    """The app of today on tables of version 1, two hours after their first run."""
    restore(storage)
    async with rigged(storage) as rig:
        rig.time.later(hours=2, seconds=5)
        world_of_then(rig)
        yield rig


def told(now: object, then: Mapping[str, object]) -> dict[str, object]:
    """Give what is said now, as far as it was said then: members may have been added."""
    members: dict[str, object] = msgspec.json.decode(msgspec.json.encode(now))
    return {name: members[name] for name in then}


async def finished(rig: Rig) -> None:
    """Finish the run that had broken off."""
    run = await rig.runs.active(THEN.connection_id)
    assert run is not None
    assert (await rig.attempt(run)).status == "succeeded"


async def test_every_interval_reads_as_before(old: Rig) -> None:
    """Open and closed ones, in the same order, with the same times; what was not committed is not seen."""
    found = await old.all_findings(ALL)

    assert [told(now, then) for now, then in zip(found, THEN.findings, strict=True)] == THEN.findings


@pytest.mark.parametrize("limit", [1, 3, 1000])
async def test_pages_hold_every_finding_once(old: Rig, limit: int) -> None:
    """However the list is cut into pages."""
    found = await old.all_findings(msgspec.structs.replace(ALL, limit=limit))

    assert [one.id for one in found] == [one["id"] for one in THEN.findings]


async def test_a_cursor_of_then_goes_on(old: Rig) -> None:
    """Who was in the middle of a list when the app was deployed reads the rest of it."""
    position = THEN.cursor.position
    query = FindingQuery(connection_id=THEN.connection_id, limit=1000, position=position)

    assert [one.id for one in await old.all_findings(query)] == THEN.cursor.rest


async def test_the_past_reads_as_before(old: Rig) -> None:
    """As of the first run, and as of now."""
    then = await old.open_findings(THEN.connection_id, as_of=THEN.first_run_at)

    assert then == THEN.open_then
    assert await old.open_findings(THEN.connection_id) == THEN.open


async def test_every_evidence_item_reads_as_before(old: Rig) -> None:
    """And the digest chain over them is intact."""
    items = await old.items(THEN.connection_id)

    assert [told(now, then) for now, then in zip(items, THEN.items, strict=True)] == THEN.items
    assert msgspec.to_builtins(await old.register.verify_chain(THEN.connection_id)) == THEN.chain


async def test_runs_read_as_before(old: Rig) -> None:
    """Those that had ended; the one that had broken off stands before them."""
    page = await old.sync_runs.page(THEN.connection_id, limit=10, position=None)

    broken, *ended = page.items
    assert broken.status == "queued"
    assert [told(now, then) for now, then in zip(ended, THEN.runs, strict=True)] == THEN.runs


async def test_an_unchanged_subscription_changes_nothing(old: Rig) -> None:
    """The manifests of version 1 are understood: nothing is opened, nothing is closed."""
    world_of_first_run(old)

    run = await old.sync(THEN.other_id)

    assert (run.status, run.changes) == ("succeeded", Changes(opened=0, closed=0))


async def test_the_run_that_broke_off_is_finished(old: Rig) -> None:
    """What it had written and not committed is swept; its parts are read again, and nothing changed."""
    await finished(old)

    assert await old.open_findings(THEN.connection_id) == THEN.open
    assert [
        told(now, then) for now, then in zip(await old.all_findings(ALL), THEN.findings, strict=True)
    ] == (THEN.findings)


async def test_what_changes_closes_the_interval_of_then(old: Rig) -> None:
    """A resource that turned has its old interval closed and a new one; one that went has none."""
    await finished(old)
    old.time.later(hours=1)
    seen = turned(old.world.seen["colour"], "r5", verdict("colour", "r5", Status.FAIL, "Turned."))
    old.world.seen["colour"] = [one for one in seen if not one.resource_id.endswith("/r6")]

    run = await old.sync(THEN.connection_id)

    open_now = await old.open_findings(THEN.connection_id)
    expected = {**THEN.open, "colour r5": "fail"}
    del expected["colour r6"]
    assert (run.changes, open_now) == (Changes(opened=1, closed=2), expected)
    assert await old.open_findings(THEN.connection_id, as_of=THEN.first_run_at) == THEN.open_then


async def test_pages_go_over_both_layouts(old: Rig) -> None:
    """With rows of then and of now, a list in pages of one is the list in one page."""
    await finished(old)
    old.world.seen["colour"] = [verdict("colour", f"r{number}", reason="Other.") for number in range(12)]
    await old.sync(THEN.connection_id)

    whole = await old.all_findings(ALL)
    paged = await old.all_findings(msgspec.structs.replace(ALL, limit=1))

    assert [one.id for one in paged] == [one.id for one in whole]
    assert len(whole) > len(THEN.findings)


async def test_everything_of_then_can_be_purged(old: Rig) -> None:
    """No row of a connection is left."""
    await old.stores.purge_evidence(THEN.connection_id)

    assert await old.rows("findings", THEN.connection_id) == []
    assert await old.rows("findings", f"{THEN.connection_id}|manifests") == []


@pytest.mark.parametrize("name", VERSIONS)
async def test_every_table_says_its_version(old: Rig, name: TableName) -> None:
    """And nobody holds it any more."""
    row = await read_schema(await old.tables.table(name))

    assert row is not None
    assert (row.version, row.owner, row.position) == (VERSIONS[name], "", "")


@pytest.mark.parametrize("write", range(1, 12))
async def test_a_crash_anywhere_is_made_good(storage: str, write: int) -> None:
    """Whichever write the migration dies at: the next process finishes it, and all reads as before."""
    restore(storage)
    async with faulty(storage) as failing, rigged(failing.connection_string) as dying:
        failing.strike("dies before", write)
        with pytest.raises(AzureError):
            await dying.all_findings(ALL)

    async with rigged(storage) as rig:
        rig.time.later(hours=2)
        world_of_then(rig)
        found = await rig.all_findings(ALL)
        await finished(rig)

    assert [one.id for one in found] == [one["id"] for one in THEN.findings]
