"""Activity log alerts: some that count, in every spelling, and some that only look as if they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

ADMINISTRATIVE: JsonObject = {"field": "category", "equals": "Administrative"}
ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"
GROUPS = "Microsoft.Network/networkSecurityGroups"
SOLUTIONS = "Microsoft.Security/securitySolutions"
FIREWALL = "Microsoft.Sql/servers/firewallRules"
ADDRESSES = "Microsoft.Network/publicIPAddresses"


def build(estate: Estate) -> None:
    """Add alerts and action groups, and what is true of the subscription."""
    root = f"{estate.scope}/resourceGroups/rg-estate/providers/microsoft.insights"
    groups = estate.list_at(f"{estate.scope}/providers/Microsoft.Insights/actionGroups", paged=False)
    groups.append(_group(root, "security", enabled=True, status="Enabled"))
    groups.append(_group(root, "asleep", enabled=False, status="Enabled"))
    groups.append(_group(root, "unsubscribed", enabled=True, status="Disabled"))
    _good(estate, root)
    _bad(estate, root)


def _group(root: str, name: str, *, enabled: bool, status: str) -> JsonObject:
    receiver = {"name": "security", "emailAddress": "security@example.com", "status": status}
    return {
        "id": f"{root}/actionGroups/{name}",
        "type": "Microsoft.Insights/ActionGroups",
        "name": name,
        "location": "Global",
        "tags": {},
        "properties": {
            "groupShortName": name[:12],
            "enabled": enabled,
            "emailReceivers": [receiver],
            "smsReceivers": [],
        },
    }


def _operation(name: str) -> JsonObject:
    return {"field": "operationName", "equals": name}


def _alert(
    estate: Estate,
    root: str,
    name: str,
    conditions: Iterable[JsonObject],
    *,
    scope: str | None = None,
    groups: tuple[str, ...] = ("security",),
    **more: object,
) -> None:
    rows = estate.list_at(f"{estate.scope}/providers/Microsoft.Insights/activityLogAlerts")
    actions = [{"actionGroupId": f"{root}/actionGroups/{group}"} for group in groups]
    properties = {
        "scopes": [estate.scope if scope is None else scope],
        "condition": {"allOf": list(conditions)},
        "actions": {"actionGroups": actions},
        "enabled": True,
        "description": "",
        **more,
    }
    rows.append(
        {
            "id": f"{root}/activityLogAlerts/{name}",
            "type": "Microsoft.Insights/ActivityLogAlerts",
            "name": name,
            "location": "Global",
            "tags": {},
            "properties": properties,
        }
    )


def _good(estate: Estate, root: str) -> None:
    """Alerts that count, each spelled another way that Azure accepts."""
    _alert(estate, root, "policy-created", [ADMINISTRATIVE, _operation(f"{ASSIGNMENTS}/write")])
    either = [_operation(f"{GROUPS}/write".lower()), _operation(f"{GROUPS}/delete".upper())]
    without_slash = estate.scope.upper().lstrip("/")
    _alert(estate, root, "nsg", [ADMINISTRATIVE, {"anyOf": either}], scope=without_slash)
    any_of_two = [f"{SOLUTIONS}/write", f"{SOLUTIONS}/delete"]
    security: JsonObject = {"field": "Category", "equals": "security"}
    named: JsonObject = {"field": "OPERATIONNAME", "containsAny": any_of_two}
    _alert(estate, root, "solutions", [security, named], groups=("asleep", "SECURITY"))
    succeeded: JsonObject = {"field": "status", "containsAny": ["Succeeded", "Failed"]}
    _alert(estate, root, "public-ip", [ADMINISTRATIVE, _operation(f"{ADDRESSES}/write"), succeeded])
    health: JsonObject = {"field": "category", "equals": "ServiceHealth"}
    kinds = [{"field": "properties.incidentType", "equals": kind} for kind in ("Maintenance", "Incident")]
    services: JsonObject = {"field": "properties.impactedServices[*].ServiceName", "containsAny": ["Storage"]}
    _alert(estate, root, "health", [health, {"anyOf": kinds}, services])
    for end in (
        "policy_assignment_create",
        "nsg_create_update",
        "nsg_delete",
        "security_solution_create_update",
        "security_solution_delete",
        "public_ip_create_update",
        "service_health",
    ):
        estate.expect(estate.scope, "pass", f"monitor_alert_{end}")


def _bad(estate: Estate, root: str) -> None:
    """Alerts that do not count: switched off, of one group, for errors only, without anybody to tell."""
    deleted = [ADMINISTRATIVE, _operation(f"{ASSIGNMENTS}/delete")]
    _alert(estate, root, "off", deleted, enabled=False)
    _alert(estate, root, "of-a-group", deleted, scope=f"{estate.scope}/resourceGroups/rg-estate")
    firewall = [ADMINISTRATIVE, _operation(f"{FIREWALL}/write")]
    _alert(estate, root, "untold", firewall, groups=())
    _alert(estate, root, "told-to-nobody", firewall, groups=("asleep", "unsubscribed", "deleted"))
    failed: JsonObject = {"field": "level", "equals": "Error"}
    _alert(estate, root, "failures", [ADMINISTRATIVE, _operation(f"{FIREWALL}/delete"), failed])
    _alert(estate, root, "everything", [ADMINISTRATIVE])
    for end in (
        "policy_assignment_delete",
        "sql_firewall_create_update",
        "sql_firewall_delete",
        "public_ip_delete",
    ):
        estate.expect(estate.scope, "fail", f"monitor_alert_{end}")
