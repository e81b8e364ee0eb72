"""Table Storage: one client per process, tables made on first use, and how a document fits into an entity.

Limits: an entity holds 1 MiB and 252 properties, a string property 32,768 characters (UTF-16, 64 KiB);
a transaction 100 operations and 4 MiB, in one partition.
https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
"""

import asyncio
import contextlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from itertools import groupby
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING

import msgspec

from collectors.errors import ConnectorError
from pipeline.configuration.values import StorageTarget
from pipeline.stores.migrations import MIGRATIONS
from pipeline.stores.schema import Schemas, TableName
from pipeline.stores.transport import storage_transport
from pipeline.times import Clock, utc_now

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.data.tables.aio import TableClient

type Entity = dict[str, str | int | bytes]
type Operation = tuple[str, Mapping[str, object]] | tuple[str, Mapping[str, object], Mapping[str, object]]

CHANGED_MEANWHILE = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}
"""Gone, there already, another ETag: what a write meets that somebody else was faster than."""
TRANSACTION_OPERATIONS = 100
TRANSACTION_BYTES = 3_500_000
_CHUNK_CHARACTERS = 16_000
"""One character may be two UTF-16 units, of which a property holds 32,768."""
_PLAIN_CHARACTERS = 80_000
_CHUNK_BYTES = 65_536
_MOST_BYTES = 11 * _CHUNK_BYTES
"""Both well under 1 MiB also as the emulator counts: in escaped characters and base64."""
_BYTES_PER_OPERATION = 1_200


class DocumentTooLarge(ConnectorError):
    """A document does not fit into an entity, not even compressed."""

    code = "document_too_large"


class TableStorage:
    """The tables of this app.

    Args:
        target: the table service, by connection string or by address.
        identity: gives the app's own identity, for an address.
        clock: the present.
    """

    def __init__(
        self,
        target: StorageTarget,
        identity: "Callable[[], AsyncTokenCredential]",
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._target = target
        self._identity = identity
        self._opened: dict[TableName, TableClient] = {}
        self._ready: dict[TableName, asyncio.Task[TableClient]] = {}
        self._schemas = Schemas(self, MIGRATIONS, clock=clock)

    async def table(self, name: TableName) -> "TableClient":
        """Give the client of a table that surely exists, in the layout of this app.

        Raises:
            SchemaTooNew: a newer version of the app wrote it; nothing was changed.
            TablesBeingMigrated: it is being brought forward, and cannot be used yet.
        """
        if name not in self._ready or _failed(self._ready[name]):
            self._ready[name] = asyncio.create_task(self._create(name))
        return await asyncio.shield(self._ready[name])

    async def probe(self) -> None:
        """Use the tables in the cheapest way that proves them usable; raises what they answer."""
        table = await self.table("connections")
        async for _ in table.query_entities("PartitionKey eq 'probe'", results_per_page=1):
            break

    async def purge(self, name: TableName, partition: str) -> None:
        """Remove every row of a partition."""
        await self.remove(name, f"PartitionKey eq '{partition}'")

    async def remove(self, name: TableName, where: str) -> None:
        """Remove every row that fulfils an OData condition, of however many partitions."""
        table = await self.table(name)
        keys = ["PartitionKey", "RowKey"]
        query = table.query_entities(where, select=keys)
        rows: list[Operation] = [("delete", {key: row[key] for key in keys}) async for row in query]
        for operations in chunks_of(rows):
            await table.submit_transaction(operations)

    async def close(self) -> None:
        """Close every connection."""
        await self._schemas.close()
        for client in self._opened.values():
            await client.close()
        self._opened.clear()
        self._ready.clear()

    async def _create(self, name: TableName) -> "TableClient":
        from azure.core.exceptions import ResourceExistsError

        client = self._client(name)
        with contextlib.suppress(ResourceExistsError):
            await client.create_table()
        await self._schemas.admit(name, client)
        return client

    def _client(self, name: TableName) -> "TableClient":
        if name not in self._opened:
            from pipeline.stores.table_client import QuickTableClient

            if self._target.uri is None:
                self._opened[name] = QuickTableClient.from_connection_string(
                    self._target.connection_string or "", name, transport=storage_transport()
                )
            else:
                self._opened[name] = QuickTableClient(
                    self._target.uri, name, credential=self._identity(), transport=storage_transport()
                )
        return self._opened[name]


def _failed(task: "asyncio.Task[TableClient]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def pack(document: msgspec.Struct | Mapping[str, object]) -> dict[str, str | bytes]:
    """Write a document as JSON into properties `body`, `body1`, ... none longer than a property may be.

    A long one is compressed into `zipped`, `zipped1`, ...; raises DocumentTooLarge if that is too long too.
    """
    encoded = msgspec.json.encode(document)
    text = encoded.decode()
    if len(text) <= _PLAIN_CHARACTERS:
        chunks = (text[at : at + _CHUNK_CHARACTERS] for at in range(0, len(text), _CHUNK_CHARACTERS))
        return {_numbered("body", number): chunk for number, chunk in enumerate(chunks)}
    zipped = zlib.compress(encoded)
    if len(zipped) > _MOST_BYTES:
        message = f"A document of {len(encoded)} bytes does not fit into a row of Table Storage."
        raise DocumentTooLarge(message)
    parts = (zipped[at : at + _CHUNK_BYTES] for at in range(0, len(zipped), _CHUNK_BYTES))
    return {_numbered("zipped", number): part for number, part in enumerate(parts)}


def unpack[T](entity: Mapping[str, object], of: type[T]) -> T:
    """Read what `pack` wrote."""
    zipped = b"".join(part for part in _properties(entity, "zipped") if isinstance(part, bytes))
    if zipped:
        return msgspec.json.decode(zlib.decompress(zipped), type=of)
    return msgspec.json.decode("".join(map(str, _properties(entity, "body"))), type=of)


def _properties(entity: Mapping[str, object], name: str) -> list[object]:
    values: list[object] = []
    while (value := entity.get(_numbered(name, len(values)))) is not None:
        values.append(value)
    return values


def _numbered(name: str, number: int) -> str:
    return f"{name}{number or ''}"


def operation_bytes(entity: Mapping[str, object]) -> int:
    """Estimate, not below the truth, what an operation adds to a transaction's body."""
    size = _BYTES_PER_OPERATION
    for value in entity.values():
        if isinstance(value, str):
            size += len(encode_basestring_ascii(value))
        elif isinstance(value, bytes):
            size += 2 * len(value)
    return size


def partition_of(operation: Operation) -> str:
    """Give the partition that an operation writes to."""
    return str(operation[1]["PartitionKey"])


class Batch:
    """Operations of one partition that will be one transaction."""

    __slots__ = ("operations", "size")

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.size = 0

    @property
    def full(self) -> bool:
        """Whether it has as many operations as a transaction may have."""
        return len(self.operations) >= TRANSACTION_OPERATIONS

    def has_room(self, size: int) -> bool:
        """Tell whether it is within Azure's limits with one more operation of so many bytes."""
        return not self.full and self.size + size <= TRANSACTION_BYTES

    def add(self, operation: Operation, size: int) -> None:
        """Take one more operation."""
        self.operations.append(operation)
        self.size += size


def chunks_of(operations: Iterable[Operation]) -> Iterable[list[Operation]]:
    """Cut operations, in order, into transactions: of one partition each, by count and bytes."""
    for _, of_partition in groupby(operations, partition_of):
        batch = Batch()
        for operation in of_partition:
            size = operation_bytes(operation[1])
            if not batch.has_room(size):
                yield batch.operations
                batch = Batch()
            batch.add(operation, size)
        yield batch.operations


def starts_with(prefix: str) -> str:
    """Filter on row keys that start with a prefix ending in `|`."""
    return f"RowKey ge '{prefix}' and RowKey lt '{prefix[:-1]}}}'"
