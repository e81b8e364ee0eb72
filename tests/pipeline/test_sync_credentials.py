"""A credential that is refused, and one that works again: what a run makes of it."""

from typing import override

import msgspec
import pytest

from collectors.contract import Status
from collectors.errors import CredentialRejected, ServiceUnavailable
from pipeline.model import Attention, SyncRun
from pipeline.stores.connection_table import ConnectionTable
from pipeline.stores.records import ConnectionRecord
from tests.pipeline.sync_rig import Rig, message, rigged, verdict

replace = msgspec.structs.replace
REFUSED = CredentialRejected("Entra says no.", advice="Renew it.", reason="expired_client_secret")
GREEN, RED = verdict("colour", "a"), verdict("colour", "b", Status.FAIL)
ROUND = verdict("shape", "a")


@pytest.fixture
async def connection(rig: Rig) -> ConnectionRecord:
    """Give a connection whose two parts see something."""
    rig.world.seen = {"colour": [GREEN, RED], "shape": [ROUND]}
    return await rig.connect()


async def failing(rig: Rig, run: SyncRun, error: type[Exception] = ServiceUnavailable) -> SyncRun:
    """Make an attempt that fails; gives the run as it stands then."""
    with pytest.raises(error):
        await rig.worker.run(message(run))
    return await rig.runs.get(run.connection_id, run.id)


async def test_a_refusal_asks_for_attention_and_loses_nothing(rig: Rig, connection: ConnectionRecord) -> None:
    """The run fails with Entra's reason; the evidence goes stale."""
    await rig.sync(connection.id)
    rig.time.later(days=1)
    rig.reading.refuses = REFUSED
    run = await rig.sync(connection.id)

    assert run.status == "failed"
    assert run.problem is not None
    assert run.problem.reason == "expired_client_secret"
    attention = (await rig.connections.get(connection.id)).attention
    assert attention == Attention(code="expired_client_secret", detail="Entra says no.", advice="Renew it.")
    kept = await rig.open_findings(connection.id)
    assert {"colour a", "colour b", "shape a"} < set(kept)


async def test_it_is_cleared_when_the_credential_works_again(rig: Rig, connection: ConnectionRecord) -> None:
    """By the next run."""
    rig.reading.refuses = REFUSED
    await rig.sync(connection.id)
    rig.reading.refuses = None
    rig.time.later(days=1)
    await rig.sync(connection.id)

    assert (await rig.connections.get(connection.id)).attention is None


async def test_a_refusal_of_every_part_counts_too(rig: Rig, connection: ConnectionRecord) -> None:
    """Entra gave a token, Azure refuses it."""
    rig.world.ends = {"colour": REFUSED, "shape": REFUSED}
    run = await rig.sync(connection.id)

    assert run.status == "failed"
    assert (await rig.connections.get(connection.id)).attention is not None


async def test_a_refusal_half_way_keeps_what_was_read(rig: Rig, connection: ConnectionRecord) -> None:
    """The run is partial."""
    rig.world.ends["shape"] = REFUSED
    run = await rig.sync(connection.id)

    assert run.status == "partial"
    assert [part.status for part in run.collectors[0].parts] == ["collected", "unavailable"]


async def test_a_refusal_after_the_first_attempt_keeps_what_it_read(
    rig: Rig, connection: ConnectionRecord
) -> None:
    """Its finished part counts, the rest is a gap."""
    rig.world.ends["shape"] = ServiceUnavailable("HTTP 503.")
    run = await failing(rig, await rig.sync_runs.start(connection.id))
    rig.reading.refuses = REFUSED
    run = await rig.attempt(run)

    assert run.status == "failed"
    assert [part.status for part in run.collectors[0].parts] == ["collected", "unavailable"]


async def test_a_change_meanwhile_is_kept_beside_the_attention(
    rig: Rig, connection: ConnectionRecord
) -> None:
    """A person renamed the connection during the run."""

    async def rename() -> None:
        current = await rig.connections.get(connection.id)
        await rig.connections.replace(replace(current, name="renamed"))

    rig.world.during["colour"] = rename
    rig.world.ends = {"colour": REFUSED, "shape": REFUSED}
    await rig.sync(connection.id)

    kept = await rig.connections.get(connection.id)
    assert (kept.name, kept.attention is not None) == ("renamed", True)


async def test_a_credential_replaced_meanwhile_is_not_blamed(rig: Rig, connection: ConnectionRecord) -> None:
    """The old one was refused."""

    async def renew() -> None:
        current = await rig.connections.get(connection.id)
        renewed = replace(current.credential, secret_name="new")
        await rig.connections.replace(replace(current, credential=renewed))

    rig.world.during["colour"] = renew
    rig.world.ends = {"colour": REFUSED, "shape": REFUSED}
    await rig.sync(connection.id)

    assert (await rig.connections.get(connection.id)).attention is None


async def test_a_connection_disconnected_meanwhile_needs_no_attention(
    rig: Rig, connection: ConnectionRecord
) -> None:
    """Its tombstone stays as it is."""

    async def disconnect() -> None:
        await rig.connections.disconnect(await rig.connections.get(connection.id), at="2026")

    rig.world.during["colour"] = disconnect
    rig.world.ends = {"colour": REFUSED, "shape": REFUSED}
    await rig.sync(connection.id)

    tombstone = await rig.connections.find(connection.id)
    assert tombstone is not None
    assert tombstone.attention is None


async def test_a_connection_that_changes_at_every_look_is_left_alone(
    rig: Rig, storage: str, connection: ConnectionRecord
) -> None:
    """The next run tries again; this one ended well."""

    class Busy(ConnectionTable):
        """A table whose rows change as soon as they were read."""

        @override
        async def find(self, connection_id: str) -> ConnectionRecord | None:
            found = await super().find(connection_id)
            return None if found is None else replace(found, etag='W/"old"')

    run = await rig.sync_runs.start(connection.id)
    async with rigged(storage, time=rig.time) as other:
        other.reading.refuses = REFUSED
        other.connections = Busy(other.tables)
        await other.worker.run(message(run))

    assert (await rig.runs.get(connection.id, run.id)).status == "failed"
    assert (await rig.connections.get(connection.id)).attention is None
