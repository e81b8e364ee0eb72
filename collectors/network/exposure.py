"""Which ports an NSG opens to the internet: its rules, applied in order to every source and destination."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from collectors.declarations.resources import Resource
from collectors.network.intervals import Range, Ranges, cells, common, holds, size, without
from collectors.network.security_rules import ADDRESSES, FAMILIES, PORTS, PUBLIC, SecurityRule, inbound_rules

WIDEST_SOURCE = 2**24
"""More public addresses than a /8 are nobody's own network: a port open to more is open to the internet."""
_IPV6_SCALE = {4: 1, 6: 2**96}


class Opening(msgspec.Struct, frozen=True):
    """Ports of one protocol that the internet reaches, and the rules that let it in."""

    protocol: str
    ports: Range
    rules: tuple[str, ...]


@lru_cache(maxsize=64)
def openings(nsg: Resource, addresses: float) -> tuple[Opening, ...]:
    """Give what an NSG opens to the internet; kept for the checks that ask the same NSG in turn.

    A port is open if its rules let in more public addresses than given. IPv6 is measured in the same share of
    all addresses. Rules are applied as Azure does: the lowest priority number first, and the first that
    matches a packet decides (Microsoft's documentation of network security groups).
    """
    rules = inbound_rules(nsg)
    found = [
        Opening(protocol, ports, tuple(names))
        for family in FAMILIES
        for protocol in ("tcp", "udp")
        for ports, names in _open_ports(rules, family, protocol, addresses * _IPV6_SCALE[family])
    ]
    return tuple(dict.fromkeys(found))


def _open_ports(
    rules: Sequence[SecurityRule], family: int, protocol: str, most: float
) -> Iterable[tuple[Range, list[str]]]:
    about = [rule for rule in rules if rule.sources[family] and protocol in rule.protocols]
    if not any(rule.allow for rule in about):
        return
    for ports in cells((rule.ports for rule in about), PORTS):
        matching = [rule for rule in about if holds(rule.ports, ports[0])]
        names = _let_in(matching, family, most)
        if names:
            yield ports, names


def _let_in(rules: Sequence[SecurityRule], family: int, most: float) -> list[str]:
    """Give the rules that let the internet in to some destination, from some source port; none if none do."""
    if not any(rule.allow for rule in rules):
        return []
    for source_port, _ in cells((rule.source_ports for rule in rules), PORTS):
        from_there = [rule for rule in rules if holds(rule.source_ports, source_port)]
        for destination in _destinations(from_there, family):
            matching = [rule for rule in from_there if _is_about(rule, family, destination)]
            names = _decide(matching, family, most)
            if names:
                return names
    return []


def _destinations(rules: Sequence[SecurityRule], family: int) -> list[int | str]:
    """Give one destination for each that the rules treat differently: addresses, and tags and groups."""
    narrow = [rule.destinations for rule in rules if not rule.every_destination]
    labels = sorted({label for place in narrow for label in place.labels})
    return [
        *(first for first, _ in cells((place.ranges[family] for place in narrow), ADDRESSES[family])),
        *labels,
    ]


def _is_about(rule: SecurityRule, family: int, destination: int | str) -> bool:
    if rule.every_destination:
        return True
    if isinstance(destination, str):
        # What a tag or a group stands for lies somewhere in all addresses.
        return (
            destination in rule.destinations.labels or ADDRESSES[family] in rule.destinations.ranges[family]
        )
    return holds(rule.destinations.ranges[family], destination)


def _decide(rules: Sequence[SecurityRule], family: int, most: float) -> list[str]:
    left: Ranges = PUBLIC[family]
    let_in, names = 0, []
    for rule in rules:
        whole = rule.sources[family] == PUBLIC[family]
        hit = left if whole else common(left, rule.sources[family])
        if not hit:
            continue
        if rule.allow:
            let_in += size(hit)
            names.append(rule.name)
        left = () if whole else without(left, hit)
    return names if let_in > most else []
