"""Assessments of one subscription, up to hundreds of thousands; only changes made by hand are stored."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from local.azure.recommendations import WHOLE_SUBSCRIPTION, Recommendation, recommendations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.azure.wire import JsonObject

HEALTHY, UNHEALTHY, NOT_APPLICABLE = "Healthy", "Unhealthy", "NotApplicable"
RESOURCE = "@@resource@@"
STATUS = "@@status@@"
RESOURCE_GROUPS = 9

# Real rows are about 2.6 KB, most of it in additionalData and risk paths.
PADDING_PARAGRAPH = (
    "The effective configuration of this resource was evaluated against the policy assigned by the default "
    "initiative of Microsoft Defender for Cloud; the evaluation lists the settings that were compared. "
)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many assessments have each status."""

    healthy: int = 0
    unhealthy: int = 0
    not_applicable: int = 0


@dataclass(slots=True)
class Shape:
    """How many assessments a generated subscription has, and how they fare."""

    total: int
    unhealthy: int = 0
    not_applicable: int = 0
    seed: int = 1


def resource_id(subscription_id: str, recommendation: Recommendation, ordinal: int) -> str:
    """Return the id of the nth resource a recommendation speaks about.

    Takes the subscription, the recommendation and the number. Gives an ARM id; the same resource for all
    recommendations about one type.
    """
    scope = f"/subscriptions/{subscription_id}"
    if recommendation.resource_type == WHOLE_SUBSCRIPTION:
        return scope
    namespace, *types = recommendation.resource_type.split("/")
    names = "/".join(f"{kind}/{kind.lower()[:12]}{ordinal:05d}" for kind in types)
    return f"{scope}/resourceGroups/rg-{ordinal % RESOURCE_GROUPS:02d}/providers/{namespace}/{names}"


def _status(code: str, changed_at: str) -> JsonObject:
    status: JsonObject = {"code": code}
    if code == NOT_APPLICABLE:
        status |= {
            "cause": "OffByPolicy",
            "description": "The effective policy for the assessment was evaluated to off",
        }
    return status | {"firstEvaluationDate": "2026-01-05T08:00:00.1234567Z", "statusChangeDate": changed_at}


def _template(recommendation: Recommendation) -> bytes:
    """Encode one row with places left for the resource (four times) and the status."""
    own_path = f"{RESOURCE}/providers/Microsoft.Security/assessments/{recommendation.key}"
    portal = "portal.azure.com/#blade/Microsoft_Azure_Security/RecommendationsBlade/assessmentKey"
    row: JsonObject = {
        "type": "Microsoft.Security/assessments",
        "id": own_path,
        "name": recommendation.key,
        "properties": {
            "displayName": recommendation.display_name,
            "resourceDetails": {"source": "Azure", "id": RESOURCE},
            "status": STATUS,
            "additionalData": {
                "assessedResourceType": recommendation.resource_type,
                "subAssessmentsLink": f"{own_path}/subAssessments",
                "evaluationDetails": PADDING_PARAGRAPH * 6,
            },
            "links": {"azurePortal": f"{portal}/{recommendation.key}/resourceId/{RESOURCE}"},
        },
    }
    encoded = msgspec.json.encode(row).replace(b"%", b"%%")
    return encoded.replace(f'"{STATUS}"'.encode(), b"%(s)b").replace(RESOURCE.encode(), b"%(r)b")


@dataclass
class Assessments:
    """The assessments of one subscription, addressed by a stable position.

    A position keeps its meaning when resources are removed, so page links stay valid.
    """

    subscription_id: str
    shape: Shape
    changed_at: str
    overrides: dict[int, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    _counts: dict[str, Counter[str]] | None = None

    @cached_property
    def _whole(self) -> list[Recommendation]:
        return [rule for rule in recommendations() if rule.resource_type == WHOLE_SUBSCRIPTION]

    @cached_property
    def _typed(self) -> list[Recommendation]:
        return [rule for rule in recommendations() if rule.resource_type != WHOLE_SUBSCRIPTION]

    @cached_property
    def _templates(self) -> dict[str, bytes]:
        return {rule.key: _template(rule) for rule in recommendations()}

    @cached_property
    def _statuses(self) -> dict[str, bytes]:
        codes = (HEALTHY, UNHEALTHY, NOT_APPLICABLE)
        return {code: msgspec.json.encode(_status(code, self.changed_at)) for code in codes}

    @cached_property
    def _step(self) -> int:
        """A step coprime to the total, so that statuses are spread and their numbers exact."""
        step = max(1, int(self.shape.total * 0.618))
        while math.gcd(step, self.shape.total) != 1:
            step += 1
        return step

    def place(self, position: int) -> tuple[Recommendation, int]:
        """Return the recommendation and the resource number at a position."""
        if position < len(self._whole):
            return self._whole[position], 0
        ordinal, index = divmod(position - len(self._whole), len(self._typed))
        return self._typed[index], ordinal

    def status(self, position: int) -> str:
        """Return the status at a position."""
        if position in self.overrides:
            return self.overrides[position]
        rank = (position * self._step + self.shape.seed) % self.shape.total
        if rank < self.shape.unhealthy:
            return UNHEALTHY
        return NOT_APPLICABLE if rank < self.shape.unhealthy + self.shape.not_applicable else HEALTHY

    def resource(self, position: int) -> str:
        """Return the resource id at a position."""
        return resource_id(self.subscription_id, *self.place(position))

    def page(self, start: int, size: int) -> tuple[bytes, int | None]:
        """Render one page.

        Takes the position to start at and the number of positions. Gives the rows as a JSON array and the
        position of the next page, None after the last.
        """
        end = min(start + size, self.shape.total)
        body = b"[" + b",".join(self._render(range(start, end))) + b"]"
        return body, end if end < self.shape.total else None

    def _render(self, positions: range) -> Iterator[bytes]:
        templates, statuses = self._templates, self._statuses
        for position in positions:
            recommendation, ordinal = self.place(position)
            resource = resource_id(self.subscription_id, recommendation, ordinal)
            if self._is_removed(resource):
                continue
            yield templates[recommendation.key] % {
                b"r": resource.encode(),
                b"s": statuses[self.status(position)],
            }

    def positions(self) -> Iterator[int]:
        """Yield the positions that still exist."""
        for position in range(self.shape.total):
            if not self.removed or not self._is_removed(self.resource(position)):
                yield position

    def _is_removed(self, resource: str) -> bool:
        lowered = resource.lower()
        return any(lowered == gone or lowered.startswith(f"{gone}/") for gone in self.removed)

    def flip(self, position: int, status: str) -> None:
        """Set the status at a position."""
        self.overrides[position] = status
        self._counts = None

    def remove(self, resource: str) -> None:
        """Remove a resource, what is inside it, and with them all their assessments."""
        self.removed.add(resource.lower())
        self._counts = None

    def by_recommendation(self) -> dict[str, Counter[str]]:
        """Return, per recommendation key, how many assessments have each status."""
        if self._counts is None:
            counts: dict[str, Counter[str]] = {}
            for position in self.positions():
                recommendation, _ = self.place(position)
                counts.setdefault(recommendation.key, Counter())[self.status(position)] += 1
            self._counts = counts
        return self._counts

    def counts(self) -> Counts:
        """Return how many assessments have each status."""
        total: Counter[str] = Counter()
        for counter in self.by_recommendation().values():
            total.update(counter)
        return Counts(total[HEALTHY], total[UNHEALTHY], total[NOT_APPLICABLE])
