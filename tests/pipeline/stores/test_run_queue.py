"""The queue of runs: made at first use, ids only, in the encoding that host.json names."""

import asyncio

import pytest
from azure.storage.queue.aio import QueueServiceClient

from pipeline.configuration.values import StorageTarget
from pipeline.stores.run_queue import QUEUE, RunMessage, RunQueue
from tests.pipeline.sync_rig import Rig, no_identity, rigged

MESSAGE = RunMessage(connection_id="c", sync_run_id="r")


@pytest.fixture
async def no_queue(rig: Rig, storage: str) -> None:
    """Remove the queue."""
    await rig.queue.send(MESSAGE)
    async with QueueServiceClient.from_connection_string(storage) as service:
        await service.delete_queue(QUEUE)


async def test_messages_come_as_they_went(rig: Rig) -> None:
    """Base64, as the trigger expects."""
    await rig.queue.send(MESSAGE)
    await rig.messages()
    await rig.queue.send(MESSAGE)

    assert await rig.messages() == [MESSAGE]


async def test_a_delayed_message_is_not_to_be_seen_before(rig: Rig) -> None:
    """It waits."""
    await rig.queue.send(MESSAGE)
    await rig.messages()
    await rig.queue.send(MESSAGE, delay_s=30)

    assert await rig.messages() == []


async def test_length_counts_what_waits(rig: Rig) -> None:
    """About."""
    await rig.queue.send(MESSAGE)
    await rig.messages()
    await rig.queue.send(MESSAGE)

    assert await rig.queue.length() == 1


@pytest.mark.usefixtures("no_queue")
async def test_nothing_was_ever_queued_is_an_empty_queue(rig: Rig) -> None:
    """And no fault."""
    assert await rig.queue.length() == 0


@pytest.mark.usefixtures("no_queue")
async def test_the_queue_is_made_by_whoever_sends_first(rig: Rig, storage: str) -> None:
    """Several at once do not disturb each other."""
    async with rigged(storage) as other:
        await asyncio.gather(*(one.queue.send(MESSAGE) for one in (rig, other, rig, other)))

        assert await rig.messages() == [MESSAGE] * 4


async def test_by_address_it_asks_for_an_identity() -> None:
    """In Azure there is no key."""
    queue = RunQueue(StorageTarget(uri="https://account.queue.core.windows.net"), no_identity)
    with pytest.raises(NotImplementedError):
        await queue.length()
    await queue.close()
