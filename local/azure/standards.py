"""Regulatory standards as Defender for Cloud shows them: their controls, and what is assessed under each."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from local.azure.assessments import HEALTHY, UNHEALTHY
from local.azure.defender import row_of, tally_of
from local.azure.recommendations import recommendations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.azure.wire import JsonObject
    from local.azure.world import Subscription

BENCHMARK = "Microsoft-cloud-security-benchmark"
STANDARDS = (BENCHMARK, "ISO-27001", "SOC-TSP")
CONTROLS_PER_STANDARD = 6
NOT_ASSESSED = ("GS.1", "IR.1")
"""Controls of the benchmark that no recommendation answers."""

_CONTROLS = "regulatoryComplianceControls"
_ASSESSMENTS = "regulatoryComplianceAssessments"


@cache
def controls_of(standard: str) -> Mapping[str, tuple[str, ...]]:
    """Give the keys of the recommendations under each control of a standard, by the control's name.

    Those of the benchmark stand where the recommendations say; those of others are every sixth one.
    """
    rules = recommendations()
    if standard == BENCHMARK:
        names = sorted({*NOT_ASSESSED, *(name for rule in rules for name in rule.benchmark)})
        return {name: tuple(rule.key for rule in rules if name in rule.benchmark) for name in names}
    step = CONTROLS_PER_STANDARD
    return {
        f"{number + 1}.1": tuple(rule.key for rule in rules[number::step])
        for number in range(CONTROLS_PER_STANDARD)
    }


def _state(tally: Counter[str], keys: tuple[str, ...]) -> str:
    if not keys:
        return "Unsupported"
    if tally[UNHEALTHY]:
        return "Failed"
    return "Passed" if tally[HEALTHY] else "Skipped"


def _state_of(subscription: Subscription, keys: tuple[str, ...]) -> str:
    return _state(tally_of(subscription, keys), keys)


def standards(subscription: Subscription) -> list[JsonObject]:
    """List regulatory standards; the type is plural, as the live service writes it."""
    rows: list[JsonObject] = []
    for name in STANDARDS:
        states = Counter(_state_of(subscription, keys) for keys in controls_of(name).values())
        properties: JsonObject = {
            "state": "Failed" if states["Failed"] else "Passed",
            "passedControls": states["Passed"],
            "failedControls": states["Failed"],
            "skippedControls": states["Skipped"],
            "unsupportedControls": states["Unsupported"],
        }
        rows.append(row_of(subscription, "regulatoryComplianceStandards", name, properties))
    return rows


def _standard(name: str) -> str | None:
    return next((known for known in STANDARDS if known.lower() == name.lower()), None)


def standard_controls(subscription: Subscription, standard: str) -> list[JsonObject] | None:
    """List a standard's controls, None for an unknown one. Counts are of assessments, not of resources."""
    known = _standard(standard)
    if known is None:
        return None
    kind = f"regulatoryComplianceStandards/{known}/{_CONTROLS}"
    rows: list[JsonObject] = []
    for name, keys in controls_of(known).items():
        states = Counter(_state_of(subscription, (key,)) for key in keys)
        properties: JsonObject = {
            "description": f"Control {name} of {known}.",
            "state": _state_of(subscription, keys),
            "passedAssessments": states["Passed"],
            "failedAssessments": states["Failed"],
            "skippedAssessments": states["Skipped"],
        }
        row = row_of(subscription, kind, name, properties)
        row["type"] = f"Microsoft.Security/regulatoryComplianceStandards/{_CONTROLS}"
        rows.append(row)
    return rows


def control_assessments(subscription: Subscription, standard: str, control: str) -> list[JsonObject] | None:
    """List a control's assessments; None for an unknown standard or control. Counts are of resources."""
    known = _standard(standard)
    keys = None if known is None else controls_of(known).get(control)
    if keys is None:
        return None
    kind = f"regulatoryComplianceStandards/{known}/{_CONTROLS}/{control}/{_ASSESSMENTS}"
    titles = {rule.key: rule.display_name for rule in recommendations()}
    rows: list[JsonObject] = []
    for key in keys:
        tally = tally_of(subscription, (key,))
        properties: JsonObject = {
            "description": titles[key],
            "assessmentType": "Assessment",
            "state": _state(tally, keys),
            "passedResources": tally[HEALTHY],
            "failedResources": tally[UNHEALTHY],
            "skippedResources": tally.total() - tally[HEALTHY] - tally[UNHEALTHY],
        }
        row = row_of(subscription, kind, key, properties)
        row["type"] = f"Microsoft.Security/regulatoryComplianceStandards/{_CONTROLS}/{_ASSESSMENTS}"
        rows.append(row)
    return rows
