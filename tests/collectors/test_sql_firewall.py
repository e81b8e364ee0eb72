"""The firewall of a SQL server: what its IPv4 and IPv6 rules let in together."""

from collections.abc import Sequence
from ipaddress import IPv4Address

import pytest

from collectors.contract import JsonValue
from collectors.declarations.database_servers import WIDEST_RANGE, azure_services_refused
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement
from collectors.errors import AccessDenied
from collectors.sql.firewall import no_unrestricted_inbound

ZERO = str(IPv4Address(0))
LAST_SIX = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
DENIED = AccessDenied("No.", permission="Microsoft.Sql/servers/ipv6FirewallRules/read", scope="/s")

type Ends = Sequence[tuple[str, str]]


def rules(ends: Ends, first: str, last: str) -> tuple[Resource, ...]:
    """Make firewall rules whose ends stand under these names."""
    return tuple(
        Resource({"name": f"r{number}", "properties": {first: pair[0], last: pair[1]}})
        for number, pair in enumerate(ends)
    )


def server(fours: Ends = (), sixes: Ends | AccessDenied = (), **properties: JsonValue) -> Resource:
    """Make a server with these rules; an error is why its IPv6 rules could not be read."""
    six = sixes if isinstance(sixes, AccessDenied) else rules(sixes, "startIPv6Address", "endIPv6Address")
    parts = {"firewall": rules(fours, "startIpAddress", "endIpAddress"), "firewall_v6": six}
    return Resource({"id": "/s", "properties": properties}).with_parts(parts)


def unrestricted(asked: Resource) -> Judgement:
    """Judge a server with the default threshold."""
    return no_unrestricted_inbound(asked, {"addresses": WIDEST_RANGE})


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([], "pass"),
        ([("203.0.113.7", "203.0.113.9")], "pass"),
        ([("10.0.0.0", "10.255.255.255")], "pass"),
        ([(ZERO, ZERO)], "pass"),
        ([(ZERO, "255.255.255.255")], "fail"),
        ([("0.0.0.1", "255.255.255.254")], "fail"),
        ([("1.0.0.0", "255.0.0.0")], "fail"),
        ([(ZERO, "127.255.255.255"), ("128.0.0.0", "255.255.255.255")], "fail"),
        ([("somewhere", "else")], "unknown"),
        ([("9.0.0.0", "8.0.0.0")], "unknown"),
        ([("somewhere", "else"), (ZERO, "255.255.255.255")], "fail"),
    ],
)
def test_unrestricted_ranges_are_found(ends: Ends, expected: str) -> None:
    """Whole, in halves, or nearly whole; the rule for Azure services is no range."""
    assert unrestricted(server(ends)).status == expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([], "pass"),
        ([("2001:db8::1", "2001:db8::ffff")], "pass"),
        ([("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")], "pass"),
        ([("::", LAST_SIX)], "fail"),
        ([("2000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")], "fail"),
        ([("::", "7fff:" + LAST_SIX[5:]), ("8000::", LAST_SIX)], "fail"),
        ([("::1", "FFFF::")], "fail"),
        ([("somewhere", "else")], "unknown"),
        ([("2001:db8::2", "2001:db8::1")], "unknown"),
        ([("somewhere", "else"), ("::", LAST_SIX)], "fail"),
    ],
)
def test_the_internet_may_come_by_ipv6(ends: Ends, expected: str) -> None:
    """Whole, in halves, its global part, or nearly whole, and in any spelling."""
    assert unrestricted(server([], ends)).status == expected


@pytest.mark.parametrize(
    ("fours", "sixes", "expected"),
    [
        ([], [("0000:0000:0000:0000:0000:ffff:c0a8:00c6", "::ffff:192.168.0.199")], "pass"),
        ([], [("::ffff:0.0.0.0", "::ffff:255.255.255.255")], "fail"),
        ([("10.0.0.0", "10.255.255.255")], [("::ffff:11.0.0.0", "::ffff:11.0.0.9")], "fail"),
        ([("10.0.0.0", "10.255.255.255")], [("::ffff:10.0.0.1", "::ffff:10.0.0.9")], "pass"),
    ],
    ids=["two", "all", "together", "the same"],
)
def test_mapped_addresses_count_with_ipv4(fours: Ends, sixes: Ends, expected: str) -> None:
    """An IPv6 rule for `::ffff:a.b.c.d` is about an IPv4 address, counted once however it is written."""
    assert unrestricted(server(fours, sixes)).status == expected


def test_refused_ipv6_rules_do_not_hide_an_open_firewall() -> None:
    """They make unknown only what IPv4 leaves open to doubt."""
    assert unrestricted(server([], DENIED)).status == "unknown"
    assert unrestricted(server([(ZERO, "255.255.255.255")], DENIED)).status == "fail"


def test_the_deciding_rule_is_named() -> None:
    """An IPv6 rule with its ends, which say more than a number of 39 digits."""
    everywhere = unrestricted(server([("203.0.113.7", "203.0.113.9")], [("::", LAST_SIX)]))
    global_part = unrestricted(server([("203.0.113.7", "203.0.113.9")], [("2000::", "3fff::")]))

    assert everywhere.observed["widest_rules"] == ["r0 (IPv6)", "r0"]
    assert global_part.observed["widest_ipv6_rules"] == ["r0: 2000::-3fff::"]
    assert (global_part.observed["addresses_let_in"], global_part.observed["ipv6_rules"]) == (3, 1)


def test_without_public_access_no_rule_counts() -> None:
    """A rule left behind on a server that only private endpoints reach opens nothing."""
    everybody = (ZERO, "255.255.255.255")
    left = server([everybody, (ZERO, ZERO)], [("::", LAST_SIX)], publicNetworkAccess="Disabled")

    assert unrestricted(left).status == "pass"
    assert azure_services_refused(left).status == "pass"


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([], "pass"),
        ([(ZERO, ZERO)], "fail"),
        ([(ZERO, "255.255.255.255")], "pass"),
        ([("somewhere", ZERO)], "unknown"),
        ([("somewhere", ZERO), (ZERO, ZERO)], "fail"),
    ],
)
def test_the_rule_for_azure_services(ends: Ends, expected: str) -> None:
    """It runs from 0.0.0.0 to 0.0.0.0, whatever its name."""
    assert azure_services_refused(server(ends)).status == expected
