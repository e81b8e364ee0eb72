"""Regulatory compliance as Microsoft sees it: the standards of the subscription and their controls."""

import asyncio
from collections import Counter

from collectors.contract import Check, Emit, JsonValue, Part, Read, Reader, Reading, Status
from collectors.declarations.resources import Resource
from collectors.defender.plans import PLANS, read_plans
from collectors.defender.reads import ROW, SECURITY
from collectors.defender.recommendation_controls import CONTROL_ASSESSMENTS, read_recommendation_controls
from collectors.errors import ResourceAbsent

# The only version there is (Microsoft.Security, preview/2019-01-01-preview/regulatoryCompliance.json).
STANDARDS = Read(
    path=f"{SECURITY}/regulatoryComplianceStandards",
    api_version="2019-01-01-preview",
    permission="Microsoft.Security/regulatoryComplianceStandards/read",
)
# Asked for each standard: no list of the subscription holds the controls of all of them.
STANDARD_CONTROLS = Read(
    path=f"{SECURITY}/regulatoryComplianceStandards/{{standard}}/regulatoryComplianceControls",
    api_version="2019-01-01-preview",
    permission="Microsoft.Security/regulatoryComplianceStandards/regulatoryComplianceControls/read",
)
STANDARD_ASSIGNED = Check(
    id="defender_regulatory_standard_assigned",
    title="Regulatory standards assigned",
    severity="low",
    rationale="A standard that is assigned shows continuously where the subscription departs from it.",
    remediation=(
        "Portal: Microsoft Defender for Cloud > Environment settings > subscription > Security policies > "
        "Standards; turn on those that apply. CLI: az security regulatory-compliance-standards list"
    ),
    permission=STANDARDS.permission,
)
_STATES = ("passed", "failed", "skipped", "unsupported")
# These alone do not bring regulatory compliance ("Assign security standards", Microsoft Defender for Cloud).
_WITHOUT_STANDARDS = frozenset({("virtualmachines", "p1"), ("api", "p1")})
_OFF = "Defender for Cloud shows regulatory standards with a paid plan only, and none is on that brings them."


async def collect(reader: Reader, emit: Emit) -> Reading:
    """Read the standards, the controls of each and what the benchmark assesses; judge that one is assigned.

    Without a plan that brings them there are none, or Azure answers 404: that is no failure of anything.

    Raises:
        ServiceNotEnabled: the subscription was never registered with Microsoft.Security.
        ResourceAbsent: there are no standards although a plan brings them.
    """
    paid = [plan.name for plan in await read_plans(reader) if _brings_standards(plan)]
    standards = await _read_standards(reader, paid)
    controls = await asyncio.gather(*(_read_controls(reader, one) for one in standards))
    status, reason = _judge(len(standards), paid)
    observed: dict[str, JsonValue] = {"standards": [one.name for one in standards], "plans": list(paid)}
    await emit(STANDARD_ASSIGNED.verdict(reader.subscription_scope, status, reason, **observed))
    read = list(zip(standards, controls, strict=True))
    recommendations = await read_recommendation_controls(reader, read)
    totals = Counter(_state(control) for several in controls for control in several)
    summary: dict[str, JsonValue] = {
        "standards": [_summary(one, several) for one, several in read],
        "controls": _counts(totals),
        **recommendations.summary(),
    }
    return Reading(summary, refused=recommendations.refused)


async def _read_standards(reader: Reader, paid: list[str]) -> list[Resource]:
    try:
        return list(map(Resource, await reader.items(STANDARDS, ROW)))
    except ResourceAbsent:
        if paid:
            raise
        return []


async def _read_controls(reader: Reader, standard: Resource) -> list[Resource]:
    return list(map(Resource, await reader.items(STANDARD_CONTROLS, ROW, standard=standard.name)))


def _brings_standards(plan: Resource) -> bool:
    paid = (plan.text("properties.pricingTier") or "").lower() == "standard"
    sub_plan = (plan.text("properties.subPlan") or "").lower()
    free = plan.name.lower() == "foundationalcspm"
    return paid and not free and (plan.name.lower(), sub_plan) not in _WITHOUT_STANDARDS


def _judge(standards: int, paid: list[str]) -> tuple[Status, str]:
    if standards:
        return Status.PASS, f"Regulatory standards that are assigned: {standards}."
    if paid:
        return Status.FAIL, "No regulatory standard is assigned."
    return Status.NOT_APPLICABLE, _OFF


def _state(one: Resource) -> str:
    return (one.text("properties.state") or "unknown").lower()


def _counts(states: Counter[str]) -> dict[str, JsonValue]:
    """Count by state; one that is not documented stands as it came."""
    return {"total": states.total(), **dict.fromkeys(_STATES, 0), **states}


def _summary(standard: Resource, controls: list[Resource]) -> dict[str, JsonValue]:
    """Give Microsoft's own numbers of a standard, and its controls by state."""
    numbers = {state: standard.number(f"properties.{state}Controls") for state in _STATES}
    return {
        "name": standard.name,
        "state": standard.text("properties.state"),
        **{state: None if number is None else int(number) for state, number in numbers.items()},
        "controls": _counts(Counter(map(_state, controls))),
        "failed_controls": [control.name for control in controls if _state(control) == "failed"],
    }


PART = Part(
    kind="regulatory_compliance",
    title="Regulatory Compliance",
    checks=(STANDARD_ASSIGNED,),
    reads=(STANDARDS, STANDARD_CONTROLS, CONTROL_ASSESSMENTS, PLANS),
    collect=collect,
)
