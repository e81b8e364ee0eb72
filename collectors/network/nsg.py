"""What network security groups open to the internet: one check per service that is attacked there."""

from collections.abc import Callable, Collection, Mapping

from collectors.contract import Check, CheckSeverity, JsonValue, Status
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, manual, unknown
from collectors.declarations.shared_reads import SECURITY_GROUPS
from collectors.network.exposure import WIDEST_SOURCE, Opening, openings
from collectors.network.security_rules import unread_rules

MOST_PORTS = 32_768
_HTTPS = 443


def _shown(found: Collection[Opening]) -> dict[str, JsonValue]:
    """Give what a person needs to find the rules: at most ten openings."""
    rules = sorted({name for opening in found for name in opening.rules})
    ports: list[JsonValue] = [
        f"{opening.protocol} {opening.ports[0]}-{opening.ports[1]}" for opening in list(found)[:10]
    ]
    return {"rules": rules, "open": ports}


def _closed(what: str, *, tcp: tuple[int, ...] = (), udp: tuple[int, ...] = ()) -> Callable[..., Judgement]:
    """Make a judge that demands that the internet reaches none of these ports."""
    wanted = [*(("tcp", port) for port in tcp), *(("udp", port) for port in udp)]

    def judge(nsg: Resource, limits: Mapping[str, float]) -> Judgement:
        found = [one for one in openings(nsg, limits["addresses"]) if _touches(one, wanted)]
        if found:
            return bad(f"The internet reaches {what}.", **_shown(found))
        return good(f"The internet does not reach {what}.", **_shown(()))

    return judge


def _touches(opening: Opening, wanted: Collection[tuple[str, int]]) -> bool:
    first, last = opening.ports
    return any(opening.protocol == protocol and first <= port <= last for protocol, port in wanted)


def http_closed(nsg: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge web ports: plain HTTP is never meant, HTTPS may be, and only a person knows."""
    found = openings(nsg, limits["addresses"])
    plain = [one for one in found if _touches(one, [("tcp", 80)])]
    if plain:
        return bad("The internet reaches HTTP (80).", **_shown(plain))
    secure = [one for one in found if _touches(one, [("tcp", _HTTPS)])]
    if secure:
        said = "The internet reaches HTTPS (443): look whether what answers there is meant to be public."
        return manual(said, **_shown(secure))
    return good("The internet reaches neither HTTP (80) nor HTTPS (443).", **_shown(()))


def udp_closed(nsg: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge whether the internet reaches any UDP port, also through a rule for every protocol."""
    found = [one for one in openings(nsg, limits["addresses"]) if one.protocol == "udp"]
    return judged(
        not found, "The internet reaches no UDP port.", "The internet reaches UDP ports.", **_shown(found)
    )


def any_port_closed(nsg: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge whether so many ports are open that rules for single ports were given up."""
    found = openings(nsg, limits["addresses"])
    counts = {
        protocol: sum(one.ports[1] - one.ports[0] + 1 for one in found if one.protocol == protocol)
        for protocol in ("tcp", "udp")
    }
    observed: dict[str, JsonValue] = {"tcp_ports": counts["tcp"], "udp_ports": counts["udp"]}
    if max(counts.values()) > limits["ports"]:
        return bad("The internet reaches nearly every port.", **observed, **_shown(found))
    return good("The internet does not reach every port.", **observed)


def _unless_unread(judge: Callable[..., Judgement]) -> Callable[..., Judgement]:
    """Make a judge that calls a group closed only where every rule could be read."""

    def decide(nsg: Resource, limits: Mapping[str, float]) -> Judgement:
        judgement, unread = judge(nsg, limits), unread_rules(nsg)
        if judgement.status is Status.FAIL or not unread:
            return judgement
        return unknown("A rule has a value this version does not know.", unread_rules=unread[:10])

    return decide


def _rule(
    check_id: str,
    title: str,
    rationale: str,
    judge: Callable[..., Judgement],
    *,
    severity: CheckSeverity = "high",
    **thresholds: float,
) -> Rule:
    """Declare one check; the name of its bad state is kept as an alias."""
    check = Check(
        id=check_id,
        title=title,
        severity=severity,
        rationale=rationale,
        remediation="Portal: network security group > Inbound security rules > limit or delete the rule. "
        "CLI: az network nsg rule update -g <group> --nsg-name <nsg> -n <rule> --source-address-prefixes "
        "<your ranges>",
        permission=SECURITY_GROUPS.permission,
        thresholds={"addresses": WIDEST_SOURCE, **thresholds},
        aliases=(check_id.replace("_closed_to_", "_open_to_"),),
    )
    return Rule(check, within=_unless_unread(judge))


RULES = (
    _rule(
        "nsg_ssh_closed_to_internet",
        "SSH (22) closed to the internet",
        "An SSH port that anybody reaches is tried with stolen passwords and new exploits all day.",
        _closed("SSH (22)", tcp=(22,)),
    ),
    _rule(
        "nsg_rdp_closed_to_internet",
        "RDP (3389) closed to the internet",
        "Open remote desktops are the commonest way in for ransomware.",
        _closed("RDP (3389)", tcp=(3389,)),
    ),
    _rule(
        "nsg_http_closed_to_internet",
        "HTTP(S) exposure evaluated",
        "Each web port on the internet is an entrance that has to be meant and watched.",
        http_closed,
        severity="medium",
    ),
    _rule(
        "nsg_udp_closed_to_internet",
        "UDP closed to the internet",
        "Open UDP services are used to amplify attacks on others.",
        udp_closed,
    ),
    _rule(
        "nsg_any_port_closed_to_internet",
        "Not every port open to the internet",
        "A rule for every port opens also what somebody starts tomorrow.",
        any_port_closed,
        severity="critical",
        ports=MOST_PORTS,
    ),
    _rule(
        "nsg_winrm_closed_to_internet",
        "WinRM (5985, 5986) closed to the internet",
        "Windows Remote Management runs commands as an administrator.",
        _closed("WinRM (5985, 5986)", tcp=(5985, 5986)),
    ),
    _rule(
        "nsg_smb_closed_to_internet",
        "SMB (445) closed to the internet",
        "Worms spread through open file shares.",
        _closed("SMB (445)", tcp=(445,)),
    ),
    _rule(
        "nsg_telnet_closed_to_internet",
        "Telnet (23) closed to the internet",
        "Telnet sends passwords that anybody on the way can read.",
        _closed("Telnet (23)", tcp=(23,)),
    ),
    _rule(
        "nsg_ftp_closed_to_internet",
        "FTP (20, 21) closed to the internet",
        "FTP sends passwords and files that anybody on the way can read.",
        _closed("FTP (20, 21)", tcp=(20, 21)),
    ),
    _rule(
        "nsg_mssql_closed_to_internet",
        "SQL Server (1433, 1434) closed to the internet",
        "A database on the internet is one guessed password away from being read.",
        _closed("SQL Server (1433, 1434)", tcp=(1433, 1434), udp=(1434,)),
    ),
    _rule(
        "nsg_mysql_closed_to_internet",
        "MySQL (3306) closed to the internet",
        "A database on the internet is one guessed password away from being read.",
        _closed("MySQL (3306)", tcp=(3306,)),
    ),
    _rule(
        "nsg_postgresql_closed_to_internet",
        "PostgreSQL (5432) closed to the internet",
        "A database on the internet is one guessed password away from being read.",
        _closed("PostgreSQL (5432)", tcp=(5432,)),
    ),
    _rule(
        "nsg_mongodb_closed_to_internet",
        "MongoDB (27017) closed to the internet",
        "A database on the internet is one guessed password away from being read.",
        _closed("MongoDB (27017)", tcp=(27017,)),
    ),
    _rule(
        "nsg_redis_closed_to_internet",
        "Redis (6379) closed to the internet",
        "Redis often asks for no password, and gives a shell to whoever writes its files.",
        _closed("Redis (6379)", tcp=(6379,)),
    ),
)
