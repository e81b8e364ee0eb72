"""Interval changes on their way out: full transactions, one partition each, a few at the same time."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from pipeline.stores.tables import Batch, Operation, operation_bytes, partition_of

_WRITES_IN_FLIGHT = 4
_LANDING_S = 10
_MOST_WAITING = 24_000_000
"""Bytes held at most while they wait for more of their partition: about 10,000 rows."""


class FindingWriter(Protocol):
    """Where interval changes go."""

    async def submit(self, operations: list[Operation]) -> None:
        """Write one transaction."""
        ...


class FindingOutbox:
    """Gather operations by partition and write them; in which order does not matter before the commit.

    Args:
        writer: where transactions go.
        may_write: called before each transaction; raises once this worker must stop.
    """

    def __init__(self, writer: FindingWriter, may_write: Callable[[], None]) -> None:
        self._writer = writer
        self._may_write = may_write
        self._waiting: dict[str, Batch] = {}
        self._waiting_bytes = 0
        self._writes: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    async def add(self, operation: Operation) -> None:
        """Take one operation; waits while too many writes are under way."""
        async with self._turn:  # several kinds of resources may be read, and so emitted, at one time
            partition, size = partition_of(operation), operation_bytes(operation[1])
            batch = self._waiting.get(partition)
            if batch is not None and not batch.has_room(size):
                await self._send(partition)
                batch = None
            if batch is None:
                batch = self._waiting[partition] = Batch()
            batch.add(operation, size)
            self._waiting_bytes += size
            if batch.full:
                await self._send(partition)
            while self._waiting_bytes > _MOST_WAITING:
                await self._send(max(self._waiting, key=lambda one: self._waiting[one].size))

    async def flush(self) -> None:
        """Write all that waits, and wait until it is written."""
        while self._waiting:
            await self._send(next(iter(self._waiting)))
        while self._writes:
            await self._settle(asyncio.ALL_COMPLETED)

    async def abandon(self) -> None:
        """Write nothing more; what is on its way is given time to arrive.

        A write that is cancelled may still land, after the sweep that follows.
        """
        if self._writes:
            _, late = await asyncio.wait(self._writes, timeout=_LANDING_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._writes, return_exceptions=True)
        self._writes.clear()

    async def _send(self, partition: str) -> None:
        if len(self._writes) >= _WRITES_IN_FLIGHT:
            await self._settle(asyncio.FIRST_COMPLETED)
        self._may_write()
        batch = self._waiting.pop(partition)
        self._waiting_bytes -= batch.size
        self._writes.add(asyncio.create_task(self._writer.submit(batch.operations)))

    async def _settle(self, return_when: str) -> None:
        done, self._writes = await asyncio.wait(self._writes, return_when=return_when)
        failures = [error for task in done if (error := task.exception()) is not None]
        if failures:
            raise failures[0]
