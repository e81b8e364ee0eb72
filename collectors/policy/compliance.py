"""How compliant the subscription is with each assignment, and which resources are not."""

from collections import Counter
from collections.abc import Mapping

from collectors.contract import Check, JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, judged, not_applicable, unknown
from collectors.policy.reads import SUMMARY

SHOWN = 25
"""How many resources a verdict names; the count is of all."""


def summary_of(assignment: Resource) -> Resource | None:
    """Give the summary of an assignment; None if Azure Policy has none yet."""
    for whole in assignment.shared("summary"):
        for one in whole.objects("policyAssignments"):
            if (one.text("policyAssignmentId") or "").lower() == assignment.id.lower():
                return one
    return None


def _assignment_of(state: Resource) -> tuple[str, ...]:
    return state.texts("policyAssignmentId")


def states_of(assignment: Resource) -> tuple[Resource, ...]:
    """Give the states of the resources that do not comply with an assignment."""
    found = assignment.matching("states", _assignment_of, assignment.id)
    return tuple(one for one in found if (one.text("complianceState") or "").lower() == "noncompliant")


def _details(summary: Resource) -> Mapping[str, JsonValue]:
    """Give the resources by compliance state, whose casing differs between the two reads."""
    counts: Counter[str] = Counter()
    for one in summary.objects("results.resourceDetails"):
        counts[(one.text("complianceState") or "unknown").lower()] += int(one.number("count") or 0)
    return dict(counts)


def compliant(assignment: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge how many policies of an assignment some resource does not comply with."""
    summary = summary_of(assignment)
    if summary is None:
        return unknown("The assignment is missing from what Azure Policy says of compliance.")
    policies = summary.number("results.nonCompliantPolicies")
    if policies is None:
        return unknown("Azure Policy does not say how many policies are not complied with.")
    states = states_of(assignment)
    resources = sorted({one.text("resourceId") or "" for one in states}, key=str.lower)
    observed: dict[str, JsonValue] = {
        "noncompliant_policies": policies,
        "noncompliant_resources": summary.number("results.nonCompliantResources"),
        "resources_by_state": _details(summary),
        "evaluated_at": max((one.text("timestamp") or "" for one in states), default=None),
        "noncompliant": resources[:SHOWN],
    }
    said = f"{policies:.0f} policies of the assignment are not complied with."
    return judged(policies <= limits["policies"], said, said, **observed)


def exemption_reviewed(exemption: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge whether an exemption ends by itself, soon enough that somebody looks at it again."""
    paths = ("exemptionCategory", "expiresOn", "policyAssignmentId")
    observed = {path: exemption.at(f"properties.{path}") for path in paths}
    age = exemption.age_days("properties.expiresOn")
    if age is None:
        if observed["expiresOn"] is not None:
            return unknown("The exemption's end is no time this version can read.", **observed)
        return bad("The exemption never ends, so nothing makes anybody review it.", **observed)
    if age >= 0:
        return not_applicable("The exemption has expired and exempts nothing.", **observed)
    said = f"The exemption ends in {-age:.0f} days."
    return judged(-age <= limits["days"], said, said, **observed)


COMPLIANCE = Rule(
    Check(
        id="policy_compliance_state",
        title="Non-compliant policies below the threshold",
        severity="medium",
        rationale="An assigned policy that resources do not comply with is a known gap nobody closed.",
        remediation="Portal: Policy > Compliance > the assignment > Non-compliant resources > remediate or "
        "exempt. CLI: az policy state list --filter \"complianceState eq 'NonCompliant'\"",
        permission=SUMMARY.permission,
        thresholds={"policies": 0},
    ),
    needs=("summary", "states"),
    within=compliant,
)
EXEMPTION = Rule(
    Check(
        id="policy_exemptions_reviewed",
        title="Policy exemptions end and are reviewed",
        severity="medium",
        rationale="An exemption without an end hides a failing resource for ever.",
        remediation="Portal: Policy > Exemptions > the exemption > set an expiration date. CLI: az policy "
        "exemption update -n <name> --expires-on <date>",
        permission="Microsoft.Authorization/policyExemptions/read",
        thresholds={"days": 365},
    ),
    within=exemption_reviewed,
)
