"""Keeps a connection's new refresh token: first in the vault, then in the row; only then the old one goes.

A crash anywhere leaves a connection that works: Entra does not revoke a refresh token that was used ("Refresh
tokens in the Microsoft identity platform"). What it leaves in the vault has a name next to that in the row,
and goes with the next replacement, or with the connection.
"""

from collections.abc import Iterable
from functools import partial
from typing import TypeGuard

import msgspec
from azure.core.exceptions import AzureError

from collectors.errors import ConnectorError
from pipeline.authentication.generations import neighbours, root_of, successor
from pipeline.errors import Conflict, NotFound, SecretUnavailable
from pipeline.event_log import log
from pipeline.events import RotatedSecretNotKept, SecretNotDeleted
from pipeline.sign_in.refresh import Rotated
from pipeline.stores.protocols import ConnectionStore, SecretStore
from pipeline.stores.records import ConnectionRecord

_TRIES = 5


class SecretRotation:
    """Replaces the secrets of connections."""

    def __init__(self, store: ConnectionStore, secrets: SecretStore) -> None:
        self._store = store
        self._secrets = secrets

    def of(self, connection_id: str, secret_name: str) -> Rotated:
        """Give what keeps new secrets in the place of one that a connection names."""
        return partial(self._keep, connection_id, root_of(secret_name))

    async def _keep(self, connection_id: str, root: str, secret: str) -> None:
        """Keep a new secret; where that fails the old one stays and works, so nobody is stopped by it."""
        try:
            for _ in range(_TRIES):
                if await self._kept(connection_id, root, secret):
                    return
        except (ConnectorError, AzureError) as error:
            log(RotatedSecretNotKept(connection_id=connection_id, error=type(error).__name__))

    async def _kept(self, connection_id: str, root: str, secret: str) -> bool:
        """Try once; False if somebody changed the connection meanwhile, and it is worth another try."""
        record = await self._store.find(connection_id)
        if not _names(record, root):
            return True
        old = record.credential.secret_name or root
        new = successor(old)
        tags = {"connection_id": record.id, "subscription_id": record.subscription_id}
        await self._secrets.put(new, secret, expires_on=None, tags=tags)
        credential = msgspec.structs.replace(record.credential, secret_name=new)
        try:
            await self._store.replace(msgspec.structs.replace(record, credential=credential))
        except (Conflict, NotFound):
            return await self._settled(connection_id, root, new)
        await self._drop(name for name in neighbours(old) if name != new)
        return True

    async def _settled(self, connection_id: str, root: str, new: str) -> bool:
        """Tell whether nothing is left to do: another rotation was faster, or the credential is another."""
        record = await self._store.find(connection_id)
        if _names(record, root):
            return record.credential.secret_name == new
        await self._drop((new,))
        return True

    async def _drop(self, names: Iterable[str]) -> None:
        for name in names:
            try:
                await self._secrets.delete(name)
            except SecretUnavailable as error:
                log(SecretNotDeleted(secret_name=name, problem=error.code))


def _names(record: ConnectionRecord | None, root: str) -> TypeGuard[ConnectionRecord]:
    """Tell whether a connection is there and still uses this sign-in."""
    if record is None or record.disconnected_at is not None or record.credential.secret_name is None:
        return False
    return root_of(record.credential.secret_name) == root
