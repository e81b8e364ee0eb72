"""Microsoft.Authorization: role assignments, role definitions, and the caller's own permissions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from local.azure import arm_errors as errors
from local.azure import arm_estate, generator, roles
from local.azure.arm import ArmCall, get
from local.azure.official import find_official

if TYPE_CHECKING:
    from local.azure.roles import Role
    from local.azure.wire import Answer, JsonObject, Rows
    from local.azure.world import Assignment, Subscription

ROOT = "/subscriptions/{subscription_id}/providers/Microsoft.Authorization"
ASSIGNMENT_VERSIONS = ("2015-07-01", "2018-01-01-preview", "2020-04-01-preview", "2022-04-01")
DEFINITION_VERSIONS = ("2015-07-01", "2018-01-01-preview", "2022-04-01", "2022-05-01-preview")
PRINCIPAL_FILTER = re.compile(
    r"(?:assignedTo\('([^']+)'\)|principalId eq '?([0-9a-f-]{36})'?)", re.IGNORECASE
)


@get(
    f"{ROOT}/roleAssignments",
    action="Microsoft.Authorization/roleAssignments/read",
    versions=ASSIGNMENT_VERSIONS,
    described_by_specification=False,
)
def role_assignments(call: ArmCall) -> Rows | JsonObject | Answer:
    """List role assignments, one principal's if `$filter` says so.

    Unfiltered, the specification subscription answers with its example. An unknown filter is refused
    (RoleAssignments_ListForSubscription: atScope(), assignedTo('{id}'), principalId eq {id}).
    """
    given = call.request.query.get("$filter") or ""
    wanted = PRINCIPAL_FILTER.search(given)
    if given and not wanted and "atscope()" not in given.lower():
        return errors.error(400, "UnsupportedQuery", f"The filter '{given}' is not supported.")
    if call.subscription.official and wanted is None:
        official = find_official(call.request.path, call.version)
        return official.body if official else []
    principal = (wanted[1] or wanted[2]).lower() if wanted else None
    assigned = [entry for entry in call.subscription.assignments if principal in {None, entry.principal_id}]
    listed = [_assignment(call.subscription, entry) for entry in assigned]
    return [*listed, *(row for row in arm_estate.added(call) if principal in {None, _principal_of(row)})]


def _principal_of(assignment: JsonObject) -> str:
    properties = assignment["properties"]
    return str(properties.get("principalId")).lower() if isinstance(properties, dict) else ""


def _assignment(subscription: Subscription, entry: Assignment) -> JsonObject:
    root = f"{subscription.scope}/providers/Microsoft.Authorization"
    created = generator.timestamp(subscription.content.at)
    return {
        "properties": {
            "roleDefinitionId": f"{root}/roleDefinitions/{entry.role.role_id}",
            "principalId": entry.principal_id,
            "principalType": "ServicePrincipal",
            "scope": subscription.scope,
            "condition": None,
            "conditionVersion": None,
            "createdOn": created,
            "updatedOn": created,
        },
        "id": f"{root}/roleAssignments/{entry.assignment_id}",
        "type": "Microsoft.Authorization/roleAssignments",
        "name": entry.assignment_id,
    }


def _definition(scope: str, role: Role) -> JsonObject:
    return {
        "properties": {
            "roleName": role.name,
            "type": "BuiltInRole" if role.built_in else "CustomRole",
            "description": role.name,
            "assignableScopes": ["/"] if role.built_in else [scope],
            "permissions": [role.permission()],
        },
        "id": f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{role.role_id}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.role_id,
    }


@get(
    f"{ROOT}/roleDefinitions",
    action="Microsoft.Authorization/roleDefinitions/read",
    versions=DEFINITION_VERSIONS,
    described_by_specification=False,
)
def role_definitions(call: ArmCall) -> Rows:
    """List role definitions, built-in and custom."""
    known = (*roles.BUILT_IN, *call.world.custom_roles)
    return [*(_definition(call.subscription.scope, role) for role in known), *arm_estate.added(call)]


@get(
    f"{ROOT}/roleDefinitions/{{role_id}}",
    action="Microsoft.Authorization/roleDefinitions/read",
    versions=DEFINITION_VERSIONS,
    described_by_specification=False,
)
@get(
    "/providers/Microsoft.Authorization/roleDefinitions/{role_id}",
    action=None,
    versions=DEFINITION_VERSIONS,
)
def role_definition(call: ArmCall) -> JsonObject | Answer:
    """Read a role definition by its id."""
    wanted = call.parameters["role_id"]
    role = call.world.role(wanted)
    if role is None or role.role_id != wanted.lower():
        message = f"The specified role definition with ID '{wanted}' does not exist."
        return errors.error(404, "RoleDefinitionDoesNotExist", message)
    return _definition(call.found_subscription.scope if call.found_subscription else "", role)


@get(
    "/subscriptions/{subscription_id}/resourcegroups/{group}/providers/Microsoft.Authorization/permissions",
    action="Microsoft.Authorization/permissions/read",
    versions=ASSIGNMENT_VERSIONS,
    described_by_specification=False,
)
def permissions(call: ArmCall) -> Rows | Answer:
    """List the caller's own permissions at a resource group, one entry per role."""
    return [role.permission() for role in call.subscription.roles_of(call.caller.oid)]
