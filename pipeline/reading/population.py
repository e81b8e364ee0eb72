"""The population: every resource that was found, and when; nobody has to believe that all were looked at."""

from collections.abc import AsyncIterator, Mapping

import msgspec

from collectors.contract import POPULATION, JsonValue
from pipeline.model import Page
from pipeline.reading.connection_walk import ConnectionWalk, Placed
from pipeline.reading.filters import interval_filter, quoted
from pipeline.requests import ResourceQuery
from pipeline.stores.evidence_table import EvidenceTable
from pipeline.stores.finding_table import FindingRow, FindingTable
from pipeline.stores.protocols import ConnectionStore
from pipeline.stores.records import ConnectionRecord


class ResourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as it was found over one interval of time."""

    id: str
    connection_id: str
    subscription_id: str
    service: str
    name: str
    type: str
    location: str | None
    tags: Mapping[str, JsonValue]
    found_at: str
    gone_at: str | None


class Population:
    """Lists resources."""

    def __init__(self, connections: ConnectionStore, evidence: EvidenceTable, findings: FindingTable) -> None:
        self._walk = ConnectionWalk(connections)
        self._evidence = evidence
        self._findings = findings

    async def resources(self, query: ResourceQuery) -> Page[ResourceView]:
        """List the resources that are there, or that were there at a time."""

        def rows(record: ConnectionRecord, after: str | None) -> AsyncIterator[Placed[ResourceView]]:
            return self._rows(record, query, after)

        return await self._walk.page(query, rows)

    async def _rows(
        self, record: ConnectionRecord, query: ResourceQuery, after: str | None
    ) -> AsyncIterator[Placed[ResourceView]]:
        head = await self._evidence.head(record.id)
        where = " and ".join([*_asked(query), interval_filter(query.as_of, head.sequence)])
        size = min(query.limit + 1, 1000)
        rows = self._findings.rows(
            record.id, sequence=head.sequence, after=after, where=where, page_size=size
        )
        async for row in rows:
            yield row.key, _view(record, row)


def _asked(query: ResourceQuery) -> list[str]:
    if query.type is not None:
        kinds = [f"check_id eq {quoted(POPULATION + query.type.lower())}"]
    else:
        kinds = [f"check_id ge '{POPULATION}'", f"check_id lt '{POPULATION[:-1]};'"]
    return kinds if query.service is None else [*kinds, f"service eq {quoted(query.service)}"]


def _view(record: ConnectionRecord, row: FindingRow) -> ResourceView:
    observed = row.body.observed
    tags, location = observed.get("tags"), observed.get("location")
    resource_id = row.body.resource_id
    return ResourceView(
        id=resource_id,
        connection_id=record.id,
        subscription_id=record.subscription_id,
        service=row.service,
        name=str(observed.get("name") or resource_id.rstrip("/").rpartition("/")[2]),
        type=row.body.title,
        location=location if isinstance(location, str) else None,
        tags=tags if isinstance(tags, Mapping) else {},
        found_at=row.opened_at,
        gone_at=row.closed_at,
    )
