"""Extensions of machines: approved ones, antimalware, machine configuration."""

from collectors.contract import Check
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, manual, unknown
from collectors.virtual_machines.reads import EXTENSIONS

APPROVED = frozenset(
    f"{publisher}/{kind}".lower()
    for publisher, kinds in {
        "Microsoft.Azure.Monitor": ("AzureMonitorLinuxAgent", "AzureMonitorWindowsAgent"),
        # Retired in 2024, and still no reason to fail: the Azure Monitor agent counts the same.
        "Microsoft.EnterpriseCloud.Monitoring": ("OmsAgentForLinux", "MicrosoftMonitoringAgent"),
        "Microsoft.Azure.Monitoring.DependencyAgent": ("DependencyAgentLinux", "DependencyAgentWindows"),
        "Microsoft.Azure.ChangeTrackingAndInventory": ("ChangeTracking-Linux", "ChangeTracking-Windows"),
        "Microsoft.Azure.AzureDefenderForServers": ("MDE.Linux", "MDE.Windows"),
        "Microsoft.Azure.Security": ("IaaSAntimalware", "AzureDiskEncryption", "AzureDiskEncryptionForLinux"),
        "Microsoft.Azure.Security.LinuxAttestation": ("GuestAttestation",),
        "Microsoft.Azure.Security.WindowsAttestation": ("GuestAttestation",),
        "Microsoft.GuestConfiguration": ("ConfigurationforLinux", "ConfigurationforWindows"),
        "Microsoft.Azure.ActiveDirectory": ("AADSSHLoginForLinux", "AADLoginForWindows"),
        "Microsoft.Azure.KeyVault": ("KeyVaultForLinux", "KeyVaultForWindows"),
        "Microsoft.Azure.NetworkWatcher": ("NetworkWatcherAgentLinux", "NetworkWatcherAgentWindows"),
        "Microsoft.Azure.RecoveryServices": ("VMSnapshot", "VMSnapshotLinux"),
        "Microsoft.Azure.RecoveryServices.SiteRecovery": ("Linux", "Windows"),
        "Microsoft.CPlat.Core": ("LinuxPatchExtension", "WindowsPatchExtension"),
    }.items()
    for kind in kinds
)
"""Extensions by which Azure itself monitors, protects, patches and backs up machines."""

_ANTIMALWARE = frozenset(
    {"iaasantimalware", "mde.linux", "mde.windows", "trendmicrodsa", "trendmicrodsalinux"}
    | {"falconsensorlinux", "falconsensorwindows"}
)
_MACHINE_CONFIGURATION = frozenset({"configurationforlinux", "configurationforwindows"})


def _kind(extension: Resource) -> str:
    return extension.text("properties.type") or ""


def _full_name(extension: Resource) -> str:
    return f"{extension.text('properties.publisher') or ''}/{_kind(extension)}"


def approved_only(machine: Resource) -> Judgement:
    """Judge whether all extensions are Azure's own; whether others are approved a person has to say."""
    extensions = machine.rows("extensions")
    if any(not _kind(one) for one in extensions):
        return unknown("Azure does not say of an extension which one it is.", extensions=len(extensions))
    others = sorted(name for name in map(_full_name, extensions) if name.lower() not in APPROVED)
    if others:
        reason = f"Look whether these extensions are approved: {', '.join(others)}."
        return manual(reason, extensions=len(extensions), others=others)
    return good("The machine has only extensions of Azure's own agents.", extensions=len(extensions))


def _installed(machine: Resource, wanted: frozenset[str], what: str) -> Judgement:
    found = [one for one in machine.rows("extensions") if _kind(one).lower() in wanted]
    states = {_kind(one): one.text("properties.provisioningState") for one in found}
    if not found:
        return bad(f"{what} is not installed.", extensions=len(machine.rows("extensions")))
    return judged(
        any((state or "").lower() == "succeeded" for state in states.values()),
        f"{what} is installed.",
        f"{what} was deployed, but its installation did not succeed.",
        states=states,
    )


def antimalware(machine: Resource) -> Judgement:
    """Judge whether an antimalware extension was installed; Defender for Endpoint is one."""
    return _installed(machine, _ANTIMALWARE, "An antimalware extension")


def machine_configuration(machine: Resource) -> Judgement:
    """Judge whether the machine configuration extension was installed (policy ae89ebca)."""
    return _installed(machine, _MACHINE_CONFIGURATION, "The machine configuration extension")


RULES = (
    Rule(
        Check(
            id="vm_approved_extensions_only",
            title="Approved extensions only",
            severity="medium",
            rationale="An extension runs with all rights; a stranger's is a stranger on the machine.",
            remediation="Portal: virtual machine > Extensions + applications > Uninstall. CLI: az vm "
            "extension delete -g <group> --vm-name <vm> -n <extension>",
            permission=EXTENSIONS.permission,
        ),
        approved_only,
        needs=("extensions",),
    ),
    Rule(
        Check(
            id="vm_antimalware_extension_installed",
            title="Antimalware extension installed",
            severity="high",
            rationale="Malware that nothing looks for stays.",
            remediation="Portal: Defender for Cloud > Environment settings > Servers on, which installs "
            "MDE. CLI: az vm extension set --publisher Microsoft.Azure.Security -n IaaSAntimalware ...",
            permission=EXTENSIONS.permission,
        ),
        antimalware,
        needs=("extensions",),
    ),
    Rule(
        Check(
            id="vm_guest_configuration_installed",
            title="Machine configuration extension installed",
            severity="medium",
            rationale="Without it nobody measures the settings inside the machine.",
            remediation="Portal: Policy > assign 'Deploy prerequisites to enable machine configuration'. "
            "CLI: az vm extension set --publisher Microsoft.GuestConfiguration -n ConfigurationforLinux ...",
            permission=EXTENSIONS.permission,
        ),
        machine_configuration,
        needs=("extensions",),
    ),
)
