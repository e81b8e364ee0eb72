"""A table says which layout it has; the app goes on, brings it forward, or leaves it alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from azure.data.tables.aio import TableClient, TableServiceClient

from pipeline.errors import SchemaTooNew, TablesBeingMigrated
from pipeline.stores.migrations import MIGRATIONS, forget_unfinished_parts
from pipeline.stores.schema import (
    VERSIONS,
    Migration,
    Progress,
    SchemaRow,
    Schemas,
    TableName,
    Tables,
    read_schema,
)
from tests.pipeline.sync_rig import Rig

NAME: TableName = "findings"
ITEMS = ("a", "b", "c", "d")


@dataclass
class Work:
    """A migration that takes items one after the other, and notes its place after each.

    Args:
        dies_after: the item after which the process ends without a word.
        waits: what it waits for before each item.
        begun: set once it runs.
    """

    done: list[str] = field(default_factory=list)
    dies_after: str | None = None
    waits: asyncio.Event | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, _table: TableClient, _tables: Tables, progress: Progress) -> None:
        """Take what is left."""
        self.begun.set()
        for item in ITEMS:
            if item <= progress.position:
                continue
            if self.waits is not None:
                await self.waits.wait()
            self.done.append(item)
            await progress.reached(item)
            if item == self.dies_after:
                raise ConnectionResetError


@pytest.fixture
async def client(storage: str) -> AsyncIterator[TableClient]:
    """A table of its own, without a row."""
    async with TableServiceClient.from_connection_string(storage) as service:
        yield await service.create_table(f"t{uuid4().hex}")


@pytest.fixture
async def old(client: TableClient) -> TableClient:
    """A table of version 1 as it was before tables told their version: with a row, and no other."""
    await client.create_entity({"PartitionKey": "a", "RowKey": "a"})
    return client


def schemas(
    rig: Rig, work: Work | None = None, *, version: int = 2, patience_s: float = 20, lease_s: float = 60
) -> Schemas:
    """Give a process's way to its tables: `work` brings a table from any version to the next."""
    migrations: Mapping[tuple[TableName, int], Migration] = {(NAME, one): work for one in (1, 2) if work}
    return Schemas(
        rig.tables,
        migrations,
        versions={NAME: version},
        clock=rig.time,
        patience_s=patience_s,
        lease_s=lease_s,
    )


async def schema_of(client: TableClient) -> SchemaRow:
    """Read the row; there must be one."""
    row = await read_schema(client)
    assert row is not None
    return row


async def test_a_new_table_has_the_newest_version(rig: Rig, client: TableClient) -> None:
    """Nothing is to be brought forward in it."""
    work = Work()

    await schemas(rig, work, version=3).admit(NAME, client)

    assert ((await schema_of(client)).version, work.done) == (3, [])


async def test_a_table_that_tells_nothing_is_of_version_1(rig: Rig, old: TableClient) -> None:
    """It has rows and was made before tables told: it is brought forward, once."""
    work = Work()

    await schemas(rig, work).admit(NAME, old)
    await schemas(rig, work).admit(NAME, old)

    assert ((await schema_of(old)).version, work.done) == (2, list(ITEMS))


async def test_versions_are_passed_one_by_one(rig: Rig, old: TableClient) -> None:
    """From 1 to 3 by way of 2, each step from its beginning."""
    work = Work()

    await schemas(rig, work, version=3).admit(NAME, old)

    assert ((await schema_of(old)).version, work.done) == (3, [*ITEMS, *ITEMS])


async def test_a_newer_table_is_left_alone(rig: Rig, old: TableClient) -> None:
    """An old app on new tables says so in a sentence to act on, and changes nothing."""
    await schemas(rig, Work(), version=3).admit(NAME, old)
    before = await schema_of(old)

    with pytest.raises(SchemaTooNew) as refused:
        await schemas(rig, Work(), version=2).admit(NAME, old)

    assert "version 3; this version of the app knows 2 at most" in refused.value.detail
    assert "Deploy the newer version" in refused.value.advice
    assert await schema_of(old) == before


async def test_no_client_is_given_of_a_newer_table(rig: Rig, storage: str) -> None:
    """So nothing can be read or written through the app; once it is brought up to date it goes on."""
    table = await rig.tables.table("attempts")
    row = await table.get_entity("schema", "schema")
    await table.update_entity({**row, "version": 99})
    old_app = Rig(storage)

    with pytest.raises(SchemaTooNew):
        await old_app.tables.table("attempts")

    await table.update_entity({**row, "version": VERSIONS["attempts"]})
    assert await old_app.tables.table("attempts")
    await old_app.close()


async def test_one_process_at_a_time(rig: Rig, old: TableClient) -> None:
    """Of many that start together one brings the table forward, the others wait for it."""
    works = [Work() for _ in range(5)]

    await asyncio.gather(*(schemas(rig, work, lease_s=2).admit(NAME, old) for work in works))

    assert sorted(len(work.done) for work in works) == [0, 0, 0, 0, len(ITEMS)]
    assert (await schema_of(old)).version == 2


async def test_it_goes_on_where_a_dead_process_was(rig: Rig, old: TableClient) -> None:
    """What the dead one had noted is not done again; its right ends with its lease."""
    with pytest.raises(ConnectionResetError):
        await schemas(rig, Work(dies_after="b")).admit(NAME, old)
    next_one = Work()
    rig.time.later(seconds=61)

    await schemas(rig, next_one).admit(NAME, old)

    assert (next_one.done, (await schema_of(old)).version) == (["c", "d"], 2)


async def test_a_living_process_is_waited_for(rig: Rig, old: TableClient) -> None:
    """Its right holds as long as its lease: nobody else begins."""
    with pytest.raises(ConnectionResetError):
        await schemas(rig, Work(dies_after="b")).admit(NAME, old)
    next_one = Work()
    waiting = schemas(rig, next_one, patience_s=0.2)

    with pytest.raises(TablesBeingMigrated):
        await waiting.admit(NAME, old)

    assert next_one.done == []
    await waiting.close()


async def test_the_process_that_failed_may_go_on_at_once(rig: Rig, old: TableClient) -> None:
    """It need not wait for its own lease."""
    work = Work(dies_after="b")
    process = schemas(rig, work)
    with pytest.raises(ConnectionResetError):
        await process.admit(NAME, old)

    await process.admit(NAME, old)

    assert work.done == list(ITEMS)


async def test_who_was_taken_over_stops(rig: Rig, old: TableClient) -> None:
    """A process that slept through its lease does nothing after it wakes."""
    sleeper = Work(waits=asyncio.Event())
    asleep = asyncio.create_task(schemas(rig, sleeper).admit(NAME, old))
    await sleeper.begun.wait()
    rig.time.later(seconds=61)
    await schemas(rig, Work()).admit(NAME, old)

    assert sleeper.waits is not None
    sleeper.waits.set()
    with pytest.raises(TablesBeingMigrated):
        await asleep

    assert sleeper.done == ["a"]
    assert (await schema_of(old)).version == 2


async def test_nobody_waits_longer_than_he_can(rig: Rig, old: TableClient) -> None:
    """A caller is told to come again, the work goes on meanwhile, and then the table can be used."""
    work = Work(waits=asyncio.Event())
    process = schemas(rig, work, patience_s=0.1)
    with pytest.raises(TablesBeingMigrated) as told:
        await process.admit(NAME, old)
    assert told.value.status == 503

    assert work.waits is not None
    work.waits.set()
    other = Work()
    await schemas(rig, other, lease_s=2).admit(NAME, old)
    await process.admit(NAME, old)

    assert (work.done, other.done) == (list(ITEMS), [])


@pytest.mark.parametrize("name", VERSIONS)
def test_every_version_leads_to_the_newest(name: TableName) -> None:
    """There is a migration from each version to the next."""
    steps = {version for table, version in MIGRATIONS if table == name}

    assert steps == set(range(1, VERSIONS[name]))


async def test_parts_of_connections_that_were_passed_are_not_looked_at_again(rig: Rig) -> None:
    """A migration of many connections goes on behind the last that it noted, in the order of their ids."""
    table = await rig.tables.table("evidence")
    ids = sorted([(await rig.connect()).id for _ in range(3)])
    for connection_id in ids:
        await table.upsert_entity({"PartitionKey": connection_id, "RowKey": "staged|run|colour"})

    await forget_unfinished_parts(table, rig.tables, Noted(position=ids[0]))

    assert [len(await rig.keys(connection_id, "staged|")) for connection_id in ids] == [1, 0, 0]


@dataclass
class Noted:
    """A progress that begins somewhere."""

    position: str

    async def reached(self, position: str) -> None:
        """Go on."""
        self.position = position
