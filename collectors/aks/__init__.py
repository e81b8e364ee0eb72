"""Azure Kubernetes Service: who reaches a cluster, how it is patched and watched, what runs in it."""

from collectors.aks.access import RULES as ACCESS
from collectors.aks.operations import RULES as OPERATIONS
from collectors.aks.reads import CHILDREN, CLUSTERS
from collectors.aks.workloads import RULES as WORKLOADS
from collectors.contract import Collector
from collectors.declarations.configuration import Kind, configuration

RULES = (*ACCESS, *OPERATIONS, *WORKLOADS)

COLLECTOR = Collector(
    service="aks",
    title="Azure Kubernetes Service",
    reads_what="Every managed cluster with its sign-in, network, add-on and upgrade settings, the versions "
    "its region supports, its diagnostic settings, and what Defender for Cloud says of its workloads.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "aks",
            "Kubernetes Service Configuration",
            [Kind(noun="Kubernetes clusters", read=CLUSTERS, rules=RULES, children=CHILDREN)],
        ),
    ),
)
