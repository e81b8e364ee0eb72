"""The rows of the floor: how they are written, and what those of further lists say."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence

import msgspec
from azure.data.tables.aio import TableClient

_ROWS_AT_ONCE = 100
_WRITES_IN_FLIGHT = 4

type Row = dict[str, str | int]
type Sample = dict[str, str | int]


class Further(msgspec.Struct, forbid_unknown_fields=True):
    """A list, or one object, that is fetched besides.

    Args:
        url: of its first page, path and query.
        share: how many rows come of each page; what is left of one is added to the next.
    """

    method: str
    url: str
    share: float


class RowWriter:
    """Writes rows in transactions of a hundred, each into a partition of its own, four at one time.

    Args:
        table: where they go.
        name: how partitions begin.
    """

    def __init__(self, table: TableClient, name: str) -> None:
        self._table = table
        self._name = name
        self._batch: list[Row] = []
        self._free = asyncio.Semaphore(_WRITES_IN_FLIGHT)
        self._writes: list[asyncio.Task[None]] = []
        self.number = 0

    async def keep(self, row: Row) -> None:
        """Take one row; waits while too many transactions are under way."""
        row["PartitionKey"] = f"{self._name[:20]}{self.number // _ROWS_AT_ONCE:09d}"
        self.number += 1
        self._batch.append(row)
        if len(self._batch) == _ROWS_AT_ONCE:
            await self._write()

    async def finish(self) -> None:
        """Write what is left, and wait until all is written."""
        if self._batch:
            await self._write()
        await asyncio.gather(*self._writes)

    async def _write(self) -> None:
        batch, self._batch = self._batch, []
        await self._free.acquire()
        self._writes.append(asyncio.create_task(self._submit(batch)))

    async def _submit(self, batch: list[Row]) -> None:
        try:
            await self._table.submit_transaction([("create", row) for row in batch])
        finally:
            self._free.release()


def further_rows(ids: Sequence[str], further: Further, page: int, samples: Sequence[Sample]) -> Iterator[Row]:
    """Give the rows that come of a page: a sample's columns, with a key and a resource of their own.

    Args:
        ids: of the resources on the page.
        page: its number, from 0.
        samples: what such rows say, one after the other.
    """
    first, end = round(page * further.share), round((page + 1) * further.share)
    for number in range(first, end):
        resource = ids[(number - first) % len(ids)] if ids else further.url
        named = hashlib.sha256(f"{further.url}{resource}{number}".encode()).hexdigest()[:32]
        sample = samples[number % len(samples)]
        yield {**sample, "RowKey": f"9999999998|{named}", "resource_key": resource.lower()}
