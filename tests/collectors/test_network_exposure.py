"""What the internet reaches through a security group, held against a model that tries each packet."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.contract import Check
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource
from collectors.network.exposure import openings
from collectors.network.nsg import RULES
from local.azure.estates.network.groups import CLOSED, DEFAULTS, OPEN_SSH, rule

type Drawn = dict[str, object]
type Written = Sequence[Mapping[str, object]]

SSH = "nsg_ssh_closed_to_internet"
# One address stands for each eighth of IPv4, as long as prefixes are no longer than three bits.
SAMPLES = {
    "0.0.0.0/3": 1,
    "32.0.0.0/3": 1,
    "64.0.0.0/3": 1,
    "96.0.0.0/3": 1,
    "128.0.0.0/3": 1,
    "160.0.0.0/3": 1,
}
BLOCKS = [
    *SAMPLES,
    *("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "64.0.0.0/2", "*", "Internet", "VirtualNetwork", "AzureCloud"),
    "192.0.2.0/24",
]
HOSTS = ["10.0.0.4", "10.0.0.5"]
PROBED = [21, 22, 23, 80, 65_535]


def group(rules: Written) -> Resource:
    """Make a security group with the default rules."""
    properties = {"securityRules": rules, "defaultSecurityRules": DEFAULTS}
    return Resource(cast("JsonObject", {"id": "/nsg", "properties": properties}))


def ssh(rules: Written) -> str:
    """Judge SSH through a group with these rules."""
    found = evaluate(group(rules), [one for one in RULES if one.check.id == SSH])
    return found[0].status.value


@pytest.mark.parametrize("name", OPEN_SSH)
def test_an_open_port_is_seen_however_the_rule_is_written(name: str) -> None:
    """Ranges, lists, tags, either field, halves of the internet, denies that come late or hold in part."""
    assert ssh(OPEN_SSH[name]) == "fail"


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_port_is_not_called_open(name: str) -> None:
    """Denies that come first, other directions, own ranges, other tags, application security groups."""
    assert ssh(CLOSED[name]) == "pass"


def test_priority_decides_and_not_the_order_of_the_list() -> None:
    """Azure answers rules in any order."""
    deny, allow = rule(100, access="Deny"), rule(200)

    assert ssh([allow, deny]) == ssh([deny, allow]) == "pass"


def test_a_deny_for_one_source_port_denies_little() -> None:
    """Whoever attacks chooses where from."""
    assert ssh([rule(100, access="Deny", sourcePortRange="1024"), rule(200)]) == "fail"


def test_denies_of_each_destination_deny_all() -> None:
    """What several rules deny together is denied."""
    to: dict[str, object] = {"destinationAddressPrefix": None, "destinationAddressPrefixes": HOSTS}
    denies = [
        rule(100 + number, access="Deny", destinationAddressPrefix=host) for number, host in enumerate(HOSTS)
    ]

    assert ssh([*denies, rule(200, **to)]) == "pass"
    assert ssh([*denies, rule(200)]) == "fail"


def test_application_security_groups_are_destinations_of_their_own() -> None:
    """A deny for one of them leaves the other open."""
    web, data = ([{"id": f"/asg/{name}"}] for name in ("web", "data"))
    field = "destinationApplicationSecurityGroups"
    to_web: dict[str, object] = {"destinationAddressPrefix": None, field: web}
    to_data: dict[str, object] = {"destinationAddressPrefix": None, field: data}

    assert ssh([rule(100, access="Deny", **to_web), rule(200, **to_data)]) == "fail"
    assert ssh([rule(100, access="Deny", **to_web), rule(200, **to_web)]) == "pass"
    assert ssh([rule(100, access="Deny"), rule(200, **to_web)]) == "pass"


@pytest.mark.parametrize(("prefix", "expected"), [("203.0.0.0/8", "pass"), ("202.0.0.0/7", "fail")])
def test_more_than_a_slash_eight_is_the_internet(prefix: str, expected: str) -> None:
    """The threshold is the named one."""
    assert ssh([rule(100, sourceAddressPrefix=prefix)]) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"access": "AllowSometimes"},
        {"access": None},
        {"direction": "Sideways"},
        {"direction": None},
        {"protocol": "Sctp"},
        {"protocol": None},
        {"destinationPortRange": "ssh"},
        {"destinationPortRange": None},
        {"sourcePortRange": "all"},
        {"sourceAddressPrefix": None},
    ],
    ids=str,
)
def test_a_rule_that_nobody_can_read_closes_nothing(value: dict[str, str | None]) -> None:
    """A value that Azure does not document might open the port; what other rules open stays open."""
    strange = rule(300, **value)

    found = evaluate(group([strange]), [one for one in RULES if one.check.id == SSH])

    assert (found[0].status.value, found[0].observed["unread_rules"]) == ("unknown", ("rule-300",))
    assert ssh([strange, rule(200)]) == "fail"


@pytest.mark.parametrize("value", [{"protocol": "Esp"}, {"protocol": "Icmp", "destinationPortRange": None}])
def test_protocols_without_ports_open_none(value: dict[str, str | None]) -> None:
    """They are documented, and are neither TCP nor UDP."""
    assert ssh([rule(100, **value)]) == "pass"


def test_the_threshold_can_be_set() -> None:
    """A stricter limit calls a smaller range the internet."""
    nsg = group([rule(100, sourceAddressPrefix="203.0.113.0/24")])
    rules = [one for one in RULES if one.check.id == SSH]

    found = evaluate(nsg, rules, lambda _: {"addresses": 100})

    assert found[0].status.value == "fail"
    assert found[0].observed["rules"] == ["rule-100"]


@pytest.mark.parametrize("check", [one.check for one in RULES], ids=lambda check: check.id)
def test_the_name_of_the_bad_state_is_an_alias(check: Check) -> None:
    """Who looks for `nsg_ssh_open_to_internet` finds the check."""
    (alias,) = check.aliases

    assert alias == check.id.replace("_closed_to_", "_open_to_")


@pytest.mark.parametrize("check_id", [one.check.id for one in RULES])
def test_an_empty_group_opens_nothing(check_id: str) -> None:
    """Without any rule, not even the default ones, Azure lets nothing in."""
    found = evaluate(Resource({"id": "/nsg", "properties": {}}), RULES)

    assert {one.check_id: one.status.value for one in found}[check_id] == "pass"


rules_of_a_group: st.SearchStrategy[list[Drawn]] = st.lists(
    st.builds(
        dict,
        access=st.sampled_from(["Allow", "Deny", "allow"]),
        direction=st.sampled_from(["Inbound", "Inbound", "Inbound", "Outbound"]),
        protocol=st.sampled_from(["*", "Tcp", "TCP", "Udp", "Icmp"]),
        sources=st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=3),
        source_port=st.sampled_from(["*", "*", "*", "1024"]),
        ports=st.lists(
            st.sampled_from(["*", "22", "20-25", "0-65535", "80", "23-90"]), min_size=1, max_size=2
        ),
        destinations=st.lists(st.sampled_from(["*", "*", "VirtualNetwork", *HOSTS]), min_size=1, max_size=2),
    ),
    max_size=6,
)


def spelled(drawn: list[Drawn]) -> Written:
    """Write rules as Azure does: one value in the singular field, several in the plural."""
    made: list[Mapping[str, object]] = []
    for number, one in enumerate(drawn):
        fields = {
            "protocol": one["protocol"],
            "sourcePortRange": one["source_port"],
            **_field("sourceAddressPrefix", one["sources"]),
            **_field("destinationPortRange", one["ports"]),
            **_field("destinationAddressPrefix", one["destinations"]),
        }
        made.append(rule(100 + number, access=str(one["access"]), direction=str(one["direction"]), **fields))
    return made


def _field(name: str, values: object) -> dict[str, object]:
    assert isinstance(values, list)
    plural = f"{name}es" if name.endswith("Prefix") else f"{name}s"
    return {name: values[0], plural: []} if len(values) == 1 else {name: None, plural: values}


def packets() -> Iterator[tuple[str, int, int, str]]:
    """Give the packets of the model but for their source address: protocol, ports, destination."""
    for protocol in ("tcp", "udp"):
        for source_port in (1024, 5000):
            for port in PROBED:
                for destination in (*HOSTS, "10.0.0.6"):
                    yield protocol, source_port, port, destination


def let_in(drawn: list[Drawn], packet: tuple[str, int, int, str], sample: str) -> bool:
    """Decide one packet of one eighth of the internet: the first rule that matches it."""
    for one in drawn:
        if one["direction"] == "Inbound" and _matches(one, packet, sample):
            return str(one["access"]).lower() == "allow"
    return False


def _matches(one: Drawn, packet: tuple[str, int, int, str], sample: str) -> bool:
    protocol, source_port, port, destination = packet
    sources, ports, destinations = one["sources"], one["ports"], one["destinations"]
    assert isinstance(sources, list)
    assert isinstance(ports, list)
    assert isinstance(destinations, list)
    return (
        str(one["protocol"]).lower() in ("*", protocol)
        and one["source_port"] in ("*", str(source_port))
        and any(_in_block(sample, block) for block in sources)
        and any(text == "*" or port in _numbers(text) for text in ports)
        and bool({"*", "VirtualNetwork", destination} & set(destinations))
    )


def _in_block(sample: str, block: str) -> bool:
    if block in ("*", "Internet"):
        return True
    if "/" not in block or block == "192.0.2.0/24":
        return False
    free = 8 - int(block.partition("/")[2])
    return int(sample.partition(".")[0]) >> free == int(block.partition(".")[0]) >> free


def _numbers(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


@settings(max_examples=300, deadline=None)
@given(rules_of_a_group)
def test_it_agrees_with_a_model_that_tries_each_packet(drawn: list[Drawn]) -> None:
    """A port is open just when some packet of the internet at large gets through the model."""
    expected = {
        (packet[0], packet[2])
        for packet in packets()
        if any(let_in(drawn, packet, sample) for sample in SAMPLES)
    }
    six = [one for one in drawn if {"*", "Internet"} & set(map(str, _list(one["sources"])))]
    expected |= {(packet[0], packet[2]) for packet in packets() if _open_six(six, packet)}

    found = openings(group(spelled(drawn)), 2**24)

    reached = {
        (one.protocol, port) for one in found for port in PROBED if one.ports[0] <= port <= one.ports[1]
    }
    assert expected == reached


def _list(values: object) -> list[object]:
    return values if isinstance(values, list) else []


def _open_six(drawn: list[Drawn], packet: tuple[str, int, int, str]) -> bool:
    """Decide a packet of IPv6, which only `*` and Internet are about, and no IPv4 destination."""
    protocol, source_port, port, _ = packet
    return let_in(drawn, (protocol, source_port, port, "an IPv6 host"), "0.0.0.0/3")
