"""Virtual networks, their subnets, their security groups' flow logs, watchers, hubs and perimeters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.estates.network.groups import EXPOSURES, FLOW_LOGS
from local.azure.estates.network.groups import TYPE as GROUP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.Network/virtualNetworks"
SUBNET = "network_subnet_nsg_associated"
WATCHER = "network_watcher_enabled"
DDOS = "network_ddos_protection_enabled"
FIREWALL = "network_azure_firewall_deployed"
LOGGED = ("network_vnet_flow_logs_sent", "network_vnet_flow_log_retention_90_days")
WITHOUT_GROUP = ("GatewaySubnet", "AzureFirewallSubnet", "AzureBastionSubnet", "RouteServerSubnet")


def build(estate: Estate) -> None:
    """Add the networks and what is true of them."""
    hub = _hub(estate)
    for number in range(estate.copies):
        _good(estate, f"good-network-{number}", hub)
        _bad(estate, f"bad-network-{number}")
    _silent(estate)
    _far(estate)
    _own_flow_log(estate)
    estate.expect(estate.scope, "pass", "network_bastion_host_exists", "network_security_perimeter_used")


def _network(estate: Estate, name: str, subnets: Mapping[str, str | None], **properties: object) -> str:
    """Add a network; gives its id. Takes its subnets and the security group of each."""
    network = estate.resource_id(TYPE, name)
    rows: list[JsonObject] = [
        {
            "id": f"{network}/subnets/{subnet}",
            "name": subnet,
            "type": f"{TYPE}/subnets",
            "properties": {"addressPrefix": "10.0.0.0/24"}
            | ({"networkSecurityGroup": {"id": group}} if group else {}),
        }
        for subnet, group in subnets.items()
    ]
    location = properties.pop("location", "westeurope")
    return estate.add(TYPE, name, {"subnets": rows, **properties}, location=location)


def _flow_log(estate: Estate, target: str, *, days: int, limited: bool, sent: bool) -> None:
    """Add a flow log to the watcher of the region."""
    watcher = estate.resource_id(
        "Microsoft.Network/networkWatchers", "NetworkWatcher_westeurope", group="NetworkWatcherRG"
    )
    rows = estate.list_at(f"{watcher}/flowLogs")
    analytics = {"enabled": sent, "workspaceId": estate.guid("workspace"), "trafficAnalyticsInterval": 10}
    properties = {
        "targetResourceId": target.upper(),
        "enabled": True,
        "retentionPolicy": {"days": days, "enabled": limited},
        "flowAnalyticsConfiguration": {"networkWatcherFlowAnalyticsConfiguration": analytics},
        "format": {"type": "JSON", "version": 2},
    }
    name = f"log-{len(rows)}"
    row: JsonObject = {
        "id": f"{watcher}/flowLogs/{name}",
        "name": name,
        "location": "westeurope",
        "properties": properties,
    }
    rows.append(row)


def _group(estate: Estate, name: str, subnet: str, *verdicts: str) -> str:
    """Add a security group on a subnet; takes what its two flow log checks must say."""
    group = estate.add(GROUP, name, {"securityRules": [], "subnets": [{"id": subnet}]})
    estate.expect(group, "pass", *EXPOSURES)
    for check_id, status in zip(FLOW_LOGS, verdicts, strict=True):
        estate.expect(group, status, check_id)
    return group


def _peered(network: str) -> list[JsonObject]:
    return [{"name": "hub", "properties": {"remoteVirtualNetwork": {"id": network}}}]


def _hub(estate: Estate) -> str:
    """Add a hub with the subnets that have no security group, a firewall, a Bastion host, a perimeter."""
    estate.add("Microsoft.Network/networkWatchers", "NetworkWatcher_westeurope", {}, group="NetworkWatcherRG")
    hub = _network(estate, "hub-network", dict.fromkeys(WITHOUT_GROUP), enableDdosProtection=True)
    for subnet in WITHOUT_GROUP:
        estate.expect(f"{hub}/subnets/{subnet}", "not_applicable", SUBNET)
    address = {"properties": {"subnet": {"id": f"{hub}/subnets/AzureFirewallSubnet"}}}
    estate.add("Microsoft.Network/azureFirewalls", "hub-firewall", {"ipConfigurations": [address]})
    estate.add("Microsoft.Network/bastionHosts", "hub-bastion", {"ipConfigurations": []})
    perimeter = estate.add("Microsoft.Network/networkSecurityPerimeters", "data-perimeter", {})
    path = f"{perimeter}/resourceAssociations"
    estate.list_at(path).append(
        {"id": f"{path}/store", "name": "store", "properties": {"accessMode": "Enforced"}}
    )
    _flow_log(estate, hub, days=0, limited=True, sent=True)
    estate.expect(hub, "pass", WATCHER, DDOS, FIREWALL, *LOGGED)
    return hub


def _good(estate: Estate, name: str, hub: str) -> None:
    """A network whose own flow log also records its security group: those of groups are retired."""
    network = estate.resource_id(TYPE, name)
    group = _group(estate, f"group-of-{name}", f"{network}/subnets/work", "pass", "pass")
    peerings = _peered(hub)
    _network(estate, name, {"work": group}, enableDdosProtection=True, virtualNetworkPeerings=peerings)
    _flow_log(estate, network, days=120, limited=True, sent=True)
    estate.expect(network, "pass", WATCHER, DDOS, FIREWALL, *LOGGED)
    estate.expect(f"{network}/subnets/work", "pass", SUBNET)


def _bad(estate: Estate, name: str) -> None:
    """A network in a region without a watcher, in which nothing is guarded or recorded."""
    network = _network(estate, name, {"work": None}, enableDdosProtection=False, location="northeurope")
    estate.expect(network, "fail", WATCHER, DDOS, FIREWALL, *LOGGED)
    estate.expect(f"{network}/subnets/work", "fail", SUBNET)


def _silent(estate: Estate) -> None:
    """A network that says nothing: no protection, no subnet, no flow log."""
    network = estate.add(TYPE, "silent-network", {})
    estate.expect(network, "pass", WATCHER)
    estate.expect(network, "fail", DDOS, FIREWALL, *LOGGED)


def _far(estate: Estate) -> None:
    """A spoke of a hub elsewhere; its flow log is kept for a week only and sent nowhere."""
    elsewhere = f"/subscriptions/{estate.guid('elsewhere')}/resourceGroups/hub/providers/{TYPE}/hub"
    network = estate.resource_id(TYPE, "far-network")
    group = _group(estate, "group-of-far-network", f"{network}/subnets/work", "fail", "fail")
    _network(estate, "far-network", {"work": group}, virtualNetworkPeerings=_peered(elsewhere))
    _flow_log(estate, network, days=7, limited=True, sent=False)
    estate.expect(network, "pass", WATCHER)
    estate.expect(network, "fail", DDOS, *LOGGED)
    estate.expect(network, "manual", FIREWALL)
    estate.expect(f"{network}/subnets/work", "pass", SUBNET)


def _own_flow_log(estate: Estate) -> None:
    """A security group with a flow log of its own, of the retired kind, still counts until it is gone."""
    network = estate.resource_id(TYPE, "old-network")
    group = _group(estate, "group-of-old-network", f"{network}/subnets/work", "pass", "pass")
    _network(estate, "old-network", {"work": group})
    _flow_log(estate, group, days=0, limited=False, sent=True)
    estate.expect(network, "pass", WATCHER)
    estate.expect(network, "fail", DDOS, FIREWALL, *LOGGED)
    estate.expect(f"{network}/subnets/work", "pass", SUBNET)
