"""Who has a role: guests, blocked accounts, service principals, and principals that are gone."""

from collections.abc import Callable

from collectors.contract import Check
from collectors.declarations.azure_roles import OWNER, USER_ACCESS_ADMINISTRATOR, role_id
from collectors.declarations.configuration import gap_judgement
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
from collectors.declarations.shared_reads import ROLE_ASSIGNMENTS
from collectors.rbac.reads import GROUP, USER
from collectors.rbac.roles import definition_of, scope_of, writes

_PARTS = {"user": ("user",), "group": ("group", "members"), "serviceprincipal": ("service_principal",)}
_UNTOLD = "Azure does not say what kind of principal has this role, or one this version does not know."
_FOREIGN = "The role is assigned to a group of another tenant: look at who is in it."
_FILTER = "members of groups included, service principals left out"


def principal_id(assignment: Resource) -> str:
    """Give the object id of an assignment's principal."""
    return assignment.text("properties.principalId") or ""


def has_type(name: str) -> Callable[[Resource], bool]:
    """Make a test of an assignment's principal type, in any casing."""

    def has(assignment: Resource) -> bool:
        return _type(assignment) == name

    return has


def _type(assignment: Resource) -> str:
    return (assignment.text("properties.principalType") or "").lower()


def _access(assignment: Resource) -> str | Judgement:
    """Give `owner`, `write` or `read`; or why it cannot be told."""
    if role_id(assignment) == OWNER:
        return "owner"
    error = assignment.gap(("definitions", "role"))
    if error is not None:
        return gap_judgement(error)
    definition = definition_of(assignment)
    if definition is None:
        return unknown("The role of this assignment is defined nowhere.", role=role_id(assignment))
    return "write" if writes(definition) else "read"


def _people(assignment: Resource) -> tuple[Resource, ...] | Judgement:
    """Give the users who have the assignment; or what is to be said where there are none to look at."""
    kind = _type(assignment)
    if kind == "foreigngroup":
        return manual(_FOREIGN)
    if kind not in {"user", "group"}:
        given = assignment.text("properties.principalType")
        if kind in {"serviceprincipal", "device"}:
            return not_applicable(f"The role is assigned to a {given}, not to people.", principal_type=given)
        return unknown(_UNTOLD, principal_type=given)
    error = assignment.gap(_PARTS[kind])
    return _users(assignment, kind) if error is None else gap_judgement(error)


def _users(assignment: Resource, kind: str) -> tuple[Resource, ...] | Judgement:
    principal = assignment.part(kind)
    if principal is None:
        return not_applicable(f"The {kind} that had this role was deleted.")
    return (principal,) if kind == "user" else tuple(filter(_is_user, assignment.rows("members")))


def _is_user(member: Resource) -> bool:
    """Tell users from groups and service principals: without `@odata.type` all members are of one type."""
    return str(member.raw.get("@odata.type", "#microsoft.graph.user")).lower().endswith(".user")


def _guest(user: Resource) -> bool | None:
    # Member and Guest are all that Graph documents ("user resource type").
    return {"guest": True, "member": False}.get((user.text("userType") or "").lower())


def _blocked(user: Resource) -> bool | None:
    enabled = user.flag("accountEnabled")
    return None if enabled is None else not enabled


def none_among(test: Callable[[Resource], bool | None], who: str, *access: str) -> Judge:
    """Make a judge that demands that nobody of a kind has some access through an assignment.

    Args:
        test: tells whether a user is of the kind; None where Graph does not tell.
        who: the kind, in the plural.
        access: `owner`, `write`, `read`.
    """

    def judge(assignment: Resource) -> Judgement:
        found = _access(assignment)
        if isinstance(found, Judgement):
            return found
        if found not in access:
            return not_applicable(f"The role gives {found} access.", access=found)
        people = _people(assignment)
        if isinstance(people, Judgement):
            return people
        answers = {user.id: test(user) for user in people}
        hits = sorted(user for user, answer in answers.items() if answer)
        if not hits and None in answers.values():
            return unknown("Microsoft Graph does not tell it of every user.", users=len(answers))
        yes, no = f"No {who} have this role.", f"{len(hits)} {who} have this role."
        return judged(not hits, yes, no, access=found, users=len(answers), found=hits, filter=_FILTER)

    return judge


def service_principal(assignment: Resource) -> Judgement:
    """Judge whether a service principal is an owner."""
    if role_id(assignment) != OWNER:
        return not_applicable("The role is not Owner.")
    given = assignment.text("properties.principalType")
    said = f"The owner is a {given}."
    match _type(assignment):
        case "serviceprincipal":
            return bad(said, principal_type=given)
        case "user" | "device":
            return good(said, principal_type=given)
        case "group":
            return _service_principals_in(assignment)
        case "foreigngroup":
            return manual(_FOREIGN, principal_type=given)
    return unknown(_UNTOLD, principal_type=given)


def _service_principals_in(assignment: Resource) -> Judgement:
    error = assignment.gap(("members",))
    if error is not None:
        return gap_judgement(error)
    kinds = (str(member.raw.get("@odata.type", "")).lower() for member in assignment.rows("members"))
    count = sum(kind.endswith(".serviceprincipal") for kind in kinds)
    return judged(
        not count,
        "The owner is a group without service principals.",
        f"The owner is a group with service principals in it: {count}.",
        principal_type="Group",
        service_principals=count,
    )


def orphaned(assignment: Resource) -> Judgement:
    """Judge whether the principal of an assignment still exists."""
    kind, principal = _type(assignment), principal_id(assignment)
    if kind not in _PARTS:
        given = assignment.text("properties.principalType")
        if given is None:
            return unknown(_UNTOLD, principal_type=None)
        return not_applicable("A principal of another directory cannot be looked up.", principal_type=given)
    name = _PARTS[kind][0]
    error = assignment.gap((name,))
    if error is not None:
        return gap_judgement(error)
    yes, no = "The principal exists.", "The principal was deleted, its role was not."
    return judged(assignment.part(name), yes, no, principal_id=principal, principal_type=kind)


def access_administrator(assignment: Resource) -> Judgement:
    """Judge where User Access Administrator is assigned: at the root it gives access to everything."""
    if role_id(assignment) != USER_ACCESS_ADMINISTRATOR:
        return not_applicable("The role is not User Access Administrator.")
    scope = scope_of(assignment)
    if assignment.text("properties.scope") is None:
        return unknown("Azure does not say where the role is assigned.", scope=None)
    if scope:
        return good("User Access Administrator is assigned below the root.", scope=scope)
    return bad("User Access Administrator is assigned at the root: over all subscriptions.", scope="/")


_REMOVE = (
    "Portal: subscription > Access control (IAM) > Role assignments > Remove. CLI: az role assignment delete "
    "--ids <assignment id>"
)
_GUESTS = "Nobody here decides when a guest's account is taken away, or how its owner signs in."
_BLOCKED = "A blocked account that is unblocked by mistake or malice has all its rights back."

RULES = (
    Rule(
        Check(
            id="rbac_user_access_admin_restricted",
            title="User Access Administrator not assigned at the root",
            severity="high",
            rationale="At the root the role gives everybody's access to every subscription away.",
            remediation="Portal: Entra ID > Properties > Access management for Azure resources > No. CLI: "
            "az role assignment delete --role 'User Access Administrator' --scope / --assignee <id>",
            permission=ROLE_ASSIGNMENTS.permission,
        ),
        access_administrator,
    ),
    Rule(
        Check(
            id="rbac_service_principal_owner_absent",
            title="No service principal with role Owner",
            severity="high",
            rationale="One leaked secret of an owner gives the whole subscription away.",
            remediation=_REMOVE,
            permission=ROLE_ASSIGNMENTS.permission,
        ),
        service_principal,
    ),
    Rule(
        Check(
            id="rbac_guest_owner_absent",
            title="No guest with role Owner",
            severity="high",
            rationale=_GUESTS,
            remediation=_REMOVE,
            permission=USER.permission,
        ),
        none_among(_guest, "guests", "owner"),
    ),
    Rule(
        Check(
            id="rbac_guest_write_absent",
            title="No guest with write access",
            severity="high",
            rationale=_GUESTS,
            remediation=_REMOVE,
            permission=USER.permission,
        ),
        none_among(_guest, "guests", "write"),
    ),
    Rule(
        Check(
            id="rbac_guest_read_absent",
            title="No guest with read access",
            severity="medium",
            rationale=_GUESTS,
            remediation=_REMOVE,
            permission=USER.permission,
        ),
        none_among(_guest, "guests", "read"),
    ),
    Rule(
        Check(
            id="rbac_blocked_owner_absent",
            title="No blocked account with role Owner",
            severity="high",
            rationale=_BLOCKED,
            remediation=_REMOVE,
            permission=USER.permission,
        ),
        none_among(_blocked, "blocked accounts", "owner"),
    ),
    Rule(
        Check(
            id="rbac_blocked_accounts_absent",
            title="No blocked account with read or write access",
            severity="high",
            rationale=_BLOCKED,
            remediation=_REMOVE,
            permission=USER.permission,
        ),
        none_among(_blocked, "blocked accounts", "write", "read"),
    ),
    Rule(
        Check(
            id="rbac_orphaned_assignments_absent",
            title="No role assignment without its principal",
            severity="low",
            rationale="Assignments of deleted principals hide who really has access.",
            remediation=_REMOVE,
            permission=GROUP.permission,
        ),
        orphaned,
    ),
)
