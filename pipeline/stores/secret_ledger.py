"""Secrets that may have to go: noted before they are put or replaced, struck off when nothing is left.

Rows in the partition `secrets` of the table `connections`, one per secret, without the secret. So a crash
between the vault and a connection's row leaves nothing that nobody knows of.
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
    """

    connection_id: str
    credential: CredentialRecord
    state: NoteState
    since: str
    tried_at: str


class SecretLedger:
    """Keeps the notes."""

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    async def write(self, note: SecretNote) -> None:
        """Note a secret, or change what is noted of it; without a secret there is nothing to note."""
        if note.credential.secret_name is not None:
            table = await self._tables.table("connections")
            key = {"PartitionKey": _PARTITION, "RowKey": note.credential.secret_name}
            await table.upsert_entity({**key, **pack(note)})

    async def strike(self, credential: CredentialRecord) -> None:
        """Forget a secret; that it was never noted is no error."""
        if credential.secret_name is not None:
            table = await self._tables.table("connections")
            await table.delete_entity(_PARTITION, credential.secret_name)

    async def find(self, secret_name: str) -> SecretNote | None:
        """Give what is noted of a secret, or None."""
        from azure.core.exceptions import ResourceNotFoundError

        table = await self._tables.table("connections")
        try:
            return unpack(await table.get_entity(_PARTITION, secret_name), SecretNote)
        except ResourceNotFoundError:
            return None

    async def notes(self) -> list[SecretNote]:
        """Give every note."""
        table = await self._tables.table("connections")
        rows = table.query_entities(f"PartitionKey eq '{_PARTITION}'")
        return [unpack(row, SecretNote) async for row in rows]
