"""Why a connection has findings of a service or none: switched off, not permitted, off, none found."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from collectors.contract import Collector, Summary
from pipeline.model import EvidenceItem, PartRun, ProblemView, VerdictCounts
from pipeline.stores.evidence_table import EvidenceTable
from pipeline.stores.protocols import ConnectionStore
from pipeline.stores.records import Pointer
from pipeline.verdict_counts import total

type ServiceStateName = Literal[
    "collected",
    "none_found",
    "partly_collected",
    "disabled",
    "not_permitted",
    "not_enabled",
    "unavailable",
    "not_collected_yet",
]


class ServiceState(msgspec.Struct, frozen=True, kw_only=True):
    """Why a connection has findings of a service, or has none: the answer to "where are they?"."""

    service: str
    title: str
    state: ServiceStateName
    detail: str
    advice: str = ""
    portal_url: str | None = None
    collected_at: str | None = None
    resources: int | None = None
    verdicts: VerdictCounts = msgspec.field(default_factory=VerdictCounts)


_BY_PROBLEM: Mapping[str, ServiceStateName] = {
    "permission_missing": "not_permitted",
    "authentication_failed": "not_permitted",
    "service_not_enabled": "not_enabled",
    "not_computed_yet": "not_enabled",
}
_DETAILS: Mapping[ServiceStateName, str] = {
    "collected": "The newest sync read everything this service was asked for.",
    "none_found": "The newest sync looked for resources of this service and found none.",
    "partly_collected": "The newest sync could not read everything.",
    "disabled": "The service is switched off for this connection; what was collected before is kept.",
    "not_collected_yet": "No sync has read this service yet.",
}


class ServiceStates:
    """Answers for each service of a connection.

    Args:
        collectors: every collector there is, by service.
    """

    def __init__(
        self, connections: ConnectionStore, evidence: EvidenceTable, collectors: Mapping[str, Collector]
    ) -> None:
        self._connections = connections
        self._evidence = evidence
        self._collectors = collectors

    async def of(self, connection_id: str) -> tuple[ServiceState, ...]:
        """Give the state of every service, by name; raises NotFound."""
        record = await self._connections.get(connection_id)
        pointers = await self._evidence.pointers(connection_id)
        return tuple(
            [
                await self._state(
                    connection_id,
                    collector,
                    [pointer for pointer in pointers if pointer.service == service],
                    enabled=record.services is None or service in record.services,
                )
                for service, collector in self._collectors.items()
            ]
        )

    async def _state(
        self, connection_id: str, collector: Collector, pointers: Sequence[Pointer], *, enabled: bool
    ) -> ServiceState:
        items = [await self._evidence.item(connection_id, pointer.newest_index) for pointer in pointers]
        found = [item for item in items if item is not None]
        problem = next((one.problem for one in _tries(pointers) if one.problem is not None), None)
        state = _name(found, _tries(pointers), enabled=enabled)
        shown = problem if enabled else None
        return ServiceState(
            service=collector.service,
            title=collector.title,
            state=state,
            detail=shown.detail if shown else _DETAILS.get(state, ""),
            advice=_advice(state, shown),
            portal_url=shown.portal_url if shown else None,
            collected_at=max((pointer.collected_at or "" for pointer in pointers), default="") or None,
            resources=_resources(found),
            verdicts=total(counts for pointer in pointers for counts in pointer.counts.values()),
        )


def _tries(pointers: Sequence[Pointer]) -> list[PartRun]:
    return [pointer.newest_try for pointer in pointers]


def _name(items: Sequence[EvidenceItem], tries: Sequence[PartRun], *, enabled: bool) -> ServiceStateName:
    """Say the state; the first rule that holds decides."""
    if not enabled:
        return "disabled"
    if not tries:
        return "not_collected_yet"
    problems = [one.problem for one in tries if one.problem is not None]
    if problems and all(one.status == "unavailable" for one in tries):
        return _BY_PROBLEM.get(problems[0].code, "unavailable")
    if problems:
        return "partly_collected"
    return "none_found" if _resources(items) == 0 else "collected"


def _resources(items: Sequence[EvidenceItem]) -> int | None:
    counts = [count for item in items if (count := _counted(item.summary)) is not None]
    return sum(counts) if counts else None


def _counted(summary: Summary) -> int | None:
    count = summary.get("resources", summary.get("total"))
    return count if isinstance(count, int) else None


def _advice(state: ServiceStateName, problem: ProblemView | None) -> str:
    if state == "disabled":
        return "Add the service to `services` of the connection (PATCH /connections/{connection_id})."
    return problem.advice if problem else ""
