"""Controls of recommendations as each connection's own regulatory compliance names them, and what stands.

The names are those of the newest good `regulatory_compliance` item of Defender; while there is none, or where
it names nothing, the published mappings hold.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping

import msgspec

from mappings.live import LiveControls
from mappings.loader import Mappings
from pipeline.model import EvidenceItem, VerdictCounts
from pipeline.stores.evidence_table import EvidenceTable
from pipeline.stores.records import Pointer
from pipeline.verdict_counts import total, total_by_check

SERVICE, KIND = "defender", "regulatory_compliance"
NAMED = "recommendation_controls"
"""The member of the item's summary: control ids by the key of a recommendation."""

type Counts = Mapping[str, VerdictCounts]


class LiveControlsReader:
    """Gives a connection its controls.

    Args:
        mappings: gives the mappings in force.
    """

    def __init__(self, evidence: EvidenceTable, mappings: Callable[[], Mappings]) -> None:
        self._evidence = evidence
        self._mappings = mappings

    async def of(self, connection_id: str) -> LiveControls:
        """Read a connection's controls, in two requests of its evidence."""
        pointer = await self._evidence.pointer(connection_id, SERVICE, KIND)
        index = None if pointer is None else pointer.index
        item = None if index is None else await self._evidence.item(connection_id, index)
        return live_controls(item, self._mappings())


def live_controls(item: EvidenceItem | None, mappings: Mappings) -> LiveControls:
    """Take the controls of recommendations out of an item; without one nothing is named."""
    named = {} if item is None else item.summary.get(NAMED, {})
    return LiveControls.of(msgspec.convert(named, dict[str, tuple[str, ...]]), mappings)


class Standing:
    """The verdicts that stand, those of connections together whose recommendations have the same controls."""

    def __init__(self, mappings: Mappings) -> None:
        self._mappings = mappings
        self._counts: defaultdict[str, list[Counts]] = defaultdict(list)
        self._live: dict[str, LiveControls] = {}

    def add(self, connection_id: str, pointer: Pointer, item: EvidenceItem | None) -> None:
        """Count what stands of an evidence kind of a connection; `item` is its newest good one, if any."""
        self._counts[connection_id].append(_standing(pointer))
        if (pointer.service, pointer.kind) == (SERVICE, KIND):
            self._live[connection_id] = live_controls(item, self._mappings)

    def groups(self) -> tuple[Counts, list[tuple[LiveControls, Counts]]]:
        """Give the verdicts where the published controls hold, and those under names of their own."""
        published = LiveControls.of({}, self._mappings)
        together: defaultdict[LiveControls, list[Counts]] = defaultdict(list)
        for connection_id, several in self._counts.items():
            together[self._live.get(connection_id, published)].extend(several)
        counts = total_by_check(together.pop(published, []))
        return counts, [(live, total_by_check(several)) for live, several in together.items()]


def _standing(pointer: Pointer) -> Counts:
    """Give the verdicts of the newest good item; checks count as unknown besides where a try failed since."""
    if pointer.index is None or pointer.newest_try.status == "collected":
        return pointer.counts
    gap = VerdictCounts(unknown=1)
    return {check_id: total((verdicts, gap)) for check_id, verdicts in pointer.counts.items()}
