"""Virtual machines on the network: public addresses, security groups, ports, forwarding, just-in-time."""

from collections.abc import Callable, Mapping

from collectors.contract import Check
from collectors.declarations.resources import Resource, whole_id
from collectors.declarations.rules import Judge, Judgement, Rule, judged, not_applicable, unknown
from collectors.declarations.shared_reads import SECURITY_GROUPS
from collectors.network.exposure import WIDEST_SOURCE
from collectors.network.security_rules import unread_rules
from collectors.virtual_machines.exposure import ports
from collectors.virtual_machines.reads import (
    INTERFACES,
    JUST_IN_TIME,
    machines_of,
    subnets_of,
)
from collectors.virtual_machines.ways_in import Guarded, reachable

_MANAGEMENT = {22: "SSH", 3389: "RDP", 5985: "WinRM", 5986: "WinRM over TLS"}
_NETWORK = ("interfaces", "security_groups", "networks", "public_addresses")


type _Asked = Callable[[Resource, list[Guarded]], Judgement]


def _interfaces(machine: Resource) -> list[Resource] | None:
    """Give a machine's interfaces; None if one of them is in no list, or there is none at all."""
    references = machine.objects("properties.networkProfile.networkInterfaces")
    found = [machine.matching("interfaces", whole_id, one.id) for one in references]
    return [rows[0] for rows in found] if found and all(found) else None


def _guarded(machine: Resource, interface: Resource) -> Guarded | None:
    """Give what stands before an interface; None if a subnet or a group is in no list."""
    configurations = interface.objects("properties.ipConfigurations")
    wanted = {interface.text("properties.networkSecurityGroup.id")}
    for subnet_id in {one.text("properties.subnet.id") for one in configurations}:
        holders = machine.matching("networks", subnets_of, subnet_id)
        subnets = [one for holder in holders for one in holder.objects("properties.subnets")]
        mine = [one for one in subnets if one.id.lower() == (subnet_id or "").lower()]
        if not mine:
            return None
        wanted.add(mine[0].text("properties.networkSecurityGroup.id"))
    groups = [machine.matching("security_groups", whole_id, one) for one in wanted if one]
    if not all(groups):
        return None
    addresses = (one.text("properties.publicIPAddress.id") for one in configurations)
    return Guarded(interface, tuple(rows[0] for rows in groups), tuple(one for one in addresses if one))


def _all_guarded(machine: Resource) -> list[Guarded] | None:
    interfaces = _interfaces(machine)
    if interfaces is None:
        return None
    found = [_guarded(machine, one) for one in interfaces]
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else None


def _unclear() -> Judgement:
    return unknown("An interface, subnet or security group of the machine is in no list of the subscription.")


def _forwarded() -> Judgement:
    reason = (
        "No security group stands before an interface, and what its Basic load balancer forwards to it is "
    )
    return unknown(f"{reason}not read.")


def _unread(found: list[Guarded]) -> Judgement | None:
    """Say that a security group has rules that nobody can read; None if all are read."""
    names = [name for one in found for group in one.groups for name in unread_rules(group)]
    said = "A rule of a security group has a value this version does not know."
    return unknown(said, unread_rules=names[:10]) if names else None


def _on_network(judge: _Asked) -> Judge:
    def asked(machine: Resource) -> Judgement:
        found = _all_guarded(machine)
        return _unclear() if found is None else judge(machine, found)

    return asked


def management_ports_closed(machine: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge whether the internet may reach SSH, RDP or WinRM (policy 22730e10)."""
    found = _all_guarded(machine)
    if found is None:
        return _unclear()
    opened = [reachable(machine, one, limits["addresses"]) for one in found]
    tcp = [one.tcp for one in opened if one is not None]
    exposed = [port for port in _MANAGEMENT if any(one & ports(port) for one in tcp)]
    if not exposed and (unclear := _unread(found) or (_forwarded() if None in opened else None)):
        return unclear
    named = ", ".join(f"{_MANAGEMENT[port]} ({port})" for port in exposed)
    return judged(
        not exposed,
        "The internet reaches no management port.",
        f"The internet may reach {named}.",
        open_ports=exposed,
        public_addresses=sum(len(one.addresses) for one in found),
    )


def all_ports_restricted(machine: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge whether the internet may reach more ports than any service needs (policy 9daedab3)."""
    found = _all_guarded(machine)
    if found is None:
        return _unclear()
    opened = [reachable(machine, one, limits["addresses"]) for one in found]
    most = max((part.bit_count() for one in opened if one is not None for part in one), default=0)
    few = most <= limits["open_ports"]
    if few and (unclear := _unread(found) or (_forwarded() if None in opened else None)):
        return unclear
    return judged(
        few,
        f"The internet may reach {most} ports of an interface at most.",
        f"The internet may reach {most} ports of an interface.",
        most_open_ports=most,
    )


def _has_public_address(found: list[Guarded]) -> bool:
    return any(one.addresses for one in found)


def _group_everywhere(found: list[Guarded]) -> Judgement:
    bare = [one.interface.name for one in found if not one.groups]
    return judged(
        not bare,
        "A security group stands before every interface, on it or on its subnet.",
        f"No security group stands before {', '.join(bare)}, neither on it nor on its subnet.",
        interfaces=len(found),
        unprotected=bare,
    )


def internet_facing_nsg(_machine: Resource, found: list[Guarded]) -> Judgement:
    """Judge a machine with a public address (policy f6de0be7)."""
    facing = [one for one in found if one.addresses]
    return _group_everywhere(facing) if facing else not_applicable("The machine has no public address.")


def internal_nsg(_machine: Resource, found: list[Guarded]) -> Judgement:
    """Judge a machine without a public address (policy bb91dfba)."""
    if _has_public_address(found):
        return not_applicable("The machine has a public address; another check asks about it.")
    return _group_everywhere(found)


def no_public_ip(machine: Resource) -> Judgement:
    """Judge whether an interface holds a public address (policy 83a86a26)."""
    interfaces = _interfaces(machine)
    if interfaces is None:
        return _unclear()
    addresses = [
        address
        for interface in interfaces
        for one in interface.objects("properties.ipConfigurations")
        for address in one.texts("properties.publicIPAddress.id")
    ]
    return judged(
        not addresses,
        "No interface of the machine has a public address.",
        "An interface of the machine has a public address.",
        public_addresses=addresses,
    )


def ip_forwarding_off(machine: Resource) -> Judgement:
    """Judge whether an interface forwards what is not for it; absent means that it does not."""
    interfaces = _interfaces(machine)
    if interfaces is None:
        return _unclear()
    forwarding = [one.name for one in interfaces if one.flag("properties.enableIPForwarding")]
    return judged(
        not forwarding,
        "No interface of the machine forwards traffic.",
        f"These interfaces forward traffic: {', '.join(forwarding)}.",
        forwarding=forwarding,
    )


def just_in_time(machine: Resource) -> Judgement:
    """Judge whether a just-in-time policy is for the machine, its id in any case."""
    policies = machine.matching("just_in_time", machines_of, machine.id)
    return judged(
        policies,
        "A just-in-time policy opens its ports on request only.",
        "No just-in-time policy of Defender for Cloud is for this machine.",
        policies=len(policies),
    )


RULES = (
    Rule(
        Check(
            id="vm_jit_access_enabled",
            title="Just-in-time access on",
            severity="high",
            rationale="Ports that open for hours on request are closed while attackers scan.",
            remediation="Portal: Defender for Cloud > Workload protections > Just-in-time VM access. CLI: az "
            "rest --method put --url <vm's group>/providers/Microsoft.Security/locations/<region>"
            "/jitNetworkAccessPolicies/default?api-version=2020-01-01 ...",
            permission=JUST_IN_TIME.permission,
        ),
        just_in_time,
        needs=("just_in_time",),
    ),
    Rule(
        Check(
            id="vm_management_ports_closed",
            title="Management ports closed to the internet",
            severity="high",
            rationale="SSH, RDP and WinRM that the internet reaches are tried with stolen passwords at once.",
            remediation="Portal: virtual machine > Networking > Network settings. CLI: az network nsg rule "
            "delete -g <group> --nsg-name <nsg> -n <rule>; reach the machine through Bastion instead.",
            permission=SECURITY_GROUPS.permission,
            thresholds={"addresses": WIDEST_SOURCE},
        ),
        within=management_ports_closed,
        needs=_NETWORK,
    ),
    Rule(
        Check(
            id="vm_internet_facing_nsg",
            title="Machines with a public address behind a network security group",
            severity="high",
            rationale="Without a security group nothing filters what the internet sends to the machine.",
            remediation="Portal: network interface > Network security group. CLI: az network nic update -g "
            "<group> -n <nic> --network-security-group <nsg>",
            permission=INTERFACES.permission,
        ),
        _on_network(internet_facing_nsg),
        needs=_NETWORK,
    ),
    Rule(
        Check(
            id="vm_internal_nsg",
            title="Internal machines behind a network security group",
            severity="low",
            rationale="A security group keeps an intruder of one machine from wandering to the next.",
            remediation="Portal: virtual network > Subnets > Network security group. CLI: az network vnet "
            "subnet update -g <group> --vnet-name <vnet> -n <subnet> --network-security-group <nsg>",
            permission=INTERFACES.permission,
        ),
        _on_network(internal_nsg),
        needs=_NETWORK,
    ),
    Rule(
        Check(
            id="vm_all_ports_restricted",
            title="Network ports restricted by network security groups",
            severity="high",
            rationale="A rule that admits the internet to all ports is no rule.",
            remediation="Portal: network security group > Inbound security rules. CLI: az network nsg rule "
            "update -g <group> --nsg-name <nsg> -n <rule> --destination-port-ranges <ports>",
            permission=SECURITY_GROUPS.permission,
            thresholds={"addresses": WIDEST_SOURCE, "open_ports": 100},
        ),
        within=all_ports_restricted,
        needs=_NETWORK,
    ),
    Rule(
        Check(
            id="vm_ip_forwarding_disabled",
            title="IP forwarding off",
            severity="medium",
            rationale="A machine that forwards traffic can lead around security groups and routes.",
            remediation="Portal: network interface > IP configurations > IP forwarding off. CLI: az network "
            "nic update -g <group> -n <nic> --ip-forwarding false",
            permission=INTERFACES.permission,
        ),
        ip_forwarding_off,
        needs=("interfaces",),
    ),
    Rule(
        Check(
            id="vm_no_public_ip",
            title="No public address on an interface",
            severity="medium",
            rationale="A machine without a public address is reached through filters that log.",
            remediation="Portal: network interface > IP configurations > Public IP address: none. CLI: az "
            "network nic ip-config update -g <group> --nic-name <nic> -n <configuration> --remove "
            "PublicIpAddress",
            permission=INTERFACES.permission,
        ),
        no_public_ip,
        needs=("interfaces",),
    ),
)
