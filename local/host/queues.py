"""Queue functions, run for each message with lease, renewal, retries and a poison queue."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from local.host.configuration import QueueOptions
from local.host.errors import StartRefusedError
from local.host.functions import QueueFunction
from local.host.queue_messages import UndecodableMessageError, decode, invocation_for
from local.host.worker import Outcome, Worker

# Names and numbers: QueueListener.cs, QueueProcessor.cs and QueuePollingIntervals.cs of azure-sdk-for-net.
_SHORTEST_PAUSE_S = 0.1
_POISON = "-poison"

_log = logging.getLogger("local.host")


@dataclass
class _Lease:
    """A message that is being worked on; renewing it changes the receipt that deletes it."""

    message: QueueMessage
    receipt: str
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class QueueListener:
    """Run one queue function for every message of its queue.

    Source: learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger, under "Poison
    messages", "Polling algorithm" and "Concurrency".

    Args:
        function: The function.
        worker: Runs it.
        options: `extensions.queues` of host.json.
        lease_s: How long a message stays hidden while it is worked on; renewed at half of it.

    Raises:
        StartRefusedError: The connection string does not parse.
    """

    def __init__(
        self, function: QueueFunction, worker: Worker, options: QueueOptions, *, lease_s: int
    ) -> None:
        self._function = function
        self._worker = worker
        self._options = options
        self._lease_s = lease_s
        self._queue = _client(function, function.queue_name)
        # A poison queue has none of its own.
        has_poison = not function.queue_name.endswith(_POISON)
        self._poison = _client(function, function.queue_name + _POISON) if has_poison else None
        self._running: set[asyncio.Task[None]] = set()
        self._readable = True

    async def run_until(self, stopping: asyncio.Event) -> None:
        """Fetch and run messages until the host stops; those that run are finished first."""
        stop = asyncio.create_task(stopping.wait())
        pause_s = _SHORTEST_PAUSE_S
        async with self._queue, _closing(self._poison), asyncio.TaskGroup() as group:
            while not stopping.is_set():
                if not self._has_room():
                    await asyncio.wait([stop, *self._running], return_when=asyncio.FIRST_COMPLETED)
                elif messages := await self._receive():
                    self._begin(messages, group)
                    pause_s = _SHORTEST_PAUSE_S
                else:
                    await asyncio.wait([stop], timeout=pause_s)
                    pause_s = min(pause_s * 2, self._options.max_polling_interval_s)

    def _has_room(self) -> bool:
        return len(self._running) <= self._options.new_batch_threshold

    async def _receive(self) -> list[QueueMessage]:
        size = self._options.batch_size
        pager = self._queue.receive_messages(messages_per_page=size, visibility_timeout=self._lease_s)
        try:
            async for page in pager.by_page():
                self._readable = True
                return [message async for message in page]
        except ResourceNotFoundError:
            # The queue is not there yet: who sends the first message creates it.
            return []
        except AzureError as error:
            if self._readable:
                _log.warning("Queue %s cannot be read; trying on: %s", self._function.queue_name, error)
            self._readable = False
        return []

    def _begin(self, messages: Iterable[QueueMessage], group: asyncio.TaskGroup) -> None:
        for message in messages:
            task = group.create_task(self._process(message))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _process(self, message: QueueMessage) -> None:
        lease = _Lease(message, str(message.pop_receipt))
        try:
            body = self._body(message)
            if body is None:
                await self._give_up(lease)
                return
            async with self._renewed(lease):
                outcome = await self._worker.invoke(invocation_for(self._function, message, body))
            await self._complete(lease, outcome)
        except AzureError as error:
            _log.warning(
                "Message %s of %s was not completed: %s", message.id, self._function.queue_name, error
            )

    def _body(self, message: QueueMessage) -> bytes | None:
        """Give the decoded body, or None when the function is not to be run at all."""
        if (message.dequeue_count or 0) > self._options.max_dequeue_count:
            return None
        try:
            return decode(message, self._options.message_encoding)
        except UndecodableMessageError:
            _log.warning("Message %s of %s is no base64", message.id, self._function.queue_name)
            return None

    async def _complete(self, lease: _Lease, outcome: Outcome) -> None:
        if outcome.succeeded:
            await self._delete(lease)
        elif (lease.message.dequeue_count or 0) >= self._options.max_dequeue_count:
            await self._give_up(lease)
        elif self._poison is not None:
            # Without a poison queue it stays hidden for the rest of the lease, against a fast endless loop.
            await self._release(lease)

    async def _release(self, lease: _Lease) -> None:
        """Let the message be seen again, after the delay of host.json."""
        delay_s = int(self._options.visibility_timeout_s)
        await self._queue.update_message(lease.message.id, lease.receipt, visibility_timeout=delay_s)

    async def _give_up(self, lease: _Lease) -> None:
        if self._poison is None:
            return
        _log.warning("Message %s moves to %s", lease.message.id, self._poison.queue_name)
        try:
            await self._poison.send_message(lease.message.content)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                await self._poison.create_queue()
            await self._poison.send_message(lease.message.content)
        await self._delete(lease)

    async def _delete(self, lease: _Lease) -> None:
        await self._queue.delete_message(lease.message.id, lease.receipt)

    @asynccontextmanager
    async def _renewed(self, lease: _Lease) -> AsyncIterator[None]:
        renewal = asyncio.create_task(self._renew(lease))
        try:
            yield
        finally:
            # A renewal on its way changes the receipt, so it must arrive before the message is completed.
            async with lease.lock:
                renewal.cancel()

    async def _renew(self, lease: _Lease) -> None:
        while True:
            await asyncio.sleep(self._lease_s / 2)
            async with lease.lock:
                await self._renew_once(lease)

    async def _renew_once(self, lease: _Lease) -> None:
        try:
            renewed = await self._queue.update_message(
                lease.message.id, lease.receipt, visibility_timeout=self._lease_s
            )
        except AzureError as error:
            _log.warning("The lease of message %s was not renewed: %s", lease.message.id, error)
        else:
            lease.receipt = str(renewed.pop_receipt)


def _client(function: QueueFunction, queue_name: str) -> QueueClient:
    try:
        # Short retries: polling and the lease are the real ones, and a stop must not wait for them.
        return QueueClient.from_connection_string(
            function.connection_string,
            queue_name,
            retry_total=2,
            initial_backoff=1,
            increment_base=1,
            random_jitter_range=0,
        )
    except ValueError as error:
        # The message of the SDK may quote the connection string, which is a secret.
        message = f"Function {function.name}: its connection setting holds no storage connection string."
        raise StartRefusedError(message) from error


@asynccontextmanager
async def _closing(client: QueueClient | None) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if client is not None:
            await client.close()
