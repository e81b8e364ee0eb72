"""Leases: one worker per connection, held by a row's ETag and renewed while it works."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import NamedTuple

from pipeline.errors import LeaseLost
from pipeline.stores.tables import Operation, TableStorage
from pipeline.times import Clock, from_rfc3339, rfc3339

_ROW = "lease"
_FREE = ""
_WRITING_SHARE = 0.9
"""Of a lease's time. What is sent at its end has the rest to arrive, before another worker may sweep."""


class Lease:
    """The right to work on one connection, for as long as it is renewed.

    Args:
        until_s: the monotonic second after which nothing more may be written.
    """

    def __init__(self, connection_id: str, owner: str, etag: str, until_s: float) -> None:
        self.connection_id = connection_id
        self.owner = owner
        self.etag = etag
        self.until_s = until_s
        self.renewing = asyncio.Lock()

    def ensure(self) -> None:
        """Stop a worker that may no longer write; raises LeaseLost."""
        if time.monotonic() >= self.until_s:
            message = f"The lease of connection {self.connection_id} ran out; another worker may hold it."
            raise LeaseLost(message)

    def release(self) -> Operation:
        """Give the operation that frees the lease if it is still ours; to commit with what it protected."""
        from azure.core import MatchConditions
        from azure.data.tables import UpdateMode

        condition = {"etag": self.etag, "match_condition": MatchConditions.IfNotModified}
        entity = _entity(self.connection_id, _FREE, _FREE)
        return "update", entity, {"mode": UpdateMode.REPLACE, **condition}


class LeaseTable:
    """Leases beside the evidence they protect, so that a commit can demand that its own still holds.

    Args:
        duration_s: how long a lease lasts without renewal; a third of it is the renewal interval.
    """

    def __init__(self, tables: TableStorage, clock: Clock, duration_s: float) -> None:
        self._tables = tables
        self._clock = clock
        self._duration_s = duration_s

    @contextlib.asynccontextmanager
    async def hold(self, connection_id: str) -> AsyncIterator[Lease | None]:
        """Hold the connection's lease, renewed, while the block runs; gives None if another worker has it."""
        lease = await self._acquire(connection_id)
        if lease is None:
            yield None
            return
        keeper = asyncio.create_task(self._keep(lease))
        try:
            yield lease
        finally:
            keeper.cancel()
            await asyncio.wait([keeper])
            await self._free(lease)

    async def held_until(self, connection_id: str) -> datetime | None:
        """Tell until when a worker holds the connection; None if none does."""
        row = await self._row(connection_id)
        return None if row is None else row.held_until(self._clock())

    async def _acquire(self, connection_id: str) -> Lease | None:
        from azure.core.exceptions import ResourceExistsError, ResourceModifiedError

        row = await self._row(connection_id)
        if row is not None and row.held_until(self._clock()) is not None:
            return None
        owner, until_s = secrets.token_hex(8), self._until_s()
        try:
            etag = await self._take(connection_id, owner, row)
        except (ResourceExistsError, ResourceModifiedError):
            return None
        return Lease(connection_id, owner, etag, until_s)

    async def _take(self, connection_id: str, owner: str, free: "_Row | None") -> str:
        """Take the very row that was seen free: whoever was faster changed its ETag."""
        if free is not None:
            return await self._write(connection_id, owner, free.etag)
        table = await self._tables.table("evidence")
        return str((await table.create_entity(_entity(connection_id, owner, self._until())))["etag"])

    async def _keep(self, lease: Lease) -> None:
        from azure.core.exceptions import AzureError, ResourceModifiedError, ResourceNotFoundError

        while True:
            await asyncio.sleep(self._duration_s / 3)
            # A storage hiccup is tried again at the next turn; until_s decides, not the number of failures.
            with contextlib.suppress(AzureError):
                try:
                    await self._renew(lease)
                except (ResourceModifiedError, ResourceNotFoundError):
                    if not await self._take_up(lease):
                        lease.until_s = 0
                        return

    async def _renew(self, lease: Lease) -> None:
        async with lease.renewing:
            until_s = self._until_s()
            lease.etag = await self._write(lease.connection_id, lease.owner, lease.etag)
            lease.until_s = until_s

    async def _take_up(self, lease: Lease) -> bool:
        """Take up the row's ETag if it is still ours: a renewal whose answer was lost was sent twice."""
        async with lease.renewing:
            row = await self._row(lease.connection_id)
            if row is None or row.owner != lease.owner:
                return False
            lease.etag = row.etag
            return True

    async def _free(self, lease: Lease) -> None:
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        row = await self._row(lease.connection_id)
        if row is not None and row.owner == lease.owner:
            with contextlib.suppress(ResourceModifiedError, ResourceNotFoundError):
                await self._update(lease.connection_id, _FREE, _FREE, row.etag)

    async def _write(self, connection_id: str, owner: str, etag: str) -> str:
        return await self._update(connection_id, owner, self._until(), etag)

    async def _update(self, connection_id: str, owner: str, until: str, etag: str) -> str:
        from azure.core import MatchConditions
        from azure.data.tables import UpdateMode

        table = await self._tables.table("evidence")
        written = await table.update_entity(
            _entity(connection_id, owner, until),
            mode=UpdateMode.REPLACE,
            etag=etag,
            match_condition=MatchConditions.IfNotModified,
        )
        return str(written["etag"])

    async def _row(self, connection_id: str) -> "_Row | None":
        from azure.core.exceptions import ResourceNotFoundError

        table = await self._tables.table("evidence")
        try:
            row = await table.get_entity(connection_id, _ROW)
        except ResourceNotFoundError:
            return None
        return _Row(str(row["owner"]), str(row["until"]), str(row.metadata["etag"]))

    def _until_s(self) -> float:
        return time.monotonic() + self._duration_s * _WRITING_SHARE

    def _until(self) -> str:
        return rfc3339(self._clock() + timedelta(seconds=self._duration_s))


class _Row(NamedTuple):
    owner: str
    until: str
    etag: str

    def held_until(self, now: datetime) -> datetime | None:
        until = from_rfc3339(self.until) if self.until else now
        return until if until > now else None


def _entity(connection_id: str, owner: str, until: str) -> dict[str, str]:
    return {"PartitionKey": connection_id, "RowKey": _ROW, "owner": owner, "until": until}
