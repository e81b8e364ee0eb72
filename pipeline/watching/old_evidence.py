"""How many connections have old evidence or need a person: counted one after the other, within bounds."""

import asyncio

import msgspec

from pipeline.connecting.secret_expiry import expiry_notice
from pipeline.evidence import INTERVAL, STALE_AFTER_INTERVALS
from pipeline.stores.evidence_table import EvidenceTable
from pipeline.stores.protocols import ConnectionStore
from pipeline.stores.records import ConnectionRecord
from pipeline.times import Clock, from_rfc3339

MOST_CONNECTIONS = 2_000
PATIENCE_S = 3.0
AT_ONCE = 16
_PAGE = 200


class ConnectionsHealth(msgspec.Struct, kw_only=True):
    """What connections there are.

    Args:
        total: all, paused ones too.
        stale: not paused, and the newest evidence, or the connecting where there is none, is longer ago than
            two intervals.
        attention: not paused, and shown with the status `attention`.
        at_least: not all were looked at, so each number may be higher.
    """

    total: int = 0
    stale: int = 0
    attention: int = 0
    at_least: bool = False


class OldEvidence:
    """Counts connections, the newest first, for a few seconds at most."""

    def __init__(
        self,
        connections: ConnectionStore,
        evidence: EvidenceTable,
        clock: Clock,
        *,
        most: int = MOST_CONNECTIONS,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._connections = connections
        self._evidence = evidence
        self._clock = clock
        self._most = most
        self._patience_s = patience_s

    async def count(self) -> ConnectionsHealth:
        """Count them; raises what Table Storage raises."""
        counted = ConnectionsHealth()
        try:
            async with asyncio.timeout(self._patience_s):
                await self._count_into(counted)
        except TimeoutError:
            counted.at_least = True
        return counted

    async def _count_into(self, counted: ConnectionsHealth) -> None:
        position: str | None = None
        while counted.total < self._most:
            limit = min(_PAGE, self._most - counted.total)
            records, position = await self._connections.page(limit=limit, position=position)
            for start in range(0, len(records), AT_ONCE):
                some = records[start : start + AT_ONCE]
                stale = await asyncio.gather(*map(self._is_stale, some))
                counted.total += len(some)
                counted.stale += sum(stale)
                counted.attention += sum(map(self._needs_attention, some))
            if position is None:
                return
        counted.at_least = True

    async def _is_stale(self, record: ConnectionRecord) -> bool:
        allowed = STALE_AFTER_INTERVALS * INTERVAL[record.frequency]
        oldest = self._clock() - allowed
        if record.paused or from_rfc3339(record.created_at) >= oldest:
            return False
        newest = await self._evidence.newest_at(record.id)
        return newest is None or from_rfc3339(newest) < oldest

    def _needs_attention(self, record: ConnectionRecord) -> bool:
        notice = record.attention or expiry_notice(record, self._clock())
        return notice is not None and not record.paused
