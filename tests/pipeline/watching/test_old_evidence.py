"""Old evidence: counted by connection, and honest about what was not looked at."""

import asyncio

import pytest

from collectors.errors import AccessDenied
from pipeline.model import Attention, Frequency
from pipeline.watching.old_evidence import ConnectionsHealth, OldEvidence
from tests.pipeline.sync_rig import Rig, verdict

DENIED = AccessDenied("HTTP 403.", permission="Microsoft.Test/things/read", scope="/", advice="Add Reader.")
PROBLEM = Attention(code="expired_client_secret", detail="made up", advice="made up")
HOURS = {"hourly": 2, "daily": 48}


async def counted(rig: Rig, **bounds: float) -> tuple[int, int, int, bool]:
    """Count: total, stale, attention, whether that is the least."""
    patience_s = bounds.get("patience_s", 10.0)
    most = int(bounds.get("most", 1_000))
    found = await OldEvidence(
        rig.connections, rig.evidence, rig.time, most=most, patience_s=patience_s
    ).count()
    assert isinstance(found, ConnectionsHealth)
    return found.total, found.stale, found.attention, found.at_least


@pytest.fixture
async def alone(rig: Rig) -> Rig:
    """A register without connections of other tests."""
    await rig.forget_all()
    rig.world.seen = {"colour": [verdict("colour", "a")], "shape": []}
    return rig


async def test_nothing_is_nothing(alone: Rig) -> None:
    """An app without connections has none that are stale."""
    assert await counted(alone) == (0, 0, 0, False)


@pytest.mark.parametrize("frequency", ["hourly", "daily"])
async def test_stale_is_older_than_two_intervals(alone: Rig, frequency: Frequency) -> None:
    """Of the newest evidence, not of the connection; a new run makes it fresh."""
    connection = await alone.connect(frequency=frequency)
    alone.time.later(hours=1)
    await alone.sync(connection.id)
    alone.time.later(hours=HOURS[frequency])
    before = await counted(alone)
    alone.time.later(seconds=1)
    after = await counted(alone)
    await alone.sync(connection.id)

    assert [before[1], after[1], (await counted(alone))[1]] == [0, 1, 0]


async def test_a_failed_read_does_not_make_evidence_new(alone: Rig) -> None:
    """Gaps are items too, but no evidence."""
    connection = await alone.connect(frequency="hourly")
    await alone.sync(connection.id)
    alone.world.ends = {"colour": DENIED, "shape": DENIED}
    alone.time.later(hours=3)
    await alone.sync(connection.id)

    assert await counted(alone) == (1, 1, 0, False)


async def test_a_connection_without_evidence_gets_two_intervals(alone: Rig) -> None:
    """Then it is stale too: a connection that was never synced is what this is for."""
    await alone.connect(frequency="hourly")
    before = await counted(alone)
    alone.time.later(hours=2, seconds=1)

    assert [before[1], (await counted(alone))[1]] == [0, 1]


async def test_a_paused_connection_is_counted_and_nothing_else(alone: Rig) -> None:
    """Its evidence may be old, and nobody is asked to mend it."""
    await alone.connect(frequency="hourly", paused=True, attention=PROBLEM)
    alone.time.later(hours=5)

    assert await counted(alone) == (1, 0, 0, False)


async def test_attention_is_counted(alone: Rig) -> None:
    """As the connections show it."""
    await alone.connect(attention=PROBLEM)
    await alone.connect()

    assert await counted(alone) == (2, 0, 1, False)


@pytest.mark.parametrize(("most", "expected"), [(2, (2, 2, 0, True)), (3, (3, 3, 0, False))])
async def test_what_is_not_looked_at_is_said(alone: Rig, most: int, expected: tuple[int, ...]) -> None:
    """The numbers are then the least there are."""
    for _ in range(3):
        await alone.connect(frequency="hourly")
    alone.time.later(hours=3)

    assert await counted(alone, most=most) == expected


async def test_a_slow_storage_costs_the_patience(alone: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted until then counts."""
    for _ in range(17):
        await alone.connect(frequency="hourly")
    slow = await alone.connect(frequency="hourly", created_at="2026-01-01T00:00:00Z")

    async def wait(connection_id: str) -> str | None:
        if connection_id == slow.id:
            await asyncio.sleep(60)
        return None

    monkeypatch.setattr(alone.evidence, "newest_at", wait)
    found = await counted(alone, patience_s=0.5)

    assert found[3]
    assert found[0] in {0, 16}


async def test_the_newest_comes_first(alone: Rig) -> None:
    """`newest_at` tells of the newest good item, None before the first."""
    connection = await alone.connect()
    before = await alone.evidence.newest_at(connection.id)
    await alone.sync(connection.id)
    alone.time.later(hours=1)
    run = await alone.sync(connection.id)

    items = await alone.items(connection.id)
    assert before is None
    assert await alone.evidence.newest_at(connection.id) == items[0].collected_at
    assert items[0].sync_run_id == run.id
