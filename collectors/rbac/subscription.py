"""What is asked of the subscription as a whole, and of its custom roles."""

from collections import Counter
from collections.abc import Iterable, Mapping

from collectors.contract import Check, JsonValue
from collectors.declarations.azure_roles import OWNER, PRIVILEGED, role_id
from collectors.declarations.configuration import gap_judgement
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, manual, not_applicable
from collectors.declarations.shared_reads import LOCKS, ROLE_ASSIGNMENTS, ROLE_DEFINITIONS
from collectors.errors import ResourceAbsent, UnexpectedAnswer
from collectors.rbac.reads import CLASSIC, TENANT_CREATORS
from collectors.rbac.roles import actions_of, holds_subscription, is_custom, scope_of

_LOCKS = {f"microsoft.authorization/locks/{what}" for what in ("*", "write", "delete")}
_ANYTHING = "*"


def _owners(subscription: Resource) -> dict[str, str]:
    """Give the owners of the whole subscription, inherited ones too: principal type by object id."""
    return {
        (one.text("properties.principalId") or one.id).lower(): one.text("properties.principalType") or "?"
        for one in subscription.shared("assignments")
        if role_id(one) == OWNER and holds_subscription(scope_of(one), subscription.id)
    }


def _observed(owners: Mapping[str, str]) -> dict[str, JsonValue]:
    return {"count": len(owners), "by_type": dict(Counter(owners.values()))}


def few_owners(subscription: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge whether few principals are owners; the members of a group that is one are not counted."""
    owners = _owners(subscription)
    said = f"{len(owners)} principals are owners of the subscription."
    if len(owners) > limits["owners"]:
        return bad(said, **_observed(owners))
    if any(kind.lower().endswith("group") for kind in owners.values()):
        return manual(f"{said} Some are groups: count who is in them.", **_observed(owners))
    return good(said, **_observed(owners))


def spare_owner(subscription: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge whether more than one person is owner; service principals are no persons."""
    owners = {one: kind for one, kind in _owners(subscription).items() if kind.lower() != "serviceprincipal"}
    said = f"{len(owners)} users and groups are owners of the subscription."
    if len(owners) >= limits["owners"]:
        return good(said, **_observed(owners))
    if any(kind.lower().endswith("group") for kind in owners.values()):
        return manual(f"{said} Some are groups: count who is in them.", **_observed(owners))
    return bad(said, **_observed(owners))


def privileged(subscription: Resource) -> Judgement:
    """Count the assignments of privileged roles: whether each is needed is for a person to say."""
    found = Counter(PRIVILEGED.get(role_id(one), "") for one in subscription.shared("assignments"))
    counts: dict[str, JsonValue] = {name: found[name] for name in PRIVILEGED.values()}
    total = sum(found[name] for name in PRIVILEGED.values())
    if not total:
        return good("No privileged role is assigned.", by_role=counts)
    return manual(f"Review whether each of {total} privileged role assignments is needed.", by_role=counts)


def tenant_creators(subscription: Resource) -> Judgement:
    """Count who may create tenants: whether each is needed is for a person to say."""
    found = [one.text("principalId") for one in subscription.shared("tenant_creators")]
    if not found:
        return good("Tenant Creator is assigned to nobody; eligible assignments are not looked at.", count=0)
    return manual("Review who may create tenants.", count=len(found), principals=found)


def _classic_role(administrator: Resource) -> set[str]:
    return {role.strip().lower() for role in (administrator.text("properties.role") or "").split(";")}


def classic_absent(subscription: Resource) -> Judgement:
    """Judge whether classic administrators are left: they were retired on 31 August 2024."""
    error = subscription.gap(("classic",))
    if isinstance(error, ResourceAbsent | UnexpectedAnswer):
        return not_applicable("Azure no longer lists classic administrators.", problem=error.code)
    if error is not None:
        return gap_judgement(error)
    found = subscription.shared("classic")
    if not found:
        return not_applicable("There are no classic administrators: they were retired.", count=0)
    named = [one.text("properties.emailAddress") or one.name for one in found]
    roles = sorted(set[str]().union(*map(_classic_role, found)))
    return bad(f"{len(found)} classic administrators are left.", administrators=named, roles=roles)


def locks_set(subscription: Resource) -> Judgement:
    """Count locks: which resources are critical is for a person to say."""
    levels = Counter(one.text("properties.level") or "?" for one in subscription.shared("locks"))
    if not levels:
        return bad("Nothing in the subscription is locked.", locks={})
    return manual("Look whether the locks cover every critical resource.", locks=dict(levels))


def _locking(roles: Iterable[Resource]) -> list[str]:
    return [
        role.text("properties.roleName") or role.name
        for role in roles
        if is_custom(role) and _LOCKS & {action.lower() for action in actions_of(role)}
    ]


def lock_role(subscription: Resource) -> Judgement:
    """Judge whether a custom role administers locks, so that no owner is needed for that."""
    found = _locking(subscription.shared("definitions"))
    return judged(found, "A custom role administers locks.", "No custom role administers locks.", roles=found)


def not_an_owner(role: Resource) -> Judgement:
    """Judge whether a custom role allows everything on a whole subscription or more."""
    actions = [action for one in role.objects("properties.permissions") for action in one.texts("actions")]
    scopes = [scope.lower().rstrip("/") for scope in role.texts("properties.assignableScopes")]
    wide = [scope or "/" for scope in scopes if "/resourcegroups/" not in scope]
    owner = _ANYTHING in actions and wide
    yes, no = "The role does not allow everything.", "The role allows everything on a whole subscription."
    return judged(not owner, yes, no, actions=actions, assignable_scopes=scopes)


def role_audited(role: Resource) -> Judgement:
    """Show what a custom role allows and how often it is assigned, for a person to review."""
    assigned = len(role.matching("assignments", _role_ids, role.id.rpartition("/")[2]))
    return manual(
        f"Review whether this custom role, assigned {assigned} times, is still needed.",
        assignments=assigned,
        actions=actions_of(role),
    )


def _role_ids(assignment: Resource) -> tuple[str, ...]:
    return (role_id(assignment),)


SUBSCRIPTION_RULES = (
    Rule(
        Check(
            id="rbac_owner_count_max",
            title="At most three subscription owners",
            severity="high",
            rationale="Each owner more is one account more whose loss is the loss of the subscription.",
            remediation="Portal: subscription > Access control (IAM) > Role assignments > Owner > Remove. "
            "CLI: az role assignment delete --role Owner --assignee <id> --scope /subscriptions/<id>",
            permission=ROLE_ASSIGNMENTS.permission,
            thresholds={"owners": 3},
        ),
        needs=("assignments",),
        within=few_owners,
    ),
    Rule(
        Check(
            id="rbac_owner_count_min",
            title="More than one subscription owner",
            severity="medium",
            rationale="With a single owner nobody can act when that account is lost.",
            remediation="Portal: subscription > Access control (IAM) > Add role assignment > Owner. CLI: "
            "az role assignment create --role Owner --assignee <id> --scope /subscriptions/<id>",
            permission=ROLE_ASSIGNMENTS.permission,
            thresholds={"owners": 2},
        ),
        needs=("assignments",),
        within=spare_owner,
    ),
    Rule(
        Check(
            id="rbac_privileged_assignments_reviewed",
            title="Privileged role assignments reviewed",
            severity="high",
            rationale="Privileges that were once needed stay until somebody looks.",
            remediation="Portal: Entra ID > Identity Governance > Access reviews, or subscription > Access "
            "control (IAM) > Role assignments > Privileged. CLI: az role assignment list --all",
            permission=ROLE_ASSIGNMENTS.permission,
        ),
        privileged,
        ("assignments",),
    ),
    Rule(
        Check(
            id="rbac_tenant_creator_reviewed",
            title="Tenant Creator assignments reviewed",
            severity="low",
            rationale="A new tenant is outside every policy of this one.",
            remediation="Portal: Entra ID > Roles and administrators > Tenant Creator > Assignments > "
            "Remove. CLI: az rest --method delete --url "
            "https://graph.microsoft.com/v1.0/roleManagement/directory/roleAssignments/<assignment id>, "
            "signed in as an application with RoleManagement.ReadWrite.Directory",
            permission=TENANT_CREATORS.permission,
        ),
        tenant_creators,
        ("tenant_creators",),
    ),
    Rule(
        Check(
            id="rbac_classic_admins_absent",
            title="No classic administrators",
            severity="medium",
            rationale="Classic administrators were owners that no access review showed.",
            remediation="Portal: subscription > Access control (IAM) > Classic administrators > Delete. "
            "CLI: az rest --method get --url 'https://management.azure.com/subscriptions/<id>/providers/"
            "Microsoft.Authorization/classicAdministrators?api-version=2015-07-01', to list them",
            permission=CLASSIC.permission,
        ),
        classic_absent,
    ),
    Rule(
        Check(
            id="rbac_resource_locks_set",
            title="Locks on critical resources",
            severity="medium",
            rationale="A lock stops a deletion that was not meant.",
            remediation="Portal: resource > Locks > Add. CLI: az lock create --lock-type CanNotDelete -n "
            "<name> --resource <id>",
            permission=LOCKS.permission,
        ),
        locks_set,
        ("locks",),
    ),
    Rule(
        Check(
            id="rbac_resource_lock_role_exists",
            title="A custom role administers locks",
            severity="low",
            rationale="Without such a role, whoever is to manage locks must be made owner.",
            remediation="Portal: subscription > Access control (IAM) > Add custom role with "
            "Microsoft.Authorization/locks/*. CLI: az role definition create --role-definition <file>",
            permission=ROLE_DEFINITIONS.permission,
        ),
        lock_role,
        ("definitions",),
    ),
)
CUSTOM_ROLE_RULES = (
    Rule(
        Check(
            id="rbac_custom_owner_role_absent",
            title="No custom role that is an owner",
            severity="high",
            rationale="A custom owner escapes every rule that looks for the role Owner.",
            remediation="Portal: subscription > Access control (IAM) > Roles > the role > Delete, or name "
            "its actions. CLI: az role definition update --role-definition <file>",
            permission=ROLE_DEFINITIONS.permission,
        ),
        not_an_owner,
    ),
    Rule(
        Check(
            id="rbac_custom_roles_audited",
            title="Custom roles reviewed",
            severity="medium",
            rationale="Custom roles are maintained by nobody but their owner, and grow.",
            remediation="Portal: subscription > Access control (IAM) > Roles > Type: Custom. CLI: az role "
            "definition list --custom-role-only",
            permission=ROLE_DEFINITIONS.permission,
            manual=True,
        ),
        role_audited,
        ("assignments",),
    ),
)
