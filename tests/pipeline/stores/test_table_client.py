"""Transactions written here are those that the SDK writes, and end as those do."""

import asyncio
import re

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.stores.table_client import QuickTableClient
from pipeline.stores.tables import Operation
from tests.pipeline.faulty_storage import faulty
from tests.pipeline.sync_rig import Rig

HELD = {"etag": 'W/"1"', "match_condition": MatchConditions.IfNotModified}
REPLACE = {"mode": UpdateMode.REPLACE}
ROW = st.fixed_dictionaries(
    {
        "PartitionKey": st.just("p"),
        "RowKey": st.sampled_from(["a", "slot|daily|2026", "it's", "é 漢 😀"]),
        "text": st.text(st.characters(codec="utf-8"), max_size=8),
        "number": st.integers(-(2**31), 2**31 - 1),
        "bytes": st.binary(max_size=8),
        "flag": st.booleans(),
    }
)
OPERATION: st.SearchStrategy[Operation] = st.one_of(
    st.tuples(st.sampled_from(["create", "upsert", "delete"]), ROW),
    st.tuples(st.just("upsert"), ROW, st.just(REPLACE)),
    st.tuples(st.just("update"), ROW, st.just({**HELD, **REPLACE})),
    st.tuples(st.just("delete"), ROW, st.just(HELD)),
)


def unmarked(body: bytes) -> str:
    """Give a body without what is another at each sending: boundaries and dates."""
    text = re.sub(r"\b(batch|changeset)_[0-9a-f-]{36}", r"\1", body.decode())
    return re.sub(r"ate: \w{3}, [\w :]+ GMT", "ate:", text)


async def both_bodies(storage: str, operations: list[Operation]) -> tuple[str, str]:
    """Send a transaction that is refused: first as it is written here, then as the SDK writes it."""
    async with faulty(storage) as proxy:
        proxy.strike("dies before", 1)
        for kind in (QuickTableClient, TableClient):
            async with kind.from_connection_string(proxy.connection_string, "evidence") as client:
                with pytest.raises(HttpResponseError):
                    await client.submit_transaction(operations)
        ours, theirs = proxy.bodies
    return unmarked(ours), unmarked(theirs)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=st.lists(OPERATION, min_size=1, max_size=4))
def test_a_transaction_is_written_as_the_sdk_writes_it(storage: str, operations: list[Operation]) -> None:
    """Byte for byte, whatever the rows hold, but for boundaries and dates."""
    ours, theirs = asyncio.run(both_bodies(storage, operations))

    assert ours == theirs


async def test_what_is_done_is_kept(rig: Rig) -> None:
    """Every row of it."""
    table = await rig.tables.table("evidence")
    rows = [{"PartitionKey": "quick", "RowKey": str(number), "n": number} for number in range(100)]
    await table.submit_transaction([("upsert", row) for row in rows])
    kept = [row async for row in table.query_entities("PartitionKey eq 'quick'")]

    assert sorted(row["n"] for row in kept) == list(range(100))


async def test_a_refused_transaction_is_told_and_does_nothing(rig: Rig) -> None:
    """With the status that the SDK tells, and in its words."""
    table = await rig.tables.table("evidence")
    await table.upsert_entity({"PartitionKey": "refused", "RowKey": "there"})
    operations = [("create", {"PartitionKey": "refused", "RowKey": key}) for key in ("new", "there")]
    with pytest.raises(TableTransactionError) as refused:
        await table.submit_transaction(operations)
    kept = [row["RowKey"] async for row in table.query_entities("PartitionKey eq 'refused'")]

    assert refused.value.status_code == 409
    assert "The specified entity already exists" in str(refused.value)
    assert kept == ["there"]
