"""Disks that no machine holds, disks that anybody may export, and the accesses to disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

DISK = "Microsoft.Compute/disks"
ACCESS = "Microsoft.Compute/diskAccesses"
ATTACHED, UNATTACHED = "vm_disk_cmk_encryption", "vm_unattached_disk_cmk_encryption"
PUBLIC = "vm_disk_public_access_disabled"
OWN_KEY = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "des"}


def add_disk(estate: Estate, name: str, machine: str | None, *, good: bool, stamped: bool = False) -> str:
    """Add a disk of a machine (None: of none), well or badly protected; gives its id."""
    properties: JsonObject = {"diskState": "Attached" if machine else "Unattached"}
    if good:
        properties |= {"encryption": OWN_KEY, "networkAccessPolicy": "DenyAll"}
    if stamped:
        properties["encryptionSettingsCollection"] = {"enabled": True, "encryptionSettings": []}
    more = {"managedBy": machine} if machine else {}
    disk = estate.add(DISK, name, properties, **more)
    asked, spared = (ATTACHED, UNATTACHED) if machine else (UNATTACHED, ATTACHED)
    estate.expect(disk, "pass" if good else "fail", asked, PUBLIC)
    estate.expect(disk, "not_applicable", spared)
    return disk


def build(estate: Estate) -> None:
    """Add unattached disks, the values of network access, and disk accesses."""
    for number in range(estate.copies):
        add_disk(estate, f"spare-good-disk{number}", None, good=True)
        add_disk(estate, f"spare-bad-disk{number}", None, good=False)
    settings: tuple[tuple[str, str, str, str], ...] = (
        ("private", "AllowPrivate", "Enabled", "pass"),
        ("closed", "AllowAll", "disabled", "pass"),
        ("odd", "AllowSome", "Enabled", "unknown"),
    )
    for name, policy, public, status in settings:
        properties = {"networkAccessPolicy": policy, "publicNetworkAccess": public}
        disk = estate.add(DISK, f"spare-{name}-disk", dict(properties))
        estate.expect(disk, status, PUBLIC)
        estate.expect(disk, "fail", UNATTACHED)
        estate.expect(disk, "not_applicable", ATTACHED)
    for state, status in (("Approved", "pass"), ("Pending", "fail"), (None, "fail")):
        connection = {"properties": {"privateLinkServiceConnectionState": {"status": state}}}
        connections: JsonObject = {"privateEndpointConnections": [connection]} if state else {}
        access = estate.add(ACCESS, f"access-{state or 'none'}".lower(), connections)
        estate.expect(access, status, "vm_disk_access_private_link")
