"""Connections in their table: one per subscription, under any race and any lost answer."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from azure.core.exceptions import HttpResponseError

from pipeline.errors import AlreadyConnected, Conflict, NotFound
from pipeline.stores.records import ConnectionRecord
from tests.pipeline.faulty_storage import Fate, faulty
from tests.pipeline.sync_rig import NOON, Rig, record, rigged

AT = "2026-11-21T12:00:00.000000Z"
replace = msgspec.structs.replace


async def listed(rig: Rig, page_of: int, *, with_disconnected: bool = False) -> list[str]:
    """Give the ids of every connection, read in pages."""
    ids: list[str] = []
    position: str | None = None
    while True:
        records, position = await rig.connections.page(
            limit=page_of, position=position, with_disconnected=with_disconnected
        )
        assert len(records) <= page_of
        ids += [one.id for one in records]
        if position is None:
            return ids


async def test_a_connection_comes_back_as_it_was_kept(rig: Rig) -> None:
    """All of it, and the ETag of its row."""
    made = record()
    kept = await rig.connections.create(made)

    assert made == replace(kept, etag="")
    assert kept.etag
    assert kept == await rig.connections.get(made.id)


async def test_of_two_simultaneous_connects_one_wins(rig: Rig) -> None:
    """The other is told the winner's id, and leaves no row."""
    first = record()
    second = replace(record(), subscription_id=first.subscription_id.upper())
    done = await asyncio.gather(*map(rig.connections.create, (first, second)), return_exceptions=True)
    (winner,) = [one for one in done if isinstance(one, ConnectionRecord)]
    (loser,) = [one for one in done if isinstance(one, AlreadyConnected)]

    assert loser.extra == {"connection_id": winner.id}
    left = [await rig.connections.find(one.id) for one in (first, second)]
    assert [one.id for one in left if one is not None] == [winner.id]


@pytest.mark.parametrize("strange", ["nothing", "a/b", "a'b", "", "é", "x" * 3_000])
async def test_what_is_no_connection_is_not_found(rig: Rig, strange: str) -> None:
    """Also an id that a table would refuse as a key."""
    with pytest.raises(NotFound):
        await rig.connections.get(strange)


async def test_a_replace_demands_what_was_read(rig: Rig) -> None:
    """Somebody else's change is never overwritten."""
    read = await rig.connect()
    await rig.connections.replace(replace(read, name="theirs"))
    with pytest.raises(Conflict):
        await rig.connections.replace(replace(read, name="ours"))

    assert (await rig.connections.get(read.id)).name == "theirs"


async def test_a_disconnected_subscription_is_free(rig: Rig) -> None:
    """It can be connected anew, while the old connection's tombstone stays to be found."""
    old = await rig.connect()
    await rig.connections.disconnect(old, at=AT)
    new = await rig.connections.create(replace(record(), subscription_id=old.subscription_id))

    with pytest.raises(NotFound):
        await rig.connections.get(old.id)
    tombstone = await rig.connections.find(old.id)
    assert tombstone is not None
    assert tombstone.disconnected_at == AT
    assert new.id in await listed(rig, 500)
    assert old.id not in await listed(rig, 500)
    assert old.id in await listed(rig, 500, with_disconnected=True)


async def test_a_disconnect_of_what_changed_is_refused(rig: Rig) -> None:
    """And the subscription stays claimed."""
    read = await rig.connect()
    await rig.connections.replace(replace(read, name="theirs"))
    with pytest.raises(Conflict):
        await rig.connections.disconnect(read, at=AT)
    with pytest.raises(AlreadyConnected):
        await rig.connections.create(replace(record(), subscription_id=read.subscription_id))


async def test_a_purged_connection_is_gone(rig: Rig) -> None:
    """Its tombstone too; purging again does no harm."""
    gone = await rig.connect()
    await rig.connections.disconnect(gone, at=AT)
    for _ in range(2):
        await rig.connections.purge(gone.id)

    assert await rig.connections.find(gone.id) is None


@pytest.mark.parametrize("page_of", [1, 2, 3, 1000])
async def test_pages_hold_every_connection_newest_first(rig: Rig, page_of: int) -> None:
    """Each once, disconnected ones left out without a hole."""
    made = [record(NOON + timedelta(days=900, seconds=number)) for number in range(5)]
    kept = [await rig.connections.create(one) for one in made]
    await rig.connections.disconnect(kept[2], at=AT)
    mine = {one.id for one in kept}

    expected = [kept[number].id for number in (4, 3, 1, 0)]
    assert expected == [one for one in await listed(rig, page_of) if one in mine]
    for one in kept:
        await rig.connections.purge(one.id)


async def test_a_create_sent_twice_is_no_conflict_with_itself(storage: str) -> None:
    """The answer got lost, the client sent it again: the connection is ours."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        await rig.tables.probe()
        proxy.strike("answer lost", 1)
        made = record()

        assert made.id == (await rig.connections.create(made)).id


async def test_a_replace_sent_twice_is_no_conflict_with_itself(storage: str) -> None:
    """What stands is what was wanted."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        read = await rig.connect()
        proxy.strike("answer lost", 1)

        assert (await rig.connections.replace(replace(read, name="ours"))).name == "ours"


async def test_a_disconnect_sent_twice_is_no_conflict_with_itself(storage: str) -> None:
    """The tombstone that stands is ours."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        read = await rig.connect()
        proxy.strike("answer lost", 1)
        await rig.connections.disconnect(read, at=AT)

        tombstone = await rig.connections.find(read.id)
        assert tombstone is not None
        assert tombstone.disconnected_at == AT


@pytest.mark.parametrize("fate", ["dies before", "dies after"])
async def test_a_storage_that_fails_is_no_conflict(storage: str, fate: Fate) -> None:
    """Its own error goes up: nothing is said about somebody else."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        read = await rig.connect()
        proxy.strike(fate, 1)
        with pytest.raises(HttpResponseError):
            await rig.connections.replace(replace(read, name="ours"))


async def test_a_claim_freed_between_two_looks_asks_to_try_again(storage: str, rig: Rig) -> None:
    """The connection in the way went before its id could be read."""
    old = await rig.connect()
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as other:
        await other.tables.probe()
        proxy.strike("answer late", 1)
        proxy.meanwhile = lambda: rig.connections.disconnect(old, at=AT)
        with pytest.raises(Conflict):
            await other.connections.create(replace(record(), subscription_id=old.subscription_id))


async def test_a_row_that_no_table_takes_is_no_conflict(rig: Rig) -> None:
    """Its refusal goes up as it is."""
    strange = replace(record(), subscription_id="tab\there")
    with pytest.raises(HttpResponseError):
        await rig.connections.create(strange)
