"""Activity log alerts: which operations somebody is told of."""

from collections.abc import Mapping
from typing import NamedTuple

from collectors.contract import Check, CheckSeverity
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, Rule, bad, good
from collectors.monitor.reads import ALERTS, bare

_DONE = frozenset({"started", "accepted", "succeeded"})
_SERVICE_FIELDS = "properties.impactedservices"


class Watched(NamedTuple):
    """An event that an alert has to fire for.

    Args:
        what: in words.
        fields: the values the event has in each field of the activity log, lower-cased; a field that is not
            among them differs from event to event.
        named: field and value that a condition must name.
    """

    what: str
    fields: Mapping[str, frozenset[str]]
    named: tuple[str, str]


def operation(name: str, *categories: str) -> Watched:
    """Describe the event of an operation that succeeds, such as `Microsoft.Network/publicIPAddresses/write`.

    Takes its name and further categories it is known under besides Administrative.
    """
    low = name.lower()
    fields = {
        "operationname": frozenset({low}),
        "category": frozenset({"administrative", *categories}),
        "level": frozenset({"informational"}),
        "status": _DONE,
        "resourceprovider": frozenset({low.partition("/")[0]}),
        "resourcetype": frozenset({low.rpartition("/")[0]}),
    }
    return Watched(name, fields, ("operationname", low))


SERVICE_HEALTH = Watched(
    "service incidents",
    {"category": frozenset({"servicehealth"}), "properties.incidenttype": frozenset({"incident"})},
    ("category", "servicehealth"),
)


def _values(condition: Resource) -> set[str]:
    return {value.lower() for value in (*condition.texts("equals"), *condition.texts("containsAny"))}


def _field(condition: Resource) -> str:
    return (condition.text("field") or "").lower()


def _holds(condition: Resource, event: Watched) -> bool:
    """Tell whether a condition lets an event pass: one leaf, or one of several below `anyOf`."""
    inner = condition.objects("anyOf")
    if inner:
        return any(_holds(one, event) for one in inner)
    if event is SERVICE_HEALTH and _field(condition).startswith(_SERVICE_FIELDS):
        return True  # the portal's form always names the services and regions one uses
    return bool(_values(condition) & event.fields.get(_field(condition), frozenset()))


def _names(condition: Resource, event: Watched) -> bool:
    field, value = event.named
    leaves = condition.objects("anyOf") or (condition,)
    return any(_field(leaf) == field and value in _values(leaf) for leaf in leaves)


def fires_for(alert: Resource, event: Watched) -> bool:
    """Tell whether an alert names an event, and no other condition keeps it from firing.

    All conditions must hold (REST reference, AlertRuleAllOfCondition). Fields and values are
    compared whatever their casing, as Azure does.
    """
    conditions = alert.objects("properties.condition.allOf")
    return all(_holds(one, event) for one in conditions) and any(_names(one, event) for one in conditions)


def _bare_id(group: Resource) -> tuple[str, ...]:
    return (bare(group.id),)


def _reaches(subscription: Resource, group_id: str | None) -> bool:
    """Tell whether an action group tells anybody; one of another subscription is taken to."""
    found = subscription.matching("action_groups", _bare_id, bare(group_id))
    if not found:
        return bool(group_id) and not bare(group_id).startswith(f"{bare(subscription.id)}/")
    properties = found[0].at("properties")
    receivers = [
        one
        for name in (properties if isinstance(properties, Mapping) else ())
        if name.endswith("Receivers")
        for one in found[0].objects(f"properties.{name}")
    ]
    told = any((one.text("status") or "").lower() != "disabled" for one in receivers)
    return told and found[0].flag("properties.enabled") is not False


def _problem(alert: Resource, subscription: Resource) -> str | None:
    """Say why an alert that has the right condition does not count; None if it does."""
    if alert.flag("properties.enabled") is False:  # absent means enabled (REST reference: default true)
        return "is switched off"
    if bare(subscription.id) not in {bare(scope) for scope in alert.texts("properties.scopes")}:
        return "does not cover the whole subscription"
    groups = [one.text("actionGroupId") for one in alert.objects("properties.actions.actionGroups")]
    if not groups:
        return "has no action"
    if not any(_reaches(subscription, group) for group in groups):
        return "has action groups only that are gone, switched off or without receivers"
    return None


def watched(event: Watched) -> Judge:
    """Make a judge that demands an alert that fires for an event anywhere in the subscription."""

    def judge(subscription: Resource) -> Judgement:
        found = [one for one in subscription.shared("alerts") if fires_for(one, event)]
        problems = {one.id: _problem(one, subscription) for one in found}
        counting = [alert_id for alert_id, problem in problems.items() if problem is None]
        if counting:
            return good(f"An alert tells of {event.what}.", alerts=counting)
        if not found:
            return bad(f"No activity log alert tells of {event.what}.", alerts=[])
        said = f"The alert {found[0].name}, made for {event.what}, {problems[found[0].id]}."
        return bad(said, alerts=list(problems), problems=[one or "" for one in problems.values()])

    return judge


def _rule(end: str, title: str, event: Watched, rationale: str, severity: CheckSeverity = "medium") -> Rule:
    field, _ = event.named
    condition = f"category=Administrative and {field}={event.what}"
    if event is SERVICE_HEALTH:
        condition = "category=ServiceHealth"
    check = Check(
        id=f"monitor_alert_{end}",
        title=title,
        severity=severity,
        rationale=rationale,
        remediation="Portal: Monitor > Alerts > Create > Alert rule > scope: the subscription. CLI: az "
        f"monitor activity-log alert create -n <name> -g <group> --scope /subscriptions/<id> --condition "
        f"{condition} --action-group <id>",
        permission=ALERTS.permission,
    )
    return Rule(check, watched(event), needs=("alerts", "action_groups"))


_ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"
_GROUPS = "Microsoft.Network/networkSecurityGroups"
_SOLUTIONS = "Microsoft.Security/securitySolutions"
_FIREWALL = "Microsoft.Sql/servers/firewallRules"
_ADDRESSES = "Microsoft.Network/publicIPAddresses"
# Azure Policy asks for these under the category Security (3b980d31), CIS under Administrative.
_SECURITY = "security"

ALERT_RULES = (
    _rule(
        "policy_assignment_create",
        "Alert on creating policy assignments",
        operation(f"{_ASSIGNMENTS}/write"),
        "A policy assigned unnoticed changes what is allowed everywhere.",
    ),
    _rule(
        "policy_assignment_delete",
        "Alert on deleting policy assignments",
        operation(f"{_ASSIGNMENTS}/delete"),
        "A deleted policy assignment takes a guard rail away without a trace in the resources.",
    ),
    _rule(
        "nsg_create_update",
        "Alert on creating or changing network security groups",
        operation(f"{_GROUPS}/write"),
        "A changed network security group can open a network to the internet.",
    ),
    _rule(
        "nsg_delete",
        "Alert on deleting network security groups",
        operation(f"{_GROUPS}/delete"),
        "Without its network security group a subnet is open.",
    ),
    _rule(
        "security_solution_create_update",
        "Alert on creating or changing security solutions",
        operation(f"{_SOLUTIONS}/write", _SECURITY),
        "A changed security solution may watch less than before.",
    ),
    _rule(
        "security_solution_delete",
        "Alert on deleting security solutions",
        operation(f"{_SOLUTIONS}/delete", _SECURITY),
        "Whoever attacks removes what watches first.",
    ),
    _rule(
        "sql_firewall_create_update",
        "Alert on creating or changing SQL Server firewall rules",
        operation(f"{_FIREWALL}/write"),
        "One firewall rule can open every database of a server to the internet.",
    ),
    _rule(
        "sql_firewall_delete",
        "Alert on deleting SQL Server firewall rules",
        operation(f"{_FIREWALL}/delete"),
        "A deleted firewall rule shuts applications out, or hides that it was there.",
    ),
    _rule(
        "public_ip_create_update",
        "Alert on creating or changing public IP addresses",
        operation(f"{_ADDRESSES}/write"),
        "A public IP address is a new way in from the internet.",
    ),
    _rule(
        "public_ip_delete",
        "Alert on deleting public IP addresses",
        operation(f"{_ADDRESSES}/delete"),
        "A deleted public IP address can be taken over by somebody else.",
    ),
    _rule(
        "service_health",
        "Alert on service health",
        SERVICE_HEALTH,
        "Whoever is not told of an outage of Azure looks for the fault at home.",
        "low",
    ),
)
