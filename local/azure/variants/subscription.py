"""What a subscription has once: alerts, exports, policies, owners, locks; all of it, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure import roles
from local.azure.estate import Estate, build_estate, emptied
from local.azure.estates.network import networks
from local.azure.estates.policy import ASSIGNMENT, BENCHMARK, LOCATIONS, TYPES
from local.azure.estates.rbac import expect_assignment
from local.azure.tenant_estate import ROOT, add_user
from local.azure.variants import defender, directory

if TYPE_CHECKING:
    from local.azure.wire import JsonObject

EVENTS = {
    "policy_assignment_create": "Microsoft.Authorization/policyAssignments/write",
    "policy_assignment_delete": "Microsoft.Authorization/policyAssignments/delete",
    "nsg_create_update": "Microsoft.Network/networkSecurityGroups/write",
    "nsg_delete": "Microsoft.Network/networkSecurityGroups/delete",
    "security_solution_create_update": "Microsoft.Security/securitySolutions/write",
    "security_solution_delete": "Microsoft.Security/securitySolutions/delete",
    "sql_firewall_create_update": "Microsoft.Sql/servers/firewallRules/write",
    "sql_firewall_delete": "Microsoft.Sql/servers/firewallRules/delete",
    "public_ip_create_update": "Microsoft.Network/publicIPAddresses/write",
    "public_ip_delete": "Microsoft.Network/publicIPAddresses/delete",
}
TENANT_CREATOR = "112ca1a2-15ad-4102-995e-45b0bc479a6a"
LOGS = ("Administrative", "Security", "Alert", "Policy")
SENT = (
    "monitor_activity_log_diagnostic_setting",
    "monitor_activity_log_categories",
    "monitor_activity_log_retention_one_year",
    "monitor_application_insights_configured",
    "monitor_entra_logs_exported",
    "monitor_graph_activity_logs_exported",
    "monitor_intune_logs_exported",
)


def build(subscription_id: str, tenant_id: str, *, kept: bool, defaults: bool = False) -> Estate:
    """Build the estate of a variant; what it says nothing of, it has none of."""
    estate = emptied(build_estate(subscription_id), subscription_id)
    estate.tenant_id = tenant_id
    estate.lists = {
        path: listed for path, listed in estate.lists.items() if "/microsoft.security/" not in path
    }
    defender.build(estate, kept=kept or defaults, standards=kept)
    directory.build(estate, kept=kept, defaults=defaults)
    _monitoring(estate, kept=kept)
    _policies(estate, kept=kept)
    _access(estate, kept=kept)
    _resources(estate, kept=kept)
    return estate


def _same(*, kept: bool) -> str:
    return "pass" if kept else "fail"


def _monitoring(estate: Estate, *, kept: bool) -> None:
    """An alert for each event, and the activity log sent to a workspace that keeps it for two years."""
    alerts = (*(f"monitor_alert_{name}" for name in EVENTS), "monitor_alert_service_health")
    estate.expect(estate.scope, _same(kept=kept), *SENT, *alerts)
    if not kept:
        return
    root = f"{estate.scope}/resourceGroups/rg/providers/microsoft.insights"
    group: JsonObject = {"id": f"{root}/actionGroups/security", "name": "security"}
    receiver = {"name": "r", "emailAddress": "security@example.com", "status": "Enabled"}
    told = {"enabled": True, "emailReceivers": [receiver]}
    insights = f"{estate.scope}/providers/Microsoft.Insights"
    estate.list_at(f"{insights}/actionGroups").append({**group, "properties": told})
    for name, operation in EVENTS.items():
        conditions = [{"field": "category", "equals": "Administrative"}]
        _alert(estate, root, name, [*conditions, {"field": "operationName", "equals": operation}])
    _alert(estate, root, "service_health", [{"field": "category", "equals": "ServiceHealth"}])
    closed: JsonObject = {
        "publicNetworkAccessForIngestion": "Disabled",
        "publicNetworkAccessForQuery": "Disabled",
        "features": {"disableLocalAuth": True},
        "retentionInDays": 730,
    }
    workspace = estate.add("Microsoft.OperationalInsights/workspaces", "audit", closed)
    of_workspaces = ("public_access_blocked", "entra_ingestion_only", "retention_one_year")
    estate.expect(workspace, "pass", *(f"monitor_log_analytics_{name}" for name in of_workspaces))
    path = f"{workspace}/tables/AzureActivity"
    kept_for = {"retentionInDays": 30, "totalRetentionInDays": 730, "plan": "Analytics"}
    estate.answer_at(path, {"id": path, "name": "AzureActivity", "properties": kept_for})
    logs = [{"category": name, "enabled": True} for name in LOGS]
    setting = f"{insights}/diagnosticSettings/all"
    row: JsonObject = {"id": setting, "name": "all", "properties": {"logs": logs, "workspaceId": workspace}}
    estate.list_at(f"{insights}/diagnosticSettings").append(row)
    to_storage = ("monitor_activity_log_storage_cmk", "monitor_activity_log_storage_private")
    estate.expect(setting, "not_applicable", *to_storage)
    component = estate.resource_id("Microsoft.Insights/components", "app")
    estate.list_at(f"{insights}/components").append({"id": component, "name": "app", "properties": {}})


def _alert(estate: Estate, root: str, name: str, conditions: list[dict[str, str]]) -> None:
    properties: JsonObject = {
        "scopes": [estate.scope],
        "condition": {"allOf": conditions},
        "actions": {"actionGroups": [{"actionGroupId": f"{root}/actionGroups/security"}]},
        "enabled": True,
    }
    row: JsonObject = {"id": f"{root}/activityLogAlerts/{name}", "name": name, "properties": properties}
    estate.list_at(f"{estate.scope}/providers/Microsoft.Insights/activityLogAlerts").append(row)


def _policies(estate: Estate, *, kept: bool) -> None:
    """The benchmark whole, locations and types restricted; or no assignment at all."""
    names = ("mcsb_initiative_assigned", "allowed_locations_assigned", "allowed_resource_types_assigned")
    estate.expect(estate.scope, _same(kept=kept), *(f"policy_{name}" for name in names))
    estate.expect(estate.scope, "pass" if kept else "not_applicable", "policy_mcsb_not_disabled")
    estate.posts[
        f"{estate.scope}/providers/microsoft.policyinsights/policystates/latest/summarize".lower()
    ] = {
        "@odata.count": 0,
        "value": [],
    }
    states = f"{estate.scope}/providers/microsoft.policyinsights/policystates/latest/queryresults"
    estate.posts[states.lower()] = {"value": []}
    for name, definition in (("mcsb", BENCHMARK), ("places", LOCATIONS), ("types", TYPES)) if kept else ():
        assignment = f"{estate.scope}/providers/{ASSIGNMENT}/{name}"
        properties: JsonObject = {"policyDefinitionId": definition, "scope": estate.scope}
        row: JsonObject = {"id": assignment, "name": name, "type": ASSIGNMENT, "properties": properties}
        estate.list_at(f"{estate.scope}/providers/{ASSIGNMENT}").append(row)
        estate.expect(assignment, "unknown", "policy_compliance_state")


def _access(estate: Estate, *, kept: bool) -> None:
    """Two owners and a role for locks; or one owner, a classic administrator and a creator of tenants."""
    for number in range(2 if kept else 1):
        user = add_user(estate, f"owner{number}", mfa=kept)
        expect_assignment(estate, user, roles.OWNER.role_id, "owner")
    definitions = f"{estate.scope}/providers/Microsoft.Authorization/roleDefinitions"
    known = (roles.POLICY_STATES_READER, roles.READER_WITHOUT_FINDINGS)
    everywhere = [f"{definitions}/{role.role_id}" for role in known]
    if kept:
        locker = f"{definitions}/{estate.guid('locker')}"
        allowed = [{"actions": ["Microsoft.Authorization/locks/*"]}]
        properties: JsonObject = {"type": "CustomRole", "roleName": "Locks", "permissions": allowed}
        body: JsonObject = {"id": locker, "name": estate.guid("locker"), "properties": properties}
        estate.added_to(definitions).append(body)
        everywhere.append(locker)
    for role in everywhere:
        estate.expect(role, "pass", "rbac_custom_owner_role_absent")
        estate.expect(role, "manual", "rbac_custom_roles_audited")
    classic = f"{estate.scope}/providers/Microsoft.Authorization/classicAdministrators"
    if not kept:
        administrator: JsonObject = {"id": f"{classic}/c", "properties": {"role": "CoAdministrator"}}
        estate.list_at(classic).append(administrator)
    if not kept:
        creator: JsonObject = {"id": "c", "principalId": "c", "roleDefinitionId": TENANT_CREATOR}
        estate.list_at(f"{ROOT}/roleManagement/directory/roleAssignments").append(creator)
    estate.expect(estate.scope, "pass" if kept else "manual", "rbac_tenant_creator_reviewed")
    estate.expect(estate.scope, "pass", "rbac_owner_count_max")
    both = ("rbac_owner_count_min", "rbac_resource_lock_role_exists", "entra_vm_access_users_mfa")
    estate.expect(estate.scope, _same(kept=kept), *both)
    estate.expect(estate.scope, "not_applicable" if kept else "fail", "rbac_classic_admins_absent")
    estate.expect(estate.scope, "manual", "rbac_privileged_assignments_reviewed")
    estate.expect(estate.scope, "fail", "rbac_resource_locks_set")


def _resources(estate: Estate, *, kept: bool) -> None:
    """Nothing at all; or a network that nothing guards, and classic machines and accounts."""
    if not kept:
        network = estate.add("Microsoft.Network/virtualNetworks", "open", {})
        bare = (networks.WATCHER, networks.DDOS, networks.FIREWALL, *networks.LOGGED)
        estate.expect(network, "fail", *bare)
    estate.expect(estate.scope, "not_applicable" if kept else "fail", "network_bastion_host_exists")
    estate.expect(estate.scope, "fail", "network_security_perimeter_used")
    estate.expect(estate.scope, "manual", "key_vault_hsm_used_when_required")
    estate.expect(estate.scope, _same(kept=kept), "storage_classic_absent")
    for provider, name in (("Compute/virtualMachines", "vm"), ("Storage/storageAccounts", "store")):
        kind = f"Microsoft.Classic{provider}"
        if not kept:
            classic = estate.add(kind, name, {})
            if name == "vm":
                estate.expect(classic, "fail", "vm_classic_absent")
