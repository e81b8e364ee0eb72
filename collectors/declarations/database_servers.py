"""What database services have in common: firewall ranges, public access, parameters."""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError

from collectors.contract import JsonValue, Status
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, bad, good, judged, manual, not_applicable, unknown

WIDEST_RANGE = 2**24
"""More addresses than one /8 are nobody's own network: a firewall that lets in more is open to everybody."""

type Range = tuple[int, int]

_PERIMETER = "A network security perimeter decides: look whether its access rules let in too many."
_SUBNET = "properties.network.delegatedSubnetResourceId"
_PUBLIC_ACCESS = ("properties.publicNetworkAccess", "properties.network.publicNetworkAccess")


def addresses_in(ranges: Iterable[Range]) -> int:
    """Count the addresses that ranges cover together, each once, however they overlap or are split."""
    covered, reached = 0, -1
    for first, last in sorted(ranges):
        start = max(first, reached + 1)
        covered += max(0, last - start + 1)
        reached = max(reached, last)
    return covered


def range_between(first: str | None, last: str | None) -> Range | None:
    """Give the range of IPv4 addresses from one to another; None if it cannot be read, or one is missing."""
    try:
        start, end = int(IPv4Address(first or "")), int(IPv4Address(last or ""))
    except AddressValueError:
        return None
    return (start, end) if start <= end else None


def range_of_block(block: str) -> Range | None:
    """Give the range of an address or CIDR block such as `10.0.0.0/8`; None if it cannot be read."""
    try:
        network = IPv4Network(block.strip(), strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        return None
    return int(network.network_address), int(network.broadcast_address)


def firewall_limited(rules: Sequence[tuple[str, Range | None]], most: float) -> Judgement:
    """Judge named ranges: together they may let in no more than so many addresses.

    Takes names and ranges (None for one that cannot be read), and how many addresses are allowed.
    """
    known = {name: found for name, found in rules if found is not None}
    addresses = addresses_in(known.values())
    widest = sorted(known, key=lambda name: known[name][0] - known[name][1])[:5]
    observed: dict[str, JsonValue] = {
        "rules": len(rules),
        "addresses_let_in": addresses,
        "widest_rules": widest,
    }
    if addresses > most:
        return bad(f"The firewall lets in {addresses:,} addresses: it is open to the internet.", **observed)
    unread = [name for name, found in rules if found is None]
    if unread:
        return unknown("A firewall rule has addresses this version cannot read.", unread=unread, **observed)
    return good(f"The firewall lets in {addresses:,} addresses.", **observed)


def range_of_rule(rule: Resource) -> Range | None:
    """Give the IPv4 addresses that a firewall rule lets in; None if they cannot be read."""
    return range_between(rule.text("properties.startIpAddress"), rule.text("properties.endIpAddress"))


def is_for_azure(rule: Resource) -> bool:
    """Tell whether a rule runs from 0.0.0.0 to 0.0.0.0, which stands for Azure's services."""
    return range_of_rule(rule) == (0, 0)


def no_rule_counts(server: Resource) -> Judgement:
    """Judge a server without a public address: only private endpoints, or its own network, reach it.

    Source: Microsoft's documentation of Azure SQL connectivity, and of networking of flexible servers.
    """
    observed: dict[str, JsonValue] = {path: server.at(path) for path in (*_PUBLIC_ACCESS, _SUBNET)}
    shown = {path: value for path, value in observed.items() if value is not None}
    return good("The server has no public address, so no firewall rule lets anybody in.", **shown)


def azure_services_refused(server: Resource) -> Judgement:
    """Judge that no rule from 0.0.0.0 to 0.0.0.0 lets in every Azure service, of every customer."""
    if not reached_publicly(server):
        return no_rule_counts(server)
    rules = server.rows("firewall")
    names = [rule.name for rule in rules if is_for_azure(rule)]
    unread = [rule.name for rule in rules if range_of_rule(rule) is None]
    if unread and not names:
        return unknown("A firewall rule has addresses this version cannot read.", unread=unread)
    return judged(
        not names,
        "No firewall rule lets in Azure services of other customers.",
        "A firewall rule from 0.0.0.0 to 0.0.0.0 lets in every Azure service, of any customer.",
        rules=names,
    )


def public_network_off(path: str) -> Judge:
    """Make a judge that demands that public network access is off; an absent value means it is on.

    Takes the dotted path. Every service of this kind documents Enabled as its default.
    """

    def judge(server: Resource) -> Judgement:
        found = server.text(path)
        observed: dict[str, JsonValue] = {path: server.at(path)}
        match (found or "Enabled").lower():
            case "disabled":
                return good("Public network access is off.", **observed)
            case "enabled":
                return bad(f"Public network access is on{'' if found else ': it was never set'}.", **observed)
            case "securedbyperimeter":
                return manual(_PERIMETER, **observed)
        return unknown(f"Public network access is {found}, a value this version does not know.", **observed)

    return judge


def reached_publicly(server: Resource) -> bool:
    """Tell that a server has a public address; firewall rules of the others are of no effect, so not read."""
    closed = any((server.text(path) or "").lower() == "disabled" for path in _PUBLIC_ACCESS)
    return not closed and not server.text(_SUBNET)


def public_network_off_outside(path: str) -> Judge:
    """Make the judge of flexible servers, which have no public address inside a virtual network."""
    outside = public_network_off(path)

    def judge(server: Resource) -> Judgement:
        subnet = server.text(_SUBNET)
        return good("The server is inside a virtual network.", subnet=subnet) if subnet else outside(server)

    return judge


def outside_networks(judge: Judge, reason: str) -> Judge:
    """Make a judge that does not ask servers inside a virtual network, whose subnet is delegated to them."""

    def within(server: Resource) -> Judgement:
        subnet = server.text(_SUBNET)
        return not_applicable(reason, subnet=subnet) if subnet else judge(server)

    return within


def parameter(server: Resource, name: str) -> str | None:
    """Give the value of a configuration parameter, whatever the casing of its name; None if there is none."""
    return next(
        (row.text("properties.value") for row in server.rows("parameters") if row.name.lower() == name), None
    )


def parameter_on(name: str) -> Judge:
    """Make a judge that demands that a configuration parameter is on."""
    return _parameter_must(name, _switch)


def parameter_lists_only(name: str, allowed: Iterable[str], others: Iterable[str]) -> Judge:
    """Make a judge that demands that every value of a comma-separated parameter is an allowed one.

    Takes the parameter, its good values and the other documented ones; a value in neither is unknown.
    """
    good_values, bad_values = {one.lower() for one in allowed}, {one.lower() for one in others}

    def holds(value: str) -> bool | None:
        found = {one.strip().lower() for one in value.split(",") if one.strip()}
        if found & bad_values:
            return False
        return True if found and found <= good_values else None

    return _parameter_must(name, holds)


def absent_parameter(name: str) -> Judgement:
    """Judge that a server does not have a parameter: versions and tiers differ in those they have."""
    return unknown(f"The server has no parameter {name}.", parameter=name, value=None)


def _parameter_must(name: str, holds: Callable[[str], bool | None]) -> Judge:
    def judge(server: Resource) -> Judgement:
        value = parameter(server, name)
        if value is None:
            return absent_parameter(name)
        result = holds(value)
        if result is None:
            return unknown(
                f"{name} is {value!r}, a value this version does not know.", parameter=name, value=value
            )
        return Judgement(
            Status.PASS if result else Status.FAIL, f"{name} is {value}.", {"parameter": name, "value": value}
        )

    return judge


def _switch(value: str) -> bool | None:
    return Resource({"value": value.strip()}).flag("value")
