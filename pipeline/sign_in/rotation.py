"""Keeps a connection's new refresh token: first in the vault, then in the row; only then the old one goes.

A crash anywhere leaves a connection that works: Entra does not revoke a refresh token that was used ("Refresh
tokens in the Microsoft identity platform"). The new secret is noted before it is put, the old one before the
row stops naming it, so whatever a crash leaves in the vault is swept from there.
"""

from functools import partial
from typing import TypeGuard

import msgspec
from azure.core.exceptions import AzureError

from collectors.errors import ConnectorError
from pipeline.authentication.generations import root_of, successor
from pipeline.connecting.discarded_secrets import DiscardedSecrets
from pipeline.errors import Conflict, NotFound
from pipeline.event_log import log
from pipeline.events import RotatedSecretNotKept
from pipeline.sign_in.refresh import Rotated
from pipeline.stores.protocols import ConnectionStore, SecretStore
from pipeline.stores.records import ConnectionRecord, CredentialRecord

_TRIES = 5


class SecretRotation:
    """Replaces the secrets of connections.

    Args:
        discarded: knows of every secret that may have to go.
    """

    def __init__(self, store: ConnectionStore, secrets: SecretStore, discarded: DiscardedSecrets) -> None:
        self._store = store
        self._secrets = secrets
        self._discarded = discarded

    def of(self, connection_id: str, secret_name: str) -> Rotated:
        """Give what keeps new secrets in the place of one that a connection names."""
        return partial(self._keep, connection_id, root_of(secret_name))

    async def _keep(self, connection_id: str, root: str, secret: str) -> None:
        """Keep a new secret; where that fails the old one stays and works, so nobody is stopped by it."""
        try:
            for _ in range(_TRIES):
                record = await self._store.find(connection_id)
                if not _uses(record, root) or await self._kept(record, secret):
                    return
            log(RotatedSecretNotKept(connection_id=connection_id, error=Conflict.__name__))
        except (ConnectorError, AzureError) as error:
            log(RotatedSecretNotKept(connection_id=connection_id, error=type(error).__name__))

    async def _kept(self, record: ConnectionRecord, secret: str) -> bool:
        """Try once; False if somebody changed the connection meanwhile, and it is worth another try."""
        old, new = record.credential, await self._put(record, secret)
        await self._discarded.announce(record.id, old)
        if not await self._replaced(record, new):
            await self._discarded.drop(record.id, new)
            return False
        await self._discarded.keep(new)
        await self._discarded.drop(record.id, old)
        return True

    async def _put(self, record: ConnectionRecord, secret: str) -> CredentialRecord:
        name = successor(record.credential.secret_name or "")
        new = msgspec.structs.replace(record.credential, secret_name=name)
        await self._discarded.announce(record.id, new)
        tags = {"connection_id": record.id, "subscription_id": record.subscription_id}
        await self._secrets.put(name, secret, expires_on=None, tags=tags)
        return new

    async def _replaced(self, record: ConnectionRecord, new: CredentialRecord) -> bool:
        """Let the row name the new secret; False if somebody changed the connection meanwhile."""
        try:
            await self._store.replace(msgspec.structs.replace(record, credential=new))
        except (Conflict, NotFound):
            standing = await self._store.find(record.id)
            return standing is not None and standing.credential == new
        return True


def _uses(record: ConnectionRecord | None, root: str) -> TypeGuard[ConnectionRecord]:
    """Tell whether a connection is there and still uses this sign-in."""
    if record is None or record.disconnected_at is not None or record.credential.secret_name is None:
        return False
    return root_of(record.credential.secret_name) == root
