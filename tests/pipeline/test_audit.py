"""The audit log: what is recorded before and after a change, and what if it cannot be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest

from pipeline.audit import (
    SCAN_BUDGET,
    Actor,
    Attempt,
    AuditEntry,
    AuditLog,
    Ending,
    Origin,
    Target,
    result_of,
)
from pipeline.errors import AuditUnavailable
from pipeline.requests import AuditQuery
from pipeline.stores.audit_table import AuditTable
from pipeline.times import rfc3339
from tests.pipeline.faulty_storage import FaultyStorage, faulty
from tests.pipeline.sync_rig import NOON, Rig, Time, rigged

ATTEMPT = Attempt(
    action="change",
    actor=Actor(kind="token", object_id="o", client_id="a", tenant_id="t"),
    origin=Origin(address="203.0.113.7", user_agent="portal"),
    target=Target(connection_ids=("c1",)),
    fields=("auth", "name"),
    correlation_id="portal-42",
)
REFUSED = Ending(result=result_of(422, code="authentication_failed", reason="invalid_client_secret"))


@pytest.fixture
async def log(rig: Rig, time: Time) -> AuditLog:
    """An empty log."""
    await rig.tables.remove("audit", "PartitionKey ge ''")
    return AuditLog(AuditTable(rig.tables), time)


@pytest.fixture
def time() -> Time:
    """A clock that stands."""
    return Time()


@asynccontextmanager
async def struck(storage: str, time: Time) -> AsyncIterator[tuple[AuditLog, FaultyStorage]]:
    """Give a log whose storage fails on command."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as other:
        await other.tables.table("audit")
        yield AuditLog(AuditTable(other.tables), time), proxy


async def entries(log: AuditLog, **asked: object) -> tuple[AuditEntry, ...]:
    """Read a page."""
    return (await log.page(msgspec.convert(asked, AuditQuery))).items


async def test_an_entry_says_who_what_when_from_where_and_result(log: AuditLog, time: Time) -> None:
    """All that was told of the attempt, and when it began and ended."""
    begun = await log.start(ATTEMPT)
    ended_at = rfc3339(time.later(seconds=3))
    await log.finish(begun, REFUSED)

    [read] = await entries(log)
    assert {name: getattr(read, name) for name in ATTEMPT.__struct_fields__} == msgspec.structs.asdict(
        ATTEMPT
    )
    assert (read.at, read.result.finished_at) == (rfc3339(NOON), ended_at)
    assert read.result.outcome == "refused"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "succeeded"),
        (204, "succeeded"),
        (403, "refused"),
        (429, "refused"),
        (500, "failed"),
        (503, "failed"),
    ],
)
def test_the_status_says_what_came_of_it(status: int, outcome: str) -> None:
    """What is refused changed nothing; what failed may have."""
    assert result_of(status).outcome == outcome


async def test_what_cannot_be_recorded_is_refused(log: AuditLog, storage: str, time: Time) -> None:
    """The beginning must be written before anything is tried."""
    async with struck(storage, time) as (failing, proxy):
        proxy.strike("dies before", 1)
        with pytest.raises(AuditUnavailable):
            await failing.start(ATTEMPT)

    assert await entries(log) == ()


async def test_an_end_that_cannot_be_recorded_is_seen(
    log: AuditLog, storage: str, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """The change is made and answered; its entry says `unknown`, and the app's log says why."""
    async with struck(storage, time) as (failing, proxy):
        begun = await failing.start(ATTEMPT)
        proxy.strike("dies before", 1)
        await failing.finish(begun, REFUSED)

    [read] = await entries(log)
    assert read.result.outcome == "unknown"
    assert f"audit_ending_not_written audit_id={begun.id}" in caplog.text


async def test_a_refusal_that_cannot_be_recorded_is_in_the_apps_log(
    log: AuditLog, storage: str, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """It stays a refusal."""
    async with struck(storage, time) as (failing, proxy):
        proxy.strike("dies before", 1)
        await failing.record(ATTEMPT, REFUSED)

    assert await entries(log) == ()
    assert "audit_refusal_not_written action=change" in caplog.text


async def test_a_connection_is_asked_for(log: AuditLog) -> None:
    """Whether the request named it or only the answer."""
    new = msgspec.structs.replace(ATTEMPT, action="connect", target=Target())
    made = await log.start(new)
    await log.finish(made, Ending(result=result_of(201), connection_ids=("c9",)))
    await log.start(ATTEMPT)

    assert [one.action for one in await entries(log, connection_id="c9")] == ["connect"]
    assert [one.action for one in await entries(log, connection_id="c1")] == ["change"]
    assert await entries(log, connection_id="c") == ()


async def test_pages_are_gone_through(log: AuditLog, time: Time) -> None:
    """Every entry once, while new ones come."""
    for _ in range(5):
        await log.record(ATTEMPT, REFUSED)
        time.later(days=5)
    whole = await entries(log)

    position: str | None = None
    walked: list[AuditEntry] = []
    while True:
        page = await log.page(AuditQuery(limit=2, position=position))
        walked += page.items
        await log.start(ATTEMPT)
        if page.next_cursor is None:
            break
        position = page.next_cursor
    assert tuple(walked) == whole


async def test_a_long_search_is_given_short(rig: Rig, log: AuditLog) -> None:
    """An answer stays quick, and says that there is more to look at."""
    store = _Endless(await log.start(ATTEMPT))
    page = await AuditLog(store, rig.time).page(AuditQuery(connection_id="nowhere"))

    assert page.items == ()
    assert page.next_cursor is not None
    assert store.given == SCAN_BUDGET + 1


class _Endless(AuditTable):
    """A log without end."""

    def __init__(self, entry: AuditEntry) -> None:
        self._entry = entry
        self.given = 0

    async def entries(self, query: AuditQuery, *, page_size: int) -> AsyncIterator[AuditEntry]:
        """Give the same entry again and again."""
        assert page_size <= 1000
        assert query.position is None
        while True:
            self.given += 1
            yield self._entry


async def test_time_asked_for_is_of_the_beginning(log: AuditLog, time: Time) -> None:
    """An attempt that lasted over midnight is of the day it began."""
    begun = await log.start(ATTEMPT)
    time.later(hours=20)
    await log.finish(begun, REFUSED)

    tomorrow = rfc3339(NOON + timedelta(hours=12))
    assert len(await entries(log, to=tomorrow)) == 1
    assert await entries(log, **{"from": tomorrow}) == ()
