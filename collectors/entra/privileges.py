"""Privileged directory roles, emergency accounts, access reviews, and who can sign in to machines."""

from collections.abc import Iterable, Mapping

from collectors.contract import Check, JsonValue
from collectors.declarations.azure_roles import CONTRIBUTOR, OWNER, role_id
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, manual, not_applicable, unknown
from collectors.entra import remedies
from collectors.entra.reads import DETAILS, ELIGIBLE, REVIEWS, ROLE_ASSIGNMENTS
from collectors.entra.users import mfa

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED = {
    GLOBAL_ADMINISTRATOR,
    "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
    "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
}
"""Global, Privileged Role, Privileged Authentication, Security and Application Administrator."""

MACHINE_ROLES = {
    OWNER,
    CONTRIBUTOR,
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
    "1c0163c0-47e6-4577-8991-ea5c82e286e4",
    "fb879df8-f326-4884-b1cf-06f3ad86be52",
}
"""Owner, Contributor, Virtual Machine Contributor, VM Administrator Login, VM User Login."""


def _kind(assignment: Resource) -> str:
    """Give what a principal is, from its `@odata.type`; "" where Graph does not tell."""
    principal = assignment.at("principal")
    kind = principal.get("@odata.type") if isinstance(principal, Mapping) else None
    return str(kind or "").lower().rpartition(".")[2]


def _of_role(rows: Iterable[Resource], roles: set[str]) -> dict[str, Resource]:
    """Give the assignments of some roles, each principal once."""
    found = (one for one in rows if (one.text("roleDefinitionId") or "").lower() in roles)
    return {one.text("principalId") or "": one for one in found}


def few_administrators(tenant: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge how many principals are Global Administrators now; eligible ones are not counted."""
    kinds = [_kind(one) for one in _of_role(tenant.shared("roles"), {GLOBAL_ADMINISTRATOR}).values()]
    groups = kinds.count("group")
    said = f"{len(kinds)} principals are Global Administrators."
    if len(kinds) > limits["administrators"]:
        return bad(said, count=len(kinds), groups=groups)
    if groups or "" in kinds:
        return manual(f"{said} Some may be groups: count who is in them.", count=len(kinds), groups=groups)
    return good(said, count=len(kinds), groups=0)


def eligible(tenant: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge whether privileged roles are held by activation: permanent ones are for emergencies."""
    standing = [
        one
        for one in tenant.shared("schedules")
        if (one.text("assignmentType") or "").lower() == "assigned" and one.text("endDateTime") is None
    ]
    permanent = _of_role(standing, PRIVILEGED)
    said = f"{len(permanent)} principals hold a privileged role permanently."
    waiting = len(_of_role(tenant.shared("eligible"), PRIVILEGED))
    return judged(len(permanent) <= limits["permanent"], said, said, count=len(permanent), eligible=waiting)


def emergency(tenant: Resource) -> Judgement:
    """Show the Global Administrators: which are for emergencies only a person knows."""
    found = sorted(_of_role(tenant.shared("roles"), {GLOBAL_ADMINISTRATOR}))
    return manual("Look whether two of these are for emergencies, and tested.", administrators=found)


def daily(tenant: Resource) -> Judgement:
    """Show who holds privileged roles: whether these accounts also read mail only a person knows."""
    found = sorted(_of_role(tenant.shared("roles"), PRIVILEGED))
    if not found:
        return not_applicable("Nobody holds a privileged role.")
    return manual("Look whether these accounts are used for administration only.", principals=found)


def machine_users(subscription: Resource) -> Judgement:
    """Judge whether the users who can reach machines can sign in with MFA; groups are not looked into."""
    granted = [one for one in subscription.shared("azure_roles") if role_id(one) in MACHINE_ROLES]
    kinds = {
        one.text("properties.principalId") or "": (one.text("properties.principalType") or "").lower()
        for one in granted
    }
    users = [subscription.found("users", one) for one, kind in kinds.items() if kind == "user"]
    answers = {user.id: mfa(subscription.with_raw(user.raw)) for user in users if user is not None}
    return _of_all(answers, groups=sum(kind.endswith("group") for kind in kinds.values()))


def _of_all(answers: Mapping[str, Judgement], *, groups: int) -> Judgement:
    """Judge users together: one without is enough to fail, one not known to leave it open."""
    without = sorted(user for user, answer in answers.items() if answer.status == "fail")
    open_ = sorted(user for user, answer in answers.items() if answer.status == "unknown")
    observed: dict[str, JsonValue] = {"users": len(answers), "groups": groups, "without": without}
    if without:
        return bad(f"{len(without)} users with access to machines have no second factor.", **observed)
    if open_:
        return unknown("It is not known of every user with access to machines.", not_known=open_)
    if groups:
        return manual("Groups have access to machines too: look at who is in them.", **observed)
    return good("All users with access to machines can use multifactor authentication.", **observed)


def guests_reviewed(tenant: Resource) -> Judgement:
    """Judge whether an access review looks at guests; other reviews a person has to know of."""
    guests = sum((one.text("userType") or "").lower() == "guest" for one in tenant.shared("users"))
    if not guests:
        return not_applicable("The tenant has no guests.", guests=0)
    names = [
        one.text("displayName") or one.id
        for one in _running(tenant)
        if "guest" in str(one.at("scope")).lower()
    ]
    if names:
        return good("An access review looks at guests.", guests=guests, reviews=names)
    return manual("No access review looks at guests: review them by hand.", guests=guests, reviews=[])


def _running(tenant: Resource) -> list[Resource]:
    over = {"completed", "applied"}
    return [one for one in tenant.shared("reviews") if (one.text("status") or "").lower() not in over]


def reviews_configured(tenant: Resource) -> Judgement:
    """Judge whether access reviews run."""
    names = [one.text("displayName") or one.id for one in _running(tenant)]
    return judged(names, "Access reviews run.", "No access review runs.", reviews=names)


_ROLES = ("roles",)

RULES = (
    Rule(
        Check(
            id="entra_global_admins_under_five",
            title="Fewer than five Global Administrators",
            severity="high",
            rationale="Each one more is one account more whose loss is the loss of the tenant.",
            remediation="Portal: Entra ID > Roles and administrators > Global Administrator > "
            "Assignments > Remove. " + remedies.unassign(),
            permission=ROLE_ASSIGNMENTS.permission,
            thresholds={"administrators": 4},
        ),
        needs=_ROLES,
        within=few_administrators,
    ),
    Rule(
        Check(
            id="entra_pim_eligible_assignments",
            title="Privileged roles assigned as eligible",
            severity="high",
            rationale="A role that has to be activated is of no use to a thief at any other time.",
            remediation="Portal: Entra ID > Identity Governance > Privileged Identity Management > Entra "
            "roles > Assignments: make active ones eligible (P2). " + remedies.make_eligible(),
            permission=ELIGIBLE.permission,
            thresholds={"permanent": 2},
        ),
        needs=("schedules", "eligible"),
        within=eligible,
    ),
    Rule(
        Check(
            id="entra_emergency_access_accounts",
            title="Emergency access accounts exist",
            severity="medium",
            rationale="When sign-in fails for everybody, somebody must still get in.",
            remediation="Portal: Entra ID > Users > two cloud-only accounts with Global Administrator, "
            "passkeys, and no Conditional Access. " + remedies.holders(GLOBAL_ADMINISTRATOR),
            permission=ROLE_ASSIGNMENTS.permission,
            manual=True,
        ),
        emergency,
        _ROLES,
    ),
    Rule(
        Check(
            id="entra_admins_not_daily_accounts",
            title="Admin accounts not used daily",
            severity="medium",
            rationale="Mail and the web are where accounts get lost.",
            remediation="Portal: Entra ID > Users > an account of its own, without licences, for each "
            "administrator. " + remedies.licences(),
            permission=ROLE_ASSIGNMENTS.permission,
            manual=True,
        ),
        daily,
        _ROLES,
    ),
    Rule(
        Check(
            id="entra_guest_users_reviewed",
            title="Guest users reviewed",
            severity="medium",
            rationale="Guests stay when their reason has gone.",
            remediation="Portal: Entra ID > Identity Governance > Access reviews > New: guest users (P2). "
            + remedies.guest_review(),
            permission=REVIEWS.permission,
        ),
        guests_reviewed,
        ("users", "reviews"),
    ),
    Rule(
        Check(
            id="entra_access_reviews_configured",
            title="Access reviews configured",
            severity="medium",
            rationale="Access that nobody confirms grows.",
            remediation="Portal: Entra ID > Identity Governance > Access reviews > New access review (P2). "
            + remedies.group_review(),
            permission=REVIEWS.permission,
        ),
        reviews_configured,
        ("reviews",),
    ),
)
SUBSCRIPTION_RULES = (
    Rule(
        Check(
            id="entra_vm_access_users_mfa",
            title="Multifactor authentication for users with access to machines",
            severity="high",
            rationale="Whoever controls a machine has what its identity has.",
            remediation="Portal: Entra ID > Authentication methods > Registration campaign for these users. "
            + remedies.registration_campaign(),
            permission=DETAILS.permission,
        ),
        machine_users,
        ("azure_roles", "users", "details"),
    ),
)
