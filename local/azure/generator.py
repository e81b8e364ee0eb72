"""Generates what is in a subscription: metadata, alerts, controls, plans; the same for the same seed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

from local.azure.assessments import Assessments, Shape, resource_id
from local.azure.recommendations import WHOLE_SUBSCRIPTION, recommendations

if TYPE_CHECKING:
    from local.azure.wire import JsonObject

ALERT_SEVERITIES = ("High", "Medium", "Low", "Informational")
ALERT_STATUSES = ("Active", "InProgress", "Resolved", "Dismissed")
LOCATION = "westeurope"
# Recommendations that have no metadata, and metadata that nothing is assessed against.
WITHOUT_METADATA = 2
WITHOUT_ASSESSMENTS = 3


@dataclass(slots=True)
class Content:
    """What one subscription holds."""

    subscription_id: str
    at: datetime
    assessments: Assessments
    alerts: list[JsonObject] = field(default_factory=list)
    resources_by_removals: dict[int, list[JsonObject]] = field(default_factory=dict)
    """The resource list, kept until the next resource is removed."""


def timestamp(moment: datetime) -> str:
    """Return a time as Azure writes it, seven decimals."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.0000000Z"


def made_up_id(*parts: object) -> str:
    """Return a GUID that depends on its parts only."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(str(part) for part in parts)))


def content(subscription_id: str, at: datetime, shape: Shape, alerts: int = 0) -> Content:
    """Generate a subscription's content.

    Takes its id, the time that counts as now, the shape of its assessments and how many alerts. Gives it.
    """
    table = Assessments(subscription_id, shape, timestamp(at - timedelta(days=3)))
    combinations = list(product(ALERT_STATUSES, ALERT_SEVERITIES))
    made = Content(subscription_id, at, table)
    for number in range(alerts):
        status, severity = combinations[number % len(combinations)]
        made.alerts.append(alert(made, number, severity, status))
    return made


def alert(owner: Content, number: int, severity: str, status: str) -> JsonObject:
    """Generate one alert in the shape of api-version 2022-01-01.

    Takes the content it belongs to, a number unique in it, the severity and the status. Gives the alert.
    """
    started = owner.at - timedelta(hours=5 * number + 1)
    ticks = 2518000000000000000 + number
    name = f"{ticks}_{made_up_id(owner.subscription_id, 'alert', number)}"
    group = f"/subscriptions/{owner.subscription_id}/resourceGroups/rg-{number % 9:02d}"
    machine = f"{group}/providers/Microsoft.Compute/virtualMachines/virtualmachi{number % 40:05d}"
    return {
        "id": f"{group}/providers/Microsoft.Security/locations/{LOCATION}/alerts/{name}",
        "name": name,
        "type": "Microsoft.Security/Locations/alerts",
        "properties": {
            "version": "2022-01-01.0",
            "alertType": "VM_SuspiciousActivity",
            "systemAlertId": name,
            "productComponentName": "Servers",
            "alertDisplayName": f"Suspicious activity number {number}",
            "description": "A made-up alert of the simulated Azure. No further action is needed.",
            "severity": severity,
            "intent": "Execution",
            "startTimeUtc": timestamp(started),
            "endTimeUtc": timestamp(started),
            "resourceIdentifiers": [{"azureResourceId": machine, "type": "AzureResource"}],
            "remediationSteps": ["No further action is needed."],
            "vendorName": "Microsoft",
            "status": status,
            "alertUri": f"https://portal.azure.com/#blade/Microsoft_Azure_Security/AlertBlade/alertId/{name}",
            "timeGeneratedUtc": timestamp(started + timedelta(minutes=4)),
            "productName": "Microsoft Defender for Cloud",
            "processingEndTimeUtc": timestamp(started + timedelta(minutes=5)),
            "entities": [],
            "isIncident": False,
            "compromisedEntity": machine.rsplit("/", 1)[-1],
        },
    }


def metadata() -> list[JsonObject]:
    """Generate assessment metadata: a few recommendations have none, a few entries are used by nothing."""
    rows = [
        _metadata(rule.key, rule.display_name, rule.severity, rule.category)
        for rule in recommendations()[:-WITHOUT_METADATA]
    ]
    unused = [
        _metadata(made_up_id("unused", number), f"Unused recommendation {number}", "Low", "Compute")
        for number in range(WITHOUT_ASSESSMENTS)
    ]
    return rows + unused


def _metadata(key: str, display_name: str, severity: str, category: str) -> JsonObject:
    policy = f"/providers/Microsoft.Authorization/policyDefinitions/{made_up_id('policy', key)}"
    return {
        "id": f"/providers/Microsoft.Security/assessmentMetadata/{key}",
        "name": key,
        "type": "Microsoft.Security/assessmentMetadata",
        "properties": {
            "displayName": display_name,
            "policyDefinitionId": policy,
            "description": f"{display_name}. The resource is compared with its assigned policy.",
            "remediationDescription": "Open the resource in the Azure portal and change the setting.",
            "categories": [category],
            "severity": severity,
            "userImpact": "Low",
            "implementationEffort": "Low",
            "threats": ["dataExfiltration", "maliciousInsider"],
            "assessmentType": "BuiltIn",
        },
    }


def resources(owner: Content) -> list[JsonObject]:
    """List the resources that the assessments speak about, removed ones left out."""
    removals = len(owner.assessments.removed)
    if removals not in owner.resources_by_removals:
        owner.resources_by_removals = {removals: _resources(owner)}
    return owner.resources_by_removals[removals]


def _resources(owner: Content) -> list[JsonObject]:
    seen: dict[str, JsonObject] = {}
    table = owner.assessments
    for position in table.positions():
        recommendation, ordinal = table.place(position)
        if recommendation.resource_type == WHOLE_SUBSCRIPTION:
            continue
        identifier = resource_id(owner.subscription_id, recommendation, ordinal)
        if identifier not in seen:
            seen[identifier] = {
                "id": identifier,
                "name": identifier.rsplit("/", 1)[-1],
                "type": recommendation.resource_type,
                "location": LOCATION,
                "tags": {},
            }
    return list(seen.values())


def resource_groups(owner: Content) -> list[JsonObject]:
    """List the resource groups of the resources."""
    names = sorted({str(row["id"]).split("/")[4] for row in resources(owner)})
    return [
        {
            "id": f"/subscriptions/{owner.subscription_id}/resourceGroups/{name}",
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": LOCATION,
            "properties": {"provisioningState": "Succeeded"},
        }
        for name in names
    ]
