"""Controls of recommendations as each connection's own regulatory compliance names them, and what stands.

The names are those of the newest good `regulatory_compliance` item of Defender, as of the time that is asked
about; while there is none, or where it names nothing, the published mappings hold.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec

from mappings.live import LiveControls
from mappings.loader import Mappings
from pipeline.controls import ConnectionVerdicts, Gathered
from pipeline.model import EvidenceItem, VerdictCounts
from pipeline.reading.newest_item import newest_item
from pipeline.stores.evidence_table import EvidenceTable
from pipeline.stores.records import ConnectionRecord, Pointer
from pipeline.verdict_counts import total, total_by_check

SERVICE, KIND, RECOMMENDATIONS = "defender", "regulatory_compliance", "resource_assessments"
NAMED = "recommendation_controls"
"""The member of the item's summary: control ids by the key of a recommendation."""


class LiveControlsReader:
    """Gives a connection its controls.

    Args:
        mappings: gives the mappings in force.
    """

    def __init__(self, evidence: EvidenceTable, mappings: Callable[[], Mappings]) -> None:
        self._evidence = evidence
        self._mappings = mappings

    async def of(self, connection_id: str, as_of: str | None = None) -> LiveControls:
        """Read a connection's controls, in two requests of its evidence.

        Args:
            as_of: the time asked about, fixed-width UTC; None for now.
        """
        pointer = await self._evidence.pointer(connection_id, SERVICE, KIND)
        item = None if pointer is None else await newest_item(self._evidence, connection_id, pointer, as_of)
        return live_controls(item, self._mappings())


def live_controls(item: EvidenceItem | None, mappings: Mappings) -> LiveControls:
    """Take the controls of recommendations out of an item; without one nothing is named."""
    named = {} if item is None else item.summary.get(NAMED, {})
    return LiveControls.of(msgspec.convert(named, dict[str, tuple[str, ...]]), mappings)


class Standing:
    """What connections gathered, those together whose recommendations support the same controls."""

    def __init__(self, mappings: Mappings) -> None:
        self._mappings = mappings
        self._together: defaultdict[LiveControls, list[ConnectionVerdicts]] = defaultdict(list)

    def add(self, record: ConnectionRecord, newest: Sequence[tuple[Pointer, EvidenceItem | None]]) -> None:
        """Count what stands of a connection.

        Args:
            newest: its evidence kinds, each with its newest good item, if any.
        """
        names = (item for pointer, item in newest if (pointer.service, pointer.kind) == (SERVICE, KIND))
        collected = [pointer for pointer, _ in newest if record.collects(pointer.service)]
        dropped = [pointer for pointer, _ in newest if not record.collects(pointer.service)]
        verdicts = ConnectionVerdicts(
            standing=total_by_check(map(_standing, collected)),
            dropped=total_by_check(pointer.counts for pointer in dropped),
            lists_recommendations=any(map(_lists_recommendations, collected)),
        )
        self._together[live_controls(next(names, None), self._mappings)].append(verdicts)

    def gathered(self) -> list[Gathered]:
        """Give what the connections gathered."""
        return [Gathered(live, connections) for live, connections in self._together.items()]


def _standing(pointer: Pointer) -> Mapping[str, VerdictCounts]:
    """Give the verdicts of the newest good item; checks count as unknown besides where a try failed since."""
    if pointer.index is None or pointer.newest_try.status == "collected":
        return pointer.counts
    gap = VerdictCounts(unknown=1)
    return {check_id: total((verdicts, gap)) for check_id, verdicts in pointer.counts.items()}


def _lists_recommendations(pointer: Pointer) -> bool:
    is_list = (pointer.service, pointer.kind) == (SERVICE, RECOMMENDATIONS)
    return is_list and pointer.newest_try.status == "collected"
