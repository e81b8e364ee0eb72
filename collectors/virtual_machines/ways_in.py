"""The ways from the internet to an interface: its own public addresses, and those of load balancers."""

from collections.abc import Iterable
from typing import NamedTuple

from collectors.declarations.resources import Resource, whole_id
from collectors.virtual_machines.exposure import ALL_PORTS, Open, left_open

_BALANCED = ("loadBalancerInboundNatRules", "loadBalancerBackendAddressPools")


class Guarded(NamedTuple):
    """An interface of a machine, the security groups before it, and its public addresses' ids."""

    interface: Resource
    groups: tuple[Resource, ...]
    addresses: tuple[str, ...]


def reachable(machine: Resource, one: Guarded, addresses: float) -> Open | None:
    """Give the ports of an interface that the internet may reach; None if what is read does not tell.

    Without a security group a Standard public address admits nothing, any other everything (Microsoft,
    "Public IP addresses": Standard is secure by default). Behind a Basic load balancer those
    ports are open that it forwards, which is not read. Without either there is no way in. Takes how many
    public addresses a rule may let in before that is the internet.
    """
    if one.groups:
        return left_open(one.groups, one.interface, addresses)
    for address in one.addresses:
        known = machine.matching("public_addresses", whole_id, address)
        if not known or not _standard(known[0]):
            return Open(ALL_PORTS, ALL_PORTS)
    return None if _behind_basic(machine, one.interface) else Open(0, 0)


def _standard(address: Resource) -> bool:
    return (address.text("sku.name") or "").lower().startswith("standard")


def _behind_basic(machine: Resource, interface: Resource) -> bool:
    """Tell whether a public Basic load balancer has the interface: its address has the balancer's SKU."""
    balancers = {
        _balancer(entry.id)
        for configuration in interface.objects("properties.ipConfigurations")
        for name in _BALANCED
        for entry in configuration.objects(f"properties.{name}")
    }
    found = (machine.matching("public_addresses", balancer_of, one) for one in balancers)
    return any(not _standard(address) for rows in found for address in rows)


def balancer_of(address: Resource) -> Iterable[str]:
    """Give the load balancer that a public address is a front of, as a key."""
    front = address.text("properties.ipConfiguration.id") or ""
    return (_balancer(front),) if "/loadbalancers/" in front.lower() else ()


def _balancer(entry: str) -> str:
    """Give the id of a load balancer by that of something in it."""
    return "/".join(entry.lower().split("/")[:9])
