"""Tries of credentials in Table Storage: a partition per whom they are counted for, a row per try.

A row is claimed before Entra is asked. It goes if the credential was accepted, is marked if it was refused.
"""

import contextlib
import secrets
from datetime import datetime
from typing import NamedTuple

from pipeline.stores.tables import TableStorage
from pipeline.times import epoch_ms


class Try(NamedTuple):
    """One try as it stands.

    Args:
        key: sorts by time.
        refused: whether Entra refused it; False also while nobody knows.
    """

    key: str
    refused: bool


def new_try_key(at: datetime) -> str:
    """Make the key of a try: its time, and what tells it from others of the same millisecond."""
    return f"{try_key_at(at)}-{secrets.token_hex(8)}"


def try_key_at(at: datetime) -> str:
    """Give what the keys of all tries from a time on are not below."""
    return f"{epoch_ms(at):013d}"


class AttemptTable:
    """Counts tries over all instances of the app."""

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    async def claim(self, scope: str, key: str) -> None:
        """Keep that a try begins."""
        from azure.core.exceptions import ResourceExistsError

        table = await self._tables.table("attempts")
        with contextlib.suppress(ResourceExistsError):  # it is ours: an answer got lost, it was sent twice
            await table.create_entity({"PartitionKey": scope, "RowKey": key, "refused": False})

    async def since(self, scope: str, at: datetime) -> list[Try]:
        """Give the tries of a scope from a time on, oldest first."""
        table = await self._tables.table("attempts")
        query = f"PartitionKey eq '{scope}' and RowKey ge '{try_key_at(at)}'"
        return [Try(str(row["RowKey"]), bool(row["refused"])) async for row in table.query_entities(query)]

    async def refuse(self, scope: str, key: str) -> None:
        """Mark a try as refused."""
        from azure.core.exceptions import ResourceNotFoundError
        from azure.data.tables import UpdateMode

        table = await self._tables.table("attempts")
        with contextlib.suppress(ResourceNotFoundError):  # it is so old that it was swept
            await table.update_entity(
                {"PartitionKey": scope, "RowKey": key, "refused": True}, mode=UpdateMode.MERGE
            )

    async def withdraw(self, scope: str, key: str) -> None:
        """Forget a try."""
        from azure.core.exceptions import ResourceNotFoundError

        table = await self._tables.table("attempts")
        with contextlib.suppress(ResourceNotFoundError):
            await table.delete_entity(scope, key)

    async def sweep(self, before: datetime) -> None:
        """Remove what nobody counts any more, of all scopes."""
        await self._tables.remove("attempts", f"RowKey lt '{try_key_at(before)}'")
