"""What Defender for Cloud computes from a subscription's assessments, and how it is set up: score, plans."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from local.azure.assessments import HEALTHY, NOT_APPLICABLE, UNHEALTHY
from local.azure.generator import made_up_id, timestamp
from local.azure.recommendations import recommendations

if TYPE_CHECKING:
    from local.azure.wire import JsonObject
    from local.azure.world import Subscription

MAXIMA = {"High": 10, "Medium": 6, "Low": 3}
CATEGORY_TITLES = {
    "IdentityAndAccess": "Manage access and permissions",
    "Networking": "Restrict unauthorized network access",
    "Data": "Enable encryption at rest",
    "Container": "Remediate vulnerabilities in containers",
    "AppServices": "Protect applications",
    "Compute": "Remediate security configurations",
}
ON, OFF = "Standard", "Free"


@dataclass(frozen=True, slots=True)
class Plan:
    """A Defender plan as it is set; the flags of its extensions are words, as the service writes them."""

    name: str
    tier: str = ON
    sub_plan: str | None = None
    extensions: tuple[tuple[str, str], ...] = ()
    replaced_by: str | None = None


PLANS = (
    Plan(
        "VirtualMachines",
        sub_plan="P2",
        extensions=(("AgentlessVmScanning", "True"), ("FileIntegrityMonitoring", "False")),
    ),
    Plan("SqlServers"),
    Plan("AppServices", OFF),
    Plan("StorageAccounts", sub_plan="DefenderForStorageV2"),
    Plan("SqlServerVirtualMachines"),
    Plan("KeyVaults", sub_plan="PerKeyVault"),
    Plan("Dns", OFF, replaced_by="VirtualMachines"),
    Plan("Arm", sub_plan="PerSubscription"),
    Plan("OpenSourceRelationalDatabases", OFF),
    Plan("Containers", extensions=(("ContainerRegistriesVulnerabilityAssessments", "True"),)),
    Plan("CosmosDbs", OFF),
    Plan("CloudPosture"),
    Plan("Api", sub_plan="P1"),
)


@dataclass(frozen=True, slots=True)
class ScoreControl:
    """A score control: the recommendations of one category."""

    key: str
    title: str
    maximum: int
    keys: tuple[str, ...]


@cache
def score_controls() -> tuple[ScoreControl, ...]:
    """Group the recommendations into score controls."""
    controls: list[ScoreControl] = []
    for category, title in CATEGORY_TITLES.items():
        rules = [rule for rule in recommendations() if rule.category == category]
        maximum = max((MAXIMA[rule.severity] for rule in rules), default=0)
        controls.append(
            ScoreControl(made_up_id("control", category), title, maximum, tuple(r.key for r in rules))
        )
    return tuple(controls)


def tally_of(subscription: Subscription, keys: tuple[str, ...]) -> Counter[str]:
    """Count the assessments of recommendations by status."""
    counts = subscription.content.assessments.by_recommendation()
    tally: Counter[str] = Counter()
    for key in keys:
        tally.update(counts.get(key, Counter()))
    return tally


def _points(control: ScoreControl, tally: Counter[str]) -> tuple[int, float]:
    """Return the most a control can give here and what it gives; nothing to judge gives nothing."""
    judged = tally[HEALTHY] + tally[UNHEALTHY]
    if not judged:
        return 0, 0.0
    return control.maximum, round(control.maximum * tally[HEALTHY] / judged, 2)


def _score(current: float, maximum: int) -> JsonObject:
    """Write a score; `percentage` is a fraction (secureScore.json, ScoreDetails)."""
    return {"max": maximum, "current": current, "percentage": round(current / maximum, 4) if maximum else 0}


def score(subscription: Subscription) -> JsonObject:
    """Compute the secure score named ascScore."""
    tallies = [(control, tally_of(subscription, control.keys)) for control in score_controls()]
    points = [_points(control, tally) for control, tally in tallies]
    current, maximum = round(sum(point for _, point in points), 2), sum(most for most, _ in points)
    return {
        "id": f"{subscription.scope}/providers/Microsoft.Security/secureScores/ascScore",
        "name": "ascScore",
        "type": "Microsoft.Security/secureScores",
        "properties": {
            "displayName": "ASC score",
            "score": _score(current, maximum),
            "weight": sum(tally[HEALTHY] + tally[UNHEALTHY] for _, tally in tallies),
        },
    }


def controls(subscription: Subscription, *, with_definition: bool) -> list[JsonObject]:
    """List score controls, each with its definition if wanted."""
    definitions = {str(row["name"]): row for row in control_definitions()}
    rows: list[JsonObject] = []
    for control in score_controls():
        tally = tally_of(subscription, control.keys)
        maximum, current = _points(control, tally)
        properties: JsonObject = {
            "displayName": control.title,
            "healthyResourceCount": tally[HEALTHY],
            "unhealthyResourceCount": tally[UNHEALTHY],
            "notApplicableResourceCount": tally[NOT_APPLICABLE],
            "score": _score(current, maximum),
            "weight": tally[HEALTHY] + tally[UNHEALTHY],
        }
        if with_definition:
            properties["definition"] = definitions[control.key]
        root = f"{subscription.scope}/providers/Microsoft.Security/secureScores/ascScore/secureScoreControls"
        kind = "Microsoft.Security/secureScores/secureScoreControls"
        rows.append(
            {"id": f"{root}/{control.key}", "name": control.key, "type": kind, "properties": properties}
        )
    return rows


def control_definitions() -> list[JsonObject]:
    """List the definitions of score controls."""
    root = "/providers/Microsoft.Security"
    return [
        {
            "id": f"{root}/SecureScoreControlDefinitions/{control.key}",
            "name": control.key,
            "type": "Microsoft.Security/SecureScoreControlDefinitions",
            "properties": {
                "source": {"sourceType": "BuiltIn"},
                "displayName": control.title,
                "description": f"This control contains recommendations: {control.title.lower()}",
                "maxScore": control.maximum,
                "assessmentDefinitions": [{"id": f"{root}/assessmentMetadata/{key}"} for key in control.keys],
            },
        }
        for control in score_controls()
    ]


def row_of(subscription: Subscription, kind: str, name: str, properties: JsonObject) -> JsonObject:
    """Write a row of a list of Microsoft.Security."""
    path = f"{subscription.scope}/providers/Microsoft.Security/{kind}/{name}"
    return {"id": path, "name": name, "type": f"Microsoft.Security/{kind}", "properties": properties}


def plans(subscription: Subscription) -> list[JsonObject]:
    """List Defender plans, most of them on, in the shape of 2024-01-01."""
    enabled_at = timestamp(subscription.content.at.replace(month=1, day=15))
    return [row_of(subscription, "pricings", plan.name, _plan(plan, enabled_at)) for plan in PLANS]


def _plan(plan: Plan, enabled_at: str) -> JsonObject:
    properties: JsonObject = {
        "pricingTier": plan.tier,
        "freeTrialRemainingTime": "PT0S",
        "enforce": "False",
        "resourcesCoverageStatus": "FullyCovered" if plan.tier == ON else "NotCovered",
    }
    if plan.tier == ON:
        properties["enablementTime"] = enabled_at
    if plan.sub_plan:
        properties["subPlan"] = plan.sub_plan
    if plan.extensions:
        properties["extensions"] = [{"name": name, "isEnabled": flag} for name, flag in plan.extensions]
    if plan.replaced_by:
        properties |= {"deprecated": True, "replacedBy": [plan.replaced_by]}
    return properties


def contacts(subscription: Subscription) -> list[JsonObject]:
    """List security contacts in the shape of 2023-12-01-preview."""
    properties: JsonObject = {
        "notificationsByRole": {"state": "On", "roles": ["Owner"]},
        "isEnabled": True,
        "emails": "security@example.com;ciso@example.com",
        "phone": "+1-555-0100",
        "notificationsSources": [{"sourceType": "Alert", "minimalSeverity": "Medium"}],
    }
    return [row_of(subscription, "securityContacts", "default", properties)]


def settings(subscription: Subscription) -> list[JsonObject]:
    """List integration settings."""
    kinds = {"MCAS": "DataExportSettings", "WDATP": "DataExportSettings", "Sentinel": "AlertSyncSettings"}
    return [
        row_of(subscription, "settings", name, {"enabled": name != "Sentinel"}) | {"kind": kind}
        for name, kind in kinds.items()
    ]


def auto_provisioning(subscription: Subscription) -> list[JsonObject]:
    """List auto-provisioning settings."""
    return [row_of(subscription, "autoProvisioningSettings", "default", {"autoProvision": "Off"})]
