"""Evidence in Table Storage: append-only items in a digest chain, and pointers to the newest of each kind.

Rows of a connection's partition: `head` (what is committed), `item|<place>` (newest first),
`latest|<service>|<kind>` (pointers). A run's items, pointers, head and record commit in one transaction that
also frees the worker's lease: a worker that lost it commits nothing.
https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
"""

from collections.abc import AsyncIterator, Sequence

from pipeline.errors import LeaseLost
from pipeline.ids import item_key
from pipeline.model import EvidenceItem
from pipeline.stores.records import Head, Pointer
from pipeline.stores.tables import (
    CHANGED_MEANWHILE,
    Entity,
    Operation,
    TableStorage,
    pack,
    starts_with,
    unpack,
)

_HEAD = "head"


class EvidenceTable:
    """Read evidence, and commit a run's."""

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    async def head(self, connection_id: str) -> Head:
        """Give where the register stands; an empty head before the first commit."""
        entity = await self._entity(connection_id, _HEAD)
        return Head() if entity is None else unpack(entity, Head)

    async def pointers(self, connection_id: str) -> list[Pointer]:
        """Give the newest state of each evidence kind, by service and kind."""
        table = await self._tables.table("evidence")
        query = f"PartitionKey eq '{connection_id}' and {starts_with('latest|')}"
        return [unpack(row, Pointer) async for row in table.query_entities(query)]

    async def pointer(self, connection_id: str, service: str, kind: str) -> Pointer | None:
        """Give the newest state of one evidence kind; None before the first try."""
        entity = await self._entity(connection_id, _pointer_key(service, kind))
        return None if entity is None else unpack(entity, Pointer)

    async def item(self, connection_id: str, index: int) -> EvidenceItem | None:
        """Give an item by its place in the chain."""
        entity = await self._entity(connection_id, f"item|{item_key(index)}")
        return None if entity is None else unpack(entity, EvidenceItem)

    async def items(
        self, connection_id: str, *, after: int | None = None, where: str = "", page_size: int = 100
    ) -> AsyncIterator[tuple[int, EvidenceItem]]:
        """Stream items newest first, each with its place.

        Args:
            after: place of the last item seen; None to start with the newest.
            where: further OData condition on service, kind, status, collected_at or sync_run_id.
            page_size: how many rows one request asks for.
        """
        table = await self._tables.table("evidence")
        query = f"PartitionKey eq '{connection_id}' and {starts_with('item|')}"
        if after is not None:
            query += f" and RowKey gt 'item|{item_key(after)}'"
        if where:
            query += f" and {where}"
        async for row in table.query_entities(query, results_per_page=page_size):
            yield int(row["place"]), unpack(row, EvidenceItem)

    async def newest_at(self, connection_id: str) -> str | None:
        """Tell when the newest good item was collected; None before the first."""
        table = await self._tables.table("evidence")
        query = f"PartitionKey eq '{connection_id}' and {starts_with('item|')} and status eq 'collected'"
        async for row in table.query_entities(query, select=["collected_at"], results_per_page=1):
            return str(row["collected_at"])
        return None

    async def commit(
        self,
        connection_id: str,
        head: Head,
        *,
        items: Sequence[tuple[int, EvidenceItem]],
        pointers: Sequence[Pointer],
        with_these: Sequence[Operation],
    ) -> None:
        """Make a run visible, whole or not at all.

        Args:
            head: the new head.
            items: new items with their places.
            with_these: the run's record, the clearing of what it staged and the freeing of its lease.

        Raises:
            LeaseLost: another worker took over; nothing was written.
        """
        from azure.data.tables import TableTransactionError, UpdateMode

        replace = {"mode": UpdateMode.REPLACE}
        operations: list[Operation] = [
            ("upsert", {"PartitionKey": connection_id, "RowKey": _HEAD, **pack(head)}, replace),
            *(("create", _item_entity(place, item)) for place, item in items),
            *(("upsert", _pointer_entity(connection_id, pointer), replace) for pointer in pointers),
            *with_these,
        ]
        table = await self._tables.table("evidence")
        try:
            await table.submit_transaction(operations)
        except TableTransactionError as error:
            if error.status_code not in CHANGED_MEANWHILE:
                raise
            if await self.head(connection_id) == head:
                return  # it was ours: an answer got lost, it was sent twice
            message = f"Another worker took connection {connection_id} over."
            raise LeaseLost(message) from error

    async def purge(self, connection_id: str) -> None:
        """Remove everything a connection collected, and the record of its runs."""
        await self._tables.purge("evidence", connection_id)

    async def _entity(self, connection_id: str, key: str) -> Entity | None:
        from azure.core.exceptions import ResourceNotFoundError

        table = await self._tables.table("evidence")
        try:
            return await table.get_entity(connection_id, key)
        except ResourceNotFoundError:
            return None


def _item_entity(place: int, item: EvidenceItem) -> Entity:
    return {
        "PartitionKey": item.connection_id,
        "RowKey": f"item|{item_key(place)}",
        "place": place,
        "service": item.service,
        "kind": item.kind,
        "status": item.status,
        "collected_at": item.collected_at,
        "sync_run_id": item.sync_run_id,
        **pack(item),
    }


def _pointer_key(service: str, kind: str) -> str:
    return f"latest|{service}|{kind}"


def _pointer_entity(connection_id: str, pointer: Pointer) -> Entity:
    key = _pointer_key(pointer.service, pointer.kind)
    return {"PartitionKey": connection_id, "RowKey": key, **pack(pointer)}
