"""A credential and the row that names it, changed together: neither is left without the other.

The secret is announced, put, then named by the row; whichever secret no row names afterwards is deleted, now
or by the sweep. A row that Table Storage wrote although its answer was lost is found again by what it holds.
"""

from functools import partial

import msgspec
from azure.core.exceptions import AzureError

from collectors.errors import ConnectorError
from pipeline.connecting.credential_trials import Tried
from pipeline.connecting.discarded_secrets import DiscardedSecrets
from pipeline.credentials import Credentials
from pipeline.errors import AlreadyConnected, Conflict, NotFound
from pipeline.stores.protocols import ConnectionStore
from pipeline.stores.records import ConnectionRecord, CredentialRecord


class CredentialChanges:
    """Keeps credentials that were tried."""

    def __init__(self, store: ConnectionStore, credentials: Credentials, discarded: DiscardedSecrets) -> None:
        self._store = store
        self._credentials = credentials
        self._discarded = discarded

    async def create(self, record: ConnectionRecord, tried: Tried) -> ConnectionRecord:
        """Keep a new connection with its credential.

        Raises:
            AlreadyConnected: the subscription has a connection; nothing of this one is left.
            SecretUnavailable: Key Vault did not take the secret.
        """
        kept = await self._keep(record, tried)
        try:
            created = await self._store.create(msgspec.structs.replace(record, credential=kept))
        except (AlreadyConnected, AzureError) as error:
            created = await self._settle(record.id, kept, error)
        await self._discarded.keep(kept)
        return created

    async def replace(self, record: ConnectionRecord, tried: Tried) -> ConnectionRecord:
        """Give a connection another credential, its attention cleared, and delete the old secret.

        Takes the connection as it was read, with what else is to change.

        Raises:
            Conflict: somebody changed the connection since; the old credential stays.
            SecretUnavailable: Key Vault did not take the secret; the old one stays.
        """
        kept = await self._keep(record, tried)
        changed = msgspec.structs.replace(record, credential=kept, attention=None)
        await self._discarded.announce(record.id, record.credential)
        try:
            replaced = await self._store.replace(changed)
        except (Conflict, NotFound, AzureError) as error:
            replaced = await self._settle(record.id, kept, error)
        self._credentials.forget(record.credential)
        await self._discarded.keep(kept)
        await self._discarded.drop(record.id, record.credential)
        return replaced

    async def ends(self, record: ConnectionRecord) -> None:
        """Note the secret of a connection that is about to be disconnected."""
        await self._discarded.announce(record.id, record.credential)

    async def ended(self, record: ConnectionRecord) -> None:
        """Delete the secret of a connection that was disconnected; raises SecretUnavailable."""
        self._credentials.forget(record.credential)
        await self._discarded.delete(record.id, record.credential)

    async def _keep(self, record: ConnectionRecord, tried: Tried) -> CredentialRecord:
        tags = {"connection_id": record.id, "subscription_id": record.subscription_id}
        announce = partial(self._discarded.announce, record.id)
        return await self._credentials.keep(tried.offer, tried.principal, tags=tags, announce=announce)

    async def _settle(
        self, connection_id: str, kept: CredentialRecord, error: ConnectorError | AzureError
    ) -> ConnectionRecord:
        """Give the row if it was written after all; else delete the secret and let the error go on."""
        standing = await self._store.find(connection_id)
        if standing is not None and standing.credential == kept and standing.disconnected_at is None:
            return standing
        await self._discarded.drop(connection_id, kept)
        raise error
