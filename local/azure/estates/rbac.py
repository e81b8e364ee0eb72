"""Access control: owners, guests, blocked and deleted principals, groups, roles of all kinds, locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure import roles
from local.azure.tenant_estate import ROOT, add_group, add_user

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.Authorization/roleAssignments"
GROUP = "/providers/Microsoft.Management/managementGroups/example"
ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
GUESTS = {
    "owner": "rbac_guest_owner_absent",
    "write": "rbac_guest_write_absent",
    "read": "rbac_guest_read_absent",
}
BLOCKED = {
    "owner": "rbac_blocked_owner_absent",
    "write": "rbac_blocked_accounts_absent",
    "read": "rbac_blocked_accounts_absent",
}
OF_PEOPLE = {*GUESTS.values(), *BLOCKED.values()}


def build(estate: Estate) -> None:
    """Add the assignments, roles, locks, principals and what is true of them."""
    _owners(estate)
    _others(estate)
    _machines(estate)
    _custom_roles(estate)
    _subscription(estate)


def expect_application(estate: Estate, assignment_id: str) -> None:
    """Write down what is true of a role that a simulated application has: one that is not Owner."""
    resource_id = f"{estate.scope}/providers/{TYPE}/{assignment_id}"
    _expect(estate, resource_id, "", "read", {"orphaned_assignments_absent": "pass"})


def expect_assignment(estate: Estate, user: str, role: str, access: str) -> None:
    """Assign a role to a user of the tenant who is neither guest nor blocked, and write down what is true."""
    _expect(estate, _assign(estate, user, "User", role), "User", access, {})


def _assign(estate: Estate, principal: str, kind: str, role: str, **more: object) -> str:
    """Assign a role, spelled in one of the ways Azure spells it; gives the assignment's id."""
    scope = str(more.pop("scope", estate.scope))
    name = estate.guid("assignment", principal, role, scope)
    resource_id = f"{scope.rstrip('/')}/providers/{TYPE}/{name}"
    properties: JsonObject = {
        "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "principalId": principal,
        "principalType": kind,
        "scope": scope,
        **more,
    }
    rows = estate.added_to(f"{estate.scope}/providers/{TYPE}")
    rows.append({"id": resource_id, "name": name, "type": TYPE, "properties": properties})
    return resource_id


def _expect(estate: Estate, resource_id: str, kind: str, access: str, statuses: dict[str, str]) -> None:
    """Write down the truth of an assignment.

    Args:
        kind: the principal's; the questions about people do not arise for others than users and groups.
        access: what the role gives; questions about other access do not arise.
        statuses: what differs from that, by check id without the service.
    """
    people = {GUESTS[access], BLOCKED[access]} if kind in {"User", "Group"} else set()
    said = dict.fromkeys(OF_PEOPLE - people, "not_applicable") | dict.fromkeys(people, "pass")
    said["rbac_user_access_admin_restricted"] = "not_applicable"
    said["rbac_service_principal_owner_absent"] = "pass" if access == "owner" else "not_applicable"
    said["rbac_orphaned_assignments_absent"] = "pass"
    for check_id, status in {**said, **{f"rbac_{name}": status for name, status in statuses.items()}}.items():
        estate.expect(resource_id, status, check_id)


def _owners(estate: Estate) -> None:
    """Four owners: a member here, a blocked guest from the management group, a group, a service principal."""
    owner = roles.OWNER.role_id
    member = _assign(estate, add_user(estate, "olga.owner"), "User", owner)
    _expect(estate, member, "User", "owner", {})
    guest = add_user(estate, "gerd.guest", userType="Guest", accountEnabled=False)
    inherited = _assign(estate, guest, "user", owner.upper(), scope=GROUP)
    _expect(
        estate, inherited, "User", "owner", {"guest_owner_absent": "fail", "blocked_owner_absent": "fail"}
    )
    group = add_group(estate, "owners", add_user(estate, "ole.operator"), guest)
    through = _assign(estate, group, "Group", owner, scope="/")
    _expect(estate, through, "Group", "owner", {"guest_owner_absent": "fail", "blocked_owner_absent": "fail"})
    principal = estate.guid("service-principal", "pipeline")
    estate.list_at(f"{ROOT}/servicePrincipals").append({"id": principal, "accountEnabled": True})
    machine = _assign(estate, principal, "ServicePrincipal", owner)
    _expect(estate, machine, "", "owner", {"service_principal_owner_absent": "fail"})


def _others(estate: Estate) -> None:
    """Writers and readers, on the subscription and below it."""
    reader, contributor = roles.READER.role_id, roles.CONTRIBUTOR.role_id
    for number in range(estate.copies):
        plain = _assign(estate, add_user(estate, f"rita.reader{number}"), "User", reader)
        _expect(estate, plain, "User", "read", {})
    guest = add_user(estate, "gina.guest", userType="guest")
    group = f"{estate.scope}/resourceGroups/rg-estate"
    writing = _assign(estate, guest, "User", contributor, scope=group)
    _expect(estate, writing, "User", "write", {"guest_write_absent": "fail"})
    reading = _assign(estate, guest, "User", reader, scope=group)
    _expect(estate, reading, "User", "read", {"guest_read_absent": "fail"})
    blocked = _assign(estate, add_user(estate, "bert.blocked", accountEnabled=False), "User", reader)
    _expect(estate, blocked, "User", "read", {"blocked_accounts_absent": "fail"})
    # Its role is of the management group, and in no list of the subscription.
    network = roles.FROM_MANAGEMENT_GROUP.role_id
    inherited = _assign(estate, add_user(estate, "nora.network"), "User", network, scope=GROUP)
    _expect(estate, inherited, "User", "write", {})
    gone = _assign(estate, estate.guid("user", "deleted"), "User", reader)
    not_there = dict.fromkeys(("guest_read_absent", "blocked_accounts_absent"), "not_applicable")
    _expect(estate, gone, "User", "read", {"orphaned_assignments_absent": "fail", **not_there})


def _machines(estate: Estate) -> None:
    """User Access Administrator at the root and below it; a deleted service principal; a foreign group."""
    administrator = add_user(estate, "ada.access")
    rows = estate.added_to(f"{estate.scope}/providers/Microsoft.Authorization/roleDefinitions")
    rows.append(
        _role(estate, ACCESS_ADMINISTRATOR, "User Access Administrator", "BuiltInRole", ["*/read", "x/*"])
    )
    root = _assign(estate, administrator, "User", ACCESS_ADMINISTRATOR, scope="/")
    _expect(estate, root, "User", "write", {"user_access_admin_restricted": "fail"})
    here = _assign(estate, administrator, "User", ACCESS_ADMINISTRATOR)
    _expect(estate, here, "User", "write", {"user_access_admin_restricted": "pass"})
    deleted = _assign(estate, estate.guid("gone"), "ServicePrincipal", roles.READER.role_id)
    _expect(estate, deleted, "", "read", {"orphaned_assignments_absent": "fail"})
    foreign = _assign(estate, estate.guid("foreign"), "ForeignGroup", roles.READER.role_id)
    looked_at = dict.fromkeys(("guest_read_absent", "blocked_accounts_absent"), "manual")
    looked_at["orphaned_assignments_absent"] = "not_applicable"
    _expect(estate, foreign, "User", "read", looked_at)


def _role(estate: Estate, role_id: str, name: str, kind: str, actions: list[str]) -> JsonObject:
    permission = {"actions": actions, "notActions": [], "dataActions": [], "notDataActions": []}
    return {
        "id": f"{estate.scope}/providers/Microsoft.Authorization/roleDefinitions/{role_id}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role_id,
        "properties": {
            "roleName": name,
            "type": kind,
            "assignableScopes": [estate.scope],
            "permissions": [permission],
        },
    }


def _custom_roles(estate: Estate) -> None:
    """A custom owner, a role that administers locks, and those that all simulated subscriptions have."""
    rows = estate.added_to(f"{estate.scope}/providers/Microsoft.Authorization/roleDefinitions")
    owner = _role(estate, estate.guid("custom-owner"), "Owner again", "CustomRole", ["*"])
    locker = _role(
        estate,
        estate.guid("locker"),
        "Lock administrator",
        "CustomRole",
        ["Microsoft.Authorization/locks/*"],
    )
    rows.extend((owner, locker))
    everywhere = (roles.READER_WITHOUT_FINDINGS, roles.POLICY_STATES_READER)
    definitions = f"{estate.scope}/providers/Microsoft.Authorization/roleDefinitions"
    fine = [str(locker["id"]), *(f"{definitions}/{role.role_id}" for role in everywhere)]
    for role in fine:
        estate.expect(role, "pass", "rbac_custom_owner_role_absent")
        estate.expect(role, "manual", "rbac_custom_roles_audited")
    estate.expect(str(owner["id"]), "fail", "rbac_custom_owner_role_absent")
    estate.expect(str(owner["id"]), "manual", "rbac_custom_roles_audited")


def _subscription(estate: Estate) -> None:
    """Four owners are one too many; locks and privileged roles are for a person to review."""
    estate.add("Microsoft.Authorization/locks", "keep", {"level": "CanNotDelete"})
    estate.list_at(f"{estate.scope}/providers/Microsoft.Authorization/classicAdministrators")
    estate.list_at(f"{ROOT}/roleManagement/directory/roleAssignments")
    estate.expect(estate.scope, "fail", "rbac_owner_count_max")
    estate.expect(estate.scope, "not_applicable", "rbac_classic_admins_absent")
    estate.expect(estate.scope, "manual", "rbac_privileged_assignments_reviewed", "rbac_resource_locks_set")
    fine = ("rbac_owner_count_min", "rbac_resource_lock_role_exists", "rbac_tenant_creator_reviewed")
    estate.expect(estate.scope, "pass", *fine)
