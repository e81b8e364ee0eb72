"""Managed disks, attached and unattached, and the disk accesses through which they are exported."""

from collectors.contract import Check
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judge,
    Judgement,
    Rule,
    judged,
    must_be_one_of,
    not_applicable,
    private_endpoint_approved,
    unknown,
)
from collectors.virtual_machines.reads import DISK_ACCESSES, DISKS

_PLATFORM = "EncryptionAtRestWithPlatformKey"
_NETWORK_POLICIES = {"allowall", "allowprivate", "denyall"}

# Server-side encryption is on for every managed disk, with Microsoft's key unless another was chosen
# (Microsoft, "Server-side encryption of Azure managed disks"), so that an absent type is the platform's.
_customer_key = must_be_one_of(
    "properties.encryption.type",
    "The encryption",
    allowed=["EncryptionAtRestWithCustomerKey", "EncryptionAtRestWithPlatformAndCustomerKeys"],
    others=[_PLATFORM],
    absent=_PLATFORM,
)


def attached(disk: Resource) -> bool:
    """Tell whether a machine holds the disk, running or not."""
    return bool(disk.text("managedBy") or disk.texts("managedByExtended"))


def _of(judge: Judge, *, held: bool) -> Judge:
    def asked(disk: Resource) -> Judgement:
        if attached(disk) is not held:
            state = "attached to a machine" if not held else "attached to no machine"
            return not_applicable(f"The disk is {state}.", managedBy=disk.text("managedBy"))
        return judge(disk)

    return asked


def no_public_access(disk: Resource) -> Judgement:
    """Judge whether anybody with a shared access signature may export the disk from anywhere.

    `networkAccessPolicy` and `publicNetworkAccess` both have to admit it; absent they do (Microsoft,
    "Restrict import/export access for managed disks": all networks by default).
    """
    policy = disk.text("properties.networkAccessPolicy") or "AllowAll"
    public = disk.text("properties.publicNetworkAccess") or "Enabled"
    observed = {
        "networkAccessPolicy": disk.at("properties.networkAccessPolicy"),
        "publicNetworkAccess": disk.at("properties.publicNetworkAccess"),
    }
    if policy.lower() not in _NETWORK_POLICIES or public.lower() not in {"enabled", "disabled"}:
        return unknown("The disk's network access has a value this version does not know.", **observed)
    return judged(
        public.lower() == "disabled" or policy.lower() != "allowall",
        "The disk cannot be exported from public networks.",
        "The disk can be exported from all networks.",
        **observed,
    )


DISK_RULES = (
    Rule(
        Check(
            id="vm_disk_cmk_encryption",
            title="Attached disks encrypted with a customer-managed key",
            severity="low",
            rationale="With a key of one's own the data can be made unreadable without Microsoft's help.",
            remediation="Portal: disk > Encryption > Customer-managed key. CLI: az disk update -g <group> -n "
            "<disk> --encryption-type EncryptionAtRestWithCustomerKey --disk-encryption-set <set>",
            permission=DISKS.permission,
        ),
        _of(_customer_key, held=True),
    ),
    Rule(
        Check(
            id="vm_unattached_disk_cmk_encryption",
            title="Unattached disks encrypted with a customer-managed key",
            severity="low",
            rationale="A forgotten disk keeps its data; a key of one's own can still end that.",
            remediation="Portal: disk > Encryption > Customer-managed key, or delete the disk. CLI: az disk "
            "update -g <group> -n <disk> --encryption-type EncryptionAtRestWithCustomerKey "
            "--disk-encryption-set <set>",
            permission=DISKS.permission,
        ),
        _of(_customer_key, held=False),
    ),
    Rule(
        Check(
            id="vm_disk_public_access_disabled",
            title="Disks not exported from public networks",
            severity="medium",
            rationale="A leaked signature for an open disk downloads the whole disk from anywhere.",
            remediation="Portal: disk > Networking > Disable public access. CLI: az disk update -g <group> "
            "-n <disk> --network-access-policy DenyAll --public-network-access Disabled",
            permission=DISKS.permission,
        ),
        no_public_access,
    ),
)

DISK_ACCESS_RULES = (
    Rule(
        Check(
            id="vm_disk_access_private_link",
            title="Disk accesses used through private link",
            severity="low",
            rationale="Through a private endpoint an exported disk travels inside the virtual network only.",
            remediation="Portal: disk access > Private endpoint connections > Add. CLI: az network "
            "private-endpoint create --group-id disks --private-connection-resource-id <disk access> ...",
            permission=DISK_ACCESSES.permission,
        ),
        private_endpoint_approved,
    ),
)
