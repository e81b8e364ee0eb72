"""A subscription with many resources of each type that its own list tells everything about."""

from __future__ import annotations

from itertools import count, cycle, islice
from typing import TYPE_CHECKING

from local.azure.estate import Estate, Listed, build_estate

if TYPE_CHECKING:
    from local.azure.wire import JsonObject

SERVICES = ("container_registry", "key_vault", "network", "policy", "virtual_machines")
"""The services, of those that read Azure Resource Manager, that have such types."""

TYPES = (
    "Microsoft.Authorization/policyAssignments",
    "Microsoft.Authorization/policyExemptions",
    "Microsoft.Compute/diskAccesses",
    "Microsoft.Compute/disks",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.KeyVault/managedHSMs",
    "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
    "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies",
    "Microsoft.Network/applicationGateways",
    "Microsoft.Network/frontDoors",
    "Microsoft.Network/networkInterfaces",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/virtualNetworks",
)


def build_lists(subscription_id: str, number: int) -> Estate:
    """Build so many resources of each of the types, and none of those that must be asked one by one.

    They are copies of what the services' estates hold; what those say is true of each is not kept.
    """
    full = build_estate(subscription_id, services=SERVICES)
    wanted = {f"{full.scope}/providers/{name}".lower() for name in TYPES}
    made = Estate(subscription_id, posts=full.posts)
    for path, listed in full.lists.items():
        if path.startswith(f"{full.scope}/providers/".lower()):
            rows = _copies(listed.rows, number) if path in wanted else []
            made.lists[path] = Listed(rows, paged=listed.paged, action=listed.action)
    return made


def _copies(rows: list[JsonObject], number: int) -> list[JsonObject]:
    named = zip(islice(cycle(rows), number), count(), strict=False)
    return [{**row, "id": f"{row['id']}-{at}", "name": f"{row['name']}-{at}"} for row, at in named]
