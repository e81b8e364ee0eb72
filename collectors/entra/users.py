"""Users and administrators: a second factor, and when each was here last."""

from collections.abc import Mapping

from collectors.contract import Check
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, judged, not_applicable, unknown
from collectors.entra import remedies
from collectors.entra.reads import DETAILS, SIGN_INS

_FILTER = "disabled users left out"
_SIGN_INS = ("lastSignInDateTime", "lastNonInteractiveSignInDateTime", "lastSuccessfulSignInDateTime")


def _left_out(user: Resource | None) -> Judgement | None:
    """Say why a user is not asked about; None if it is."""
    enabled = None if user is None else user.flag("accountEnabled")
    if enabled is False:
        return not_applicable("The account is disabled.", account_enabled=False, filter=_FILTER)
    if enabled is None:
        return unknown("Graph does not say whether the account is enabled.", account_enabled=None)
    return None


def _registered(details: Resource | None) -> Judgement:
    if details is None:
        return unknown("The registration report does not hold this user yet.")
    capable = details.flag("isMfaCapable")
    if capable is None:
        return unknown("The registration report does not say whether the user can sign in with MFA.")
    return judged(
        capable,
        "The user can sign in with multifactor authentication.",
        "The user has registered no method for multifactor authentication.",
        methods=details.texts("methodsRegistered"),
        user_type=details.text("userType"),
        filter=_FILTER,
    )


def mfa(user: Resource) -> Judgement:
    """Judge whether an enabled user, guests too, can sign in with multifactor authentication."""
    return _left_out(user) or _registered(user.found("details", user.id))


def administrator_mfa(details: Resource) -> Judgement:
    """Judge whether an enabled administrator can sign in with multifactor authentication."""
    return _left_out(details.found("users", details.id)) or _registered(details)


def is_administrator(details: Resource) -> bool:
    """Tell whether the report counts a user among the administrators."""
    return details.flag("isAdmin") is True


def active(user: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge how long ago an enabled user signed in; `0001-01-01` and nothing at all mean never."""
    left_out = _left_out(user)
    if left_out is not None:
        return left_out
    row = user.found("sign_ins", user.id)
    if row is None:
        return unknown("Graph does not list the sign-ins of this user.")
    seen = user.with_raw(row.raw)
    ages = [seen.age_days(f"signInActivity.{name}") for name in _SIGN_INS]
    known = [age for age in ages if age is not None]
    age = min(known) if known else user.age_days("createdDateTime")
    if age is None:
        return unknown("The user never signed in, and Graph does not say since when it exists.")
    what = "signed in" if known else "was created and never signed in: it was made"
    said = f"The user {what} {age:.0f} days ago."
    return judged(age <= limits["days"], said, said, days_ago=round(age), ever=bool(known), filter=_FILTER)


USER_RULES = (
    Rule(
        Check(
            id="entra_mfa_all_users",
            title="Multifactor authentication for all users",
            severity="high",
            rationale="A password alone is guessed, reused or phished.",
            remediation="Portal: Entra ID > Authentication methods > Registration campaign, and Conditional "
            "Access > New policy > Require multifactor authentication for all users. "
            + remedies.registration_campaign(),
            permission=DETAILS.permission,
        ),
        mfa,
        ("details",),
    ),
    Rule(
        Check(
            id="entra_inactive_users_reviewed",
            title="No enabled user inactive for long",
            severity="medium",
            rationale="An account nobody uses is one nobody misses when it is taken over.",
            remediation="Portal: Entra ID > Users > the user > Account status > Disable. CLI: az ad user "
            "update --id <id> --account-enabled false",
            permission=SIGN_INS.permission,
            thresholds={"days": 90},
        ),
        needs=("sign_ins",),
        within=active,
    ),
)
ADMINISTRATOR_RULES = (
    Rule(
        Check(
            id="entra_mfa_privileged_users",
            title="Multifactor authentication for privileged users",
            severity="critical",
            rationale="Whoever has an administrator's password has the tenant.",
            remediation="Portal: Entra ID > Conditional Access > New policy from template > Require "
            "multifactor authentication for admins. "
            + remedies.policy(
                "MFA for administrators",
                {"applications": {"includeApplications": ["All"]}},
                users={"includeRoles": ["<role template id>"]},
            ),
            permission=DETAILS.permission,
        ),
        administrator_mfa,
        ("users",),
    ),
)
