"""Conditional Access, security defaults and named locations: which sign-ins need more than a password."""

from collections.abc import Callable, Iterable, Mapping

from collectors.contract import Check, CheckSeverity, JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, Rule, bad, good, judged, manual, not_applicable
from collectors.entra import remedies
from collectors.entra.reads import CONDITIONAL_ACCESS, LOCATIONS, SECURITY_DEFAULTS

MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
"""The application id of the Windows Azure Service Management API."""

PORTALS = "microsoftadminportals"

_NARROWING = (
    "platforms.includePlatforms",
    "locations.includeLocations",
    "devices.deviceFilter.rule",
    "authenticationFlows.transferMethods",
)
_EXCEPTIONS = ("platforms.excludePlatforms", "locations.excludeLocations")
_GUESTS = "guestsorexternalusers"
_EXCLUDED_GUESTS = "excludeGuestsOrExternalUsers"
_EMERGENCY_ACCOUNTS = 2
_RISKS = ("signInRiskLevels", "userRiskLevels", "insiderRiskLevels")


def _lower(policy: Resource, path: str) -> set[str]:
    return {one.lower() for one in policy.texts(path)}


def enabled(policies: Iterable[Resource]) -> tuple[Resource, ...]:
    """Give the policies that are enforced: one that only reports enforces nothing."""
    return tuple(one for one in policies if (one.text("state") or "").lower() == "enabled")


def demands_mfa(policy: Resource) -> bool:
    """Tell whether a policy grants access with multifactor authentication, and with nothing less."""
    controls = _lower(policy, "grantControls.builtInControls")
    strength = isinstance(policy.at("grantControls.authenticationStrength"), dict)
    strict = (policy.text("grantControls.operator") or "").lower() == "and" or len(controls) + strength == 1
    return ("mfa" in controls or strength) and strict


def _of_all_users(policy: Resource) -> bool:
    return "all" in _lower(policy, "conditions.users.includeUsers")


def _of_application(policy: Resource, *wanted: str) -> bool:
    included = _lower(policy, "conditions.applications.includeApplications")
    excluded = _lower(policy, "conditions.applications.excludeApplications")
    return bool(included & {"all", *wanted}) and not excluded & set(wanted)


def _everywhere(policy: Resource) -> bool:
    """Tell whether a policy holds whatever the device and the place."""
    narrow = any(_lower(policy, f"conditions.{path}") - {"all"} for path in _NARROWING)
    return not narrow and not any(policy.texts(f"conditions.{path}") for path in _EXCEPTIONS)


def _always(policy: Resource) -> bool:
    """Tell whether a policy holds whatever the risk, the client, the device and the place."""
    risky = any(policy.texts(f"conditions.{path}") for path in _RISKS)
    clients = _lower(policy, "conditions.clientAppTypes")
    return _everywhere(policy) and not risky and (not clients or "all" in clients)


def _mfa_for(*applications: str) -> Callable[[Resource], bool]:
    def holds(policy: Resource) -> bool:
        return (
            _of_all_users(policy)
            and demands_mfa(policy)
            and _always(policy)
            and _of_application(policy, *applications)
        )

    return holds


def _of_risk(policy: Resource) -> bool:
    risky = {"high", "medium"} <= _lower(policy, "conditions.signInRiskLevels")
    held = _everywhere(policy) and _of_all_users(policy) and _of_application(policy)
    # Conditions add up: with a user risk too, a risky sign-in of a user without one passes.
    return risky and held and demands_mfa(policy) and not policy.texts("conditions.userRiskLevels")


def _of_legacy(policy: Resource) -> bool:
    clients = {"exchangeactivesync", "other"} <= _lower(policy, "conditions.clientAppTypes")
    blocks = "block" in _lower(policy, "grantControls.builtInControls")
    held = _everywhere(policy) and _of_all_users(policy) and _of_application(policy)
    return clients and held and blocks


def _defaults_on(tenant: Resource) -> bool:
    return tenant.shared("security_defaults")[0].flag("isEnabled") is True


def some_policy(test: Callable[[Resource], bool], what: str, *, by_defaults: bool) -> Judge:
    """Make a judge that demands an enforced policy; whom the nearest one leaves out, a person has to judge.

    Args:
        test: tells whether a policy is one.
        what: what it does, ending a sentence.
        by_defaults: whether security defaults do the same.
    """

    def judge(tenant: Resource) -> Judgement:
        found = [one for one in enabled(tenant.shared("policies")) if test(one)]
        names: JsonValue = [one.text("displayName") or one.id for one in found]
        fewest: Mapping[str, int] = min((left_out(one) for one in found), key=_weight, default={})
        if found and _usual(fewest):
            return good(f"A policy {what}.", policies=names, exclusions=sum(fewest.values()))
        if by_defaults and _defaults_on(tenant):
            return good(f"Security defaults are on: they are a policy that {what}.", security_defaults=True)
        if found:
            counts = ", ".join(f"{kind}: {count}" for kind, count in fewest.items() if count)
            reason = f"A policy {what}, but leaves out some ({counts}): look whether each has to be left out."
            return manual(reason, policies=names, **fewest)
        return bad(f"No enforced Conditional Access policy {what}.", policies=[])

    return judge


def left_out(policy: Resource) -> Mapping[str, int]:
    """Count whom a policy for all users leaves out, by kind.

    Guests are left out by a word among the users or by an object that names their kinds (Microsoft Graph,
    "conditionalAccessUsers resource type"); an object that names none known may stand for any.
    """
    users = _lower(policy, "conditions.users.excludeUsers")
    guests = {_GUESTS} & users
    if policy.at(f"conditions.users.{_EXCLUDED_GUESTS}") is not None:
        kinds = policy.text(f"conditions.users.{_EXCLUDED_GUESTS}.guestOrExternalUserTypes") or "any"
        guests |= {kind.strip() for kind in kinds.lower().split(",")} - {"none"}
    return {
        "users": len(users - {_GUESTS}),
        "groups": len(policy.texts("conditions.users.excludeGroups")),
        "roles": len(policy.texts("conditions.users.excludeRoles")),
        "kinds of guests and external users": len(guests),
    }


def _usual(excluded: Mapping[str, int]) -> bool:
    """Tell whether none but the accounts for emergencies are left out; Microsoft recommends two of them."""
    return excluded["users"] <= _EMERGENCY_ACCOUNTS and sum(excluded.values()) == excluded["users"]


def _weight(excluded: Mapping[str, int]) -> tuple[bool, int]:
    return not _usual(excluded), sum(excluded.values())


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
    )


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
        some_policy(
            _mfa_for(MANAGEMENT),
            "demands multifactor authentication of all users for Azure management",
            by_defaults=True,
        ),
        _BOTH,
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
        some_policy(
            _mfa_for(PORTALS),
            "demands multifactor authentication of all users for the admin portals",
            by_defaults=True,
        ),
        _BOTH,
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
        some_policy(_of_risk, "demands multifactor authentication of risky sign-ins", by_defaults=False),
        ("policies",),
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
        some_policy(_of_legacy, "blocks legacy authentication", by_defaults=True),
        _BOTH,
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
