"""A credential and the row that names it, changed together: neither is left without the other.

The secret is put first, then the row; whichever secret no row names afterwards is deleted. A row that Table
Storage wrote although its answer was lost is found again by what it holds.
"""

import logging

import msgspec
from azure.core.exceptions import AzureError

from collectors.errors import ConnectorError
from pipeline.connecting.credential_trials import Tried
from pipeline.credentials import Credentials
from pipeline.errors import AlreadyConnected, Conflict, NotFound, SecretUnavailable
from pipeline.stores.protocols import ConnectionStore
from pipeline.stores.records import ConnectionRecord, CredentialRecord

_LOG = logging.getLogger(__name__)


class CredentialChanges:
    """Keeps credentials that were tried."""

    def __init__(self, store: ConnectionStore, credentials: Credentials) -> None:
        self._store = store
        self._credentials = credentials

    async def create(self, record: ConnectionRecord, tried: Tried) -> ConnectionRecord:
        """Keep a new connection with its credential.

        Raises:
            AlreadyConnected: the subscription has a connection; nothing of this one is left.
            SecretUnavailable: Key Vault did not take the secret.
        """
        kept = await self._keep(record, tried)
        try:
            return await self._store.create(msgspec.structs.replace(record, credential=kept))
        except (AlreadyConnected, AzureError) as error:
            return await self._settle(record.id, kept, error)

    async def replace(self, record: ConnectionRecord, tried: Tried) -> ConnectionRecord:
        """Give a connection another credential, its attention cleared, and delete the old secret.

        Takes the connection as it was read, with what else is to change.

        Raises:
            Conflict: somebody changed the connection since; the old credential stays.
            SecretUnavailable: Key Vault did not take the secret; the old one stays.
        """
        kept = await self._keep(record, tried)
        changed = msgspec.structs.replace(record, credential=kept, attention=None)
        try:
            replaced = await self._store.replace(changed)
        except (Conflict, NotFound, AzureError) as error:
            replaced = await self._settle(record.id, kept, error)
        await self._drop(record.credential)
        return replaced

    async def _keep(self, record: ConnectionRecord, tried: Tried) -> CredentialRecord:
        tags = {"connection_id": record.id, "subscription_id": record.subscription_id}
        return await self._credentials.keep(tried.offer, tried.principal, tags=tags)

    async def _settle(
        self, connection_id: str, kept: CredentialRecord, error: ConnectorError | AzureError
    ) -> ConnectionRecord:
        """Give the row if it was written after all; else delete the secret and let the error go on."""
        standing = await self._store.find(connection_id)
        if standing is not None and standing.credential == kept and standing.disconnected_at is None:
            return standing
        await self._drop(kept)
        raise error

    async def _drop(self, credential: CredentialRecord) -> None:
        """Delete a secret that no row names any more; one that stays is for the log, not for the caller."""
        try:
            gone = await self._credentials.discard(credential)
        except SecretUnavailable as error:
            _LOG.warning("secret_not_deleted secret_name=%s detail=%s", credential.secret_name, error.detail)
            return
        if not gone:
            _LOG.info("secret_not_purged secret_name=%s", credential.secret_name)
