"""Networks: what the internet reaches, what guards it, and what records the traffic."""

from collectors.contract import Collector
from collectors.declarations import shared_reads
from collectors.declarations.configuration import Kind, configuration
from collectors.network import application_gateways, flow_logs, front_doors, networks, nsg, reads

KINDS = (
    Kind("network security groups", shared_reads.SECURITY_GROUPS, (*nsg.RULES, *flow_logs.GROUP_RULES)),
    Kind("virtual networks", shared_reads.NETWORKS, (*networks.NETWORK_RULES, *flow_logs.NETWORK_RULES)),
    Kind("subnets", shared_reads.NETWORKS, networks.SUBNET_RULES, inside="properties.subnets"),
    Kind("public IP addresses", shared_reads.PUBLIC_ADDRESSES, networks.ADDRESS_RULES),
    Kind("application gateways", reads.APPLICATION_GATEWAYS, application_gateways.GATEWAY_RULES),
    Kind("firewall policies of gateways", reads.GATEWAY_POLICIES, application_gateways.POLICY_RULES),
    Kind("firewall policies of Front Doors", reads.FRONT_DOOR_POLICIES, application_gateways.POLICY_RULES),
    Kind(
        "Front Door profiles",
        reads.FRONT_DOOR_PROFILES,
        front_doors.PROFILE_RULES,
        {"endpoints": reads.ENDPOINTS, "security_policies": reads.SECURITY_POLICIES},
        keep=front_doors.is_front_door,
    ),
    Kind("classic Front Doors", reads.FRONT_DOORS, front_doors.CLASSIC_RULES),
    Kind(
        "virtual network gateways",
        reads.VPN_GATEWAYS,
        front_doors.VPN_RULES,
        {"gateway": reads.VPN_GATEWAY},
        keep=front_doors.is_vpn_gateway,
    ),
)

COLLECTOR = Collector(
    service="network",
    title="Azure networks",
    reads_what="Every network security group, virtual network, subnet, public address, gateway, firewall, "
    "Bastion host and Front Door with its settings, and the flow logs of each network watcher.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "network",
            "Network Configuration",
            KINDS,
            shared={
                flow_logs.NETWORKS_NAME: shared_reads.NETWORKS,
                flow_logs.WATCHERS_NAME: reads.WATCHERS,
                "firewalls": reads.FIREWALLS,
                "bastions": reads.BASTIONS,
                "perimeters": reads.PERIMETERS,
                application_gateways.GATEWAY_POLICIES_NAME: reads.GATEWAY_POLICIES,
                front_doors.FRONT_DOOR_POLICIES_NAME: reads.FRONT_DOOR_POLICIES,
            },
            beneath={
                flow_logs.WATCHERS_NAME: {flow_logs.LOGS_NAME: reads.FLOW_LOGS},
                "perimeters": {"associations": reads.ASSOCIATIONS},
            },
            subscription_rules=networks.SUBSCRIPTION_RULES,
        ),
    ),
)
