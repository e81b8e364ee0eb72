"""The slow reference of what an NSG opens: each cell of ports and destinations tried in turn."""

from collections.abc import Iterable, Sequence

from collectors.declarations.resources import Resource
from collectors.network.exposure import Opening
from collectors.network.intervals import Range, Ranges, cells, common, size, without
from collectors.network.security_rules import ADDRESSES, FAMILIES, PORTS, PUBLIC, SecurityRule, inbound_rules

_SCALE = {4: 1, 6: 2**96}


def slow_openings(nsg: Resource, addresses: float) -> tuple[Opening, ...]:
    """Give what an NSG opens, as `openings` must; it takes minutes for hundreds of rules."""
    rules = inbound_rules(nsg)
    found = [
        Opening(protocol, ports, tuple(names))
        for family in FAMILIES
        for protocol in ("tcp", "udp")
        for ports, names in _open_ports(rules, family, protocol, addresses * _SCALE[family])
    ]
    return tuple(dict.fromkeys(found))


def holds(ranges: Ranges, number: int) -> bool:
    """Tell whether a number is in a set."""
    return any(first <= number <= last for first, last in ranges)


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
