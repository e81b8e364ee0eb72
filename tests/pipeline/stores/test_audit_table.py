"""The audit log in its table: inserted once, joined when read, newest first."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import msgspec
import pytest
from azure.core.exceptions import AzureError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audit import Actor, AuditEntry, Ending, Origin, Target, result_of
from pipeline.ids import new_audit_id
from pipeline.requests import AuditAction, AuditQuery
from pipeline.stores.audit_table import AuditTable
from pipeline.times import rfc3339
from tests.pipeline.faulty_storage import faulty
from tests.pipeline.sync_rig import NOON, Rig, rigged

DONE = Ending(result=result_of(201), connection_ids=("c1", "c2"))


def entry(at: datetime = NOON, action: AuditAction = "connect", **target: tuple[str, ...]) -> AuditEntry:
    """Describe an attempt."""
    return AuditEntry(
        id=new_audit_id(at),
        at=rfc3339(at),
        action=action,
        actor=Actor(kind="key"),
        origin=Origin(),
        target=msgspec.convert(target, Target),
        fields=(),
        correlation_id="x",
    )


@pytest.fixture
async def table(rig: Rig) -> AsyncIterator[AuditTable]:
    """An empty log."""
    await rig.tables.remove("audit", "PartitionKey ge ''")
    yield AuditTable(rig.tables)
    await rig.tables.remove("audit", "PartitionKey ge ''")


async def listed(table: AuditTable, **asked: object) -> list[AuditEntry]:
    """Read the log."""
    query = msgspec.convert(asked, AuditQuery)
    return [one async for one in table.entries(query, page_size=3)]


async def ids(table: AuditTable, **asked: object) -> list[str]:
    """Read the ids of the log."""
    return [one.id for one in await listed(table, **asked)]


async def test_an_attempt_without_an_end_is_unknown(table: AuditTable) -> None:
    """It is listed from the moment it began."""
    begun = entry()
    await table.start(begun)

    assert await listed(table) == [begun]
    assert begun.result.outcome == "unknown"


async def test_an_attempt_is_joined_with_its_end(table: AuditTable) -> None:
    """One entry of two rows; the connections that the answer named are added to those of the request."""
    begun = entry(connection_ids=("c1",))
    await table.start(begun)
    await table.finish(begun, DONE)

    [read] = await listed(table)
    assert read.target.connection_ids == ("c1", "c2")
    assert read.result == DONE.result


async def test_whose_access_it_is_comes_with_the_end(table: AuditTable) -> None:
    """The principal, and its tenant where the request did not tell it."""
    told, untold = msgspec.structs.replace(entry(), target=Target(tenant_id="t1")), entry()
    for begun in (told, untold):
        await table.start(begun)
        await table.finish(begun, msgspec.structs.replace(DONE, tenant_id="t2", principal_id="p"))

    found = {read.id: (read.target.tenant_id, read.target.principal_id) for read in await listed(table)}
    assert found == {told.id: ("t1", "p"), untold.id: ("t2", "p")}


async def test_a_refusal_is_one_write(table: AuditTable) -> None:
    """Both rows are there or neither."""
    await table.record(entry(), DONE)

    [read] = await listed(table)
    assert read.result == DONE.result


async def test_nothing_is_ever_replaced(table: AuditTable) -> None:
    """A second end of the same attempt does not change the first, nor does a second beginning."""
    begun = entry()
    await table.start(begun)
    await table.finish(begun, DONE)

    await table.finish(begun, Ending(result=result_of(500)))
    await table.start(msgspec.structs.replace(begun, action="purge"))

    [read] = await listed(table)
    assert (read.action, read.result.status) == ("connect", 201)


async def test_the_newest_is_first_over_all_partitions(table: AuditTable) -> None:
    """Days apart, entries lie in different partitions and are one list."""
    written = [entry(NOON + timedelta(days=day)) for day in (0, 7, 14, 30, 400)]
    for one in written:
        await table.record(one, DONE)

    newest_first = [one.id for one in reversed(written)]
    assert await ids(table) == newest_first
    assert len({one[:4] for one in newest_first}) > 2


async def test_a_position_is_gone_on_after(table: AuditTable) -> None:
    """Each entry comes once, also across partitions and where an end is missing."""
    written = [entry(NOON - timedelta(days=4 * day)) for day in range(9)]
    for number, one in enumerate(written):
        await (table.record(one, DONE) if number % 2 else table.start(one))

    for number, one in enumerate(written):
        assert await ids(table, position=one.id) == [older.id for older in written[number + 1 :]]


async def test_an_action_is_asked_for(table: AuditTable) -> None:
    """With how it ended."""
    await table.record(entry(action="connect"), DONE)
    await table.record(entry(action="purge"), Ending(result=result_of(204)))

    [read] = await listed(table, action="purge")
    assert (read.action, read.result.status) == ("purge", 204)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"from": rfc3339(NOON)}, [3, 2, 1]),
        ({"to": rfc3339(NOON)}, [0]),
        ({"from": rfc3339(NOON), "to": rfc3339(NOON + timedelta(days=20))}, [2, 1]),
        ({"from": "1583-01-01T00:00:00.000000Z"}, [3, 2, 1, 0]),
        ({"to": "9999-12-31T23:59:59.999999Z"}, [3, 2, 1, 0]),
        ({"to": "1583-01-01T00:00:00.000000Z"}, []),
        ({"from": "9999-12-31T23:59:59.999999Z"}, []),
    ],
)
async def test_times_are_asked_for(table: AuditTable, asked: dict[str, str], found: list[int]) -> None:
    """From a time on, and before a time, to the microsecond."""
    just_before = NOON - timedelta(microseconds=1)
    times = [just_before, NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=20)]
    written = [entry(at) for at in times]
    for one in written:
        await table.record(one, DONE)

    read = await ids(table, **asked)
    assert sorted(read) == sorted(written[number].id for number in found)


async def test_an_answer_that_got_lost_is_no_error(table: AuditTable, storage: str) -> None:
    """The client sends the row again, and finds it there."""
    begun = entry()
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as other:
        struck = AuditTable(other.tables)
        await other.tables.table("audit")
        proxy.strike("answer lost", 1)
        await struck.start(begun)

    assert await listed(table) == [begun]


async def test_a_row_that_is_not_written_is_an_error(table: AuditTable, storage: str) -> None:
    """So that the change is not made."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as other:
        struck = AuditTable(other.tables)
        await other.tables.table("audit")
        proxy.strike("dies before", 1)
        with pytest.raises(AzureError):
            await struck.start(entry())

    assert await listed(table) == []


@given(st.integers(0, 10**13 - 2), st.integers(1, 10**12))
def test_later_ids_sort_first(ms: int, later_by: int) -> None:
    """Whatever their partition, which is how each begins."""
    epoch = NOON.replace(year=1970, month=1, day=1, hour=0)
    last = 10**13 - 1
    earlier, later = (epoch + timedelta(milliseconds=one) for one in (ms, min(ms + later_by, last)))

    assert new_audit_id(later) < new_audit_id(earlier)
