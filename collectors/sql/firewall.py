"""The firewall of a logical server: rules for IPv4 and for IPv6, which two lists hold."""

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv6Address

from collectors.contract import JsonValue, Status
from collectors.declarations.configuration import gap_judgement
from collectors.declarations.database_servers import (
    Range,
    addresses_in,
    firewall_limited,
    is_for_azure,
    no_rule_counts,
    range_of_rule,
    reached_publicly,
)
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, bad, unknown

_SIXES = "firewall_v6"
# IPv6 is measured in the same share of all addresses: a /8 of IPv4 weighs what a /8 of IPv6 does.
_IPV6_SCALE = 2**96
_MAPPED = int(IPv6Address("::ffff:0.0.0.0"))
_LAST_IPV4 = 2**32 - 1


def no_unrestricted_inbound(server: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge that the firewall rules of a server, for IPv4 and for IPv6, do not add up to the internet.

    A rule from 0.0.0.0 to 0.0.0.0 stands for Azure's services and is asked about elsewhere. An IPv6 rule may
    be written for IPv4-mapped addresses, as the examples of Microsoft's REST specification and PowerShell
    are: that part of it counts with the IPv4 rules. Refused IPv6 rules matter only where IPv4 is closed.
    """
    if not reached_publicly(server):
        return no_rule_counts(server)
    refused = server.gap((_SIXES,))
    sixes = [] if refused else [(rule.name, _range_of_six(rule)) for rule in server.rows(_SIXES)]
    fours = [(rule.name, range_of_rule(rule)) for rule in server.rows("firewall") if not is_for_azure(rule)]
    # Rules of the two lists may have the same name.
    mapped = [(f"{name} (IPv6)", part) for name, found in sixes if found and (part := _mapped_part(found))]
    four = firewall_limited([*fours, *mapped], limits["addresses"])
    if four.status is Status.FAIL:
        return four
    if refused:
        return gap_judgement(refused)
    return _with_sixes(four, sixes, limits["addresses"])


def _with_sixes(four: Judgement, sixes: list[tuple[str, Range | None]], most: float) -> Judgement:
    known = {name: found for name, found in sixes if found is not None}
    widest = sorted(known, key=lambda name: known[name][0] - known[name][1])[:5]
    observed: dict[str, JsonValue] = {
        **four.observed,
        "ipv6_rules": len(sixes),
        "widest_ipv6_rules": [f"{name}: {_written(known[name])}" for name in widest],
    }
    if addresses_in(known.values()) > most * _IPV6_SCALE:
        return bad("The IPv6 firewall rules open the server to the internet.", **observed)
    if len(known) < len(sixes):
        return unknown("An IPv6 firewall rule has addresses this version cannot read.", **observed)
    return four._replace(observed=observed)


def _range_of_six(rule: Resource) -> Range | None:
    first, last = rule.text("properties.startIPv6Address"), rule.text("properties.endIPv6Address")
    try:
        start, end = int(IPv6Address(first or "")), int(IPv6Address(last or ""))
    except AddressValueError:
        return None
    return (start, end) if start <= end else None


def _mapped_part(found: Range) -> Range | None:
    """Give the IPv4 addresses inside a range of IPv6 addresses (RFC 4291, section 2.5.5.2)."""
    first, last = max(found[0] - _MAPPED, 0), min(found[1] - _MAPPED, _LAST_IPV4)
    return (first, last) if first <= last else None


def _written(found: Range) -> str:
    return f"{IPv6Address(found[0])}-{IPv6Address(found[1])}"
