"""The audit log in Table Storage: two rows an entry, inserted and never replaced.

An id begins with its time, newest first, so key order over all partitions is the order of the log. A
partition holds the ids that share their first four characters: 10^9 milliseconds, eleven and a half days, so
that none grows for ever.
https://learn.microsoft.com/azure/storage/tables/table-storage-design-patterns (log tail pattern)
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec

from pipeline.audit import AuditEntry, Ending
from pipeline.ids import newest_first
from pipeline.requests import AuditQuery
from pipeline.stores.tables import Operation, TableStorage, pack, unpack
from pipeline.times import from_rfc3339

_PARTITION_CHARACTERS = 4
_STARTED = "2|started"
_ENDED = "1|ended"
_ENTRIES = "PartitionKey lt ':'"
"""Ids begin with digits; beyond them lies the row that tells the table's layout."""
_AFTER_ALL = "~"
"""Sorts after every character of an id and after `|`."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2286, 1, 1, tzinfo=UTC)
"""What an id can tell; nothing was recorded before, and nobody asks after."""


class AuditTable:
    """Fulfils `AuditStore`."""

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    async def start(self, entry: AuditEntry) -> None:
        """Insert the row of an attempt."""
        await self._insert([_started(entry)])

    async def finish(self, entry: AuditEntry, ending: Ending) -> None:
        """Insert the row of its end."""
        await self._insert([_ended(entry, ending)])

    async def record(self, entry: AuditEntry, ending: Ending) -> None:
        """Insert both in one transaction."""
        await self._insert([_ended(entry, ending), _started(entry)])

    async def entries(self, query: AuditQuery, *, page_size: int) -> AsyncIterator[AuditEntry]:
        """Stream joined entries newest first, from the query's position, of its times and its action.

        Args:
            page_size: how many rows one request asks for.
        """
        table = await self._tables.table("audit")
        ending: tuple[str, Ending] | None = None
        async for row in table.query_entities(_condition(query), results_per_page=page_size):
            audit_id, _, kind = str(row["RowKey"]).partition("|")
            if kind == _ENDED:
                ending = (audit_id, unpack(row, Ending))
                continue
            entry = unpack(row, AuditEntry)
            if ending is not None and ending[0] == audit_id:
                entry = _joined(entry, ending[1])
            if _within(entry.at, query):
                yield entry

    async def _insert(self, entities: list[Mapping[str, object]]) -> None:
        """Insert rows of one partition; what is there already is ours, sent twice: an answer got lost."""
        from azure.data.tables import TableTransactionError

        table = await self._tables.table("audit")
        operations: list[Operation] = [("create", entity) for entity in entities]
        try:
            await table.submit_transaction(operations)
        except TableTransactionError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
            await table.get_entity(str(entities[0]["PartitionKey"]), str(entities[0]["RowKey"]))


def _condition(query: AuditQuery) -> str:
    """Write the OData condition; partitions are the beginnings of row keys, so both are in one order."""
    conditions = [_ENTRIES]
    if query.position is not None:
        conditions.append(_from_key("ge", f"{query.position}{_AFTER_ALL}"))
    elif query.to is not None:
        conditions.append(_from_key("ge", _newest_first(query.to)))
    if query.since is not None:
        # Ids hold whole milliseconds: the one that `since` falls into is still to be looked at.
        conditions.append(_from_key("le", f"{_newest_first(query.since)}{_AFTER_ALL}"))
    if query.action is not None:
        conditions.append(f"action eq '{query.action}'")
    return " and ".join(conditions)


def _from_key(compared: str, key: str) -> str:
    return f"PartitionKey {compared} '{key[:_PARTITION_CHARACTERS]}' and RowKey {compared} '{key}'"


def _newest_first(at: str) -> str:
    return newest_first(min(max(from_rfc3339(at), _FIRST), _LAST))


def _within(at: str, query: AuditQuery) -> bool:
    return (query.since is None or at >= query.since) and (query.to is None or at < query.to)


def _joined(entry: AuditEntry, ending: Ending) -> AuditEntry:
    known = dict.fromkeys((*entry.target.connection_ids, *ending.connection_ids))
    target = msgspec.structs.replace(
        entry.target,
        connection_ids=tuple(known),
        tenant_id=entry.target.tenant_id or ending.tenant_id,
        principal_id=entry.target.principal_id or ending.principal_id,
    )
    return msgspec.structs.replace(entry, target=target, result=ending.result)


def _started(entry: AuditEntry) -> Mapping[str, object]:
    return _entity(entry, _STARTED, entry)


def _ended(entry: AuditEntry, ending: Ending) -> Mapping[str, object]:
    return _entity(entry, _ENDED, ending)


def _entity(entry: AuditEntry, kind: str, document: msgspec.Struct) -> Mapping[str, object]:
    keys = {"PartitionKey": entry.id[:_PARTITION_CHARACTERS], "RowKey": f"{entry.id}|{kind}"}
    return {**keys, "action": entry.action, **pack(document)}
