"""What the machines are connected to: a network, security groups, public addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

GROUP = "Microsoft.Network/networkSecurityGroups"
NETWORK = "Microsoft.Network/virtualNetworks"
INTERFACE = "Microsoft.Network/networkInterfaces"
ADDRESS = "Microsoft.Network/publicIPAddresses"
NETWORK_NAME = "machines-vnet"


def build(estate: Estate) -> None:
    """Add one network with a guarded and an unguarded subnet, and the security groups."""
    closed = estate.add(GROUP, "machines-closed-nsg", {"securityRules": [_rule("web", ["443"])]})
    # Two halves make the whole internet, and the plural fields hold them.
    halves = ["0.0.0.0/1", "128.0.0.0/1"]
    estate.add(GROUP, "machines-open-nsg", {"securityRules": [_rule("all", ["0-65535"], halves)]})
    # The allow is there, but the deny comes first.
    denied = [
        _rule("ssh", ["22"], priority=300),
        _rule("no-internet", ["*"], ["Internet"], priority=200, access="Deny"),
    ]
    estate.add(GROUP, "machines-denied-nsg", {"securityRules": denied})
    root = estate.resource_id(NETWORK, NETWORK_NAME)
    subnets = [
        {
            "id": f"{root}/subnets/guarded",
            "name": "guarded",
            "properties": {"addressPrefix": "10.7.0.0/24", "networkSecurityGroup": {"id": closed}},
        },
        {"id": f"{root}/subnets/bare", "name": "bare", "properties": {"addressPrefix": "10.7.1.0/24"}},
    ]
    space = {"addressPrefixes": ["10.7.0.0/16"]}
    estate.add(NETWORK, NETWORK_NAME, {"addressSpace": space, "subnets": subnets})


def add_interface(
    estate: Estate,
    name: str,
    *,
    subnet: str,
    group: str | None = None,
    public: bool = False,
    forwarding: bool | None = None,
    nat: str | None = None,
) -> str:
    """Add an interface, with a public address or behind a load balancer's NAT if asked for; gives its id."""
    place: JsonObject = {
        "privateIPAddress": "10.7.0.4",
        "subnet": {"id": f"{estate.resource_id(NETWORK, NETWORK_NAME)}/subnets/{subnet}"},
    }
    if public:
        address = {"publicIPAllocationMethod": "Static", "ipAddress": "203.0.113.9"}
        address_id = estate.add(ADDRESS, f"{name}-ip", dict(address), sku={"name": "Standard"})
        estate.expect(address_id, "manual", "network_public_ips_reviewed")
        place["publicIPAddress"] = {"id": address_id}
    if nat:
        place["loadBalancerInboundNatRules"] = [{"id": nat}]
    properties: JsonObject = {"ipConfigurations": [{"name": "ipconfig1", "properties": place}]}
    if group:
        properties["networkSecurityGroup"] = {"id": estate.resource_id(GROUP, group)}
    if forwarding is not None:
        properties["enableIPForwarding"] = forwarding
    return estate.add(INTERFACE, name, properties)


def add_basic_front(estate: Estate, name: str) -> str:
    """Add the public address of a Basic load balancer; gives the id of a NAT rule of the balancer."""
    balancer = estate.resource_id("Microsoft.Network/loadBalancers", name)
    front: JsonObject = {"id": f"{balancer}/frontendIPConfigurations/front"}
    address = {"publicIPAllocationMethod": "Dynamic", "ipConfiguration": front}
    address_id = estate.add(ADDRESS, f"{name}-ip", dict(address), sku={"name": "Basic"})
    estate.expect(address_id, "manual", "network_public_ips_reviewed")
    return f"{balancer}/inboundNatRules/ssh"


def _rule(
    name: str,
    ports: list[str],
    sources: list[str] | None = None,
    *,
    priority: int = 200,
    access: str = "Allow",
) -> JsonObject:
    return {
        "name": name,
        "properties": {
            "protocol": "*",
            "direction": "Inbound",
            "access": access,
            "priority": priority,
            "sourcePortRange": "*",
            "sourceAddressPrefixes": sources or ["*"],
            "destinationAddressPrefix": "*",
            "destinationPortRanges": ports,
        },
    }
