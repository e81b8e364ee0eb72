"""What a Conditional Access policy demands, of whom, and when."""

from collections.abc import Callable, Iterable, Mapping

from collectors.declarations.resources import Resource

_NARROWING = (
    "platforms.includePlatforms",
    "locations.includeLocations",
    "devices.deviceFilter.rule",
    "authenticationFlows.transferMethods",
)
_EXCEPTIONS = ("platforms.excludePlatforms", "locations.excludeLocations")
_GUESTS = "guestsorexternalusers"
_EXCLUDED_GUESTS = "excludeGuestsOrExternalUsers"
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


def mfa_for(*applications: str) -> Callable[[Resource], bool]:
    """Make a test of a policy: it demands MFA of all users for one of these applications, or for all."""

    def holds(policy: Resource) -> bool:
        return (
            _of_all_users(policy)
            and demands_mfa(policy)
            and _always(policy)
            and _of_application(policy, *applications)
        )

    return holds


def of_risk(policy: Resource) -> bool:
    """Tell whether a policy demands MFA of all users wherever a sign-in is risky."""
    risky = {"high", "medium"} <= _lower(policy, "conditions.signInRiskLevels")
    held = _everywhere(policy) and _of_all_users(policy) and _of_application(policy)
    # Conditions add up: with a user risk too, a risky sign-in of a user without one passes.
    return risky and held and demands_mfa(policy) and not policy.texts("conditions.userRiskLevels")


def of_legacy(policy: Resource) -> bool:
    """Tell whether a policy keeps everybody from signing in by legacy protocols."""
    clients = {"exchangeactivesync", "other"} <= _lower(policy, "conditions.clientAppTypes")
    blocks = "block" in _lower(policy, "grantControls.builtInControls")
    held = _everywhere(policy) and _of_all_users(policy) and _of_application(policy)
    return clients and held and blocks


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


def usual(excluded: Mapping[str, int], accounts: float) -> bool:
    """Tell whether none but so many accounts for emergencies are left out."""
    return excluded["users"] <= accounts and sum(excluded.values()) == excluded["users"]
