"""What is read of networks."""

from collectors.contract import Read
from collectors.declarations.configuration import Child

_NETWORK = "/subscriptions/{subscription_id}/providers/Microsoft.Network"


def _list(name: str, api_version: str) -> Read:
    return Read(f"{_NETWORK}/{name}", api_version, f"Microsoft.Network/{name}/read")


WATCHERS = _list("networkWatchers", "2025-01-01")
BASTIONS = _list("bastionHosts", "2024-03-01")
FIREWALLS = _list("azureFirewalls", "2024-03-01")
APPLICATION_GATEWAYS = _list("applicationGateways", "2024-03-01")
GATEWAY_POLICIES = _list("ApplicationGatewayWebApplicationFirewallPolicies", "2024-03-01")
FRONT_DOORS = _list("frontDoors", "2021-06-01")
FRONT_DOOR_POLICIES = _list("FrontDoorWebApplicationFirewallPolicies", "2025-03-01")
PERIMETERS = _list("networkSecurityPerimeters", "2025-01-01")
FRONT_DOOR_PROFILES = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Cdn/profiles",
    api_version="2025-06-01",
    permission="Microsoft.Cdn/profiles/read",
)
# Virtual network gateways have no list of the subscription, only one per resource group.
VPN_GATEWAYS = Read(
    path="/subscriptions/{subscription_id}/resources",
    api_version="2021-04-01",
    permission="Microsoft.Resources/subscriptions/resources/read",
    query=(("$filter", "resourceType eq 'Microsoft.Network/virtualNetworkGateways'"),),
)

# The list of all resources leaves out what a gateway is set to, so each is read.
VPN_GATEWAY = Child(Read("/{id}", "2024-03-01", "Microsoft.Network/virtualNetworkGateways/read"))
# Flow logs are answered per network watcher, of which there is one in a region.
FLOW_LOGS = Child(
    Read("/{id}/flowLogs", "2025-03-01", "Microsoft.Network/networkWatchers/flowLogs/read"), many=True
)
# Which firewall policy guards which domain is answered per profile only; so are its domains.
SECURITY_POLICIES = Child(
    Read("/{id}/securityPolicies", "2025-06-01", "Microsoft.Cdn/profiles/securityPolicies/read"), many=True
)
ENDPOINTS = Child(
    Read("/{id}/afdEndpoints", "2025-06-01", "Microsoft.Cdn/profiles/afdEndpoints/read"), many=True
)
# What a perimeter holds is answered per perimeter only.
ASSOCIATIONS = Child(
    Read(
        "/{id}/resourceAssociations",
        "2025-01-01",
        "Microsoft.Network/networkSecurityPerimeters/resourceAssociations/read",
    ),
    many=True,
)
