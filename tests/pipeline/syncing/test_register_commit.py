"""A commit is whole, belongs to the holder of the lease, and is done once."""

import pytest
from azure.core.exceptions import HttpResponseError

from pipeline.errors import LeaseLost
from pipeline.model import SyncRun
from pipeline.stores.leases import Lease
from pipeline.stores.records import CredentialRecord, Head
from pipeline.syncing.register_commit import Finished
from tests.pipeline.faulty_storage import faulty
from tests.pipeline.sync_rig import Rig, rigged, verdict


async def collected(rig: Rig, lease: Lease | None, run: SyncRun) -> Finished:
    """Collect all parts of a run, up to its commit."""
    assert lease is not None
    attempt = await rig.opener.begin(run, lease)
    await attempt.collect(await rig.reading.open(attempt.connection))
    return Finished(
        run=attempt.run,
        connection=attempt.connection,
        outcomes=attempt.outcomes,
        checks={"colour": ("colour",), "shape": ("shape",)},
        staged=attempt.staged,
    )


async def test_it_makes_all_visible_and_frees_the_lease(rig: Rig) -> None:
    """In one transaction."""
    run = await rig.sync_runs.start((await rig.connect()).id)
    async with rig.leases.hold(run.connection_id) as lease:
        finished = await collected(rig, lease, run)
        assert lease is not None
        await rig.commit.commit(finished, lease)

        assert (await rig.evidence.head(run.connection_id)).items == 2
        assert await rig.leases.held_until(run.connection_id) is None
        assert not await rig.runs.is_dirty(run.connection_id)


async def test_one_who_was_overtaken_commits_nothing(rig: Rig) -> None:
    """Although nothing told it: the transaction itself demands the lease."""
    run = await rig.sync_runs.start((await rig.connect()).id)
    async with rig.leases.hold(run.connection_id) as lease:
        finished = await collected(rig, lease, run)
        rig.time.later(seconds=61)
        async with rig.leases.hold(run.connection_id) as other:
            assert lease is not None
            assert other is not None
            before = await rig.rows("evidence", run.connection_id)
            with pytest.raises(LeaseLost):
                await rig.commit.commit(finished, lease)

            assert before == await rig.rows("evidence", run.connection_id)


async def test_one_whose_lease_ran_out_does_not_even_try(rig: Rig) -> None:
    """Its own clock forbids it."""
    run = await rig.sync_runs.start((await rig.connect()).id)
    async with rig.leases.hold(run.connection_id) as lease:
        finished = await collected(rig, lease, run)
        assert lease is not None
        lease.until_s = 0
        with pytest.raises(LeaseLost):
            await rig.commit.commit(finished, lease)

    assert await rig.evidence.head(run.connection_id) == Head()


async def test_a_storage_that_fails_is_no_lost_lease(storage: str) -> None:
    """Its own error goes up."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        run = await rig.sync_runs.start((await rig.connect()).id)
        async with rig.leases.hold(run.connection_id) as lease:
            finished = await collected(rig, lease, run)
            assert lease is not None
            proxy.strike("dies before", 1)
            with pytest.raises(HttpResponseError):
                await rig.commit.commit(finished, lease)
            proxy.dead = False


async def test_a_transaction_that_azure_would_refuse_is_no_lost_lease(rig: Rig) -> None:
    """A refusal that is not about the lease goes up as it is."""
    run = await rig.sync_runs.start((await rig.connect()).id)
    async with rig.leases.hold(run.connection_id) as lease:
        finished = await collected(rig, lease, run)
        assert lease is not None
        bad = [("create", {"PartitionKey": run.connection_id, "RowKey": "tab\there"})]
        head = await rig.evidence.head(run.connection_id)
        with pytest.raises(HttpResponseError):
            await rig.evidence.commit(run.connection_id, head, items=[], pointers=[], with_these=bad)
        await rig.commit.commit(finished, lease)


async def test_thirty_parts_fit_into_one_commit(storage: str) -> None:
    """Of all services together, with room to spare."""
    kinds = tuple(f"kind{number:02d}" for number in range(30))
    async with rigged(storage, {"things": kinds}) as rig:
        rig.world.seen = {kind: [verdict(kind, "a")] for kind in kinds}
        connection = await rig.connect()

        assert (await rig.sync(connection.id)).status == "succeeded"
        assert len(await rig.items(connection.id)) == 30


async def test_the_manifest_before_is_removed(rig: Rig) -> None:
    """Only the one that counts is left."""
    connection = await rig.connect()
    for resource in ("a", "b"):
        rig.world.seen["colour"] = [verdict("colour", resource)]
        await rig.sync(connection.id)
        rig.time.later(days=1)

    keys = [str(row["RowKey"]) for row in await rig.rows("findings", f"{connection.id}|manifests")]
    assert keys == ["colour|0000000002|0000"]


async def test_a_principal_without_an_application_is_its_method(rig: Rig) -> None:
    """Provenance always names who read."""
    identity = CredentialRecord(method="managed_identity", tenant_id="t")
    connection = await rig.connect(credential=identity)
    await rig.sync(connection.id)

    assert {item.provenance.principal for item in await rig.items(connection.id)} == {"managed_identity"}


async def test_provenance_is_whole(rig: Rig) -> None:
    """Requests, times, versions: of the part, not of the run."""
    connection = await rig.connect()
    run = await rig.sync(connection.id)
    item, _ = await rig.items(connection.id)

    assert item.sync_run_id == run.id
    assert item.provenance.principal == "app"
    assert item.provenance.collector_version == "1"
    assert item.provenance.mapping_version
    assert [read.path for read in item.provenance.requests] == ["/x"]


async def test_a_run_committed_twice_over_a_lost_answer_is_committed_once(storage: str) -> None:
    """It met itself: nobody else took the connection over."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as rig:
        run = await rig.sync_runs.start((await rig.connect()).id)
        async with rig.leases.hold(run.connection_id) as lease:
            finished = await collected(rig, lease, run)
            assert lease is not None
            proxy.strike("answer lost", 1)
            await rig.commit.commit(finished, lease)

        assert len(await rig.items(run.connection_id)) == 2
        assert await rig.runs.staged(run.connection_id, run.id) == []
