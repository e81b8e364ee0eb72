"""Activity log alerts: which count for an operation, and which only look as if they did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import JsonValue
from collectors.declarations.resources import JsonObject, Resource
from collectors.errors import AccessDenied
from collectors.monitor import COLLECTOR
from collectors.monitor.alerts import fires_for, operation
from tests.collectors.monitor_subscription import GROUP, said, subscription
from tests.collectors.path_reader import SCOPE

NSG = "Microsoft.Network/networkSecurityGroups/write"
CREATED = "alert_nsg_create_update"
OWN = SCOPE.rpartition("/")[2]


def leaf(field: str, *values: str) -> JsonObject:
    """Make a condition: of one value by `equals`, of several by `containsAny`."""
    return (
        {"field": field, "equals": values[0]}
        if len(values) == 1
        else {"field": field, "containsAny": [*values]}
    )


def either(*leaves: JsonValue) -> JsonObject:
    """Make a condition of which one suffices."""
    return {"anyOf": [*leaves]}


ADMINISTRATIVE = leaf("category", "Administrative")
WRITTEN = leaf("operationName", NSG)


def alert(*conditions: JsonValue, **more: JsonValue) -> JsonObject:
    """Make an alert with these conditions that is otherwise as it should be."""
    properties: JsonObject = {
        "scopes": [SCOPE],
        "condition": {"allOf": [*conditions]},
        "actions": {"actionGroups": [{"actionGroupId": GROUP["id"]}]},
        "enabled": True,
        **more,
    }
    return {"id": f"{SCOPE}/a", "name": "a", "properties": properties}


async def status(row: JsonObject, check: str = CREATED) -> str:
    """Judge a subscription that has this alert only."""
    return (await said({"activityLogAlerts": [row]}))[f"monitor_{check}", OWN]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([ADMINISTRATIVE, WRITTEN], "pass"),
        ([WRITTEN], "pass"),
        ([leaf("CATEGORY", "administrative"), leaf("operationname", NSG.upper())], "pass"),
        ([leaf("operationName", "Microsoft.Sql/other/write", NSG)], "pass"),
        ([ADMINISTRATIVE, either(leaf("operationName", "Other/write"), WRITTEN)], "pass"),
        ([WRITTEN, leaf("status", "Succeeded")], "pass"),
        ([WRITTEN, leaf("level", "Informational")], "pass"),
        ([WRITTEN, leaf("resourceType", "microsoft.network/networksecuritygroups")], "pass"),
        ([WRITTEN, leaf("level", "Error")], "fail"),
        ([WRITTEN, leaf("status", "Failed")], "fail"),
        ([WRITTEN, leaf("resourceGroup", "one")], "fail"),
        ([WRITTEN, leaf("caller", "somebody@example.com")], "fail"),
        ([leaf("category", "Security"), WRITTEN], "fail"),
        ([WRITTEN, leaf("operationName", "Other/write")], "fail"),
        ([ADMINISTRATIVE], "fail"),
        ([leaf("operationName", NSG.replace("write", "delete"))], "fail"),
        ([{"field": "operationName"}], "fail"),
        ([either()], "fail"),
        ([], "fail"),
    ],
)
async def test_a_condition_requires_the_operation(conditions: list[JsonValue], expected: str) -> None:
    """By `equals`, `containsAny` or `anyOf`, in any case, and nothing else keeps the alert from firing."""
    assert await status(alert(*conditions)) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"scopes": [SCOPE.lstrip("/").upper()]}, "pass"),
        ({"scopes": [f"{SCOPE}/resourceGroups/g", f"{SCOPE}/"]}, "pass"),
        ({"scopes": [f"{SCOPE}/resourceGroups/g"]}, "fail"),
        ({"scopes": [f"{SCOPE}0"]}, "fail"),
        ({"scopes": []}, "fail"),
        ({"enabled": None}, "pass"),
        ({"enabled": False}, "fail"),
        ({"actions": {"actionGroups": []}}, "fail"),
        ({"actions": {}}, "fail"),
        ({"actions": {"actionGroups": [{"actionGroupId": str(GROUP["id"]).upper()}]}}, "pass"),
        ({"actions": {"actionGroups": [{"actionGroupId": "/subscriptions/other/g"}]}}, "pass"),
        ({"actions": {"actionGroups": [{"actionGroupId": f"{GROUP['id']}-gone"}]}}, "fail"),
    ],
)
async def test_an_alert_counts_for_the_subscription(more: dict[str, JsonValue], expected: str) -> None:
    """It is on, covers the whole subscription, in whatever spelling, and somebody is told."""
    assert await status(alert(ADMINISTRATIVE, WRITTEN, **more)) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"enabled": True, "smsReceivers": [{"name": "s"}]}, "pass"),
        ({"smsReceivers": [{"name": "s"}]}, "pass"),
        ({"enabled": False, "smsReceivers": [{"name": "s"}]}, "fail"),
        ({"enabled": True, "smsReceivers": []}, "fail"),
        ({"enabled": True, "emailReceivers": [{"status": "Disabled"}]}, "fail"),
        ({}, "fail"),
    ],
)
async def test_an_action_group_reaches_somebody(properties: JsonObject, expected: str) -> None:
    """One that is switched off, or whose receivers all are, tells nobody."""
    groups: list[JsonObject] = [{"id": GROUP["id"], "properties": properties}]
    found = await said({"activityLogAlerts": [alert(WRITTEN)], "actionGroups": groups})

    assert found[f"monitor_{CREATED}", OWN] == expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([leaf("category", "servicehealth")], "pass"),
        ([leaf("category", "ServiceHealth"), leaf("properties.incidentType", "Incident")], "pass"),
        (
            [
                leaf("category", "ServiceHealth"),
                either(
                    leaf("properties.incidentType", "Maintenance"),
                    leaf("properties.incidentType", "incident"),
                ),
                leaf("properties.impactedServices[*].ServiceName", "Storage", "Key Vault"),
            ],
            "pass",
        ),
        ([leaf("category", "ServiceHealth"), leaf("properties.incidentType", "Maintenance")], "fail"),
        ([leaf("category", "ResourceHealth")], "fail"),
        ([], "fail"),
    ],
)
async def test_service_health(conditions: list[JsonValue], expected: str) -> None:
    """An alert on service health tells of incidents; naming one's own services does not narrow it."""
    assert await status(alert(*conditions), "alert_service_health") == expected


@pytest.mark.parametrize("category", ["Administrative", "Security"])
async def test_security_solutions_are_known_under_two_categories(category: str) -> None:
    """Azure Policy asks for one, CIS for the other: either counts, for these operations only."""
    written = leaf("operationName", "Microsoft.Security/securitySolutions/write")

    assert (
        await status(alert(leaf("category", category), written), "alert_security_solution_create_update")
        == "pass"
    )


async def test_the_reason_names_the_alert_that_does_not_count() -> None:
    """Whoever made an alert is told why it does not count."""
    rows = [alert(WRITTEN, enabled=False)]
    _, verdicts = await subscription({"activityLogAlerts": rows})

    reason = next(one.reason for one in verdicts if one.check_id == f"monitor_{CREATED}")
    assert reason == f"The alert a, made for {NSG}, is switched off."


@pytest.mark.parametrize("refused", ["activityLogAlerts", "actionGroups"])
async def test_a_refused_list_makes_alerts_unknown(refused: str) -> None:
    """Without either list nobody can tell; everything else is judged."""
    denied = AccessDenied("No.", permission="Some/read", scope=SCOPE)
    found = await said({refused: denied})

    unknown = {check_id for (check_id, _), status in found.items() if status == "unknown"}
    assert unknown == {check.id for check in COLLECTOR.checks if check.id.startswith("monitor_alert_")}


@given(
    st.permutations([ADMINISTRATIVE, WRITTEN, leaf("level", "Informational")]),
    st.sampled_from(["upper", "lower"]),
)
def test_order_and_casing_do_not_matter(conditions: list[JsonObject], case: str) -> None:
    """However conditions are ordered and spelled, an alert fires for its operation and for no other."""
    spelled = [
        {
            key: str.upper(str(value)) if case == "upper" else str.lower(str(value))
            for key, value in one.items()
        }
        for one in conditions
    ]
    row = Resource(alert(*[dict[str, JsonValue](one) for one in spelled]))

    assert fires_for(row, operation(NSG))
    assert not fires_for(row, operation(NSG.replace("write", "delete")))
