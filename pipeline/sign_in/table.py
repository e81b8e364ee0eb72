"""Sign-ins in Table Storage: a row each, and a row that finds it by the hash of its state."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from pipeline.errors import Conflict
from pipeline.sign_in.records import SignInRecord
from pipeline.stores.tables import CHANGED_MEANWHILE, Operation, TableStorage, pack, starts_with, unpack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PARTITION = "sign-in"
_ROW = "sign-in|"
_STATE = "state|"
_SANE_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


class SignInTable:
    """Keeps sign-ins; the row's ETag lets one callback in and no second."""

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    async def create(self, record: SignInRecord) -> None:
        """Keep a new sign-in."""
        table = await self._tables.table("connections")
        finder = {
            "PartitionKey": _PARTITION,
            "RowKey": f"{_STATE}{record.state_hash}",
            "sign_in_id": record.id,
        }
        operations: list[Operation] = [("upsert", finder), ("upsert", _entity(record))]
        await table.submit_transaction(operations)

    async def find(self, sign_in_id: str) -> SignInRecord | None:
        """Give a sign-in by its id, or None: also for what no id looks like."""
        if not _SANE_ID.fullmatch(sign_in_id):
            return None
        entity = await self._row(f"{_ROW}{sign_in_id}")
        return None if entity is None else _record(entity)

    async def find_by_state(self, state_hash: str) -> SignInRecord | None:
        """Give a sign-in by the SHA-256 of its state in hexadecimal, or None."""
        finder = await self._row(f"{_STATE}{state_hash}")
        return None if finder is None else await self.find(str(finder["sign_in_id"]))

    async def replace(self, record: SignInRecord) -> SignInRecord:
        """Replace a sign-in read before; raises Conflict if somebody changed or removed it since."""
        from azure.core import MatchConditions
        from azure.core.exceptions import HttpResponseError
        from azure.data.tables import UpdateMode

        table = await self._tables.table("connections")
        try:
            await table.update_entity(
                _entity(record),
                mode=UpdateMode.REPLACE,
                etag=record.etag,
                match_condition=MatchConditions.IfNotModified,
            )
        except HttpResponseError as error:
            if error.status_code not in CHANGED_MEANWHILE:
                raise
        standing = await self.find(record.id)
        if standing is None or msgspec.structs.replace(standing, etag=record.etag) != record:
            raise Conflict("The sign-in was changed by somebody else.")
        return standing

    async def remove(self, record: SignInRecord) -> None:
        """Remove a sign-in; one that is gone already is no error."""
        from azure.core.exceptions import ResourceNotFoundError

        table = await self._tables.table("connections")
        keys = (f"{_STATE}{record.state_hash}", f"{_ROW}{record.id}")
        operations: list[Operation] = [
            ("delete", {"PartitionKey": _PARTITION, "RowKey": key}) for key in keys
        ]
        try:
            await table.submit_transaction(operations)
        except ResourceNotFoundError:
            return

    async def expired(self, before: str) -> "AsyncIterator[SignInRecord]":
        """List the sign-ins that ended before a time, RFC 3339 as it is stored."""
        table = await self._tables.table("connections")
        query = f"PartitionKey eq '{_PARTITION}' and {starts_with(_ROW)} and expires_at lt '{before}'"
        async for entity in table.query_entities(query):
            yield _record(entity)

    async def _row(self, key: str) -> Mapping[str, object] | None:
        from azure.core.exceptions import ResourceNotFoundError

        table = await self._tables.table("connections")
        try:
            return await table.get_entity(_PARTITION, key)
        except ResourceNotFoundError:
            return None


def _entity(record: SignInRecord) -> dict[str, str | bytes]:
    return {
        "PartitionKey": _PARTITION,
        "RowKey": f"{_ROW}{record.id}",
        "expires_at": record.expires_at,
        **pack(msgspec.structs.replace(record, etag="")),
    }


def _record(entity: Mapping[str, object]) -> SignInRecord:
    metadata = getattr(entity, "metadata", {})
    return msgspec.structs.replace(unpack(entity, SignInRecord), etag=str(metadata["etag"]))
