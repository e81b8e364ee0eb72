"""What is read of virtual machines, their disks, scale sets, networks and recovery vaults."""

from collections.abc import Iterable

from collectors.contract import Read
from collectors.declarations.resources import Resource

_COMPUTE = "/subscriptions/{subscription_id}/providers/Microsoft.Compute"
_NETWORK = "/subscriptions/{subscription_id}/providers/Microsoft.Network"

VIRTUAL_MACHINES = Read(
    path=f"{_COMPUTE}/virtualMachines",
    api_version="2024-07-01",
    permission="Microsoft.Compute/virtualMachines/read",
)
DISKS = Read(path=f"{_COMPUTE}/disks", api_version="2025-01-02", permission="Microsoft.Compute/disks/read")
DISK_ACCESSES = Read(
    path=f"{_COMPUTE}/diskAccesses",
    api_version="2025-01-02",
    permission="Microsoft.Compute/diskAccesses/read",
)
SCALE_SETS = Read(
    path=f"{_COMPUTE}/virtualMachineScaleSets",
    api_version="2024-07-01",
    permission="Microsoft.Compute/virtualMachineScaleSets/read",
)
EXTENSIONS = Read(
    path="/{id}/extensions",
    api_version="2024-07-01",
    permission="Microsoft.Compute/virtualMachines/extensions/read",
)
"""The extensions of one machine: the list of machines names them at most, without publisher or state."""
CLASSIC = Read(
    path="/subscriptions/{subscription_id}/resources",
    api_version="2021-04-01",
    permission="Microsoft.Resources/subscriptions/resources/read",
    query=(("$filter", "resourceType eq 'Microsoft.ClassicCompute/virtualMachines'"),),
)
"""Asked of Resource Manager itself, which answers where the classic provider was never registered."""
INTERFACES = Read(
    path=f"{_NETWORK}/networkInterfaces",
    api_version="2024-03-01",
    permission="Microsoft.Network/networkInterfaces/read",
)
JUST_IN_TIME = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Security/jitNetworkAccessPolicies",
    api_version="2020-01-01",
    permission="Microsoft.Security/locations/jitNetworkAccessPolicies/read",
)
GUEST_ASSIGNMENTS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.GuestConfiguration"
    "/guestConfigurationAssignments",
    api_version="2024-04-05",
    permission="Microsoft.GuestConfiguration/guestConfigurationAssignments/read",
)


def subnets_of(network: Resource) -> Iterable[str]:
    """Give the ids of a network's subnets as keys."""
    return (subnet.id for subnet in network.objects("properties.subnets"))


def machines_of(policy: Resource) -> Iterable[str]:
    """Give the machines that a just-in-time policy is for."""
    return (one.id for one in policy.objects("properties.virtualMachines"))


def assigned_machine(assignment: Resource) -> Iterable[str]:
    """Give the machine that a guest configuration assignment stands below."""
    return (assignment.id.lower().partition("/providers/microsoft.guestconfiguration/")[0],)
