"""Network security groups: rules in each of their spellings, and what the internet reaches through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.Network/networkSecurityGroups"
PORTS = {
    "nsg_ssh_closed_to_internet": "22",
    "nsg_rdp_closed_to_internet": "3389",
    "nsg_http_closed_to_internet": "80",
    "nsg_winrm_closed_to_internet": "5986",
    "nsg_smb_closed_to_internet": "445",
    "nsg_telnet_closed_to_internet": "23",
    "nsg_ftp_closed_to_internet": "21",
    "nsg_mssql_closed_to_internet": "1433",
    "nsg_mysql_closed_to_internet": "3306",
    "nsg_postgresql_closed_to_internet": "5432",
    "nsg_mongodb_closed_to_internet": "27017",
    "nsg_redis_closed_to_internet": "6379",
}
SSH = "nsg_ssh_closed_to_internet"
HTTP = "nsg_http_closed_to_internet"
UDP = "nsg_udp_closed_to_internet"
ANY = "nsg_any_port_closed_to_internet"
EXPOSURES = (*PORTS, UDP, ANY)
FLOW_LOGS = ("network_nsg_flow_logs_sent", "network_nsg_flow_log_retention_90_days")
HALVES = ["0.0.0.0/1", "128.0.0.0/1"]


def rule(
    priority: int, *, access: object = "Allow", direction: object = "Inbound", **fields: object
) -> JsonObject:
    """Make a rule: any source and destination, TCP, port 22, but for what is said; None leaves out."""
    properties: JsonObject = {
        "protocol": "Tcp",
        "sourcePortRange": "*",
        "destinationPortRange": "22",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
        "access": access,
        "priority": priority,
        "direction": direction,
        **fields,
    }
    kept = {key: value for key, value in properties.items() if value is not None}
    return {"name": f"rule-{priority}", "properties": kept}


DEFAULTS = [
    rule(
        65000,
        protocol="*",
        destinationPortRange="*",
        sourceAddressPrefix="VirtualNetwork",
        destinationAddressPrefix="VirtualNetwork",
    ),
    rule(65001, protocol="*", destinationPortRange="*", sourceAddressPrefix="AzureLoadBalancer"),
    rule(65500, access="Deny", protocol="*", destinationPortRange="*"),
]
# One rule that opens SSH, by what it is called; each is a way in which others have missed it.
OPEN_SSH: dict[str, list[JsonObject]] = {
    "range": [rule(100, destinationPortRange="20-25")],
    "list": [rule(100, destinationPortRange=None, destinationPortRanges=["80", "22-22"])],
    "internet-tag": [rule(100, sourceAddressPrefix="internet")],
    "any": [rule(100, sourceAddressPrefix="Any", protocol="tcp", access="allow")],
    "zero": [rule(100, sourceAddressPrefix="0.0.0.0/0")],
    "six": [rule(100, sourceAddressPrefix="::/0")],
    "other-zero": [rule(100, sourceAddressPrefix="198.51.100.7/0")],
    "halves": [rule(100, sourceAddressPrefix=None, sourceAddressPrefixes=HALVES)],
    "two-halves": [rule(100, sourceAddressPrefix=HALVES[0]), rule(110, sourceAddressPrefix=HALVES[1])],
    "late-deny": [rule(100), rule(200, access="Deny")],
    "partial-deny": [rule(100, access="Deny", sourceAddressPrefix="203.0.113.0/24"), rule(200)],
    "other-deny": [rule(100, access="Deny", destinationAddressPrefix="10.0.0.4"), rule(200)],
    "udp-deny": [rule(100, access="Deny", protocol="Udp"), rule(200)],
}
CLOSED: dict[str, list[JsonObject]] = {
    "deny-first": [rule(100, access="Deny"), rule(200)],
    "deny-halves": [
        rule(100, access="Deny", sourceAddressPrefix=None, sourceAddressPrefixes=HALVES),
        rule(200, sourceAddressPrefix="0.0.0.0/0"),
    ],
    "outbound": [rule(100, direction="Outbound")],
    "own-range": [rule(100, sourceAddressPrefix="203.0.113.0/24")],
    "private": [rule(100, sourceAddressPrefix=None, sourceAddressPrefixes=["10.0.0.0/8", "172.16.0.0/12"])],
    "service-tag": [rule(100, sourceAddressPrefix="AzureFrontDoor.Backend")],
    "application-group": [
        rule(100, sourceAddressPrefix=None, sourceApplicationSecurityGroups=[{"id": "/asg/web"}])
    ],
    "icmp": [rule(100, protocol="Icmp", destinationPortRange="*")],
}


def build(estate: Estate) -> None:
    """Add the groups and what is true of them."""
    for number in range(estate.copies):
        _open(estate, f"bad-group-{number}")
    for name, rules in OPEN_SSH.items():
        _add(estate, f"open-{name}", rules, failing=(SSH, *_also_open(name)))
    for name, rules in CLOSED.items():
        _add(estate, f"closed-{name}", rules)
    _every_port(estate)
    _web(estate)


def _also_open(name: str) -> tuple[str, ...]:
    """Say what else the open groups open: the range holds FTP and Telnet, the list HTTP."""
    return {
        "range": ("nsg_telnet_closed_to_internet", "nsg_ftp_closed_to_internet"),
        "list": (HTTP,),
    }.get(name, ())


def _add(estate: Estate, name: str, rules: list[JsonObject], failing: tuple[str, ...] = ()) -> str:
    """Add a group that guards nothing, so that flow logs are not asked for."""
    resource_id = estate.add(TYPE, name, {"securityRules": rules, "defaultSecurityRules": DEFAULTS})
    estate.expect(resource_id, "pass", *[one for one in EXPOSURES if one not in failing])
    estate.expect(resource_id, "fail", *failing)
    estate.expect(resource_id, "not_applicable", *FLOW_LOGS)
    return resource_id


def _open(estate: Estate, name: str) -> None:
    """One rule for each port that is asked about, and one for UDP."""
    rules = [rule(100 + number, destinationPortRange=port) for number, port in enumerate(PORTS.values())]
    udp = rule(300, protocol="Udp", destinationPortRange="53")
    _add(estate, name, [*rules, udp], failing=(*PORTS, UDP))


def _every_port(estate: Estate) -> None:
    """A rule for everything opens each port, TCP and UDP."""
    _add(estate, "open-everything", [rule(100, protocol="*", destinationPortRange="*")], failing=EXPOSURES)
    _add(estate, "silent-group", [])
    empty = estate.add(TYPE, "empty-group", {})
    estate.expect(empty, "pass", *EXPOSURES)
    estate.expect(empty, "not_applicable", *FLOW_LOGS)


def _web(estate: Estate) -> None:
    """HTTPS may be meant: a person has to look."""
    resource_id = _add(estate, "web-group", [rule(100, destinationPortRange="443")])
    estate.expect(resource_id, "manual", HTTP)
