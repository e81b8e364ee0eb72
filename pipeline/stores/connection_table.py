"""Connections in Table Storage: one partition, a row per connection and a claim row per subscription."""

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from pipeline.errors import AlreadyConnected, Conflict, NotFound
from pipeline.ids import is_id
from pipeline.stores.records import ConnectionRecord
from pipeline.stores.tables import CHANGED_MEANWHILE, Operation, TableStorage, pack, starts_with, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARTITION = "connections"
_ROW = "connection|"
_CLAIM = "subscription|"


class ConnectionTable:
    """Fulfils `ConnectionStore`: the claim row makes one connection per subscription hold under any race."""

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    async def create(self, record: ConnectionRecord) -> ConnectionRecord:
        """Keep a new connection and claim its subscription in one transaction.

        Raises:
            AlreadyConnected: the subscription has a connection, perhaps since a moment ago.
        """
        from azure.data.tables import TableTransactionError

        table = await self._tables.table("connections")
        claim = {"PartitionKey": _PARTITION, "RowKey": _claim_key(record), "connection_id": record.id}
        operations: list[Operation] = [("create", claim), ("create", _entity(record))]
        try:
            await table.submit_transaction(operations)
        except TableTransactionError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
            if await self.find(record.id) is None:  # else it is ours: an answer got lost, it was sent twice
                raise await self._already_connected(record.subscription_id) from error
        return await self.get(record.id)

    async def _already_connected(self, subscription_id: str) -> AlreadyConnected | Conflict:
        claimed_by = await self.claimed_by(subscription_id)
        if claimed_by is None:
            return Conflict(f"Subscription {subscription_id} was disconnected a moment ago.")
        return AlreadyConnected(
            f"Subscription {subscription_id} is connected already.",
            advice="Change that connection, or disconnect it first.",
            extra={"connection_id": claimed_by},
        )

    async def claimed_by(self, subscription_id: str) -> str | None:
        """Give the id of the connection that a subscription has, or None."""
        from azure.core.exceptions import ResourceNotFoundError

        table = await self._tables.table("connections")
        try:
            claim = await table.get_entity(_PARTITION, f"{_CLAIM}{subscription_id.lower()}")
        except ResourceNotFoundError:
            return None
        return str(claim["connection_id"])

    async def get(self, connection_id: str) -> ConnectionRecord:
        """Give a connection; raises NotFound, also for a disconnected one."""
        record = await self.find(connection_id)
        if record is None or record.disconnected_at is not None:
            message = f"There is no connection {connection_id[:80]}."
            raise NotFound(message)
        return record

    async def find(self, connection_id: str) -> ConnectionRecord | None:
        """Give a connection even if it was disconnected, or None."""
        from azure.core.exceptions import ResourceNotFoundError

        if not is_id(connection_id):
            return None
        table = await self._tables.table("connections")
        try:
            return _record(await table.get_entity(_PARTITION, f"{_ROW}{connection_id}"))
        except ResourceNotFoundError:
            return None

    async def replace(self, record: ConnectionRecord) -> ConnectionRecord:
        """Replace a connection read before; raises Conflict if it changed or went since."""
        await self._submit(record, [_replace(record)], wanted=record)
        return await self.get(record.id)

    async def page(
        self, *, limit: int, position: str | None, with_disconnected: bool = False
    ) -> tuple[list[ConnectionRecord], str | None]:
        """List newest first from a position (the id of the last connection seen)."""
        table = await self._tables.table("connections")
        query = f"PartitionKey eq '{_PARTITION}' and {starts_with(_ROW)}"
        if position is not None:
            query += f" and RowKey gt '{_ROW}{position}'"
        if not with_disconnected:
            query += " and disconnected eq false"
        records: list[ConnectionRecord] = []
        async for entity in table.query_entities(query, results_per_page=min(limit + 1, 1000)):
            if len(records) == limit:
                return records, records[-1].id
            records.append(_record(entity))
        return records, None

    async def disconnect(self, record: ConnectionRecord, *, at: str) -> None:
        """Free the subscription and keep a tombstone in one transaction."""
        tombstone = msgspec.structs.replace(record, disconnected_at=at)
        claim = {"PartitionKey": _PARTITION, "RowKey": _claim_key(record)}
        await self._submit(record, [("delete", claim), _replace(tombstone)], wanted=tombstone)

    async def purge(self, connection_id: str) -> None:
        """Remove the connection's row; its claim went when it was disconnected."""
        table = await self._tables.table("connections")
        await table.delete_entity(_PARTITION, f"{_ROW}{connection_id}")

    async def _submit(
        self, record: ConnectionRecord, operations: list[Operation], *, wanted: ConnectionRecord
    ) -> None:
        """Write if the record is as it was read; what stands as wanted was ours, sent twice."""
        from azure.data.tables import TableTransactionError

        table = await self._tables.table("connections")
        try:
            await table.submit_transaction(operations)
        except TableTransactionError as error:
            if error.status_code not in CHANGED_MEANWHILE:
                raise
            standing = await self.find(record.id)
            if standing is None or msgspec.structs.replace(standing, etag=wanted.etag) != wanted:
                message = f"Connection {record.id} was changed by somebody else."
                raise Conflict(message) from error


def _claim_key(record: ConnectionRecord) -> str:
    return f"{_CLAIM}{record.subscription_id.lower()}"


def _entity(record: ConnectionRecord) -> dict[str, str | bool | bytes]:
    return {
        "PartitionKey": _PARTITION,
        "RowKey": f"{_ROW}{record.id}",
        "disconnected": record.disconnected_at is not None,
        **pack(msgspec.structs.replace(record, etag="")),
    }


def _replace(record: ConnectionRecord) -> Operation:
    from azure.core import MatchConditions
    from azure.data.tables import UpdateMode

    condition = {"etag": record.etag, "match_condition": MatchConditions.IfNotModified}
    return ("update", _entity(record), {"mode": UpdateMode.REPLACE, **condition})


def _record(entity: "Mapping[str, object]") -> ConnectionRecord:
    record = unpack(entity, ConnectionRecord)
    metadata = getattr(entity, "metadata", {})
    return msgspec.structs.replace(record, etag=str(metadata["etag"]))
