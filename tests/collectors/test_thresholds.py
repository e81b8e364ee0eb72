"""Thresholds: what decides can be set, is shown, and has one name and default wherever it is asked."""

from collections.abc import Mapping, Sequence

import pytest

from collectors.contract import JsonValue, Verdict
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.declarations.rules import Rule
from collectors.entra import TENANT_RULES
from collectors.network import flow_logs
from collectors.network.nsg import RULES as NSG_RULES
from collectors.virtual_machines import MACHINE_RULES
from tests.collectors.machine_estate import NIC, interface, machine_with, surroundings

OFFICE: JsonObject = {
    "properties": {
        "direction": "Inbound",
        "access": "Allow",
        "priority": 300,
        "protocol": "*",
        "sourceAddressPrefix": "203.0.112.0/22",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "*",
    }
}
GROUP: JsonObject = {"id": "/groups/one", "properties": {"securityRules": [OFFICE]}}
NETWORK: JsonObject = {
    "id": "/net",
    "properties": {"subnets": [{"id": "/net/subnets/one", "properties": {}}]},
}


def judged(
    rules: Sequence[Rule], check_id: str, resource: Resource, limits: Mapping[str, float] | None = None
) -> Verdict:
    """Judge a resource by one check, with some limits set."""
    rule = [one for one in rules if one.check.id == check_id]
    return evaluate(resource, rule, lambda check: {**check.thresholds, **(limits or {})})[0]


@pytest.mark.parametrize("check_id", ["vm_management_ports_closed", "vm_all_ports_restricted"])
def test_how_wide_a_source_may_be_is_asked_of_machines_as_of_groups(check_id: str) -> None:
    """1,024 addresses are somebody's own by default, and the internet where fewer are allowed."""
    around = surroundings(
        interfaces=[interface(group="/groups/one")], security_groups=[GROUP], networks=[NETWORK]
    )
    machine = machine_with({"networkProfile": {"networkInterfaces": [{"id": NIC}]}}, around)
    of_groups = {rule.check.thresholds["addresses"] for rule in NSG_RULES}

    usual = judged(MACHINE_RULES, check_id, machine)
    strict = judged(MACHINE_RULES, check_id, machine, {"addresses": 1_000})

    assert (usual.status.value, strict.status.value) == ("pass", "fail")
    assert {usual.observed["addresses"]} == of_groups
    assert strict.observed["addresses"] == 1_000


@pytest.mark.parametrize(("accounts", "expected"), [(None, "manual"), (3, "pass"), (1, "manual")])
def test_how_many_accounts_are_for_emergencies_can_be_set(accounts: int | None, expected: str) -> None:
    """Two by default; where the policy leaves out more, a person has to look."""
    policy: JsonObject = {
        "id": "p",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "users": {"includeUsers": ["All"], "excludeUsers": ["a", "b", "c"]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }
    known = {"policies": (Resource(policy),), "security_defaults": (Resource({}),)}
    tenant = Resource({"id": "/tenants/t"}, Surroundings(Resource({}).now, known))
    limits = None if accounts is None else {"emergency_accounts": accounts}

    said = judged(TENANT_RULES, "entra_ca_mfa_management_api", tenant, limits)

    assert said.status.value == expected
    assert said.observed["emergency_accounts"] == (accounts or 2)


def flow_log(name: str, target: str, *, days: int, limited: bool, on: bool = True) -> JsonObject:
    """Make a flow log that is kept for so many days."""
    properties: JsonObject = {
        "targetResourceId": target,
        "enabled": on,
        "retentionPolicy": {"enabled": limited, "days": days},
    }
    return {"id": f"/flowLogs/{name}", "name": name, "properties": properties}


@pytest.mark.parametrize(
    ("rules", "check_id", "resource", "failing", "passing"),
    [
        (
            flow_logs.GROUP_RULES,
            "network_nsg_flow_log_retention_90_days",
            {"id": "/nsg", "location": "x", "properties": {"subnets": [{"id": "/v/subnets/a"}]}},
            {"of-network": 30, "of-subnet": None, "of-group": 7},
            {"of-network": 30, "of-subnet": None, "of-group": 7},
        ),
        (
            flow_logs.NETWORK_RULES,
            "network_vnet_flow_log_retention_90_days",
            {"id": "/v", "location": "x", "properties": {"subnets": [{"id": "/v/subnets/a"}]}},
            {"of-network": 30, "of-subnet": None},
            {"of-network": 30},
        ),
    ],
    ids=["group", "network"],
)
def test_for_how_long_flow_logs_are_kept_is_shown(
    rules: tuple[Rule, ...],
    check_id: str,
    resource: JsonObject,
    failing: dict[str, JsonValue],
    passing: dict[str, JsonValue],
) -> None:
    """The days of every flow log that decided; None for one that is off."""
    logs = [
        flow_log("of-network", "/v", days=30, limited=True),
        flow_log("of-subnet", "/v/subnets/a", days=365, limited=True, on=False),
        flow_log("of-group", "/nsg", days=7, limited=True),
    ]
    watcher = Resource({"id": "/w", "location": "x"}).with_parts({"flow_logs": tuple(map(Resource, logs))})
    known = {"watchers": (watcher,), "networks": ()}

    asked = Resource(resource, Surroundings(Resource({}).now, known))
    short, long = (judged(rules, check_id, asked, {"days": days}) for days in (90, 30))

    assert (short.status.value, long.status.value) == ("fail", "pass")
    assert (short.observed["kept_days"], long.observed["kept_days"]) == (failing, passing)
    assert (short.observed["days"], long.observed["days"]) == (90, 30)


def test_a_flow_log_without_a_limit_is_kept_for_ever() -> None:
    """That is 0 days, in the words of Azure."""
    log = Resource(flow_log("l", "/v", days=7, limited=False))

    assert (flow_logs.kept_days(log), flow_logs.is_kept(log, 90)) == (0, True)
