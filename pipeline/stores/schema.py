"""Which layout a table has: one row in the table says so, and older tables are brought forward at first use.

Every table has a row `schema`|`schema` with the version of its layout, written before anything else. A table
with rows and without that one is older than the row itself: version 1. Before a process uses a table it
compares: equal, it goes on; older, the table is brought forward, by one process at a time, which holds the
row by its ETag and keeps in it how far it is; newer, the table is not touched at all.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from pipeline.errors import SchemaTooNew, TablesBeingMigrated
from pipeline.event_log import log
from pipeline.events import TableMigrated
from pipeline.times import Clock, from_rfc3339, rfc3339

if TYPE_CHECKING:
    from azure.data.tables.aio import TableClient

type TableName = Literal["connections", "evidence", "findings", "audit", "attempts"]

VERSIONS: Mapping[TableName, int] = {
    "connections": 1,
    "evidence": 2,
    "findings": 2,
    "audit": 1,
    "attempts": 1,
}
"""The layouts that this version of the app reads and writes."""
_KEY = "schema"
_NOBODY = ""


class Tables(Protocol):
    """The other tables, for a migration."""

    async def table(self, name: TableName) -> "TableClient":
        """Give the client of a table."""
        ...


class Progress(Protocol):
    """How far a migration is."""

    @property
    def position(self) -> str:
        """What was reached before; "" at the beginning."""
        ...

    async def reached(self, position: str) -> None:
        """Note that all up to a position is done; raises TablesBeingMigrated if another process took over."""
        ...


type Migration = Callable[["TableClient", Tables, Progress], Awaitable[None]]
"""Brings the table it is given from one version to the next. It may break off anywhere, and is run again from
the position that it noted last."""


class SchemaRow(msgspec.Struct, frozen=True, kw_only=True):
    """A table's row about itself.

    Args:
        version: of the layout that all of the table has.
        owner: who brings it forward, until when; "" for nobody.
        position: how far that is.
        etag: of the row as read.
    """

    version: int
    owner: str = _NOBODY
    until: str = ""
    position: str = ""
    etag: str = ""


class Schemas:
    """Lets tables be used that have the layouts of this app, and brings older ones there.

    Args:
        tables: the tables, for migrations.
        migrations: by table and the version each starts from.
        versions: the layouts of this app.
        clock: the present.
        patience_s: how long a caller waits for a migration, which goes on without it.
        lease_s: seconds for which a process that died keeps others from going on.
    """

    def __init__(
        self,
        tables: Tables,
        migrations: Mapping[tuple[TableName, int], Migration],
        *,
        versions: Mapping[TableName, int] = VERSIONS,
        clock: Clock,
        patience_s: float = 20.0,
        lease_s: float = 60.0,
    ) -> None:
        self._tables = tables
        self._migrations = migrations
        self._versions = versions
        self._clock = clock
        self._patience_s = patience_s
        self._lease_s = lease_s
        self._owner = secrets.token_hex(8)
        self._under_way: dict[TableName, asyncio.Task[None]] = {}

    async def admit(self, name: TableName, client: "TableClient") -> None:
        """Let a table be used.

        Raises:
            SchemaTooNew: a newer version of the app wrote it; nothing was changed.
            TablesBeingMigrated: it is being brought forward, which takes longer than a caller waits.
        """
        wanted = self._versions[name]
        if (await self._known(name, client)).version == wanted:
            return
        if name not in self._under_way or self._under_way[name].done():
            self._under_way[name] = asyncio.create_task(self._bring_forward(name, client))
        task = self._under_way[name]
        await asyncio.wait({task}, timeout=self._patience_s)
        if not task.done():
            raise TablesBeingMigrated(f"The table {name} is being brought to the layout of version {wanted}.")
        task.result()

    async def close(self) -> None:
        """Stop what is under way; another process goes on where this one was."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        self._under_way.clear()

    async def _known(self, name: TableName, client: "TableClient") -> SchemaRow:
        """Give the row, which a table without one gets now; raises SchemaTooNew."""
        from azure.core.exceptions import ResourceExistsError

        row = await read_schema(client)
        if row is None:
            first = SchemaRow(version=1 if await _has_rows(client) else self._versions[name])
            with contextlib.suppress(ResourceExistsError):  # another was faster, or an answer got lost
                await client.create_entity(_entity(first))
            row = await read_schema(client) or first
        if row.version > self._versions[name]:
            raise SchemaTooNew(
                f"The table {name} has the layout of version {row.version}; this version of the app knows "
                f"{self._versions[name]} at most."
            )
        return row

    async def _bring_forward(self, name: TableName, client: "TableClient") -> None:
        while (row := await self._known(name, client)).version < self._versions[name]:
            held = await self._take(client, row)
            if held is None:
                await asyncio.sleep(min(1.0, self._lease_s / 4))
                continue
            await self._migrations[name, row.version](client, self._tables, held)
            await held.finish(row.version + 1)
            log(TableMigrated(table=name, version=row.version + 1))

    async def _take(self, client: "TableClient", row: SchemaRow) -> "HeldSchema | None":
        """Take the right to migrate a table; None if another process has it."""
        others = row.owner not in {_NOBODY, self._owner}
        if others and from_rfc3339(row.until) > self._clock():
            return None
        held = HeldSchema(client, row, owner=self._owner, clock=self._clock, lease_s=self._lease_s)
        try:
            await held.reached(row.position)
        except TablesBeingMigrated:
            return None
        return held


class HeldSchema:
    """The right to migrate a table, as long as nobody else takes it over: fulfils `Progress`."""

    def __init__(
        self, client: "TableClient", row: SchemaRow, *, owner: str, clock: Clock, lease_s: float
    ) -> None:
        self._client = client
        self._row = row
        self._owner = owner
        self._clock = clock
        self._lease_s = lease_s

    @property
    def position(self) -> str:
        """What was reached before; "" at the beginning."""
        return self._row.position

    async def reached(self, position: str) -> None:
        """Note how far it is, and keep the right to go on; raises TablesBeingMigrated if that is lost."""
        until = rfc3339(self._clock() + timedelta(seconds=self._lease_s))
        await self._write(
            msgspec.structs.replace(self._row, owner=self._owner, until=until, position=position)
        )

    async def finish(self, version: int) -> None:
        """Note the version that all of the table has now, and give the right back."""
        await self._write(SchemaRow(version=version))

    async def _write(self, row: SchemaRow) -> None:
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
        from azure.data.tables import UpdateMode

        try:
            answer = await self._client.update_entity(
                _entity(row),
                mode=UpdateMode.REPLACE,
                etag=self._row.etag,
                match_condition=MatchConditions.IfNotModified,
            )
        except (ResourceModifiedError, ResourceNotFoundError) as error:
            raise TablesBeingMigrated("Another instance of the app brings the tables forward.") from error
        self._row = msgspec.structs.replace(row, etag=str(answer["etag"]))


async def read_schema(client: "TableClient") -> SchemaRow | None:
    """Read a table's row about itself; None if there is none."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        entity = await client.get_entity(_KEY, _KEY)
    except ResourceNotFoundError:
        return None
    return SchemaRow(
        version=int(entity["version"]),
        owner=str(entity["owner"]),
        until=str(entity["until"]),
        position=str(entity["position"]),
        etag=str(entity.metadata["etag"]),
    )


async def _has_rows(client: "TableClient") -> bool:
    async for _ in client.list_entities(results_per_page=1, select=["PartitionKey"]):
        return True
    return False


def _entity(row: SchemaRow) -> dict[str, str | int]:
    keys = {"PartitionKey": _KEY, "RowKey": _KEY}
    return {
        **keys,
        "version": row.version,
        "owner": row.owner,
        "until": row.until,
        "position": row.position,
    }
