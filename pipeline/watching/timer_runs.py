"""When each timer last ran: one row each, so that a timer that stopped firing shows.

Rows in the partition `timers` of the table `connections`. A timer that never ran is measured from when the
app first ran any of its timers, and before that from when this process began.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from azure.core.exceptions import AzureError, ResourceExistsError

from collectors.errors import ConnectorError
from pipeline.event_log import log
from pipeline.events import TimerNotRecorded
from pipeline.evidence import INTERVAL
from pipeline.stores.tables import TableStorage
from pipeline.times import Clock, from_rfc3339, rfc3339

INTERVALS: Mapping[str, timedelta] = {
    "plan_daily_syncs": INTERVAL["daily"],
    "plan_hourly_syncs": INTERVAL["hourly"],
    "resume_sync_runs": timedelta(minutes=1),
}
"""How often each timer fires."""
LATE_AFTER_INTERVALS = 2
_PARTITION = "timers"


class TimerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One timer.

    Args:
        last_run_at: when it last did its work to the end; None before the first time.
        late: whether that is longer ago than two of its intervals.
    """

    name: str
    last_run_at: str | None
    late: bool


class TimerRuns:
    """Keeps and tells when timers ran."""

    def __init__(self, tables: TableStorage, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock
        self._begun_at = clock()
        self._all_known = False

    async def ran(self, name: str) -> None:
        """Keep that a timer did its work; where that fails, the timer still did."""
        try:
            table = await self._tables.table("connections")
            key = {"PartitionKey": _PARTITION, "RowKey": name}
            await table.upsert_entity({**key, "last_run_at": rfc3339(self._clock())})
            if not self._all_known:
                await self._know_all()
        except (AzureError, ConnectorError) as error:
            log(TimerNotRecorded(timer=name, error=type(error).__name__))

    async def health(self) -> tuple[TimerHealth, ...]:
        """Tell of every timer; raises what Table Storage raises."""
        table = await self._tables.table("connections")
        query = table.query_entities(f"PartitionKey eq '{_PARTITION}'")
        rows = {str(row["RowKey"]): row async for row in query}
        return tuple(self._health(name, rows.get(name, {})) for name in INTERVALS)

    async def _know_all(self) -> None:
        """Begin to measure timers that never ran."""
        table = await self._tables.table("connections")
        for name in INTERVALS:
            row = {"PartitionKey": _PARTITION, "RowKey": name, "known_since": rfc3339(self._clock())}
            try:
                await table.create_entity(row)
            except ResourceExistsError:
                continue
        self._all_known = True

    def _health(self, name: str, row: Mapping[str, object]) -> TimerHealth:
        last, since = row.get("last_run_at"), row.get("known_since")
        measured = last or since
        begun: datetime = self._begun_at if measured is None else from_rfc3339(str(measured))
        return TimerHealth(
            name=name,
            last_run_at=None if last is None else str(last),
            late=self._clock() - begun > LATE_AFTER_INTERVALS * INTERVALS[name],
        )
