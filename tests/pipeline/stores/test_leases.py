"""Leases: one worker per connection, whatever the timing."""

import asyncio
import contextlib
import time

import pytest

from pipeline.errors import LeaseLost
from pipeline.stores.leases import Lease
from tests.pipeline.faulty_storage import faulty
from tests.pipeline.sync_rig import LEASE_S, Rig, record, rigged


@pytest.fixture
def connection_id() -> str:
    """Give the id of a connection that nothing is kept of."""
    return record().id


async def test_a_second_worker_is_refused(rig: Rig, connection_id: str) -> None:
    """While one holds the lease, another gets None."""
    async with rig.leases.hold(connection_id) as first, rig.leases.hold(connection_id) as second:
        assert first is not None
        assert second is None


async def test_a_freed_lease_can_be_taken_again(rig: Rig, connection_id: str) -> None:
    """It ends with its block."""
    async with rig.leases.hold(connection_id):
        pass
    async with rig.leases.hold(connection_id) as again:
        assert again is not None


@pytest.mark.parametrize("freed_before", [False, True], ids=["new connection", "known connection"])
async def test_of_many_at_once_exactly_one_gets_it(
    rig: Rig, connection_id: str, *, freed_before: bool
) -> None:
    """However they interleave, the row's ETag lets one through: nobody takes a lease just taken."""
    if freed_before:
        async with rig.leases.hold(connection_id):
            pass
    async with contextlib.AsyncExitStack() as stack:
        holds = [stack.enter_async_context(rig.leases.hold(connection_id)) for _ in range(12)]
        held = [lease for lease in await asyncio.gather(*holds) if lease is not None]

        assert len(held) == 1


async def test_a_lease_of_a_dead_worker_runs_out(rig: Rig, connection_id: str) -> None:
    """What a worker that died held is free after its duration, not before."""
    holding = rig.leases.hold(connection_id)  # kept: one that is forgotten is closed, and frees its lease
    dead = await holding.__aenter__()
    rig.time.later(seconds=59)
    before = await rig.leases.held_until(connection_id)
    rig.time.later(seconds=1)

    assert dead is not None
    assert before is not None
    assert await rig.leases.held_until(connection_id) is None
    async with rig.leases.hold(connection_id) as taken:
        assert taken is not None
    await holding.__aexit__(None, None, None)


async def test_renewal_keeps_it(storage: str, connection_id: str) -> None:
    """A worker that lives holds on beyond the duration."""
    async with rigged(storage, lease_s=1) as rig, rig.leases.hold(connection_id) as lease:
        assert lease is not None
        taken_until = lease.until_s
        await asyncio.sleep(1.5)

        lease.ensure()
        assert lease.until_s > taken_until


async def test_writing_ends_before_another_may_take_over(rig: Rig, connection_id: str) -> None:
    """What was sent at the last moment arrives before it is swept, not after."""
    began = time.monotonic()
    async with rig.leases.hold(connection_id) as lease:
        assert lease is not None

        assert began < lease.until_s < began + 0.95 * LEASE_S


@pytest.mark.parametrize("how", ["taken over", "purged"])
async def test_a_loss_is_noticed_at_the_next_renewal(storage: str, connection_id: str, how: str) -> None:
    """Another worker took the row, or somebody purged it: nothing more may be written."""
    async with rigged(storage, lease_s=0.6) as rig, rig.leases.hold(connection_id) as lease:
        assert lease is not None
        if how == "purged":
            await rig.evidence.purge(connection_id)
        else:
            rig.time.later(seconds=1)
            async with rig.leases.hold(connection_id):
                await asyncio.sleep(0.3)
        await asyncio.sleep(0.1 if how == "taken over" else 0.3)

        with pytest.raises(LeaseLost):
            lease.ensure()


async def test_a_renewal_whose_answer_was_lost_is_no_loss(storage: str, connection_id: str) -> None:
    """The row still names this owner: its ETag is taken up, the work goes on."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string, lease_s=0.9) as rig:
        async with rig.leases.hold(connection_id) as lease:
            assert lease is not None
            proxy.strike("answer lost", 1)
            await asyncio.sleep(1.2)

            lease.ensure()
        assert await rig.leases.held_until(connection_id) is None


async def test_a_storage_hiccup_does_not_lose_it(storage: str, connection_id: str) -> None:
    """A renewal that fails is tried again at the next turn, while there is time."""
    async with (
        faulty(storage) as proxy,
        rigged(proxy.connection_string, lease_s=0.9) as rig,
        rig.leases.hold(connection_id) as lease,
    ):
        assert lease is not None
        proxy.strike("dies before", 1)
        await asyncio.sleep(0.4)
        proxy.dead = False
        await asyncio.sleep(0.7)

        lease.ensure()


async def test_a_lease_not_renewed_in_time_forbids_writing() -> None:
    """The monotonic clock decides, without asking the storage."""
    with pytest.raises(LeaseLost):
        Lease("c", "owner", "etag", until_s=0).ensure()
