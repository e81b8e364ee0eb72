"""Sync runs in Table Storage: at most one active per connection, one per slot, and a ledger of the slots.

Rows of a connection's partition: `run|<id>` (newest first), `active` (the id of the run that is queued or
running), `slot|<frequency>|<time>` (which run served a slot), `staged|<run>|<kind>` (finished parts of a run
that has not committed), `dirty` (finding rows of the next sequence number may have been written).
"""

from collections.abc import AsyncIterator, Collection
from http import HTTPStatus

from pipeline.errors import Conflict, NotFound
from pipeline.ids import is_id
from pipeline.model import SyncRun
from pipeline.stores.records import PartOutcome
from pipeline.stores.tables import Entity, Operation, TableStorage, pack, starts_with, unpack

_ACTIVE = "active"
_DIRTY = "dirty"
_TRIES = 5


class RunTable:
    """Plan, read and follow sync runs."""

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    async def create(self, run: SyncRun, *, slot: str | None = None) -> tuple[SyncRun, bool]:
        """Queue a run unless its slot was served or another run is active.

        Args:
            slot: `<frequency>|<time>` of a planned run; None for one that somebody asked for.

        Returns:
            the run that stands for the request, and whether it is the new one.
        """
        from azure.data.tables import TableTransactionError

        rows: list[Entity] = [run_entity(run), _row(run.connection_id, _ACTIVE, run_id=run.id)]
        if slot is not None:
            rows.append(_slot_row(run.connection_id, slot, run.id))
        operations: list[Operation] = [("create", row) for row in rows]
        table = await self._tables.table("evidence")
        for _ in range(_TRIES):
            try:
                await table.submit_transaction(operations)
            except TableTransactionError as error:
                if error.status_code != HTTPStatus.CONFLICT:
                    raise
            else:
                return run, True
            if standing := await self._standing(run, slot):
                return standing, standing == run  # then it is ours: an answer got lost, it was sent twice
        message = f"Runs of connection {run.connection_id} begin and end again and again."
        raise Conflict(message)

    async def _standing(self, run: SyncRun, slot: str | None) -> SyncRun | None:
        """Give what stands in a run's way; None if it ended between our two looks."""
        if slot is not None and (served := await self._value(run.connection_id, f"slot|{slot}", "run_id")):
            return await self.get(run.connection_id, served)
        active = await self.active(run.connection_id)
        if active is not None and slot is not None:
            await self._record_slot(run.connection_id, slot, active.id)
        return active

    async def _record_slot(self, connection_id: str, slot: str, run_id: str) -> None:
        table = await self._tables.table("evidence")
        await table.upsert_entity(_slot_row(connection_id, slot, run_id))

    async def get(self, connection_id: str, run_id: str) -> SyncRun:
        """Give a run; raises NotFound."""
        body = await self._entity(connection_id, f"run|{run_id}") if is_id(run_id) else None
        if body is None:
            message = f"Connection {connection_id} has no sync run {run_id[:80]}."
            raise NotFound(message)
        return unpack(body, SyncRun)

    async def active(self, connection_id: str) -> SyncRun | None:
        """Give the run that is queued or running, if there is one."""
        run_id = await self._value(connection_id, _ACTIVE, "run_id")
        return None if run_id is None else await self.get(connection_id, run_id)

    async def save(self, run: SyncRun) -> None:
        """Keep how far a run is."""
        table = await self._tables.table("evidence")
        await table.upsert_entity(run_entity(run), mode="replace")

    async def finish(self, run: SyncRun) -> None:
        """End a run that changed no evidence."""
        table = await self._tables.table("evidence")
        await table.submit_transaction(self.finishing(run, []))

    def finishing(self, run: SyncRun, staged: list[PartOutcome]) -> list[Operation]:
        """Give the operations that end a run and clear what it had staged; to commit with its evidence."""
        from azure.data.tables import UpdateMode

        gone = [_ACTIVE, *(_staged_key(run.id, outcome.kind) for outcome in staged)]
        deletions: list[Operation] = [("delete", _row(run.connection_id, key)) for key in gone]
        return [("upsert", run_entity(run), {"mode": UpdateMode.REPLACE}), *deletions]

    async def page(
        self, connection_id: str, *, limit: int, position: str | None
    ) -> tuple[list[SyncRun], str | None]:
        """List a connection's runs newest first from a position (the id of the last run seen)."""
        table = await self._tables.table("evidence")
        query = f"PartitionKey eq '{connection_id}' and {starts_with('run|')}"
        if position is not None:
            query += f" and RowKey gt 'run|{position}'"
        runs: list[SyncRun] = []
        async for entity in table.query_entities(query, results_per_page=min(limit + 1, 1000)):
            if len(runs) == limit:
                return runs, runs[-1].id
            runs.append(unpack(entity, SyncRun))
        return runs, None

    async def stage(self, connection_id: str, run_id: str, outcome: PartOutcome) -> None:
        """Keep a finished part until its run commits."""
        table = await self._tables.table("evidence")
        row = _row(connection_id, _staged_key(run_id, outcome.kind))
        await table.upsert_entity({**row, **pack(outcome)}, mode="replace")

    async def staged(self, connection_id: str, run_id: str) -> list[PartOutcome]:
        """Give the parts that earlier attempts of a run finished."""
        return [unpack(row, PartOutcome) async for row in self._staged_rows(connection_id, f"{run_id}|")]

    async def discard_staged(self, connection_id: str, *, but: str, kinds: Collection[str]) -> None:
        """Forget what never will commit: what runs other than one staged, and its parts but these."""
        table = await self._tables.table("evidence")
        kept = {_staged_key(but, kind) for kind in kinds}
        async for row in self._staged_rows(connection_id, ""):
            if row["RowKey"] not in kept:
                await table.delete_entity(row)

    async def _staged_rows(self, connection_id: str, prefix: str) -> AsyncIterator[Entity]:
        table = await self._tables.table("evidence")
        query = f"PartitionKey eq '{connection_id}' and {starts_with(f'staged|{prefix}')}"
        async for row in table.query_entities(query):
            yield row

    async def mark_dirty(self, connection_id: str) -> None:
        """Note, before the first finding row is written, that uncommitted ones may exist."""
        table = await self._tables.table("evidence")
        await table.upsert_entity(_row(connection_id, _DIRTY, dirty=1))

    async def is_dirty(self, connection_id: str) -> bool:
        """Tell whether a run wrote finding rows and has not committed them."""
        return (await self._entity(connection_id, _DIRTY) or {}).get("dirty") == 1

    def cleaning(self, connection_id: str) -> Operation:
        """Give the operation that notes that nothing uncommitted is left; to commit with the evidence."""
        return "upsert", _row(connection_id, _DIRTY, dirty=0)

    async def _value(self, connection_id: str, key: str, name: str) -> str | None:
        entity = await self._entity(connection_id, key)
        return None if entity is None else str(entity[name])

    async def _entity(self, connection_id: str, key: str) -> Entity | None:
        from azure.core.exceptions import ResourceNotFoundError

        table = await self._tables.table("evidence")
        try:
            return await table.get_entity(connection_id, key)
        except ResourceNotFoundError:
            return None


def run_entity(run: SyncRun) -> Entity:
    """Give a run's row."""
    return {**_row(run.connection_id, f"run|{run.id}", status=run.status), **pack(run)}


def _row(connection_id: str, key: str, **properties: str | int) -> Entity:
    return {"PartitionKey": connection_id, "RowKey": key, **properties}


def _slot_row(connection_id: str, slot: str, run_id: str) -> Entity:
    return _row(connection_id, f"slot|{slot}", run_id=run_id)


def _staged_key(run_id: str, kind: str) -> str:
    return f"staged|{run_id}|{kind}"
