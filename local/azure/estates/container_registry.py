"""Container registries: one as it should be, one as bad as it can be, one that says as little as it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate

TYPE = "Microsoft.ContainerRegistry/registries"
CHECKS = (
    "container_registry_admin_disabled",
    "container_registry_public_network_disabled",
    "container_registry_private_link_used",
    "container_registry_cmk_encryption",
    "container_registry_anonymous_pull_disabled",
)


def build(estate: Estate) -> None:
    """Add the registries and what is true of them."""
    for number in range(estate.copies):
        _good(estate, f"goodregistry{number}")
        _bad(estate, f"badregistry{number}")
    _silent(estate, "silentregistry")


def _good(estate: Estate, name: str) -> None:
    connection = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
    properties = {
        "adminUserEnabled": False,
        "anonymousPullEnabled": False,
        "publicNetworkAccess": "Disabled",
        "encryption": {"status": "enabled"},
        "privateEndpointConnections": [connection],
    }
    estate.expect(estate.add(TYPE, name, properties, sku={"name": "Premium"}), "pass", *CHECKS)


def _bad(estate: Estate, name: str) -> None:
    properties = {
        "adminUserEnabled": True,
        "anonymousPullEnabled": True,
        "publicNetworkAccess": "enabled",
        "networkRuleSet": {"defaultAction": "Deny", "ipRules": []},
        "encryption": {"status": "disabled"},
        "privateEndpointConnections": [
            {"properties": {"privateLinkServiceConnectionState": {"status": "Pending"}}}
        ],
    }
    estate.expect(estate.add(TYPE, name, properties, sku={"name": "Basic"}), "fail", *CHECKS)


def _silent(estate: Estate, name: str) -> None:
    """A registry that answers none of the flags: each means what Azure documents for its absence."""
    resource_id = estate.add(TYPE, name, {}, sku={"name": "Standard"})
    estate.expect(resource_id, "pass", CHECKS[0], CHECKS[4])
    estate.expect(resource_id, "fail", *CHECKS[1:4])
