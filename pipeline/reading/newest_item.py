"""Which evidence item of a kind spoke for the present at a time."""

from pipeline.model import EvidenceItem
from pipeline.reading.filters import quoted
from pipeline.stores.evidence_table import EvidenceTable
from pipeline.stores.records import Pointer


async def newest_item(
    evidence: EvidenceTable, connection_id: str, pointer: Pointer, as_of: str | None
) -> EvidenceItem | None:
    """Give the newest good item of a kind, or the newest try while there was no good one.

    Args:
        pointer: the kind's.
        as_of: the time asked about, fixed-width UTC; None for now.
    """
    if as_of is None or pointer.tried_at <= as_of:
        return await evidence.item(connection_id, shown_place(pointer))
    earlier = f"kind eq {quoted(pointer.kind)} and collected_at le {quoted(as_of)}"
    newest: EvidenceItem | None = None
    async for _, item in evidence.items(connection_id, where=earlier):
        if item.status == "collected":
            return item
        newest = newest or item
    return newest


def shown_place(pointer: Pointer) -> int:
    """Give the place of the newest good item, or of the newest try while there is none."""
    return pointer.newest_index if pointer.index is None else pointer.index
