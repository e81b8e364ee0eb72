"""Lists over connections: one after the other, newest first, from a position, never more than looked for.

A position is `<connection id>|<row>`; a page may hold fewer rows than asked for and still have a next one,
when many rows had to be looked at.
"""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from pipeline.model import Page
from pipeline.stores.protocols import ConnectionStore
from pipeline.stores.records import ConnectionRecord

SCAN_BUDGET = 5_000
"""Rows looked at for one page before it is given short: keeps every answer well under a second or two."""

type Placed[T] = tuple[str, T | None]
"""A row's position within its connection, and the row; None for one that a filter left out."""


class AsksConnections(Protocol):
    """A query about one connection, those of a subscription, or all."""

    @property
    def limit(self) -> int:
        """How many rows at most."""
        ...

    @property
    def position(self) -> str | None:
        """Where to go on."""
        ...

    @property
    def connection_id(self) -> str | None:
        """The one connection asked about."""
        ...

    @property
    def subscription_id(self) -> str | None:
        """The one subscription asked about."""
        ...


class ConnectionWalk:
    """Goes through connections, disconnected ones whose evidence was kept included."""

    def __init__(self, connections: ConnectionStore) -> None:
        self._connections = connections

    async def page[T](
        self,
        query: AsksConnections,
        rows: Callable[[ConnectionRecord, str | None], AsyncIterator[Placed[T]]],
    ) -> Page[T]:
        """Fill a page, connection after connection, from the query's position."""
        found: list[T] = []
        seen = 0
        last: str | None = query.position
        async for record, after in self._asked(query):
            async for position, row in rows(record, after):
                if len(found) == query.limit or seen == SCAN_BUDGET:
                    return Page(items=tuple(found), next_cursor=last)
                last, seen = f"{record.id}|{position}", seen + 1
                if row is not None:
                    found.append(row)
        return Page(items=tuple(found), next_cursor=None)

    async def _asked(self, query: AsksConnections) -> AsyncIterator[tuple[ConnectionRecord, str | None]]:
        """Give the connections a query is about, each with the row to go on after."""
        begun, _, after = (query.position or "").partition("|")
        subscription_id = None if query.subscription_id is None else query.subscription_id.lower()
        if query.connection_id is not None:
            records = _one(await self.found(query.connection_id))
        else:
            records = self.records(begun or None)
        async for record in records:
            if subscription_id in {None, record.subscription_id.lower()}:
                yield record, after if record.id == begun else None

    async def records(self, begun: str | None = None) -> AsyncIterator[ConnectionRecord]:
        """Give connections newest first, or a begun one and those after it."""
        if begun is not None and (record := await self._connections.find(begun)) is not None:
            yield record
        position = begun
        while True:
            records, position = await self._connections.page(
                limit=200, position=position, with_disconnected=True
            )
            for record in records:
                yield record
            if position is None:
                return

    async def found(self, connection_id: str) -> ConnectionRecord:
        """Give a connection, also a disconnected one; raises NotFound."""
        record = await self._connections.find(connection_id)
        return record if record is not None else await self._connections.get(connection_id)


async def _one(record: ConnectionRecord) -> AsyncIterator[ConnectionRecord]:
    yield record
