"""Which ports of an interface its network security groups leave open to the internet.

What the rules of a group open is judged as for the group itself; here only those count that are about the
interface. A set of ports is a number with one bit for each.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from collectors.declarations.resources import JsonObject, Resource
from collectors.network.exposure import openings
from collectors.network.security_rules import block_of

ALL_PORTS = (1 << 65_536) - 1
_EVERYWHERE = frozenset({"*", "any", "virtualnetwork"})
_NO_DESTINATION: JsonObject = {
    "destinationAddressPrefix": "*",
    "destinationAddressPrefixes": None,
    "destinationApplicationSecurityGroups": None,
}


class Open(NamedTuple):
    """The ports open to the internet, a bit for each."""

    tcp: int
    udp: int


def ports(*numbers: int) -> int:
    """Give the set of some ports."""
    return sum(1 << number for number in set(numbers))


def left_open(groups: Iterable[Resource], interface: Resource, addresses: float) -> Open:
    """Give the ports that every one of the groups leaves open to the internet; all if there is no group.

    Takes how many public addresses a rule may let in before that is the internet.
    """
    tcp = udp = ALL_PORTS
    for group in groups:
        opened = _opened(_about(group, interface), addresses)
        tcp, udp = tcp & opened.tcp, udp & opened.udp
    return Open(tcp, udp)


@lru_cache(maxsize=64)
def _opened(group: Resource, addresses: float) -> Open:
    found = {"tcp": 0, "udp": 0}
    for one in openings(group, addresses):
        first, last = one.ports
        found[one.protocol] |= (1 << (last + 1)) - (1 << first)
    return Open(**found)


def _about(group: Resource, interface: Resource) -> Resource:
    """Give the group without the rules that are not about an interface; itself if all are about all."""
    rules = group.objects("properties.securityRules")
    if all(_everywhere(rule) for rule in rules):
        return group
    mine: list[JsonObject] = [rule.raw for rule in rules if _everywhere(rule)]
    for rule in rules:
        inside = rule.at("properties")
        if not _everywhere(rule) and isinstance(inside, dict) and _meets(rule, interface):
            mine.append({**rule.raw, "properties": {**inside, **_NO_DESTINATION}})
    return group.with_raw({"properties": {"securityRules": mine}})


def _everywhere(rule: Resource) -> bool:
    prefixes = _prefixes(rule)
    return not _asked_groups(rule) and (not prefixes or bool(_EVERYWHERE & set(prefixes)))


def _meets(rule: Resource, interface: Resource) -> bool:
    """Tell whether a rule is about an interface; where its addresses do not tell, only if it allows.

    A rule that allows is if it is about one of the addresses, one that denies only if about all of them.
    """
    asked = _asked_groups(rule)
    if asked:
        return bool(asked & _application_groups(interface))
    allows = (rule.text("properties.access") or "").lower() == "allow"
    blocks = [block_of(prefix) for prefix in _prefixes(rule)]
    addresses = [block_of(address) for address in _addresses(interface)]
    if None in blocks or None in addresses or not addresses:
        return allows
    found = (
        any(family == of and first <= one <= last for family, (first, last) in filter(None, blocks))
        for of, (one, _) in filter(None, addresses)
    )
    return any(found) if allows else all(found)


def _addresses(interface: Resource) -> list[str]:
    return [
        address
        for configuration in interface.objects("properties.ipConfigurations")
        for address in configuration.texts("properties.privateIPAddress")
    ]


def _asked_groups(rule: Resource) -> set[str]:
    return {one.id.lower() for one in rule.objects("properties.destinationApplicationSecurityGroups")}


def _application_groups(interface: Resource) -> set[str]:
    return {
        group.id.lower()
        for configuration in interface.objects("properties.ipConfigurations")
        for group in configuration.objects("properties.applicationSecurityGroups")
    }


def _prefixes(rule: Resource) -> list[str]:
    """Give the destinations: Azure writes one of the singular and the plural field."""
    one = rule.texts("properties.destinationAddressPrefix")
    several = rule.texts("properties.destinationAddressPrefixes")
    return [prefix.strip().lower() for prefix in (*one, *several) if prefix.strip()]
