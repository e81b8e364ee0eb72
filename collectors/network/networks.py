"""Virtual networks, their subnets and public addresses, and what a subscription has to guard them."""

from collectors.contract import Check
from collectors.declarations.configuration import gap_judgement
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judgement,
    Rule,
    bad,
    good,
    judged,
    manual,
    must_be_on,
    not_applicable,
)
from collectors.declarations.shared_reads import NETWORKS, PUBLIC_ADDRESSES
from collectors.network.flow_logs import NETWORKS_NAME, WATCHERS_NAME, region
from collectors.network.reads import (
    ASSOCIATIONS,
    BASTIONS,
    FIREWALLS,
    PERIMETERS,
    WATCHERS,
)

# Azure forbids a network security group on the first and the last two, and guards the others itself
# (documentation of VPN Gateway, Azure Firewall, Bastion and Route Server).
_WITHOUT_GROUP = frozenset(
    {
        "gatewaysubnet",
        "azurefirewallsubnet",
        "azurefirewallmanagementsubnet",
        "azurebastionsubnet",
        "routeserversubnet",
    }
)


def subnet_guarded(subnet: Resource) -> Judgement:
    """Judge whether a subnet has a network security group; those of Azure's gateways cannot or need not."""
    if subnet.name.lower() in _WITHOUT_GROUP:
        return not_applicable(
            f"{subnet.name} belongs to a service that guards it itself.", subnet=subnet.name
        )
    group = subnet.text("properties.networkSecurityGroup.id")
    return judged(
        group,
        "A security group guards the subnet.",
        "No security group guards the subnet.",
        security_group=group,
    )


def _in_region(watcher: Resource) -> tuple[str, ...]:
    return (region(watcher),)


def _networks_of(firewall: Resource) -> list[str]:
    subnets = (one.text("properties.subnet.id") for one in firewall.objects("properties.ipConfigurations"))
    return [subnet.lower().partition("/subnets/")[0] for subnet in subnets if subnet]


def watcher_in_region(network: Resource) -> Judgement:
    """Judge whether Network Watcher is on in the region of a network."""
    wanted = region(network)
    names = [one.name for one in network.matching(WATCHERS_NAME, _in_region, wanted)]
    yes, no = f"Network Watcher is on in {wanted}.", f"Network Watcher is off in {wanted}."
    return judged(names, yes, no, region=wanted, watchers=names)


def firewall_in_reach(network: Resource) -> Judgement:
    """Judge whether an Azure Firewall stands in a network or in one that is peered with it.

    A hub may belong to another subscription, which this connection does not see: a person has to look.
    """
    peers = [
        (one.text("properties.remoteVirtualNetwork.id") or "").lower()
        for one in network.objects("properties.virtualNetworkPeerings")
    ]
    if any(network.matching("firewalls", _networks_of, one) for one in (network.id, *peers) if one):
        return good("An Azure Firewall stands in the network or in one peered with it.", peers=len(peers))
    subscription = "/".join(network.id.lower().split("/")[:3]) + "/"
    elsewhere = [peer for peer in peers if peer and not peer.startswith(subscription)]
    if elsewhere:
        said = "The network is peered with one of another subscription: look whether a firewall stands there."
        return manual(said, elsewhere=elsewhere[:10])
    return bad("No Azure Firewall stands in the network or in one peered with it.", peers=len(peers))


def bastion_exists(subscription: Resource) -> Judgement:
    """Judge whether there is a Bastion host, where there is a network to reach."""
    hosts, networks = subscription.shared("bastions"), subscription.shared(NETWORKS_NAME)
    if not networks:
        return not_applicable("The subscription has no virtual networks to reach.", networks=0)
    names = [host.name for host in hosts][:10]
    return judged(hosts, "There is a Bastion host.", "There is no Bastion host.", bastion_hosts=names)


def perimeter_used(subscription: Resource) -> Judgement:
    """Judge whether a network security perimeter holds a resource and enforces its rules."""
    perimeters = subscription.shared("perimeters")
    gaps = [gap for one in perimeters if (gap := one.gap(("associations",))) is not None]
    held = [
        row for one in perimeters if one.gap(("associations",)) is None for row in one.rows("associations")
    ]
    enforced = [row for row in held if (row.text("properties.accessMode") or "").lower() == "enforced"]
    if gaps and not enforced:
        return gap_judgement(gaps[0])
    return judged(
        enforced,
        "A network security perimeter enforces its rules on resources.",
        "No network security perimeter enforces its rules on any resource.",
        perimeters=len(perimeters),
        resources=len(held),
        enforced=len(enforced),
    )


def public_address(address: Resource) -> Judgement:
    """Ask a person to look at a public address: no API knows whether it is still wanted."""
    used_by = address.text("properties.ipConfiguration.id") or address.text("properties.natGateway.id")
    said = f"It is used by {used_by}." if used_by else "Nothing uses it."
    return manual(
        f"Look whether this public address is still needed and what answers there. {said}",
        ip_address=address.text("properties.ipAddress"),
        used_by=used_by,
    )


SUBNET_RULES = (
    Rule(
        Check(
            id="network_subnet_nsg_associated",
            title="Subnets have a network security group",
            severity="medium",
            rationale="A subnet without a security group lets everything in that is routed to it.",
            remediation="Portal: virtual network > Subnets > subnet > Network security group. CLI: az "
            "network vnet subnet update -g <group> --vnet-name <network> -n <subnet> "
            "--network-security-group <nsg>",
            permission=NETWORKS.permission,
        ),
        subnet_guarded,
    ),
)
NETWORK_RULES = (
    Rule(
        Check(
            id="network_watcher_enabled",
            title="Network Watcher on in used regions",
            severity="medium",
            rationale="Without Network Watcher no traffic of the region can be logged or looked into.",
            remediation="Portal: Network Watcher > Overview > enable the region. CLI: az network watcher "
            "configure -g NetworkWatcherRG -l <region> --enabled true",
            permission=WATCHERS.permission,
        ),
        watcher_in_region,
        needs=(WATCHERS_NAME,),
    ),
    Rule(
        Check(
            id="network_ddos_protection_enabled",
            title="DDoS Network Protection on",
            severity="medium",
            rationale="A flood of traffic takes an unprotected service off the network for hours.",
            remediation="Portal: virtual network > DDoS protection > Enable. CLI: az network vnet update -g "
            "<group> -n <network> --ddos-protection true --ddos-protection-plan <plan id>",
            permission=NETWORKS.permission,
        ),
        # The specification's default is false.
        must_be_on("properties.enableDdosProtection", "DDoS Network Protection", absent=False),
    ),
    Rule(
        Check(
            id="network_azure_firewall_deployed",
            title="Azure Firewall in reach of each network",
            severity="low",
            rationale="A firewall between a network and the internet sees and stops what a port filter "
            "cannot.",
            remediation="Portal: Firewalls > Create, in the network or its hub, and route 0.0.0.0/0 to it. "
            "CLI: az network firewall create -g <group> -n <name> --vnet-name <network>",
            permission=FIREWALLS.permission,
        ),
        firewall_in_reach,
        needs=("firewalls",),
    ),
)
ADDRESS_RULES = (
    Rule(
        Check(
            id="network_public_ips_reviewed",
            title="Public IP addresses evaluated periodically",
            severity="medium",
            rationale="Each public address is an entrance; forgotten ones are found by others.",
            remediation="Portal: Public IP addresses > delete those not needed. CLI: az network public-ip "
            "delete -g <group> -n <address>",
            permission=PUBLIC_ADDRESSES.permission,
            manual=True,
        ),
        public_address,
    ),
)
SUBSCRIPTION_RULES = (
    Rule(
        Check(
            id="network_bastion_host_exists",
            title="A Bastion host exists",
            severity="low",
            rationale="Through Bastion people reach machines without any port open to the internet.",
            remediation="Portal: Bastions > Create. CLI: az network bastion create -g <group> -n <name> "
            "--vnet-name <network> --public-ip-address <address>",
            permission=BASTIONS.permission,
        ),
        bastion_exists,
        needs=("bastions", NETWORKS_NAME),
    ),
    Rule(
        Check(
            id="network_security_perimeter_used",
            title="Network security perimeter used",
            severity="low",
            rationale="A perimeter keeps data of storage accounts, databases and vaults from leaving "
            "unnoticed.",
            remediation="Portal: Network security perimeters > Create > add resources, access mode "
            "Enforced. CLI: az network perimeter association create --perimeter-name <name> -n "
            "<association> --access-mode Enforced",
            permission=f"{PERIMETERS.permission}, {ASSOCIATIONS.read.permission}",
        ),
        perimeter_used,
        needs=("perimeters",),
    ),
)
