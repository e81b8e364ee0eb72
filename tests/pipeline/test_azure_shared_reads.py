"""A list that several services need is asked once a run, however each of them reads it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest

from collectors.errors import AccessDenied
from pipeline.azure_reader import AzureReader
from tests.pipeline.azure_rig import ALERTS, ALERTS_PATH, Item, Rig, refusal, rig

type Asker = Callable[[AzureReader], Awaitable[list[str]]]

SHARED = msgspec.structs.replace(ALERTS, shared=True)


@pytest.fixture
async def azure() -> AsyncIterator[Rig]:
    """A list of three pages on a scripted server."""
    async with rig() as ready:
        ready.server.on(ALERTS_PATH, *(ready.server.page(n, more=n < 3) for n in (1, 2, 3)))
        yield ready


async def streamed(part: AzureReader) -> list[str]:
    """Stream the shared list; gives its ids."""
    return [item.id async for page in part.pages(SHARED, Item) for item in page]


async def whole(part: AzureReader) -> list[str]:
    """Read the shared list at once; gives its ids."""
    return [item.id for item in await part.items(SHARED, Item)]


@pytest.mark.parametrize("first", [streamed, whole])
@pytest.mark.parametrize("second", [streamed, whole])
async def test_each_page_is_asked_once(azure: Rig, first: Asker, second: Asker) -> None:
    """Streamed or read at once, the second asker gets the same items and sends nothing."""
    reader = azure.reader()

    found = await first(reader.part()), await second(reader.part())

    assert found == (["item-1", "item-2", "item-3"],) * 2
    assert len(azure.server.seen) == 3


async def test_askers_at_the_same_time_share_the_pages(azure: Rig) -> None:
    """All services of a run begin at once: the first one asks, the others wait for it."""
    reader = azure.reader()

    found = await asyncio.gather(*(ask(reader.part()) for ask in (streamed, whole, streamed)))

    assert found == [["item-1", "item-2", "item-3"]] * 3
    assert len(azure.server.seen) == 3


async def test_each_part_rests_on_the_list(azure: Rig) -> None:
    """The provenance of both names the list; its requests count where they were made."""
    reader = azure.reader()
    parts = reader.part(), reader.part()

    for part in parts:
        await streamed(part)

    assert [[(one.path, one.pages) for one in part.records()] for part in parts] == [[(ALERTS_PATH, 3)]] * 2
    assert [part.requests_sent for part in parts] == [3, 0]


async def test_a_refusal_is_shared_too(azure: Rig) -> None:
    """What is denied to the first asker is denied to all, for one request."""
    azure.server.on(ALERTS_PATH, refusal(403, "AuthorizationFailed"))
    reader = azure.reader()

    for _ in range(2):
        with pytest.raises(AccessDenied):
            await streamed(reader.part())

    assert len(azure.server.seen) == 1


async def test_the_next_run_asks_again(azure: Rig) -> None:
    """What one run holds is of no use to another."""
    azure.server.on(ALERTS_PATH, azure.server.page(1, more=False))

    for _ in range(2):
        await streamed(azure.reader())

    assert len(azure.server.seen) == 2
