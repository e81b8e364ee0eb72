"""Who reaches a cluster, and who may do what in it."""

from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from collectors.aks.reads import CLUSTERS
from collectors.contract import Check
from collectors.declarations.database_servers import WIDEST_RANGE
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judgement,
    Rule,
    bad,
    good,
    judged,
    must_be_on,
    must_be_one_of,
    not_applicable,
    unknown,
)

_PRIVATE = "properties.apiServerAccessProfile.enablePrivateCluster"
_RANGES = "properties.apiServerAccessProfile.authorizedIPRanges"


def entra_integration(cluster: Resource) -> Judgement:
    """Judge whether people sign in with Entra: a cluster without `aadProfile` has its own certificates."""
    profile = cluster.at("properties.aadProfile")
    managed = cluster.flag("properties.aadProfile.managed")
    legacy = cluster.text("properties.aadProfile.serverAppID")
    if managed or legacy:
        return good("People sign in with Entra.", managed=managed, server_app=legacy)
    if profile is None or managed is False:
        return bad("The cluster is not integrated with Entra.", managed=managed)
    return unknown("The Entra profile does not say how it is managed.", managed=None)


def authorized_ranges(cluster: Resource) -> Judgement:
    """Judge whether a public API server is open to named addresses only; none named means to everybody."""
    if cluster.flag(_PRIVATE):
        return not_applicable("The API server is private, so it has no authorised ranges.", private=True)
    ranges = list(cluster.texts(_RANGES))
    if not ranges:
        return bad("No authorised ranges are set: anybody may connect to the API server.", ranges=ranges)
    wide = _open_to_internet(ranges)
    if wide is None:
        return unknown("An authorised range has a form this version does not know.", ranges=ranges)
    return judged(
        not wide,
        f"Only {len(ranges)} authorised ranges may connect to the API server.",
        "The authorised ranges together are so wide that the API server is open to the internet.",
        ranges=ranges,
    )


def private_nodes(cluster: Resource) -> Judgement:
    """Judge whether no node pool gives its nodes public addresses (the specification: off by default)."""
    pools = cluster.objects("properties.agentPoolProfiles")
    if not pools:
        return unknown("Azure lists no node pool of the cluster.", node_pools=0)
    public = [pool.text("name") for pool in pools if pool.flag("enableNodePublicIP")]
    return judged(
        not public,
        "No node pool gives its nodes a public address.",
        f"Nodes have public addresses in: {', '.join(name or 'a pool without a name' for name in public)}.",
        public_node_pools=public,
        node_pools=len(pools),
    )


def _open_to_internet(ranges: list[str]) -> bool | None:
    """Tell whether ranges hold more than one IPv4 /8, or every IPv6 address; None if one cannot be read."""
    try:
        networks = [ip_network(one.strip(), strict=False) for one in ranges]
    except ValueError:
        return None
    fours = collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    sixes = collapse_addresses(one for one in networks if isinstance(one, IPv6Network))
    return sum(one.num_addresses for one in fours) > WIDEST_RANGE or IPv6Network("::/0") in sixes


RULES = (
    Rule(
        Check(
            id="aks_rbac_enabled",
            title="Kubernetes RBAC on",
            severity="high",
            rationale="Without role-based access control everybody who reaches the API server is its "
            "administrator.",
            remediation="Portal: Kubernetes services > Create > Authentication and Authorization > "
            "Microsoft Entra ID authentication with Azure RBAC; a cluster gets it at creation. CLI: az aks "
            "create -g <group> -n <name> --enable-aad --enable-azure-rbac",
            permission=CLUSTERS.permission,
        ),
        # Absent counts as off in the built-in policy ac4a19c2-fa67-49b4-8ae5-0b2e78c49457.
        must_be_on("properties.enableRBAC", "Kubernetes RBAC", absent=False),
    ),
    Rule(
        Check(
            id="aks_entra_integration_enabled",
            title="Entra integration on",
            severity="medium",
            rationale="Sign-in with Entra brings multi-factor authentication, leavers and logs to the "
            "cluster.",
            remediation="Portal: cluster > Security configuration > Microsoft Entra authentication. CLI: "
            "az aks update -g <group> -n <name> --enable-aad",
            permission=CLUSTERS.permission,
        ),
        entra_integration,
    ),
    Rule(
        Check(
            id="aks_local_accounts_disabled",
            title="Local accounts disabled",
            severity="high",
            rationale="A local account is a shared certificate that works without Entra and names no person.",
            remediation="Portal: cluster > Security configuration > Kubernetes local accounts off. CLI: az "
            "aks update -g <group> -n <name> --disable-local-accounts",
            permission=CLUSTERS.permission,
        ),
        # "If set to true, getting static credentials will be disabled" (specification): absent, they work.
        must_be_on(
            "properties.disableLocalAccounts", "The switch that disables local accounts", absent=False
        ),
    ),
    Rule(
        Check(
            id="aks_api_server_not_public",
            title="API server not public",
            severity="high",
            rationale="A private API server cannot be attacked from the internet at all.",
            remediation="Portal: Kubernetes services > Create > Networking > Enable private cluster; a "
            "cluster becomes private at creation, or through API Server VNet Integration. CLI: az aks "
            "create -g <group> -n <name> --enable-private-cluster",
            permission=CLUSTERS.permission,
        ),
        # Authorised ranges narrow a public API server but do not make it a private one.
        must_be_on(_PRIVATE, "The private cluster setting", absent=False),
    ),
    Rule(
        Check(
            id="aks_authorized_ip_ranges_set",
            title="API server open to authorised IP ranges only",
            severity="high",
            rationale="Named ranges keep everybody else from trying credentials and exploits on the API "
            "server.",
            remediation="Portal: cluster > Networking > Set authorized IP ranges. CLI: az aks update -g "
            "<group> -n <name> --api-server-authorized-ip-ranges <range>,<range>",
            permission=CLUSTERS.permission,
        ),
        authorized_ranges,
    ),
    Rule(
        Check(
            id="aks_private_nodes",
            title="Nodes without public IP addresses",
            severity="high",
            rationale="A node with a public address can be reached past the load balancer and its rules.",
            remediation="Portal: cluster > Node pools > Add node pool > Enable public IP per node off, then "
            "delete the old pool. CLI: az aks nodepool add -g "
            "<group> --cluster-name <name> -n <pool>, then az aks nodepool delete for the old one",
            permission=CLUSTERS.permission,
        ),
        private_nodes,
    ),
    Rule(
        Check(
            id="aks_network_policy_enabled",
            title="Network policy on",
            severity="medium",
            rationale="Without a network policy engine every pod may talk to every other one.",
            remediation="Portal: cluster > Networking > Network policy. CLI: az aks update -g <group> -n "
            "<name> --network-policy cilium",
            permission=CLUSTERS.permission,
        ),
        # Azure documents "none" as the default.
        must_be_one_of(
            "properties.networkProfile.networkPolicy",
            "The network policy engine",
            allowed=["azure", "calico", "cilium"],
            others=["none"],
            absent="none",
        ),
    ),
)
