"""How documents fit into entities and entities into transactions, by Azure's limits, not by Azurite's."""

import asyncio
from collections.abc import Mapping
from hashlib import sha256

import msgspec
import pytest
from azure.core.exceptions import HttpResponseError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.configuration.values import StorageTarget
from pipeline.stores.tables import (
    TRANSACTION_BYTES,
    TRANSACTION_OPERATIONS,
    DocumentTooLarge,
    Operation,
    TableStorage,
    chunks_of,
    operation_bytes,
    pack,
    partition_of,
    unpack,
)
from tests.pipeline.faulty_storage import faulty
from tests.pipeline.sync_rig import Rig, no_identity, record, rigged

PROPERTY_UNITS = 32_768
ENTITY_BYTES = 2**20
HARD = ["a", '"', "\\", "\n", "\x01", "é", "Ж", "漢", "😀"]
"""Characters that grow on their way: escaped once in the document, once more in the request."""

LARGE_BODY = pytest.mark.filterwarnings(
    "ignore:Sending a large body:ResourceWarning"
)  # aiohttp, from 1 MiB on


class Text(msgspec.Struct, frozen=True):
    """A document."""

    text: str


def noise(length: int) -> str:
    """Give hexadecimal digits that are hard to compress."""
    return "".join(sha256(b"%d" % number).hexdigest() for number in range(length // 64))


def utf16(text: str) -> int:
    """Count a string as Azure does."""
    return len(text.encode("utf-16-le")) // 2


def entity_bytes(entity: Mapping[str, str | bytes]) -> int:
    """Count an entity as Azure does: names and strings in UTF-16, 12 bytes more for each property."""
    return sum(
        12 + 2 * len(name) + (2 * utf16(value) if isinstance(value, str) else len(value))
        for name, value in entity.items()
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.integers(1, 400))
def test_a_document_comes_back_as_it_went(text: str, times: int) -> None:
    """Whatever its length and its characters."""
    document = Text(text * times)

    assert document == unpack(pack(document), Text)


@pytest.mark.parametrize("character", HARD)
@pytest.mark.parametrize("length", [10, 80_000, 3_000_000])
def test_no_property_and_no_entity_is_longer_than_azure_allows(character: str, length: int) -> None:
    """A string has at most 32,768 UTF-16 units, a binary 64 KiB, an entity 1 MiB and 252 properties."""
    entity = pack(Text(character * length))

    assert len(entity) <= 240
    assert all(utf16(value) <= PROPERTY_UNITS for value in entity.values() if isinstance(value, str))
    assert all(len(value) <= 65_536 for value in entity.values() if isinstance(value, bytes))
    assert entity_bytes(entity) <= ENTITY_BYTES


@pytest.mark.parametrize("length", [79_000, 1_200_000], ids=["plain", "compressed"])
@pytest.mark.parametrize("character", [*HARD, "noise"])
@LARGE_BODY
async def test_a_long_document_survives_the_storage(rig: Rig, length: int, character: str) -> None:
    """Text of every kind, through a real table."""
    table = await rig.tables.table("evidence")
    document = Text(noise(length) if character == "noise" else character * length)
    key = {"PartitionKey": record().id, "RowKey": "long"}
    await table.upsert_entity({**key, **pack(document)})

    assert document == unpack(await table.get_entity(key["PartitionKey"], "long"), Text)


def test_what_cannot_fit_is_refused_by_name() -> None:
    """Azure would answer 400 for ever; this says what is too large before it is sent."""
    with pytest.raises(DocumentTooLarge):
        pack(Text(noise(3_000_000)))


operations = st.builds(
    lambda partition, size, character: (
        "upsert",
        {"PartitionKey": partition, "RowKey": "row", "body": character * size},
    ),
    st.sampled_from(["one", "two"]),
    st.integers(0, 30_000),
    st.sampled_from(HARD),
)


@given(st.lists(operations, max_size=300))
def test_transactions_keep_to_the_limits_and_to_their_partition(written: list[Operation]) -> None:
    """At most 100 operations and the bytes allowed, of one partition; order kept, nothing lost."""
    batches = list(chunks_of(written))
    sizes = [sum(operation_bytes(one[1]) for one in batch) for batch in batches]

    assert [one for batch in batches for one in batch] == written
    assert all(len(set(map(partition_of, batch))) == 1 for batch in batches)
    assert all(len(batch) <= TRANSACTION_OPERATIONS for batch in batches)
    assert all(size <= TRANSACTION_BYTES for size in sizes)


@pytest.mark.parametrize("character", HARD)
async def test_a_transaction_is_never_larger_than_estimated(storage: str, character: str) -> None:
    """The body as it leaves is at most what `operation_bytes` said."""
    connection_id = record().id
    rows = [
        {"PartitionKey": connection_id, "RowKey": f"row{number}", **pack(Text(character * 4_000))}
        for number in range(5)
    ]
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        table = await rig.tables.table("findings")
        await table.submit_transaction([("upsert", row) for row in rows])

    assert len(proxy.bodies[-1]) <= sum(operation_bytes(row) for row in rows)


@LARGE_BODY
@pytest.mark.parametrize("character", HARD)
async def test_the_fullest_transaction_is_accepted(rig: Rig, character: str) -> None:
    """What `chunks_of` calls one transaction stays under 4 MiB."""
    connection_id = record().id
    rows: list[Operation] = [
        ("upsert", {"PartitionKey": connection_id, "RowKey": f"{at}", **pack(Text(character * 15_000))})
        for at in range(100)
    ]
    chunk = next(iter(chunks_of(rows)))
    table = await rig.tables.table("findings")
    await table.submit_transaction(chunk)
    kept = [row["RowKey"] async for row in table.query_entities(f"PartitionKey eq '{connection_id}'")]

    assert sorted(kept) == sorted(str(operation[1]["RowKey"]) for operation in chunk)


async def test_a_table_is_made_once_and_again_after_a_failure(storage: str) -> None:
    """A storage that was down at the first use is asked again at the next."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        proxy.strike("dies before", 1)
        with pytest.raises(HttpResponseError):
            await rig.tables.table("evidence")
        proxy.strike("dies before", 0)
        first, second = await asyncio.gather(*(rig.tables.table("evidence") for _ in range(2)))

        assert first is second
        assert proxy.writes == 1


async def test_a_probe_of_a_storage_that_refuses_raises(storage: str) -> None:
    """Health says so, instead of finding out at the next sync."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        await rig.tables.probe()
        proxy.dead = True
        with pytest.raises(HttpResponseError):
            await rig.tables.probe()


async def test_a_purge_leaves_nothing_of_its_partition_and_all_of_others(rig: Rig) -> None:
    """More rows than one transaction takes."""
    table = await rig.tables.table("findings")
    one, other = record().id, record().id
    for partition, rows in ((one, 250), (other, 3)):
        made: list[Operation] = [
            ("create", {"PartitionKey": partition, "RowKey": f"{number}"}) for number in range(rows)
        ]
        for batch in chunks_of(made):
            await table.submit_transaction(batch)
    await rig.tables.purge("findings", one)

    assert await rig.rows("findings", one) == []
    assert len(await rig.rows("findings", other)) == 3


async def test_by_address_it_asks_for_an_identity() -> None:
    """In Azure there is no key: the app's own identity opens the tables."""
    tables = TableStorage(StorageTarget(uri="https://account.table.core.windows.net"), no_identity)
    with pytest.raises(NotImplementedError):
        await tables.table("connections")
    await tables.close()
