"""Which requests a sync makes of Azure: every page of every list once, the fixed calls once, and no more."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from local.api_client import Json
from local.azure.standards import BENCHMARK, STANDARDS, controls_of

ASSESSMENTS_PER_PAGE = 1000
OTHERS_PER_PAGE = 100
_PROVIDER = "/providers/microsoft."
_SMALL_LISTS = (
    "assessmentmetadata",
    "securescores",
    "securescorecontrols",
    "pricings",
    "securitycontacts",
    "settings",
    "automations",
    "autoprovisioningsettings",
    "servervulnerabilityassessmentssettings",
    "alertssuppressionrules",
    "iotsecuritysolutions",
    "iothubs",
    "workspaces",
    "regulatorycompliancestandards",
)


@dataclass(frozen=True, slots=True)
class Lists:
    """How long the lists of the simulated subscription are."""

    assessments: int
    alerts: int

    @property
    def pages(self) -> dict[str, int]:
        """How many pages each list has, by the last part of its path."""
        return {
            "assessments": math.ceil(self.assessments / ASSESSMENTS_PER_PAGE),
            **dict.fromkeys(_SMALL_LISTS, 1),
            "regulatorycompliancecontrols": len(STANDARDS),
            "regulatorycomplianceassessments": sum(map(bool, controls_of(BENCHMARK).values())),
            "alerts": max(1, math.ceil(self.alerts / OTHERS_PER_PAGE)),
        }


FIXED = {
    "token of the connection": 1,
    "token of the app's own identity": 1,
    "key vault's challenge": 1,
    "secret": 1,
}
"""What a worker that has just started asks besides, whatever it syncs."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The requests that one sync made."""

    pages: Mapping[str, int]
    fixed: Mapping[str, int]
    twice: tuple[str, ...]

    @classmethod
    def of(cls, log: Iterable[Json]) -> "Asked":
        """Sort a request log of the simulated Azure."""
        entries = list(log)
        kinds = Counter(kind_of(entry) for entry in entries)
        seen = Counter(_address(entry) for entry in entries)
        return cls(
            pages={kind: number for kind, number in kinds.items() if kind not in FIXED},
            fixed={kind: number for kind, number in kinds.items() if kind in FIXED},
            twice=tuple(sorted(address for address, number in seen.items() if number > 1)),
        )

    @property
    def total(self) -> int:
        """How many there were."""
        return sum(self.pages.values()) + sum(self.fixed.values())

    def differences(self, lists: Lists) -> list[str]:
        """Name everything that is not exactly the pages and the fixed calls."""
        expected, made = {**lists.pages, **FIXED}, {**self.pages, **self.fixed}
        unlike = [
            f"{kind}: {made.get(kind, 0)} instead of {expected.get(kind, 0)}"
            for kind in sorted(expected.keys() | made.keys())
            if made.get(kind) != expected.get(kind)
        ]
        return [*unlike, *(f"asked twice: {address}" for address in self.twice)]


def kind_of(entry: Json) -> str:
    """Name what a request asks for: the last part of its path, or which of the fixed calls it is."""
    path = str(entry["path"]).lower()
    if path.endswith("/oauth2/v2.0/token"):
        return "token of the connection"
    if path == "/msi/token":
        return "token of the app's own identity"
    if path.startswith("/secrets/"):
        return "secret" if entry["authorization"] else "key vault's challenge"
    return path.rpartition("/")[2] if _PROVIDER in path else path


def _address(entry: Json) -> str:
    """Tell requests apart; a challenge is answered by the same request again, with the token it asks for."""
    return f"{entry['method']} {entry['path']} {entry['query']} authorized={entry['authorization']}"
