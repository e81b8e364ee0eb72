"""The evidence register, as callers read it: evidence, findings, control states. Never sorts, never caps.

Lists go through the connections, newest first, and within each from the newest row to the oldest by key
order. A position is `<connection id>|<row>`; a page may hold fewer rows than asked for and still have a next
one, when many rows had to be looked at.
"""

from collections.abc import AsyncIterator, Callable

import msgspec

from mappings.live import LiveControls
from mappings.loader import ASSESSMENT_PREFIX, Mappings
from pipeline.controls import control_states
from pipeline.errors import NotFound
from pipeline.evidence import first_broken_of, freshness
from pipeline.framework_model import ControlState
from pipeline.ids import parse_evidence_id
from pipeline.model import ChainState, EvidenceItem, Finding, Page
from pipeline.reading.connection_walk import ConnectionWalk, Placed
from pipeline.reading.filters import finding_filter, matches, quoted, supports
from pipeline.reading.live_controls import LiveControlsReader, Standing
from pipeline.reading.newest_item import newest_item
from pipeline.requests import EvidenceQuery, FindingQuery
from pipeline.stores.evidence_table import EvidenceTable
from pipeline.stores.finding_table import FindingRow, FindingTable
from pipeline.stores.protocols import ConnectionStore
from pipeline.stores.records import ConnectionRecord, Pointer
from pipeline.times import Clock


class Register:
    """Reads what runs committed."""

    def __init__(
        self,
        connections: ConnectionStore,
        evidence: EvidenceTable,
        findings: FindingTable,
        *,
        mappings: Callable[[], Mappings],
        clock: Clock,
    ) -> None:
        self._connections = connections
        self._walk = ConnectionWalk(connections)
        self._evidence = evidence
        self._findings = findings
        self._mappings = mappings
        self._live = LiveControlsReader(evidence, mappings)
        self._clock = clock

    async def evidence(self, query: EvidenceQuery) -> Page[EvidenceItem]:
        """List evidence: the newest good item of each kind, or with `latest` false every item there is."""
        newest_only = query.sync_run_id is None if query.latest is None else query.latest

        def rows(record: ConnectionRecord, after: str | None) -> AsyncIterator[Placed[EvidenceItem]]:
            return (self._newest if newest_only else self._history)(record, query, after)

        return await self._walk.page(query, rows)

    async def evidence_item(self, evidence_id: str) -> EvidenceItem:
        """Give one item; raises NotFound."""
        parsed = parse_evidence_id(evidence_id)
        record = None if parsed is None else await self._connections.find(parsed[0])
        item = None
        if parsed is not None and record is not None:
            item = await self._evidence.item(*parsed)
        if item is None or record is None:
            raise NotFound(f"There is no evidence item {evidence_id[:80]}.")
        pointers = {pointer.kind: pointer for pointer in await self._evidence.pointers(record.id)}
        return self._read(item, pointers.get(item.kind), record)

    async def verify_chain(self, connection_id: str) -> ChainState:
        """Walk a connection's digest chain from its newest item to its first; raises NotFound."""
        record = await self._walk.found(connection_id)
        head = await self._evidence.head(record.id)
        # From the committed end on: a run that commits meanwhile adds items that this head does not know.
        items = self._evidence.items(record.id, after=head.items, page_size=1000)
        broken = await first_broken_of(record.id, head, items)
        return ChainState(items=head.items, intact=broken is None, first_broken=broken)

    async def findings(self, query: FindingQuery) -> Page[Finding]:
        """List findings: those that are open, or that were open or changed at the times asked for."""

        def rows(record: ConnectionRecord, after: str | None) -> AsyncIterator[Placed[Finding]]:
            return self._finding_rows(record, query, after)

        return await self._walk.page(query, rows)

    async def control_states(
        self, framework_id: str, *, connection_id: str | None = None
    ) -> tuple[ControlState, ...]:
        """Give the state of every control of a framework, of one connection or of all.

        Where the newest try of an evidence kind failed, its checks count as `unknown` besides their last
        verdicts: a gap is never hidden behind what was seen before it. The findings of a connection count for
        the controls that they have there. What is no longer collected is told apart: it counts for no state.
        """
        standing = Standing(self._mappings())
        items: list[EvidenceItem] = []
        async for record in self._asked(connection_id):
            pointers = await self._evidence.pointers(record.id)
            newest = [(one, await newest_item(self._evidence, record.id, one, None)) for one in pointers]
            standing.add(record, newest)
            items += [self._read(item, pointer, record) for pointer, item in newest if item is not None]
        return control_states(framework_id, self._mappings(), standing.gathered(), items=items)

    async def _asked(self, connection_id: str | None) -> AsyncIterator[ConnectionRecord]:
        """Give one connection, also a disconnected one, or all that are connected."""
        if connection_id is not None:
            yield await self._walk.found(connection_id)
            return
        async for record in self._walk.records():
            if record.disconnected_at is None:
                yield record

    async def _newest(
        self, record: ConnectionRecord, query: EvidenceQuery, after: str | None
    ) -> AsyncIterator[Placed[EvidenceItem]]:
        for pointer in await self._evidence.pointers(record.id):
            position = f"{pointer.service}|{pointer.kind}"
            if after is not None and position <= after:
                continue
            item = await newest_item(self._evidence, record.id, pointer, query.as_of)
            if item is None or not matches(item, query):
                yield position, None
            else:
                yield position, self._read(item, pointer, record)

    async def _history(
        self, record: ConnectionRecord, query: EvidenceQuery, after: str | None
    ) -> AsyncIterator[Placed[EvidenceItem]]:
        pointers = {pointer.kind: pointer for pointer in await self._evidence.pointers(record.id)}
        asked = {"service": query.service, "kind": query.kind, "sync_run_id": query.sync_run_id}
        where = [f"{name} eq {quoted(value)}" for name, value in asked.items() if value is not None]
        if query.as_of is not None:
            where.append(f"collected_at le {quoted(query.as_of)}")
        rows = self._evidence.items(
            record.id,
            after=None if after is None else int(after),
            where=" and ".join(where),
            page_size=min(query.limit + 1, 1000),
        )
        async for place, item in rows:
            shown = self._read(item, pointers.get(item.kind), record) if matches(item, query) else None
            yield str(place), shown

    async def _finding_rows(
        self, record: ConnectionRecord, query: FindingQuery, after: str | None
    ) -> AsyncIterator[Placed[Finding]]:
        head = await self._evidence.head(record.id)
        rows = self._findings.rows(
            record.id,
            sequence=head.sequence,
            after=after,
            where=finding_filter(query, head.sequence),
            page_size=min(query.limit + 1, 1000),
        )
        live: LiveControls | None = None
        async for row in rows:
            if live is None and row.check_id.startswith(ASSESSMENT_PREFIX):
                live = await self._live.of(
                    record.id, query.as_of
                )  # only recommendations can have controls of their own
            finding = self._finding(record, row, live)
            yield row.key, finding if supports(finding.controls, query.framework, query.control) else None

    def _finding(self, record: ConnectionRecord, row: FindingRow, live: LiveControls | None) -> Finding:
        return Finding(
            id=row.finding_id,
            connection_id=record.id,
            subscription_id=record.subscription_id,
            service=row.service,
            check_id=row.check_id,
            title=row.body.title,
            status=row.status,
            severity=row.severity,
            resource_id=row.body.resource_id,
            resource_name=row.body.resource_id.rstrip("/").rpartition("/")[2],
            reason=row.body.reason,
            observed=row.body.observed,
            remediation=row.body.remediation,
            controls=dict((live or self._mappings()).controls_of(row.check_id)),
            controls_source="catalogue" if live is None else live.source_of(row.check_id),
            opened_at=row.opened_at,
            closed_at=row.closed_at,
        )

    def _read(self, item: EvidenceItem, pointer: Pointer | None, record: ConnectionRecord) -> EvidenceItem:
        """Give an item as of now: with its freshness and, if that failed, the newest try."""
        failed = pointer is not None and pointer.newest_try.problem is not None
        dropped = record.services is not None and item.service not in record.services
        return msgspec.structs.replace(
            item,
            freshness="stale" if dropped else freshness(item, pointer, record.frequency, self._clock()),
            newest_try=pointer.newest_try if failed and pointer is not None else None,
            no_longer_collected=not record.collects(item.service),
        )
