"""Which ports of an interface its network security groups leave open to the internet.

Rules are taken in the order of their priority, as Azure does: a deny before an allow closes its ports, but
only if it denies the whole internet. A set of ports is a number with one bit for each.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import NamedTuple

from collectors.resources import Resource

ALL_PORTS = (1 << 65_536) - 1
_ANY = frozenset({"*", "any", "internet", "0/0"})
_WHOLE = IPv4Network("0.0.0.0/0"), IPv6Network("::/0")


class Open(NamedTuple):
    """The ports open to the internet, a bit for each."""

    tcp: int
    udp: int


def ports(*numbers: int) -> int:
    """Give the set of some ports."""
    return sum(1 << number for number in set(numbers))


def left_open(groups: Iterable[Resource], interface: Resource) -> Open:
    """Give the ports that every one of the groups leaves open to the internet; all if there is no group."""
    tcp = udp = ALL_PORTS
    for group in groups:
        rules = sorted(group.objects("properties.securityRules"), key=_priority)
        inbound = [rule for rule in rules if _is(rule, "direction", "inbound")]
        tcp &= _of_protocol(inbound, "tcp", interface)
        udp &= _of_protocol(inbound, "udp", interface)
    return Open(tcp, udp)


def covers_internet(prefixes: Iterable[str]) -> bool:
    """Tell whether address prefixes, together, hold every address of the internet.

    They do by a word for it (`*`, `Any`, `Internet`), by `0.0.0.0/0` or `::/0`, or in pieces such as
    `0.0.0.0/1` and `128.0.0.0/1`. Service tags do not.
    """
    given = {prefix.strip().lower() for prefix in prefixes}
    if given & _ANY:
        return True
    networks = [network for network in map(_network, given) if network is not None]
    four = collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    six = collapse_addresses(one for one in networks if isinstance(one, IPv6Network))
    return any(one in _WHOLE for one in (*four, *six))


def _of_protocol(rules: Iterable[Resource], protocol: str, interface: Resource) -> int:
    opened = closed = 0
    for rule in rules:
        asked = (rule.text("properties.protocol") or "*").lower()
        if asked not in {protocol, "*"} or not covers_internet(_prefixes(rule, "source")):
            continue
        named = _ports_of(rule)
        if _is(rule, "access", "allow") and _meets(rule, interface, unclear=True):
            opened |= named & ~closed
        elif _is(rule, "access", "deny") and _from_any_port(rule) and _meets(rule, interface, unclear=False):
            closed |= named
    return opened


def _meets(rule: Resource, interface: Resource, *, unclear: bool) -> bool:
    """Tell whether a rule is about an interface; `unclear` where its addresses do not tell."""
    asked_groups = {one.id.lower() for one in rule.objects("properties.destinationApplicationSecurityGroups")}
    if asked_groups:
        return bool(asked_groups & _application_groups(interface))
    prefixes = [prefix.lower() for prefix in _prefixes(rule, "destination")]
    if {"*", "any", "virtualnetwork"} & set(prefixes) or covers_internet(prefixes):
        return True
    networks = [_network(prefix) for prefix in prefixes]
    addresses = [
        address
        for configuration in interface.objects("properties.ipConfigurations")
        for address in configuration.texts("properties.privateIPAddress")
    ]
    if None in networks or not addresses:
        return unclear
    return any(ip_address(address) in network for address in addresses for network in networks if network)


def _application_groups(interface: Resource) -> set[str]:
    return {
        group.id.lower()
        for configuration in interface.objects("properties.ipConfigurations")
        for group in configuration.objects("properties.applicationSecurityGroups")
    }


def _prefixes(rule: Resource, side: str) -> list[str]:
    """Give a side's prefixes: Azure writes one of the singular and the plural field."""
    one = rule.texts(f"properties.{side}AddressPrefix")
    return [prefix for prefix in (*one, *rule.texts(f"properties.{side}AddressPrefixes")) if prefix]


def _ports_of(rule: Resource) -> int:
    one = rule.texts("properties.destinationPortRange")
    ranges = (*one, *rule.texts("properties.destinationPortRanges"))
    found = 0
    for text in ranges:
        found |= _range(text)
    return found


def _range(text: str) -> int:
    if text.strip() == "*":
        return ALL_PORTS
    first, _, last = text.partition("-")
    if not first.strip().isdecimal() or (last and not last.strip().isdecimal()):
        return 0
    low, high = int(first), int(last or first)
    return ((1 << (high + 1)) - (1 << low)) & ALL_PORTS if 0 <= low <= high else 0


def _from_any_port(rule: Resource) -> bool:
    one = rule.texts("properties.sourcePortRange")
    ranges = (*one, *rule.texts("properties.sourcePortRanges"))
    return not ranges or any(_range(text) == ALL_PORTS for text in ranges)


def _network(prefix: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(prefix, strict=False)
    except ValueError:
        return None


def _priority(rule: Resource) -> float:
    return rule.number("properties.priority") or 0


def _is(rule: Resource, field: str, wanted: str) -> bool:
    return (rule.text(f"properties.{field}") or "").lower() == wanted
