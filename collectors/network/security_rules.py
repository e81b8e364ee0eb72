"""Security rules of an NSG as sets of numbers, whatever of its many spellings Azure answers.

A rule has each address and port field in the singular or in the plural; protocols, directions and tags come
in any casing (specification of Microsoft.Network/networkSecurityGroups).
"""

from functools import lru_cache
from ipaddress import IPv4Network, ip_network

import msgspec

from collectors.declarations.resources import Resource
from collectors.network.intervals import Range, Ranges, common, joined, without

FAMILIES = (4, 6)
ADDRESSES: dict[int, Range] = {4: (0, 2**32 - 1), 6: (0, 2**128 - 1)}
PORTS: Range = (0, 65_535)
_EVERYTHING = frozenset({"*", "any", "internet"})
_EVERY_DESTINATION = frozenset({"*", "any", "virtualnetwork"})
_PROTOCOLS = {
    "*": {"tcp", "udp"},
    "any": {"tcp", "udp"},
    "tcp": {"tcp"},
    "udp": {"udp"},
    "6": {"tcp"},
    "17": {"udp"},
}
# Protocols that open neither TCP nor UDP ports (REST specification: SecurityRuleProtocol), and their numbers.
_WITHOUT_PORTS = frozenset({"icmp", "icmpv6", "esp", "ah", "1", "50", "51", "58"})
_ENDS = ("source", "destination")
_NOT_PUBLIC = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.168.0.0/16", "224.0.0.0/3"),
)


def _public() -> dict[int, Ranges]:
    """Give the addresses of the internet: IPv4 without what is reserved, and IPv6's global unicast."""
    private = joined(_range_of(block) for block in _NOT_PUBLIC)
    return {4: without((ADDRESSES[4],), private), 6: (_range_of("2000::/3"),)}


def _range_of(block: str) -> Range:
    network = ip_network(block, strict=False)
    return int(network.network_address), int(network.broadcast_address)


PUBLIC = _public()


class Place(msgspec.Struct, frozen=True):
    """Addresses that rules name.

    Args:
        ranges: by family, 4 or 6.
        labels: what stands for addresses that Azure does not answer: service tags, security groups.
    """

    ranges: dict[int, Ranges]
    labels: frozenset[str] = frozenset()


class SecurityRule(msgspec.Struct, frozen=True):
    """One inbound rule.

    Args:
        sources: the part of the internet it is about, by family.
        every_destination: whether it is about each address behind the NSG.
    """

    name: str
    allow: bool
    priority: float
    protocols: frozenset[str]
    sources: dict[int, Ranges]
    source_ports: Ranges
    ports: Ranges
    destinations: Place
    every_destination: bool


def inbound_rules(nsg: Resource) -> list[SecurityRule]:
    """Give the inbound rules of an NSG, its own and the default ones, the first to be applied first."""
    own = (*nsg.objects("properties.securityRules"), *nsg.objects("properties.defaultSecurityRules"))
    inbound = (rule for rule in own if (rule.text("properties.direction") or "").lower() == "inbound")
    return sorted(map(_read, inbound), key=lambda rule: rule.priority)


@lru_cache(maxsize=64)
def unread_rules(nsg: Resource) -> tuple[str, ...]:
    """Name the rules that may let somebody in, but have a value that is none of those documented."""
    own = (*nsg.objects("properties.securityRules"), *nsg.objects("properties.defaultSecurityRules"))
    return tuple(rule.text("name") or "" for rule in own if not _is_read(rule))


def _is_read(rule: Resource) -> bool:
    direction, access, protocol = (
        (rule.text(f"properties.{name}") or "").lower() for name in ("direction", "access", "protocol")
    )
    if direction == "outbound" or protocol in _WITHOUT_PORTS:
        return True
    known = direction == "inbound" and access in {"allow", "deny"} and protocol in _PROTOCOLS
    return known and bool(_named(rule, "source")) and all(_ports_are_read(rule, end) for end in _ENDS)


def _ports_are_read(rule: Resource, end: str) -> bool:
    named = [part for text in _written_ports(rule, end) for part in text.split(",")]
    return bool(named) and None not in map(port_range, named)


def _read(rule: Resource) -> SecurityRule:
    destinations = _named(rule, "destination")
    return SecurityRule(
        name=rule.text("name") or "",
        allow=(rule.text("properties.access") or "").lower() == "allow",
        priority=rule.number("properties.priority") or float("inf"),
        protocols=frozenset(_PROTOCOLS.get((rule.text("properties.protocol") or "").lower(), ())),
        sources=_internet_part(_named(rule, "source")),
        source_ports=_ports(rule, "source"),
        ports=_ports(rule, "destination"),
        destinations=_place(destinations),
        every_destination=not destinations or bool(destinations & _EVERY_DESTINATION),
    )


def _named(rule: Resource, end: str) -> frozenset[str]:
    """Give the addresses, tags and application security groups at one end of a rule, in lower case."""
    prefixes = [
        *rule.texts(f"properties.{end}AddressPrefix"),
        *rule.texts(f"properties.{end}AddressPrefixes"),
    ]
    groups = rule.objects(f"properties.{end}ApplicationSecurityGroups")
    return frozenset(
        one.strip().lower() for one in (*prefixes, *(group.id for group in groups)) if one.strip()
    )


@lru_cache(maxsize=4096)
def _internet_part(named: frozenset[str]) -> dict[int, Ranges]:
    """Give the part of the internet that a source is; tags other than Internet and groups are none of it."""
    if named & _EVERYTHING:
        return PUBLIC
    place = _place(named)
    return {family: common(place.ranges[family], PUBLIC[family]) for family in FAMILIES}


@lru_cache(maxsize=4096)
def _place(named: frozenset[str]) -> Place:
    blocks = {one: block_of(one) for one in named}
    ranges = {
        family: joined(found[1] for found in blocks.values() if found is not None and found[0] == family)
        for family in FAMILIES
    }
    return Place(ranges, frozenset(one for one, found in blocks.items() if found is None))


@lru_cache(maxsize=4096)
def block_of(prefix: str) -> tuple[int, Range] | None:
    """Give the family and range of an address or CIDR block; None for a tag or a group.

    Anything of length 0 is every address of its family, whatever stands before the slash.
    """
    if prefix.endswith("/0"):
        family = 6 if ":" in prefix else 4
        return family, ADDRESSES[family]
    try:
        network = ip_network(prefix, strict=False)
    except ValueError:
        return None
    family = 4 if isinstance(network, IPv4Network) else 6
    return family, (int(network.network_address), int(network.broadcast_address))


def _ports(rule: Resource, end: str) -> Ranges:
    return _joined_ports(_written_ports(rule, end))


def _written_ports(rule: Resource, end: str) -> tuple[str, ...]:
    return (*rule.texts(f"properties.{end}PortRange"), *rule.texts(f"properties.{end}PortRanges"))


@lru_cache(maxsize=4096)
def _joined_ports(named: tuple[str, ...]) -> Ranges:
    found = (port_range(text) for one in named for text in one.split(","))
    return joined(ports for ports in found if ports is not None)


def port_range(text: str) -> Range | None:
    """Give a port or a range of ports such as `22`, `20-25` or `*`; None if it is none."""
    text = text.strip()
    if text.lower() in {"*", "any"}:
        return PORTS
    first, _, last = text.partition("-")
    try:
        return int(first), int(last or first)
    except ValueError:
        return None
