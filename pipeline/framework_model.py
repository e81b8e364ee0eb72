"""The shapes of the HTTP contract for frameworks and controls: what the API answers of them."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from mappings.loader import Coverage
from pipeline.model import VerdictCounts

type ControlStateName = Literal[
    "pass", "fail", "partial", "manual", "unknown", "not_applicable", "no_evidence"
]


class EvidenceReference(msgspec.Struct, frozen=True, kw_only=True):
    """The newest evidence item that supports a control."""

    id: str
    kind: str
    collected_at: str
    freshness: Literal["fresh", "stale"]
    no_longer_collected: bool = False


class ControlState(msgspec.Struct, frozen=True, kw_only=True):
    """One control of a framework as the evidence shows it.

    `without_verdict` are checks that did not run in one of the connections asked about, or more. Of these
    `no_longer_collected` ran before their service was switched off, or the connection disconnected;
    `last_verdicts` counts what they said last, and does not count for `state`.
    """

    id: str
    title: str
    parent: str | None
    coverage: Coverage
    state: ControlStateName
    verdicts: VerdictCounts
    checks: tuple[str, ...]
    without_verdict: tuple[str, ...]
    no_longer_collected: tuple[str, ...] = ()
    last_verdicts: VerdictCounts = msgspec.field(default_factory=VerdictCounts)
    newest_evidence: EvidenceReference | None = None


class FrameworkView(msgspec.Struct, frozen=True, kw_only=True):
    """One framework in one published version; `coverage` counts its controls."""

    id: str
    title: str
    publisher: str
    version: str
    link: str
    note: str
    controls: int
    coverage: Mapping[Coverage, int]
