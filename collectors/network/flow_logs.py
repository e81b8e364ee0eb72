"""Flow logs: what records the traffic of a network security group or a virtual network.

A flow log is set on a security group, a network, a subnet or a network interface. Those of security groups
are retired (none can be made since June 2025, all end in September 2027), so a group whose subnets and
interfaces are recorded by flow logs of networks is recorded.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from collectors.contract import Check, CheckSeverity, JsonValue
from collectors.declarations.configuration import gap_judgement
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, not_applicable
from collectors.errors import Terminal
from collectors.network.reads import FLOW_LOGS

DAYS = 90
_SHOWN = 10
WATCHERS_NAME, LOGS_NAME, NETWORKS_NAME = "watchers", "flow_logs", "networks"
_ANALYTICS = "properties.flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration"
_CURE = (
    "Portal: Network Watcher > Flow logs > Create > Virtual network, with Traffic Analytics. CLI: az network "
    "watcher flow-log create -l <region> -n <name> --vnet <network> --storage-account <id> --workspace <id> "
    "--retention 90"
)

type _Logs = Mapping[str, Sequence[Resource]]


class Demand(NamedTuple):
    """What is demanded of flow logs.

    Args:
        met: tells whether a flow log is as demanded.
        said: what such a one is, ending a sentence.
        shown: gives what of the flow logs that were looked at decided.
    """

    met: Callable[[Resource], bool]
    said: str
    shown: Callable[[Iterable[Resource]], Mapping[str, JsonValue]]


def region(resource: Resource) -> str:
    """Give the region of a resource as Azure's ids spell it."""
    return (resource.text("location") or "").replace(" ", "").lower()


def workspace(log: Resource) -> str | None:
    """Give the workspace that Traffic Analytics sends a flow log to; None if it is off or sent nowhere."""
    found = log.text(f"{_ANALYTICS}.workspaceResourceId") or log.text(f"{_ANALYTICS}.workspaceId")
    sent = log.flag("properties.enabled") and log.flag(f"{_ANALYTICS}.enabled")
    return found or None if sent else None


def is_sent(log: Resource) -> bool:
    """Tell whether a flow log is on and Traffic Analytics sends it to a workspace."""
    return workspace(log) is not None


def kept_days(log: Resource) -> float | None:
    """Give for how many days a flow log is kept: 0 for ever, None if it is off and records nothing.

    Retention that is off, and 0 days, mean that it is kept for ever; they are the specification's defaults.
    """
    if not log.flag("properties.enabled"):
        return None
    limited = log.flag("properties.retentionPolicy.enabled")
    return (log.number("properties.retentionPolicy.days") or 0) if limited else 0


def is_kept(log: Resource, days: float) -> bool:
    """Tell whether a flow log is on and nothing deletes it too early."""
    kept = kept_days(log)
    return kept is not None and (not kept or kept >= days)


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


def group_recorded(nsg: Resource, demand: Demand) -> Judgement:
    """Judge whether all traffic of a security group is in such flow logs, of its own or of its networks."""
    logs = _logs_by_target(nsg)
    if isinstance(logs, Terminal):
        return gap_judgement(logs)
    mine = logs.get(nsg.id.lower(), ())
    own = [log for log in mine if demand.met(log)]
    if own:
        return good(f"A flow log of its own {demand.said}.", flow_logs=_names(own), **demand.shown(own))
    behind = _behind(nsg)
    if not behind:
        return not_applicable("The group guards no subnet and no network interface.", attached=0)
    recording = {
        target: [*logs.get(target, ()), *_recording(logs, subnet)] for target, subnet in behind.items()
    }
    missing = _without(recording, demand)
    shown = demand.shown(one for found in (mine, *recording.values()) for one in found)
    if missing:
        said = f"No flow log {demand.said} for all that the group guards."
        return bad(said, without=missing[:10], **shown)
    said = f"Flow logs of its networks {demand.said}.".replace(" is ", " are ")
    return good(said, attached=len(behind), **shown)


def _without(recording: Mapping[str, Sequence[Resource]], demand: Demand) -> list[JsonValue]:
    """Give the targets that no flow log records as demanded."""
    return [target for target, logs in recording.items() if not any(map(demand.met, logs))]


def _names(logs: Iterable[Resource]) -> list[JsonValue]:
    return [log.name for log in logs]


def network_recorded(network: Resource, demand: Demand) -> Judgement:
    """Judge whether all traffic of a network is in such flow logs, of its own or of each subnet."""
    logs = _logs_by_target(network)
    if isinstance(logs, Terminal):
        return gap_judgement(logs)
    mine = logs.get(network.id.lower(), ())
    own = [log for log in mine if demand.met(log)]
    if own:
        return good(f"A flow log of the network {demand.said}.", flow_logs=_names(own), **demand.shown(own))
    subnets = [one.id.lower() for one in network.objects("properties.subnets")]
    recording = {one: logs.get(one, ()) for one in subnets}
    missing = _without(recording, demand)
    shown = demand.shown(one for found in (mine, *recording.values()) for one in found)
    if missing or not subnets:
        return bad(f"No flow log {demand.said} for the whole network.", without=missing[:10], **shown)
    return good(f"A flow log of each subnet {demand.said}.", subnets=len(subnets), **shown)


def _workspaces(logs: Iterable[Resource]) -> Mapping[str, JsonValue]:
    return {"workspaces": dict(islice(((log.name, workspace(log)) for log in logs), _SHOWN))}


def _days(logs: Iterable[Resource]) -> Mapping[str, JsonValue]:
    return {"kept_days": dict(islice(((log.name, kept_days(log)) for log in logs), _SHOWN))}


SENT = Demand(is_sent, "is sent to Log Analytics", _workspaces)


def kept(limits: Mapping[str, float]) -> Demand:
    """Demand that flow logs are kept for as many days as the limit says."""
    return Demand(lambda log: is_kept(log, limits["days"]), "is kept long enough", _days)


def _check(check_id: str, title: str, rationale: str, **thresholds: float) -> Check:
    severity: CheckSeverity = "low" if thresholds else "medium"
    return Check(check_id, title, severity, rationale, _CURE, FLOW_LOGS.read.permission, thresholds)


_TRACED = "Flow logs that can be queried show who talked to whom when something went wrong."
_LATE = "Many break-ins are found after months; logs that are gone by then prove nothing."

GROUP_RULES = (
    Rule(
        _check("network_nsg_flow_logs_sent", "Traffic of security groups logged to Log Analytics", _TRACED),
        lambda nsg: group_recorded(nsg, SENT),
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
        within=lambda nsg, limits: group_recorded(nsg, kept(limits)),
    ),
)
NETWORK_RULES = (
    Rule(
        _check("network_vnet_flow_logs_sent", "Traffic of networks logged to Log Analytics", _TRACED),
        lambda network: network_recorded(network, SENT),
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
        within=lambda network, limits: network_recorded(network, kept(limits)),
    ),
)
