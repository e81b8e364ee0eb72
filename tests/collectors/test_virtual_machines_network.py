"""Machines on the network: which ports the internet reaches, and which traps were laid for the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import JsonValue
from collectors.declarations.resources import JsonObject, Resource
from collectors.network.exposure import WIDEST_SOURCE
from collectors.virtual_machines.exposure import ALL_PORTS, left_open, ports
from tests.collectors.machine_estate import ID, NIC, interface, machine_with, says, surroundings

GROUP = "/groups/one"
MINE: JsonObject = {"networkProfile": {"networkInterfaces": [{"id": NIC.upper()}]}}
NETWORK: JsonObject = {
    "id": "/net",
    "properties": {"subnets": [{"id": "/net/subnets/ONE", "properties": {}}]},
}
STANDARD: JsonObject = {"id": "/Address", "sku": {"name": "standard"}}
BALANCER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/loadBalancers/lb"
FRONT: JsonObject = {
    "id": "/front",
    "properties": {"ipConfiguration": {"id": f"{BALANCER}/frontendIPConfigurations/f"}},
}
BASIC: JsonObject = {"id": "/Address", "sku": {"name": "Basic"}}


def rule(**properties: JsonValue) -> JsonObject:
    """Give an inbound rule that admits the internet to port 22, but for what is said."""
    usual: JsonObject = {
        "direction": "Inbound",
        "access": "Allow",
        "priority": 300,
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
    }
    return {"properties": {**usual, **properties}}


def behind(member: str, guarded: str | None) -> JsonObject:
    """Give an interface without a public address behind the load balancer."""
    place: JsonObject = {
        "privateIPAddress": "10.0.0.4",
        "subnet": {"id": "/net/subnets/one"},
        member: [{"id": f"{BALANCER.upper()}/{member}/ssh"}],
    }
    return interface(group=guarded, ipConfigurations=[{"properties": place}])


def group(*rules: JsonObject) -> JsonObject:
    """Give a security group."""
    return {"id": GROUP, "properties": {"securityRules": list(rules)}}


def admits(*rules: JsonObject, port: int = 22, nic: JsonObject | None = None) -> bool:
    """Tell whether a group with these rules lets the internet reach a TCP port."""
    found = left_open([Resource(group(*rules))], Resource(nic or interface()), WIDEST_SOURCE)
    return bool(found.tcp & ports(port))


@pytest.mark.parametrize(
    ("given_rule", "expected"),
    [
        (rule(), True),
        (rule(destinationPortRange="*"), True),
        (rule(destinationPortRange="20-30"), True),
        (rule(destinationPortRange=None, destinationPortRanges=["443", "21-23"]), True),
        (rule(destinationPortRange="443"), False),
        (rule(destinationPortRange="nonsense"), False),
        (rule(protocol="*"), True),
        (rule(protocol="Udp"), False),
        (rule(direction="Outbound"), False),
        (rule(access="Deny"), False),
        (rule(sourceAddressPrefix="internet"), True),
        (rule(sourceAddressPrefix="Any"), True),
        (rule(sourceAddressPrefix="0.0.0.0/0"), True),
        (rule(sourceAddressPrefix="::/0"), True),
        (rule(sourceAddressPrefix=None, sourceAddressPrefixes=["10.0.0.0/8", "0.0.0.0/0"]), True),
        (rule(sourceAddressPrefix=None, sourceAddressPrefixes=["0.0.0.0/1", "128.0.0.0/1"]), True),
        (rule(sourceAddressPrefix=None, sourceAddressPrefixes=["0.0.0.0/1"]), True),
        (rule(sourceAddressPrefix="VirtualNetwork"), False),
        (rule(sourceAddressPrefix="AzureLoadBalancer"), False),
        (rule(sourceAddressPrefix="203.0.113.0/24"), False),
        (rule(sourceAddressPrefix="", sourceApplicationSecurityGroups=[{"id": "/asg"}]), False),
        (rule(destinationAddressPrefix="10.0.0.0/24"), True),
        (rule(destinationAddressPrefix="10.9.0.0/24"), False),
        (rule(destinationAddressPrefix="Sql"), True),
        (rule(destinationApplicationSecurityGroups=[{"id": "/asg"}]), False),
    ],
)
def test_a_rule_admits_the_internet(*, given_rule: JsonObject, expected: bool) -> None:
    """Ranges, lists, stars, singular and plural fields, words for the internet, tags and groups."""
    assert admits(given_rule) is expected


@pytest.mark.parametrize(
    ("deny", "expected"),
    [
        (rule(access="Deny", priority=100), False),
        (rule(access="deny", priority=100, protocol="*", destinationPortRange="*"), False),
        (rule(access="Deny", priority=400), True),
        (rule(access="Deny", priority=100, sourceAddressPrefix="203.0.113.0/24"), True),
        (rule(access="Deny", priority=100, sourcePortRange="1024-65535"), True),
        (rule(access="Deny", priority=100, destinationAddressPrefix="Sql"), True),
        (rule(access="Deny", priority=100, destinationPortRange="23"), True),
    ],
)
def test_a_deny_counts_if_it_comes_first_and_denies_all(*, deny: JsonObject, expected: bool) -> None:
    """A deny after the allow, or of a part of the internet, closes nothing."""
    assert admits(deny, rule()) is expected


def test_an_application_security_group_is_met_by_its_members() -> None:
    """A rule for a group of applications is about the interfaces in it."""
    place: JsonObject = {"properties": {"applicationSecurityGroups": [{"id": "/ASG"}]}}
    asked = rule(destinationApplicationSecurityGroups=[{"id": "/asg"}])

    assert admits(asked, nic=interface(ipConfigurations=[place]))


@given(st.integers(0, 65_535), st.integers(0, 65_535), st.integers(0, 65_535))
def test_a_range_holds_what_lies_between_its_ends(first: int, last: int, asked: int) -> None:
    """Both ends included."""
    found = admits(rule(destinationPortRange=f"{first}-{last}"), port=asked)

    assert found is (first <= asked <= last)


def test_halves_of_the_internet_in_two_rules_are_the_internet() -> None:
    """Rules add up, and a source need not be the whole internet to be nobody's own network."""
    lower, upper = rule(sourceAddressPrefix="0.0.0.0/1"), rule(sourceAddressPrefix="128.0.0.0/1")

    assert admits(lower, upper)
    assert admits(rule(sourceAddressPrefix="::/1"))
    assert not admits({**rule(access="Deny", priority=100)}, lower, upper)


def test_a_deny_for_one_of_two_addresses_closes_nothing() -> None:
    """The other address of the interface stays open."""
    places: list[JsonValue] = [
        {"properties": {"privateIPAddress": address}} for address in ("10.0.0.4", "10.0.0.5")
    ]
    deny = rule(access="Deny", priority=100, destinationAddressPrefix="10.0.0.4")

    assert admits(deny, rule(), nic=interface(ipConfigurations=places))
    assert not admits(deny, rule())


@pytest.mark.parametrize(
    ("nic", "groups", "addresses", "expected"),
    [
        (interface(public=True, group=GROUP), [group(rule())], [STANDARD], "fail"),
        (interface(group=GROUP), [group(rule())], [], "fail"),
        (interface(public=True, group=GROUP), [group()], [STANDARD], "pass"),
        (interface(public=True), [], [STANDARD], "pass"),
        (interface(public=True), [], [{**STANDARD, "sku": {"name": "StandardV2"}}], "pass"),
        (interface(public=True), [], [BASIC], "fail"),
        (interface(), [], [], "pass"),
        (interface(group="/groups/nowhere"), [], [], "unknown"),
    ],
)
def test_management_ports_are_closed(
    nic: JsonObject, groups: list[JsonObject], addresses: list[JsonObject], expected: str
) -> None:
    """By a group, by a Standard address without one, or by no way in."""
    around = surroundings(
        interfaces=[nic], security_groups=groups, networks=[NETWORK], public_addresses=addresses
    )

    assert says(machine_with(MINE, around), "management_ports_closed") == expected


@pytest.mark.parametrize("member", ["loadBalancerInboundNatRules", "loadBalancerBackendAddressPools"])
@pytest.mark.parametrize(
    ("sku", "guarded", "expected"),
    [("Basic", None, "unknown"), ("basic", GROUP, "pass"), ("Standard", None, "pass"), (None, None, "pass")],
)
def test_a_load_balancer_is_a_way_in(
    member: str, sku: str | None, guarded: str | None, expected: str
) -> None:
    """Without a group a Standard or an internal one lets in nobody; what a Basic one forwards is not read."""
    nic = behind(member, guarded)
    around = surroundings(
        interfaces=[nic],
        security_groups=[group()],
        networks=[NETWORK],
        public_addresses=[] if sku is None else [{**FRONT, "sku": {"name": sku}}],
    )
    machine = machine_with(MINE, around)

    found = {says(machine, check) for check in ("management_ports_closed", "all_ports_restricted")}
    assert found == {expected}


def test_the_group_of_the_subnet_closes_what_the_interface_opens() -> None:
    """Both have to admit the traffic."""
    subnet: JsonObject = {"id": "/net/subnets/one", "properties": {"networkSecurityGroup": {"id": "/closed"}}}
    closed: JsonObject = {"id": "/closed", "properties": {"securityRules": []}}
    around = surroundings(
        interfaces=[interface(group=GROUP)],
        security_groups=[group(rule()), closed],
        networks=[{"id": "/net", "properties": {"subnets": [subnet]}}],
    )

    assert says(machine_with(MINE, around), "management_ports_closed") == "pass"


@pytest.mark.parametrize(
    ("nic", "facing", "internal", "none"),
    [
        (interface(public=True, group=GROUP), "pass", "not_applicable", "fail"),
        (interface(public=True), "fail", "not_applicable", "fail"),
        (interface(group=GROUP), "not_applicable", "pass", "pass"),
        (interface(), "not_applicable", "fail", "pass"),
    ],
)
def test_a_group_stands_before_every_interface(
    nic: JsonObject, facing: str, internal: str, none: str
) -> None:
    """Public addresses are found through the interfaces."""
    around = surroundings(interfaces=[nic], security_groups=[group()], networks=[NETWORK])
    machine = machine_with(MINE, around)

    found = [says(machine, f"{name}_nsg") for name in ("internet_facing", "internal")]
    assert [*found, says(machine, "no_public_ip")] == [facing, internal, none]


@pytest.mark.parametrize(("opened", "expected"), [("443", "pass"), ("1-101", "fail"), ("*", "fail")])
def test_a_rule_for_all_ports_is_no_rule(opened: str, expected: str) -> None:
    """A hundred ports are allowed, unless it is set otherwise."""
    around = surroundings(
        interfaces=[interface(group=GROUP)],
        security_groups=[group(rule(destinationPortRange=opened))],
        networks=[NETWORK],
    )

    assert says(machine_with(MINE, around), "all_ports_restricted") == expected


@pytest.mark.parametrize(("flag", "expected"), [(True, "fail"), (False, "pass"), (None, "pass")])
def test_forwarding_is_off_unless_it_was_set(flag: JsonValue, expected: str) -> None:
    """Absent means off."""
    around = surroundings(interfaces=[interface(enableIPForwarding=flag)])

    assert says(machine_with(MINE, around), "ip_forwarding_disabled") == expected


@pytest.mark.parametrize("check_id", ["no_public_ip", "ip_forwarding_disabled", "internal_nsg"])
def test_an_interface_in_no_list_decides_nothing(check_id: str) -> None:
    """What is not seen is unknown."""
    assert says(machine_with(MINE), check_id) == "unknown"
    assert says(machine_with({}), check_id) == "unknown"


def test_just_in_time_finds_its_machine_in_any_case() -> None:
    """The policy's spelling of the id is not the machine's."""
    policy: JsonObject = {"id": "/p", "properties": {"virtualMachines": [{"id": ID.upper()}]}}

    assert says(machine_with({}, surroundings(just_in_time=[policy])), "jit_access_enabled") == "pass"
    assert says(machine_with({}), "jit_access_enabled") == "fail"


def test_no_group_leaves_all_ports_open() -> None:
    """Whoever asks has to know whether there is a group at all."""
    assert left_open([], Resource(interface()), WIDEST_SOURCE) == (ALL_PORTS, ALL_PORTS)
