"""Which ports an NSG opens to the internet: its rules, applied in order to every source and destination.

Rules are bits of a number, the first to be applied lowest. Packets that the same rules match are let in or
not together: destinations and source ports are told apart by the rules about them, and for each of them the
ports are swept, which changes who lets in what by the few rules that begin or end.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from collectors.declarations.resources import Resource
from collectors.network.intervals import Range, cells, size
from collectors.network.security_rules import ADDRESSES, FAMILIES, PORTS, PUBLIC, SecurityRule, inbound_rules
from collectors.network.sweeps import Pieces, Places, Winners, bits, layers

WIDEST_SOURCE = 2**24
"""More public addresses than a /8 are nobody's own network: a port open to more is open to the internet."""
_IPV6_SCALE = {4: 1, 6: 2**96}
_ANY = -1

type Names = tuple[str, ...]


class Opening(msgspec.Struct, frozen=True):
    """Ports of one protocol that the internet reaches, and the rules that let it in."""

    protocol: str
    ports: Range
    rules: Names


@lru_cache(maxsize=64)
def openings(nsg: Resource, addresses: float) -> tuple[Opening, ...]:
    """Give what an NSG opens to the internet; kept for the checks that ask the same NSG in turn.

    A port is open if its rules let in more public addresses than given. IPv6 is measured in the same share of
    all addresses. Rules are applied as Azure does: the lowest priority number first, and the first that
    matches a packet decides (Microsoft's documentation of network security groups).
    """
    rules = inbound_rules(nsg)
    found = [
        Opening(protocol, ports, names)
        for family in FAMILIES
        for protocol in ("tcp", "udp")
        for ports, names in _open_ports(rules, family, protocol, addresses * _IPV6_SCALE[family])
    ]
    return tuple(dict.fromkeys(found))


def _open_ports(
    rules: Sequence[SecurityRule], family: int, protocol: str, most: float
) -> Iterator[tuple[Range, Names]]:
    about = [rule for rule in rules if rule.sources[family] and protocol in rule.protocols]
    if not any(rule.allow for rule in about):
        return
    ports = cells((rule.ports for rule in about), PORTS)
    place_of = {first: place for place, (first, _) in enumerate(ports)} | {PORTS[1] + 1: len(ports)}
    places, found = Places(len(ports)), dict[int, Names]()
    internet = _Internet(about, family)
    # Many destinations may let the internet in: the one that is looked at first gives a port its rules.
    for matching, needed in _destinations(about, family):
        if places.free_from(0) == len(ports):
            break
        for (first, last), names in internet.lets_in(matching, needed, most):
            taken = places.take(place_of[first], place_of[last + 1])
            found.update(dict.fromkeys(taken, names))
    for place in sorted(found):
        yield ports[place], found[place]


class _Internet:
    """The internet as rules about one protocol and family of addresses divide it.

    Args:
        rules: the first to be applied first.
    """

    def __init__(self, rules: Sequence[SecurityRule], family: int) -> None:
        self._rules = rules
        self._size = size(PUBLIC[family])
        whole = [rule.sources[family] == PUBLIC[family] for rule in rules]
        narrow = [
            () if all_of_it else rule.sources[family] for rule, all_of_it in zip(rules, whole, strict=True)
        ]
        self._pieces = Pieces(narrow, ADDRESSES[family])
        self._allow = sum(1 << place for place, rule in enumerate(rules) if rule.allow)
        self._whole = sum(1 << place for place, all_of_it in enumerate(whole) if all_of_it)

    def lets_in(self, matching: int, needed: int, most: float) -> Iterator[tuple[Range, Names]]:
        """Give the ports that rules open to more addresses, and which of them let anybody in.

        Takes the rules that match the packets, and those of which one must be about the port too.
        """
        winners = Winners(self._pieces, self._allow)
        for ports, held in layers(((1 << one, self._rules[one].ports) for one in bits(matching)), PORTS):
            # Nothing is left for rules after the first that is about the whole internet.
            decisive = (held & self._whole) & -(held & self._whole)
            winners.change_to(held & (decisive - 1) & ~self._whole if decisive else held)
            left = self._size - winners.taken
            allowed_last = left if decisive & self._allow else 0
            if held & needed and winners.counted_taken + allowed_last > most:
                places = [*winners.counted(), *(bits(decisive) if allowed_last else ())]
                yield ports, tuple(self._rules[place].name for place in places)


def _destinations(rules: Sequence[SecurityRule], family: int) -> list[tuple[int, int]]:
    """Give the rules about each destination, from each source port, that they treat differently.

    With each the rules of which one must be about the packet: a tag or group is a destination only where a
    rule names it.
    """
    from_ports = layers(((1 << place, rule.source_ports) for place, rule in enumerate(rules)), PORTS)
    masks = dict.fromkeys(held for _, held in from_ports)
    return list(dict.fromkeys(pair for mask in masks for pair in _destinations_of(rules, family, mask)))


def _destinations_of(rules: Sequence[SecurityRule], family: int, mask: int) -> Iterator[tuple[int, int]]:
    every, whole, labelled = 0, 0, dict[str, int]()
    narrow = []
    for place in bits(mask):
        rule, bit = rules[place], 1 << place
        if rule.every_destination:
            every |= bit
            continue
        ranges = rule.destinations.ranges[family]
        narrow.append((bit, ranges))
        # What a tag or a group stands for lies somewhere in all addresses.
        whole |= bit if ADDRESSES[family] in ranges else 0
        for label in rule.destinations.labels:
            labelled[label] = labelled.get(label, 0) | bit
    for _, held in layers(narrow, ADDRESSES[family]):
        yield held | every, _ANY
    for label in sorted(labelled):
        yield labelled[label] | whole | every, labelled[label]
