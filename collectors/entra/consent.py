"""What users may consent to: which permissions an application gets without an administrator."""

from collections.abc import Sequence

from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, bad, good, judged, manual, unknown

_SELF = "managepermissiongrantsforself."
_VERIFIED = {"microsoft-user-default-low"}
_LEGACY = "microsoft-user-default-legacy"


def _self_consent(policy: Resource) -> Sequence[str] | None:
    """Give the policies by which users may consent for themselves; None where Graph does not tell."""
    path = "defaultUserRolePermissions.permissionGrantPoliciesAssigned"
    if policy.at(path) is None:
        return None
    found = [one.lower() for one in policy.texts(path)]
    return [one.removeprefix(_SELF) for one in found if one.startswith(_SELF)]


def no_consent(policy: Resource) -> Judgement:
    """Judge whether users may consent to applications at all."""
    found = _self_consent(policy)
    if found is None:
        return unknown("Graph does not say what users may consent to.")
    yes, no = "Users cannot consent to applications.", "Users can consent to applications themselves."
    return judged(not found, yes, no, policies=found)


def verified_consent(policy: Resource) -> Judgement:
    """Judge whether users may consent to applications of verified publishers at most."""
    found = _self_consent(policy)
    if found is None:
        return unknown("Graph does not say what users may consent to.")
    if _LEGACY in found:
        return bad("Users can consent to applications of anybody.", policies=found)
    if set(found) <= _VERIFIED:
        return good("Users can consent to no application of unverified publishers.", policies=found)
    return manual("Look at which applications these policies let users consent to.", policies=found)
