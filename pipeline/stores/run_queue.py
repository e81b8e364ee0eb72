"""The queue of sync runs: one message per run, ids only.

Sent with azure-storage-queue and not through an output binding, which would rewrite JSON and hides failures;
base64 as host.json's `messageEncoding` says. No key of a message may be `id`, `dequeueCount` or another name
of the trigger's metadata: those would be overwritten.
https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger
"""

import contextlib
from typing import TYPE_CHECKING

import msgspec

from pipeline.configuration.values import StorageTarget
from pipeline.stores.transport import storage_transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.queue.aio import QueueClient

QUEUE = "sync-runs"
POISON_QUEUE = "sync-runs-poison"


class RunMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which run of which connection."""

    connection_id: str
    sync_run_id: str


class RunQueue:
    """Where planned runs wait for a worker.

    Args:
        target: the queue service, by connection string or by address.
        identity: gives the app's own identity, for an address.
    """

    def __init__(self, target: StorageTarget, identity: "Callable[[], AsyncTokenCredential]") -> None:
        self._target = target
        self._identity = identity
        self._opened: QueueClient | None = None

    async def send(self, message: RunMessage, *, delay_s: int = 0) -> None:
        """Queue a run, to be seen by workers after a delay in seconds."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        client, content = self._client(), msgspec.json.encode(message).decode()
        try:
            await client.send_message(content, visibility_timeout=delay_s)
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):  # another instance was faster
                await client.create_queue()
            await client.send_message(content, visibility_timeout=delay_s)

    async def length(self) -> int:
        """Tell about how many messages wait; raises what the queue service answers."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return (await self._client().get_queue_properties()).approximate_message_count or 0
        except ResourceNotFoundError:
            return 0  # nothing was ever queued

    async def close(self) -> None:
        """Close every connection."""
        if self._opened is not None:
            await self._opened.close()
        self._opened = None

    def _client(self) -> "QueueClient":
        if self._opened is None:
            from azure.storage.queue import TextBase64EncodePolicy
            from azure.storage.queue.aio import QueueClient

            encoding = TextBase64EncodePolicy()
            if self._target.uri is None:
                self._opened = QueueClient.from_connection_string(
                    self._target.connection_string or "",
                    QUEUE,
                    message_encode_policy=encoding,
                    transport=storage_transport(),
                )
            else:
                self._opened = QueueClient(
                    self._target.uri,
                    QUEUE,
                    credential=self._identity(),
                    message_encode_policy=encoding,
                    transport=storage_transport(),
                )
        return self._opened
