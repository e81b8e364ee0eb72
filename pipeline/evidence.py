"""Evidence items: identity, canonical form, digest chain, freshness. Pure functions.

The digest of an item is SHA-256 over its canonical JSON (RFC 8785) without `digest`, `freshness`,
`newest_try` and `no_longer_collected`: the first is the result, the others are said at reading.
`previous_digest` is inside, so each item seals all before it.
"""

import hashlib
from collections.abc import AsyncIterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import rfc8785

from pipeline.ids import evidence_id
from pipeline.model import Controls, EvidenceItem, Frequency, PartRun, Provenance, VerdictCounts
from pipeline.stores.records import Head, PartOutcome, Pointer
from pipeline.times import from_rfc3339
from pipeline.verdict_counts import total_by_check

_NOT_SEALED = ("digest", "freshness", "newest_try", "no_longer_collected")
INTERVAL = {"hourly": timedelta(hours=1), "daily": timedelta(days=1)}
STALE_AFTER_INTERVALS = 2


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What every item of a run carries besides what its part read."""

    connection_id: str
    subscription_id: str
    sync_run_id: str
    principal: str
    mapping_version: str


def digest_of(item: EvidenceItem) -> str:
    """Give the SHA-256 of an item's canonical form, 64 hexadecimal digits."""
    members = msgspec.to_builtins(item).items()
    sealed = {name: value for name, value in members if name not in _NOT_SEALED}
    return hashlib.sha256(rfc8785.dumps(sealed)).hexdigest()


def append(head: Head, outcome: PartOutcome, stamp: Stamp, controls: Controls) -> tuple[Head, EvidenceItem]:
    """Make the item of a finished part the next link of the chain; gives the new end and the item."""
    item = EvidenceItem(
        id=evidence_id(stamp.connection_id, head.items),
        connection_id=stamp.connection_id,
        subscription_id=stamp.subscription_id,
        sync_run_id=stamp.sync_run_id,
        service=outcome.service,
        kind=outcome.kind,
        title=outcome.title,
        status=outcome.status,
        collected_at=outcome.finished_at,
        summary=outcome.summary,
        controls=controls,
        provenance=_provenance(outcome, stamp),
        problem=outcome.problem,
        digest="",
        previous_digest=head.digest,
    )
    item = msgspec.structs.replace(item, digest=digest_of(item))
    return msgspec.structs.replace(head, items=head.items + 1, digest=item.digest), item


def _provenance(outcome: PartOutcome, stamp: Stamp) -> Provenance:
    return Provenance(
        principal=stamp.principal,
        started_at=outcome.started_at,
        finished_at=outcome.finished_at,
        requests=outcome.requests,
        collector_version=outcome.collector_version,
        mapping_version=stamp.mapping_version,
    )


def point(before: Pointer | None, outcome: PartOutcome, place: int) -> Pointer:
    """Move a kind's pointer to a new item; one that is `unavailable` never replaces a good one.

    What a good one could not see again, because one of its lists was refused, counts as it last stood.

    Args:
        before: the pointer so far.
        place: the new item's place in the chain.
    """
    manifest = outcome.manifest if outcome.manifest is not None or before is None else before.manifest
    tried = Pointer(
        service=outcome.service,
        kind=outcome.kind,
        index=place if outcome.status == "collected" else None,
        collected_at=outcome.finished_at if outcome.status == "collected" else None,
        newest_index=place,
        tried_at=outcome.finished_at,
        newest_try=PartRun(kind=outcome.kind, status=outcome.status, problem=outcome.problem),
        counts=total_by_check((outcome.counts, outcome.kept)),
        manifest=manifest,
    )
    if outcome.status == "collected" or before is None or before.index is None:
        return tried
    # A check that had nothing to judge before is named too: now it is unknown, and that must show.
    counts = dict.fromkeys(outcome.counts, VerdictCounts()) | dict(before.counts)
    return msgspec.structs.replace(tried, index=before.index, collected_at=before.collected_at, counts=counts)


def freshness(
    item: EvidenceItem, pointer: Pointer | None, frequency: Frequency, now: datetime
) -> Literal["fresh", "stale"]:
    """Tell whether an item still speaks for the present.

    Fresh: it is the newest good one of its kind, nothing failed since, and two intervals have not passed.
    """
    if pointer is None or item.status != "collected" or pointer.newest_try.status != "collected":
        return "stale"
    is_newest = item.id == evidence_id(item.connection_id, pointer.newest_index)
    age = now - from_rfc3339(item.collected_at)
    return "fresh" if is_newest and age <= STALE_AFTER_INTERVALS * INTERVAL[frequency] else "stale"


async def first_broken_of(
    connection_id: str, head: Head, newest_first: AsyncIterable[tuple[int, EvidenceItem]]
) -> str | None:
    """Walk a chain from its newest item to its first; give the id of the first that is broken or missing.

    Args:
        head: where the chain is committed to end: how many items, and the newest one's digest.
        newest_first: the items with their places.
    """
    expected, place = head.digest, head.items
    async for found_place, item in newest_first:
        place -= 1
        intact = found_place == place and item.id == evidence_id(connection_id, place)
        if not intact or item.digest != expected or digest_of(item) != expected:
            return evidence_id(connection_id, place)
        expected = item.previous_digest
    return evidence_id(connection_id, place - 1) if place else None
