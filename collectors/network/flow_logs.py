"""Flow logs: what records the traffic of a network security group or a virtual network.

A flow log is set on a security group, a network, a subnet or a network interface. Those of security groups
are retired (none can be made since June 2025, all end in September 2027), so a group whose subnets and
interfaces are recorded by flow logs of networks is recorded.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from collectors.contract import Check, CheckSeverity, JsonValue
from collectors.declarations.configuration import gap_judgement
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, not_applicable
from collectors.errors import Terminal
from collectors.network.reads import FLOW_LOGS

DAYS = 90
WATCHERS_NAME, LOGS_NAME, NETWORKS_NAME = "watchers", "flow_logs", "networks"
_ANALYTICS = "properties.flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration"
_CURE = (
    "Portal: Network Watcher > Flow logs > Create > Virtual network, with Traffic Analytics. CLI: az network "
    "watcher flow-log create -l <region> -n <name> --vnet <network> --storage-account <id> --workspace <id> "
    "--retention 90"
)

type _Logs = Mapping[str, Sequence[Resource]]
type _IsGood = Callable[[Resource], bool]


def region(resource: Resource) -> str:
    """Give the region of a resource as Azure's ids spell it."""
    return (resource.text("location") or "").replace(" ", "").lower()


def is_sent(log: Resource) -> bool:
    """Tell whether a flow log is on and Traffic Analytics sends it to a workspace."""
    workspace = log.text(f"{_ANALYTICS}.workspaceResourceId") or log.text(f"{_ANALYTICS}.workspaceId")
    return bool(log.flag("properties.enabled") and log.flag(f"{_ANALYTICS}.enabled") and workspace)


def is_kept(log: Resource, days: float) -> bool:
    """Tell whether a flow log is on and nothing deletes it too early.

    Retention that is off, and 0 days, mean that it is kept for ever; they are the specification's defaults.
    """
    kept = log.number("properties.retentionPolicy.days") or 0
    limited = log.flag("properties.retentionPolicy.enabled") and kept
    return bool(log.flag("properties.enabled") and (not limited or kept >= days))


def _logs_by_target(resource: Resource) -> _Logs | Terminal:
    return _by_target(resource.shared(WATCHERS_NAME), region(resource))


@lru_cache(maxsize=256)
def _by_target(watchers: tuple[Resource, ...], wanted: str) -> _Logs | Terminal:
    """Give the flow logs of a region by the id of what they record; kept for the next resource."""
    found: dict[str, list[Resource]] = {}
    for watcher in (one for one in watchers if region(one) == wanted):
        gap = watcher.gap((LOGS_NAME,))
        if gap is not None:
            return gap
        for log in watcher.rows(LOGS_NAME):
            found.setdefault((log.text("properties.targetResourceId") or "").lower(), []).append(log)
    return found


@lru_cache(maxsize=4)
def _subnets_of_interfaces(networks: tuple[Resource, ...]) -> Mapping[str, str]:
    """Give the subnet of each network interface, from the addresses that subnets list."""
    return {
        address.id.lower().partition("/ipconfigurations/")[0]: subnet.id.lower()
        for network in networks
        for subnet in network.objects("properties.subnets")
        for address in subnet.objects("properties.ipConfigurations")
    }


def _recording(logs: _Logs, target: str) -> list[Resource]:
    """Give the flow logs that record a subnet: its own and its network's."""
    return [*logs.get(target, ()), *logs.get(target.partition("/subnets/")[0], ())]


def _behind(nsg: Resource) -> dict[str, str]:
    """Give what a security group guards: the ids of subnets and interfaces, each with its subnet."""
    inside = _subnets_of_interfaces(nsg.shared(NETWORKS_NAME))
    subnets = [one.id.lower() for one in nsg.objects("properties.subnets")]
    interfaces = [one.id.lower() for one in nsg.objects("properties.networkInterfaces")]
    return {one: one for one in subnets} | {one: inside.get(one, "") for one in interfaces}


def group_recorded(nsg: Resource, is_good: _IsGood, good_logs: str) -> Judgement:
    """Judge whether all traffic of a security group is in good flow logs, of its own or of its networks."""
    logs = _logs_by_target(nsg)
    if isinstance(logs, Terminal):
        return gap_judgement(logs)
    own = [log.name for log in logs.get(nsg.id.lower(), ()) if is_good(log)]
    if own:
        return good(f"A flow log of its own {good_logs}.", flow_logs=own)
    behind = _behind(nsg)
    if not behind:
        return not_applicable("The group guards no subnet and no network interface.", attached=0)
    missing: list[JsonValue] = [
        target
        for target, subnet in behind.items()
        if not any(map(is_good, [*logs.get(target, ()), *_recording(logs, subnet)]))
    ]
    if missing:
        return bad(f"No flow log {good_logs} for all that the group guards.", without=missing[:10])
    return good(f"Flow logs of its networks {good_logs}.".replace(" is ", " are "), attached=len(behind))


def network_recorded(network: Resource, is_good: _IsGood, good_logs: str) -> Judgement:
    """Judge whether all traffic of a network is in good flow logs, of its own or of each subnet."""
    logs = _logs_by_target(network)
    if isinstance(logs, Terminal):
        return gap_judgement(logs)
    own = [log.name for log in logs.get(network.id.lower(), ()) if is_good(log)]
    if own:
        return good(f"A flow log of the network {good_logs}.", flow_logs=own)
    subnets = [one.id.lower() for one in network.objects("properties.subnets")]
    missing: list[JsonValue] = [one for one in subnets if not any(map(is_good, logs.get(one, ())))]
    if missing or not subnets:
        return bad(f"No flow log {good_logs} for the whole network.", without=missing[:10])
    return good(f"A flow log of each subnet {good_logs}.", subnets=len(subnets))


_SENT, _KEPT = "is sent to Log Analytics", "is kept long enough"


def _check(check_id: str, title: str, rationale: str, **thresholds: float) -> Check:
    severity: CheckSeverity = "low" if thresholds else "medium"
    return Check(check_id, title, severity, rationale, _CURE, FLOW_LOGS.read.permission, thresholds)


_TRACED = "Flow logs that can be queried show who talked to whom when something went wrong."
_LATE = "Many break-ins are found after months; logs that are gone by then prove nothing."

GROUP_RULES = (
    Rule(
        _check("network_nsg_flow_logs_sent", "Traffic of security groups logged to Log Analytics", _TRACED),
        lambda nsg: group_recorded(nsg, is_sent, _SENT),
        needs=(WATCHERS_NAME, NETWORKS_NAME),
    ),
    Rule(
        _check(
            "network_nsg_flow_log_retention_90_days",
            "Flow logs of security groups kept for 90 days",
            _LATE,
            days=DAYS,
        ),
        needs=(WATCHERS_NAME, NETWORKS_NAME),
        within=lambda nsg, limits: group_recorded(nsg, lambda log: is_kept(log, limits["days"]), _KEPT),
    ),
)
NETWORK_RULES = (
    Rule(
        _check("network_vnet_flow_logs_sent", "Traffic of networks logged to Log Analytics", _TRACED),
        lambda network: network_recorded(network, is_sent, _SENT),
        needs=(WATCHERS_NAME,),
    ),
    Rule(
        _check(
            "network_vnet_flow_log_retention_90_days",
            "Flow logs of networks kept for 90 days",
            _LATE,
            days=DAYS,
        ),
        needs=(WATCHERS_NAME,),
        within=lambda network, limits: network_recorded(
            network, lambda log: is_kept(log, limits["days"]), _KEPT
        ),
    ),
)
