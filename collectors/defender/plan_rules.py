"""Which Defender plans are on: `pricings`, read once.

The list names every plan that Azure offers to the subscription, those that are off too (as `Free`), so a plan
that is not in it cannot be bought there (Microsoft.Security, stable/2024-01-01/pricings.json).
"""

from typing import NamedTuple

from collectors.contract import Check, CheckSeverity, JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judge,
    Judgement,
    Rule,
    bad,
    good,
    judged,
    manual,
    not_applicable,
    unknown,
)
from collectors.defender.plans import PLANS

PORTAL = "Portal: Microsoft Defender for Cloud > Environment settings > subscription > Defender plans"
SERVERS, CONTAINERS, POSTURE = "VirtualMachines", "Containers", "CloudPosture"
_DATABASES = ("SqlServers", "SqlServerVirtualMachines", "OpenSourceRelationalDatabases", "CosmosDbs")


class PlanCheck(NamedTuple):
    """A check that a plan is on."""

    id: str
    plan: str
    title: str
    severity: CheckSeverity
    rationale: str


PLAN_CHECKS = (
    PlanCheck(
        "defender_plan_servers",
        SERVERS,
        "Defender for Servers on",
        "high",
        "Without it attacks on machines, and their vulnerabilities, stay unseen.",
    ),
    PlanCheck(
        "defender_plan_app_services",
        "AppServices",
        "Defender for App Service on",
        "medium",
        "Without it attacks on web apps raise no alert.",
    ),
    PlanCheck(
        "defender_plan_azure_sql",
        "SqlServers",
        "Defender for Azure SQL Databases on",
        "high",
        "Without it injections and unusual access to SQL databases raise no alert.",
    ),
    PlanCheck(
        "defender_plan_sql_on_machines",
        "SqlServerVirtualMachines",
        "Defender for SQL Servers on Machines on",
        "high",
        "Without it attacks on SQL servers that run on machines raise no alert.",
    ),
    PlanCheck(
        "defender_plan_open_source_databases",
        "OpenSourceRelationalDatabases",
        "Defender for open-source databases on",
        "high",
        "Without it unusual access to PostgreSQL, MySQL and MariaDB raises no alert.",
    ),
    PlanCheck(
        "defender_plan_cosmos_db",
        "CosmosDbs",
        "Defender for Cosmos DB on",
        "high",
        "Without it injections and data theft from Cosmos DB raise no alert.",
    ),
    PlanCheck(
        "defender_plan_storage",
        "StorageAccounts",
        "Defender for Storage on",
        "high",
        "Without it malware in blobs and unusual access to them raise no alert.",
    ),
    PlanCheck(
        "defender_plan_containers",
        CONTAINERS,
        "Defender for Containers on",
        "high",
        "Without it attacks on clusters, and vulnerable images, stay unseen.",
    ),
    PlanCheck(
        "defender_plan_key_vault",
        "KeyVaults",
        "Defender for Key Vault on",
        "high",
        "Without it unusual access to keys and secrets raises no alert.",
    ),
    PlanCheck(
        "defender_plan_resource_manager",
        "Arm",
        "Defender for Resource Manager on",
        "high",
        "Without it suspicious management of resources raises no alert.",
    ),
    PlanCheck(
        "defender_plan_apis",
        "Api",
        "Defender for APIs on",
        "medium",
        "Without it attacks on published APIs raise no alert.",
    ),
    PlanCheck(
        "defender_plan_ai_services",
        "AI",
        "Defender for AI Services on",
        "medium",
        "Without it attacks through prompts on AI services raise no alert.",
    ),
    PlanCheck(
        "defender_cspm_enabled",
        POSTURE,
        "Defender CSPM on",
        "medium",
        "It finds the paths by which an attacker would combine several weaknesses.",
    ),
)


def plan_is_on(plan: Resource) -> bool | None:
    """Tell whether a plan is paid for; None for a tier that is not documented."""
    return {"standard": True, "free": False}.get((plan.text("properties.pricingTier") or "").lower())


def plan_on(name: str) -> Judge:
    """Make a judge that demands a plan."""

    def judge(subscription: Resource) -> Judgement:
        plan = subscription.found("plans", name)
        if plan is None:
            return not_applicable(f"Azure does not offer the plan {name} to this subscription.", plan=name)
        on = plan_is_on(plan)
        if on is None:
            return unknown(f"The plan {name} has a tier that this version does not know.", **_observed(plan))
        partly = (plan.text("properties.resourcesCoverageStatus") or "").lower() == "partiallycovered"
        rest = ", but not for all resources" if partly else ""
        return judged(
            on, f"The plan {name} is on{rest}.", f"The plan {name} is off{rest}.", **_observed(plan)
        )

    return judge


def every_database_plan(subscription: Resource) -> Judgement:
    """Judge that all plans for databases are on, of those that Azure offers here."""
    plans = [plan for name in _DATABASES if (plan := subscription.found("plans", name))]
    observed: dict[str, JsonValue] = {plan.name: plan.text("properties.pricingTier") for plan in plans}
    off = [plan.name for plan in plans if plan_is_on(plan) is False]
    if off:
        return bad(f"Plans for databases that are off: {', '.join(off)}.", **observed)
    if not plans:
        return not_applicable("Azure offers no plan for databases to this subscription.")
    if any(plan_is_on(plan) is None for plan in plans):
        return unknown("A plan for databases has a tier that this version does not know.", **observed)
    return good("All plans for databases are on.", **observed)


def dns_plan(subscription: Resource) -> Judgement:
    """Judge the plan for DNS, retired on 1 August 2023: it is never failed for being retired.

    Defender for Servers Plan 2 has its alerts since ("Defender for DNS", Microsoft Defender for Cloud).
    """
    dns, servers = subscription.found("plans", "Dns"), subscription.found("plans", SERVERS)
    if dns is not None and plan_is_on(dns):
        return good("The plan Dns is on.", **_observed(dns))
    if servers is not None and plan_is_on(servers) and _sub_plan(servers) == "p2":
        return good("Defender for Servers Plan 2 is on, which watches DNS.", **_observed(servers))
    return not_applicable("The plan Dns is retired; its alerts are part of Defender for Servers Plan 2.")


def storage_alerts(subscription: Resource) -> Judgement:
    """Judge whether there can be alerts of storage at all; whether somebody watches them, a person tells."""
    plan = subscription.found("plans", "StorageAccounts")
    on = None if plan is None else plan_is_on(plan)
    if plan is None or on is None:
        return unknown("Azure does not say whether Defender for Storage is on.")
    if not on:
        return bad("Defender for Storage is off, so there are no alerts to watch.", **_observed(plan))
    return manual(
        "Defender for Storage raises alerts. Look who receives them and whether each was handled: Microsoft "
        "Defender for Cloud > Security alerts, filtered by resource type Storage.",
        **_observed(plan),
    )


def _sub_plan(plan: Resource) -> str:
    return (plan.text("properties.subPlan") or "").lower()


def _observed(plan: Resource) -> dict[str, JsonValue]:
    return {
        "plan": plan.name,
        "tier": plan.text("properties.pricingTier"),
        "sub_plan": plan.text("properties.subPlan"),
        "coverage": plan.text("properties.resourcesCoverageStatus"),
    }


def _plan_rule(asked: PlanCheck) -> Rule:
    cure = f"{PORTAL} > On. CLI: az security pricing create --name {asked.plan} --tier standard"
    check = Check(asked.id, asked.title, asked.severity, asked.rationale, cure, PLANS.permission)
    return Rule(check, plan_on(asked.plan), needs=("plans",))


RULES = (
    *map(_plan_rule, PLAN_CHECKS),
    Rule(
        Check(
            id="defender_plan_databases_all",
            title="All database Defender plans on",
            severity="high",
            rationale="A kind of database without its plan is attacked without an alert.",
            remediation=f"{PORTAL} > Databases > On, all types. CLI: az security pricing create --name "
            "SqlServers --tier standard, and so for SqlServerVirtualMachines, OpenSourceRelationalDatabases "
            "and CosmosDbs",
            permission=PLANS.permission,
        ),
        every_database_plan,
        needs=("plans",),
    ),
    Rule(
        Check(
            id="defender_plan_dns",
            title="Defender for DNS on (legacy)",
            severity="low",
            rationale="Names that only malware looks up betray it.",
            remediation=f"{PORTAL} > Servers > Plan 2. CLI: az security pricing create --name "
            "VirtualMachines --tier standard --subplan P2",
            permission=PLANS.permission,
        ),
        dns_plan,
        needs=("plans",),
    ),
    Rule(
        Check(
            id="defender_storage_alerts_monitored",
            title="Storage threat alerts monitored",
            severity="medium",
            rationale="An alert that nobody looks at stops no attack.",
            remediation="Portal: Microsoft Defender for Cloud > Security alerts, filtered by resource type "
            "Storage. CLI: az security alert list",
            permission=PLANS.permission,
        ),
        storage_alerts,
        needs=("plans",),
    ),
)
