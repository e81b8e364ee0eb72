"""The machines: what is true of each stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.estates.virtual_machines import vaults
from local.azure.estates.virtual_machines.disks import add_disk
from local.azure.estates.virtual_machines.networks import add_basic_front, add_interface
from local.azure.estates.virtual_machines.scale_sets import SECURITY

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.Compute/virtualMachines"
EXTENSION = f"{TYPE}/extensions"
BOTH = (
    "vm_managed_disks_used",
    "vm_encryption_at_host_enabled",
    "vm_trusted_launch_enabled",
    "vm_secure_boot_enabled",
    "vm_vtpm_enabled",
    "vm_jit_access_enabled",
    "vm_management_ports_closed",
    "vm_all_ports_restricted",
    "vm_ip_forwarding_disabled",
    "vm_no_public_ip",
    "vm_backup_enabled",
    "vm_backup_retention_sufficient",
    "vm_disaster_recovery_configured",
    "vm_approved_images_used",
    "vm_approved_extensions_only",
    "vm_antimalware_extension_installed",
    "vm_guest_configuration_installed",
    "vm_managed_identity_enabled",
    "vm_internet_facing_nsg",
    "vm_internal_nsg",
)
LINUX = ("vm_linux_disk_encryption", "vm_linux_ssh_key_auth", "vm_linux_baseline_met")
WINDOWS = ("vm_windows_disk_encryption", "vm_windows_baseline_met", "vm_windows_secure_protocols")
GOOD_EXTENSIONS = (
    ("Microsoft.Azure.AzureDefenderForServers", "MDE.Linux", "Succeeded"),
    ("Microsoft.GuestConfiguration", "ConfigurationforLinux", "Succeeded"),
    ("Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent", "Succeeded"),
)


def build(estate: Estate) -> None:
    """Add the machines and what is true of them."""
    for number in range(estate.copies):
        _good(estate, f"goodvm{number}")
        _bad(estate, f"badvm{number}")
    _exposed(estate, "barevm")
    _unmanaged(estate, "unmanagedvm")
    _silent(estate, "silentvm")
    _careless(estate, "carelessvm")
    _kept(estate, "keptvm")


def _expect(estate: Estate, machine: str, system: str, rest: str, **others: str) -> None:
    """Write down the truth: `rest` of all checks but `others`; what the other system is asked is none."""
    asked, spared = (LINUX, WINDOWS) if system == "linux" else (WINDOWS, LINUX)
    estate.expect(machine, rest, *BOTH, *asked)
    estate.expect(machine, "not_applicable", *spared)
    estate.expect(machine, "pass", "vm_classic_absent")
    for status, checks in others.items():
        estate.expect(machine, status, *(f"vm_{check}" for check in checks.split()))


def _add(estate: Estate, name: str, properties: JsonObject, identity: str | None = None) -> str:
    more: JsonObject = {"identity": {"type": identity}} if identity else {}
    machine = estate.add(TYPE, name, {**properties})
    estate.objects[machine.lower()].update(more)
    estate.list_at(f"{machine}/extensions", paged=False)
    return machine


def _extend(estate: Estate, machine: str, extensions: tuple[tuple[str, str, str], ...]) -> None:
    for publisher, kind, state in extensions:
        estate.list_at(f"{machine}/extensions").append(
            {
                "id": f"{machine}/extensions/{kind}",
                "name": kind,
                "type": EXTENSION,
                "properties": {"publisher": publisher, "type": kind, "provisioningState": state},
            }
        )


def _measure(estate: Estate, machine: str, configuration: str, state: str) -> None:
    kind = "Microsoft.GuestConfiguration/guestConfigurationAssignments"
    estate.list_at(f"{estate.scope}/providers/{kind}").append(
        {
            "id": f"{machine}/providers/{kind}/{configuration}",
            "name": configuration,
            "properties": {
                "complianceStatus": state,
                "guestConfiguration": {"name": configuration, "version": "1.0.0.0"},
                "lastComplianceStatusChecked": "2026-11-20T05:00:00Z",
            },
        }
    )


def _good(estate: Estate, name: str) -> None:
    """A Linux machine with everything; vault and just-in-time policy write its id in another case."""
    disk = add_disk(estate, f"{name}-os", estate.resource_id(TYPE, name), good=True)
    gallery = estate.resource_id("Microsoft.Compute/galleries", "g/images/linux/versions/1.0.0")
    interface = add_interface(estate, f"{name}-nic", subnet="guarded", forwarding=False)
    properties = {
        "storageProfile": {
            "imageReference": {"id": gallery},
            "osDisk": {"osType": "Linux", "managedDisk": {"id": disk.upper()}},
        },
        "osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": True}},
        "securityProfile": SECURITY,
        "networkProfile": {"networkInterfaces": [{"id": interface.upper()}]},
    }
    machine = _add(estate, name, properties, "SystemAssigned")
    _extend(estate, machine, GOOD_EXTENSIONS)
    _measure(estate, machine, "AzureLinuxBaseline$pid7k2", "Compliant")
    vaults.back_up(estate, machine)
    vaults.replicate(estate, machine)
    policy = {"virtualMachines": [{"id": machine.upper(), "ports": []}], "provisioningState": "Succeeded"}
    estate.list_at(f"{estate.scope}/providers/Microsoft.Security/jitNetworkAccessPolicies").append(
        {"id": f"{estate.scope}/jit/{name}", "name": name, "kind": "Basic", "properties": policy}
    )
    others = {"manual": "approved_images_used", "not_applicable": "internet_facing_nsg"}
    _expect(estate, machine, "linux", "pass", **others)


def _bad(estate: Estate, name: str) -> None:
    """A Windows machine open to the internet, with a stranger's extension and a backup of one week."""
    disk = add_disk(estate, f"{name}-os", estate.resource_id(TYPE, name), good=False)
    interface = add_interface(
        estate, f"{name}-nic", subnet="bare", group="machines-open-nsg", public=True, forwarding=True
    )
    image = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2019-Datacenter"}
    properties = {
        "storageProfile": {
            "imageReference": image,
            "osDisk": {"osType": "Windows", "managedDisk": {"id": disk}},
        },
        "osProfile": {"windowsConfiguration": {"provisionVMAgent": True}},
        "securityProfile": {"securityType": "Standard", "encryptionAtHost": False},
        "networkProfile": {"networkInterfaces": [{"id": interface}]},
    }
    machine = _add(estate, name, properties, "None")
    stranger = ("Example.Publisher", "RemoteControl", "Succeeded")
    _extend(estate, machine, (stranger, ("Microsoft.Azure.Security", "IaaSAntimalware", "Failed")))
    _measure(estate, machine, "AzureWindowsBaseline", "NonCompliant")
    vaults.back_up(estate, machine, policy="week", state="ProtectionStopped")
    vaults.replicate(estate, machine, health="Critical")
    _expect(
        estate,
        machine,
        "windows",
        "fail",
        **{
            "pass": "managed_disks_used internet_facing_nsg",
            "manual": "approved_images_used approved_extensions_only",
            "not_applicable": "internal_nsg",
        },
    )


def _exposed(estate: Estate, name: str) -> None:
    """A Linux machine with a public address and no security group: Standard addresses admit nothing then.

    Its disk is encrypted by Azure Disk Encryption; its antimalware is another company's; results are pending.
    """
    disk = add_disk(estate, f"{name}-os", estate.resource_id(TYPE, name), good=False, stamped=True)
    bare = add_interface(estate, f"{name}-nic", subnet="bare", public=True)
    denied = add_interface(estate, f"{name}-nic2", subnet="bare", group="machines-denied-nsg")
    properties = {
        "storageProfile": {"osDisk": {"osType": "Linux", "managedDisk": {"id": disk}}},
        "networkProfile": {"networkInterfaces": [{"id": bare}, {"id": denied}]},
    }
    machine = _add(estate, name, properties)
    _extend(estate, machine, (("Example.Security", "FalconSensorLinux", "Succeeded"),))
    _measure(estate, machine, "AzureLinuxBaseline", "Pending")
    vaults.back_up(estate, machine, policy="unlisted", state="Sleeping")
    _expect(
        estate,
        machine,
        "linux",
        "fail",
        **{
            "pass": "managed_disks_used linux_disk_encryption management_ports_closed all_ports_restricted "
            "ip_forwarding_disabled antimalware_extension_installed",
            "manual": "approved_images_used approved_extensions_only",
            "unknown": "linux_ssh_key_auth linux_baseline_met backup_enabled backup_retention_sufficient",
            "not_applicable": "internal_nsg",
        },
    )


def _unmanaged(estate: Estate, name: str) -> None:
    """A machine on a file in a storage account, without extensions, behind a Basic load balancer's NAT."""
    interface = add_interface(estate, f"{name}-nic", subnet="bare", nat=add_basic_front(estate, f"{name}-lb"))
    vhd = {"uri": "https://account.blob.core.windows.net/vhds/os.vhd"}
    properties = {
        "storageProfile": {"osDisk": {"osType": "Windows", "vhd": vhd}},
        "networkProfile": {"networkInterfaces": [{"id": interface}]},
    }
    machine = _add(estate, name, properties)
    _expect(
        estate,
        machine,
        "windows",
        "fail",
        **{
            "pass": "ip_forwarding_disabled no_public_ip approved_extensions_only",
            "manual": "approved_images_used",
            # What the load balancer forwards to the machine is not read.
            "unknown": "windows_disk_encryption management_ports_closed all_ports_restricted",
            "not_applicable": "internet_facing_nsg",
        },
    )


def _silent(estate: Estate, name: str) -> None:
    """A machine that says as little as it may: each absence means what Azure documents for it."""
    machine = _add(estate, name, {})
    unclear = (
        "managed_disks_used management_ports_closed all_ports_restricted ip_forwarding_disabled no_public_ip "
        "internet_facing_nsg internal_nsg linux_disk_encryption linux_ssh_key_auth linux_baseline_met "
        "windows_disk_encryption windows_baseline_met windows_secure_protocols"
    )
    _expect(
        estate,
        machine,
        "",
        "fail",
        **{"unknown": unclear, "pass": "approved_extensions_only", "manual": "approved_images_used"},
    )


def _inside(estate: Estate, name: str, system: JsonObject, *, good: bool) -> str:
    """Add a machine inside a guarded subnet, with a managed disk."""
    disk = add_disk(estate, f"{name}-os", estate.resource_id(TYPE, name), good=good)
    interface = add_interface(estate, f"{name}-nic", subnet="guarded", forwarding=False)
    kind = "Linux" if "linuxConfiguration" in system else "Windows"
    properties = {
        "storageProfile": {"osDisk": {"osType": kind, "managedDisk": {"id": disk}}},
        "osProfile": system,
        "securityProfile": {"encryptionAtHost": good},
        "networkProfile": {"networkInterfaces": [{"id": interface}]},
    }
    return _add(estate, name, properties)


CLOSED = (
    "managed_disks_used management_ports_closed all_ports_restricted ip_forwarding_disabled no_public_ip "
    "internal_nsg approved_extensions_only"
)


def _careless(estate: Estate, name: str) -> None:
    """A Linux machine inside that nobody hardened: passwords, a plain disk, a baseline not met."""
    system: JsonObject = {"linuxConfiguration": {"disablePasswordAuthentication": False}}
    machine = _inside(estate, name, system, good=False)
    _measure(estate, machine, "AzureLinuxBaseline", "NonCompliant")
    others = {"manual": "approved_images_used", "not_applicable": "internet_facing_nsg", "pass": CLOSED}
    _expect(estate, machine, "linux", "fail", **others)


def _kept(estate: Estate, name: str) -> None:
    """A Windows machine inside, encrypted at its host, that meets what is measured."""
    machine = _inside(estate, name, {"windowsConfiguration": {"provisionVMAgent": True}}, good=True)
    for configuration in ("AzureWindowsBaseline", "AuditSecureProtocol"):
        _measure(estate, machine, configuration, "Compliant")
    met = "encryption_at_host_enabled windows_disk_encryption windows_baseline_met windows_secure_protocols"
    others = {"manual": "approved_images_used", "not_applicable": "internet_facing_nsg"}
    _expect(estate, machine, "windows", "fail", **others, **{"pass": f"{CLOSED} {met}"})
