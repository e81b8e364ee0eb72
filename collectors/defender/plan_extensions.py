"""What of each Defender plan is switched on: its extensions, in the same list as the plans."""

from collectors.contract import Check, JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, Rule, bad, good, not_applicable, unknown
from collectors.defender.plan_rules import CONTAINERS, PORTAL, POSTURE, SERVERS, plan_is_on
from collectors.defender.plans import PLANS


def extension_on(extension: str, plans: tuple[str, ...]) -> Judge:
    """Make a judge that demands an extension of a plan that is on; any of the plans will do.

    An extension that a plan does not list is off ("List of extensions offered under a plan", pricings.json).
    """
    named = " or ".join(plans)

    def judge(subscription: Resource) -> Judgement:
        offered = [plan for name in plans if (plan := subscription.found("plans", name))]
        states = {plan.name: _extension_state(plan, extension) for plan in offered}
        observed: dict[str, JsonValue] = dict(states)
        if not offered:
            return not_applicable(f"Azure does not offer the plan {named} to this subscription.")
        if "on" in states.values():
            return good(f"{extension} is on.", **observed)
        if "unknown" in states.values():
            return unknown(f"{extension} has a state that this version does not know.", **observed)
        return bad(f"{extension} is on in no plan ({named}).", **observed)

    return judge


def _extension_state(plan: Resource, extension: str) -> str:
    on = plan_is_on(plan)
    if not on:
        return "unknown" if on is None else "plan off"
    found = [one for one in plan.objects("properties.extensions") if _named(one, extension)]
    if not found:
        return "off"
    if (found[0].text("operationStatus.code") or "").lower() == "failed":
        return "failed"
    return {True: "on", False: "off", None: "unknown"}[found[0].flag("isEnabled")]


def _named(one: Resource, name: str) -> bool:
    return (one.text("name") or "").lower() == name.lower()


def _extension_cure(plan: str, extension: str) -> str:
    return (
        f"{PORTAL} > Settings > {extension}. CLI: az security pricing create --name {plan} --tier standard "
        f"--extensions name={extension} isEnabled=True"
    )


RULES = (
    Rule(
        Check(
            id="defender_agentless_scanning_enabled",
            title="Agentless machine scanning on",
            severity="medium",
            rationale="It finds vulnerabilities and secrets on machines that have no agent.",
            remediation=_extension_cure(SERVERS, "AgentlessVmScanning"),
            permission=PLANS.permission,
        ),
        extension_on("AgentlessVmScanning", (SERVERS, POSTURE)),
        needs=("plans",),
    ),
    Rule(
        Check(
            id="defender_file_integrity_monitoring_enabled",
            title="File integrity monitoring on",
            severity="medium",
            rationale="Changed system files are a trace that intruders leave.",
            remediation=_extension_cure(SERVERS, "FileIntegrityMonitoring"),
            permission=PLANS.permission,
        ),
        extension_on("FileIntegrityMonitoring", (SERVERS,)),
        needs=("plans",),
    ),
    Rule(
        Check(
            id="defender_container_image_scan_enabled",
            title="Container image scanning on",
            severity="high",
            rationale="An image with a known vulnerability runs wherever it is deployed.",
            remediation=_extension_cure(CONTAINERS, "ContainerRegistriesVulnerabilityAssessments"),
            permission=PLANS.permission,
        ),
        extension_on("ContainerRegistriesVulnerabilityAssessments", (CONTAINERS, POSTURE)),
        needs=("plans",),
    ),
)
