"""Conditional Access, security defaults and named locations: which sign-ins need more than a password."""

from collections.abc import Callable, Mapping

from collectors.contract import Check, CheckSeverity, JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judgement,
    JudgeWithin,
    Rule,
    bad,
    good,
    judged,
    manual,
    not_applicable,
)
from collectors.entra import remedies
from collectors.entra.policies import enabled, left_out, mfa_for, of_legacy, of_risk, usual
from collectors.entra.reads import CONDITIONAL_ACCESS, LOCATIONS, SECURITY_DEFAULTS

MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
"""The application id of the Windows Azure Service Management API."""

PORTALS = "microsoftadminportals"


def _defaults_on(tenant: Resource) -> bool:
    return tenant.shared("security_defaults")[0].flag("isEnabled") is True


def some_policy(test: Callable[[Resource], bool], what: str, *, by_defaults: bool) -> JudgeWithin:
    """Make a judge that demands an enforced policy; whom the nearest one leaves out, a person has to judge.

    Args:
        test: tells whether a policy is one.
        what: what it does, ending a sentence.
        by_defaults: whether security defaults do the same.
    """

    def judge(tenant: Resource, limits: Mapping[str, float]) -> Judgement:
        accounts = limits["emergency_accounts"]
        found = [one for one in enabled(tenant.shared("policies")) if test(one)]
        names: JsonValue = [one.text("displayName") or one.id for one in found]
        fewest: Mapping[str, int] = min(
            map(left_out, found),
            key=lambda excluded: (not usual(excluded, accounts), sum(excluded.values())),
            default={},
        )
        if found and usual(fewest, accounts):
            return good(f"A policy {what}.", policies=names, exclusions=sum(fewest.values()))
        if by_defaults and _defaults_on(tenant):
            return good(f"Security defaults are on: they are a policy that {what}.", security_defaults=True)
        if found:
            counts = ", ".join(f"{kind}: {count}" for kind, count in fewest.items() if count)
            reason = f"A policy {what}, but leaves out some ({counts}): look whether each has to be left out."
            return manual(reason, policies=names, **fewest)
        return bad(f"No enforced Conditional Access policy {what}.", policies=[])

    return judge


def defaults(tenant: Resource) -> Judgement:
    """Judge security defaults, which Conditional Access replaces."""
    if _defaults_on(tenant):
        return good("Security defaults are on.", isEnabled=True)
    policies = len(enabled(tenant.shared("policies")))
    if policies:
        return not_applicable("Conditional Access is used instead of security defaults.", policies=policies)
    return bad("Security defaults are off, and no Conditional Access policy is enforced.", policies=0)


def locations(tenant: Resource) -> Judgement:
    """Judge whether a trusted location with addresses is defined."""
    found = [
        one.text("displayName")
        for one in tenant.shared("locations")
        if one.flag("isTrusted") is True and one.objects("ipRanges")
    ]
    yes, no = "Trusted locations are defined.", "No trusted location with addresses is defined."
    return judged(found, yes, no, locations=found)


def _check(name: str, title: str, severity: CheckSeverity, rationale: str, path: str, command: str) -> Check:
    return Check(
        id=f"entra_{name}",
        title=title,
        severity=severity,
        rationale=rationale,
        remediation=f"Portal: Entra ID > Conditional Access > {path}. {command}",
        permission=CONDITIONAL_ACCESS.permission,
        thresholds={"emergency_accounts": EMERGENCY_ACCOUNTS},
    )


EMERGENCY_ACCOUNTS = 2
"""Microsoft recommends two accounts for emergencies, left out of every policy."""

_BOTH = ("policies", "security_defaults")
_EVERY_APPLICATION: Mapping[str, JsonValue] = {"applications": {"includeApplications": ["All"]}}

RULES = (
    Rule(
        Check(
            id="entra_security_defaults_enabled",
            title="Security defaults on where there is no Conditional Access",
            severity="high",
            rationale="Without either, a password alone opens every account.",
            remediation="Portal: Entra ID > Overview > Properties > Manage security defaults > Enabled. "
            + remedies.graph(
                "patch",
                "policies/identitySecurityDefaultsEnforcementPolicy",
                "Policy.Read.All and Policy.ReadWrite.SecurityDefaults",
                {"isEnabled": True},
            ),
            permission=SECURITY_DEFAULTS.permission,
        ),
        defaults,
        _BOTH,
    ),
    Rule(
        _check(
            "ca_mfa_management_api",
            "Multifactor authentication for Azure management",
            "high",
            "Who signs in to Azure management can change or delete everything.",
            "New policy > Target: Windows Azure Service Management API > Require multifactor authentication",
            remedies.policy_for_all(
                "MFA for Azure management", {"applications": {"includeApplications": [MANAGEMENT]}}
            ),
        ),
        within=some_policy(
            mfa_for(MANAGEMENT),
            "demands multifactor authentication of all users for Azure management",
            by_defaults=True,
        ),
        needs=_BOTH,
    ),
    Rule(
        _check(
            "ca_mfa_admin_portals",
            "Multifactor authentication for admin portals",
            "high",
            "The admin portals change who may sign in at all.",
            "New policy > Target: Microsoft Admin Portals > Require multifactor authentication",
            remedies.policy_for_all(
                "MFA for admin portals", {"applications": {"includeApplications": ["MicrosoftAdminPortals"]}}
            ),
        ),
        within=some_policy(
            mfa_for(PORTALS),
            "demands multifactor authentication of all users for the admin portals",
            by_defaults=True,
        ),
        needs=_BOTH,
    ),
    Rule(
        _check(
            "ca_mfa_risky_sign_in",
            "Multifactor authentication for risky sign-ins",
            "medium",
            "A sign-in that looks stolen should have to prove more.",
            "New policy > Conditions: sign-in risk high and medium > Require multifactor authentication (P2)",
            remedies.policy_for_all(
                "MFA for risky sign-ins", {**_EVERY_APPLICATION, "signInRiskLevels": ["high", "medium"]}
            ),
        ),
        within=some_policy(
            of_risk, "demands multifactor authentication of risky sign-ins", by_defaults=False
        ),
        needs=("policies",),
    ),
    Rule(
        _check(
            "ca_block_legacy_authentication",
            "Legacy authentication blocked",
            "high",
            "Legacy protocols know no second factor, so passwords are tried there.",
            "New policy from template > Block legacy authentication",
            remedies.policy_for_all(
                "Block legacy authentication",
                {**_EVERY_APPLICATION, "clientAppTypes": ["exchangeActiveSync", "other"]},
                control="block",
            ),
        ),
        within=some_policy(of_legacy, "blocks legacy authentication", by_defaults=True),
        needs=_BOTH,
    ),
    Rule(
        Check(
            id="entra_ca_trusted_locations_defined",
            title="Trusted named locations defined",
            severity="low",
            rationale="Without known places no policy can tell a strange one.",
            remediation="Portal: Entra ID > Conditional Access > Named locations > IP ranges location > Mark "
            "as trusted. "
            + remedies.graph(
                "post",
                "identity/conditionalAccess/namedLocations",
                "Policy.Read.All and Policy.ReadWrite.ConditionalAccess",
                {
                    "@odata.type": "#microsoft.graph.ipNamedLocation",
                    "displayName": "<name>",
                    "isTrusted": True,
                    "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "<range>"}],
                },
            ),
            permission=LOCATIONS.permission,
        ),
        locations,
        ("locations",),
    ),
)
