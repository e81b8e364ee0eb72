"""Secrets that may have to go: noted before they are put or replaced, struck off when nothing is left.

Rows in the partition `secrets` of the table `connections`, one per secret, without the secret. So a crash
between the vault and a connection's row leaves nothing that nobody knows of. Of the generations of a refresh
token that the vault keeps one row tells, of the newest: by when that is gone, so are those before it.
"""

from typing import Literal

import msgspec

from pipeline.stores.records import CredentialRecord
from pipeline.stores.tables import TableStorage, pack, unpack

_PARTITION = "secrets"

type NoteState = Literal["announced", "not_deleted", "kept_by_vault"]


class SecretNote(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that is to go unless a connection names it.

    Args:
        credential: whose secret it is.
        state: `announced` before anything was done, `not_deleted` if the vault refused or was away,
            `kept_by_vault` if it is deleted and stays until the vault's retention ends.
        since: when it got this state.
        tried_at: when it was last tried to delete it.
        key: of the row, where it is not the secret's name.
    """

    connection_id: str
    credential: CredentialRecord
    state: NoteState
    since: str
    tried_at: str
    key: str | None = None


class SecretLedger:
    """Keeps the notes."""

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    async def write(self, note: SecretNote) -> None:
        """Note a secret, or change what is noted of it; without a secret there is nothing to note."""
        key = note.key or note.credential.secret_name
        if key is not None:
            table = await self._tables.table("connections")
            await table.upsert_entity({"PartitionKey": _PARTITION, "RowKey": key, **pack(note)})

    async def strike(self, key: str | None) -> None:
        """Forget a note by its key, which is the secret's name by default; that there is none is no error."""
        if key is not None:
            table = await self._tables.table("connections")
            await table.delete_entity(_PARTITION, key)

    async def find(self, key: str) -> SecretNote | None:
        """Give a note by its key, which is the secret's name by default, or None."""
        from azure.core.exceptions import ResourceNotFoundError

        table = await self._tables.table("connections")
        try:
            return unpack(await table.get_entity(_PARTITION, key), SecretNote)
        except ResourceNotFoundError:
            return None

    async def notes(self) -> list[SecretNote]:
        """Give every note."""
        table = await self._tables.table("connections")
        rows = table.query_entities(f"PartitionKey eq '{_PARTITION}'")
        return [unpack(row, SecretNote) async for row in rows]
