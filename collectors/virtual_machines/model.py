"""What a machine's own model says: disks, encryption, trusted launch, images, sign-in, identity."""

from collectors.contract import Check
from collectors.declarations.resources import Resource, whole_id
from collectors.declarations.rules import (
    Judge,
    Judgement,
    Rule,
    bad,
    good,
    judged,
    manual,
    must_be_on,
    must_be_one_of,
    not_applicable,
    unknown,
)
from collectors.virtual_machines.classic import NOT_CLASSIC_RULE
from collectors.virtual_machines.operating_systems import only_on
from collectors.virtual_machines.reads import DISKS, VIRTUAL_MACHINES

_MACHINE = "properties"
_INSTANCES = "properties.virtualMachineProfile"
_PERMISSION = VIRTUAL_MACHINES.permission


def _disks(machine: Resource) -> list[Resource]:
    profile = "properties.storageProfile"
    os_disk = machine.at(f"{profile}.osDisk")
    return [
        *([machine.with_raw(os_disk)] if isinstance(os_disk, dict) else []),
        *machine.objects(f"{profile}.dataDisks"),
    ]


def managed_disks(machine: Resource) -> Judgement:
    """Judge whether no disk of a machine is a file in a storage account."""
    disks = _disks(machine)
    files = [disk.text("vhd.uri") for disk in disks if disk.at("vhd") is not None]
    if files:
        return bad("The machine has disks that are files in a storage account.", unmanaged=len(files))
    if not disks or not all(disk.at("managedDisk") is not None for disk in disks):
        return unknown("The machine's model does not say what its disks are.", disks=len(disks))
    return good("All disks of the machine are managed disks.", disks=len(disks))


def disk_encryption(machine: Resource) -> Judgement:
    """Judge Azure Disk Encryption or encryption at host; what the disk itself says decides.

    Azure Disk Encryption stamps `encryptionSettingsCollection` on each disk it encrypted, so that an
    extension that was installed for one volume only does not count for all.
    """
    if machine.flag("properties.securityProfile.encryptionAtHost"):
        return good("Encryption at host is on.", encryptionAtHost=True)
    ids = [disk.text("managedDisk.id") for disk in _disks(machine)]
    found = [machine.matching("disks", whole_id, one) for one in ids]
    if not found or not all(found):
        return unknown("A disk of the machine is in no list of the subscription.", disks=len(ids))
    plain = [
        rows[0].name
        for rows in found
        if rows[0].flag("properties.encryptionSettingsCollection.enabled") is not True
    ]
    return judged(
        not plain,
        "Azure Disk Encryption is on for every disk.",
        "Neither encryption at host nor Azure Disk Encryption of every disk is on.",
        encryptionAtHost=machine.at("properties.securityProfile.encryptionAtHost"),
        without_disk_encryption=plain,
    )


def approved_image(machine: Resource) -> Judgement:
    """Say what a machine was made from: only a person has the list of approved images.

    An id says that the image is the organisation's own, not that anybody approved it.
    """
    reference = "properties.storageProfile.imageReference"
    own = machine.text(f"{reference}.id")
    if own:
        reason = "Look whether the image, or the gallery that it comes from, is one that was approved."
        return manual(reason, image=own)
    image = {name: machine.at(f"{reference}.{name}") for name in ("publisher", "offer", "sku")}
    community = machine.text(f"{reference}.communityGalleryImageId")
    shared = machine.text(f"{reference}.sharedGalleryImageId")
    if shared:
        reason = "The image is shared by another subscription or tenant: look whether it is an approved one."
        return manual(reason, shared_image=shared)
    if community or any(image.values()):
        reason = "Look whether this public image is on the organisation's list of approved images."
        return manual(reason, community_image=community, **image)
    return manual("The machine was made from a disk: look where that disk came from.", image=None)


def ssh_keys_only(machine: Resource) -> Judgement:
    """Judge whether a Linux machine refuses passwords; Azure documents no meaning of an absent flag."""
    path = "properties.osProfile.linuxConfiguration.disablePasswordAuthentication"
    refuses = machine.flag(path)
    if refuses is None:
        return unknown("The machine's model does not say whether passwords are accepted.", **{path: None})
    return judged(refuses, "Only SSH keys are accepted.", "Passwords are accepted.", **{path: refuses})


def has_identity(machine: Resource) -> Judgement:
    """Judge whether a machine has a managed identity of either kind; without the member it has none."""
    kind = machine.text("identity.type")
    return judged(
        kind is not None and kind.lower() != "none",
        f"The machine has a managed identity ({kind}).",
        "The machine has no managed identity.",
        identity=kind,
    )


_TRUSTED = ("TrustedLaunch", "ConfidentialVM")


def _trusted_launch(profile: str) -> Judge:
    # `Standard` is what no security type means ("Trusted launch for Azure virtual machines").
    return must_be_one_of(
        f"{profile}.securityProfile.securityType",
        "The security type",
        allowed=_TRUSTED,
        others=["Standard"],
        absent="Standard",
    )


def _firmware(profile: str, setting: str, what: str) -> Judge:
    """Make a judge of a setting of the firmware, which only machines of a trusted security type have.

    Without such a type it is off. With one, an absent setting is unknown: no default is documented (REST
    specification, UefiSettings).
    """

    def judge(machine: Resource) -> Judgement:
        kind = (machine.text(f"{profile}.securityProfile.securityType") or "Standard").lower()
        absent = None if kind in {one.lower() for one in _TRUSTED} else False
        path = f"{profile}.securityProfile.uefiSettings.{setting}"
        return must_be_on(path, what, absent=absent)(machine)

    return judge


def _shared_rules(profile: str) -> tuple[Rule, ...]:
    """Make the rules of the security profile, which machines and scale sets hold at different places."""
    security = f"{profile}.securityProfile"
    return (
        Rule(
            Check(
                id="vm_encryption_at_host_enabled",
                title="Encryption at host on",
                severity="medium",
                rationale="It encrypts temporary disks and caches too, on the host that stores them.",
                remediation="Portal: stopped virtual machine > Disks > Additional settings > Encryption at "
                "host. CLI: az vm update -g <group> -n <vm> --set securityProfile.encryptionAtHost=true",
                permission=_PERMISSION,
            ),
            # Azure leaves encryption at host off unless it is asked for (REST reference, SecurityProfile).
            must_be_on(f"{security}.encryptionAtHost", "Encryption at host", absent=False),
        ),
        Rule(
            Check(
                id="vm_trusted_launch_enabled",
                title="Trusted launch on",
                severity="medium",
                rationale="It detects boot kits that lie below everything else that protects the machine.",
                remediation="Portal: stopped virtual machine > Configuration > Security type. CLI: az vm "
                "update -g <group> -n <vm> --security-type TrustedLaunch --enable-secure-boot true "
                "--enable-vtpm true",
                permission=_PERMISSION,
            ),
            _trusted_launch(profile),
        ),
        Rule(
            Check(
                id="vm_secure_boot_enabled",
                title="Secure Boot on",
                severity="low",
                rationale="Only signed boot loaders, kernels and drivers start.",
                remediation="Portal: virtual machine > Configuration > Enable secure boot. CLI: az vm "
                "update -g <group> -n <vm> --enable-secure-boot true",
                permission=_PERMISSION,
            ),
            _firmware(profile, "secureBootEnabled", "Secure Boot"),
        ),
        Rule(
            Check(
                id="vm_vtpm_enabled",
                title="Virtual TPM on",
                severity="low",
                rationale="It keeps keys away from the system and lets the boot be attested.",
                remediation="Portal: virtual machine > Configuration > Enable vTPM. CLI: az vm update -g "
                "<group> -n <vm> --enable-vtpm true",
                permission=_PERMISSION,
            ),
            _firmware(profile, "vTpmEnabled", "The virtual TPM"),
        ),
    )


def _of_model(rule: Rule) -> Rule:
    """Ask a scale set only if it has a model; without one its machines stand in the list of machines."""

    def asked(scale_set: Resource) -> Judgement:
        if scale_set.at(_INSTANCES) is None:
            return not_applicable("The scale set has no model; its machines are judged one by one.")
        return rule.decide(scale_set)

    return Rule(rule.check, asked)


def _disk_encryption_rule(system: str, title: str) -> Rule:
    check = Check(
        id=f"vm_{system}_disk_encryption",
        title=f"{title} disks encrypted by Azure Disk Encryption or at host",
        severity="high",
        rationale="Temporary disks, caches and the way to storage are plain without either.",
        remediation="Portal: stopped virtual machine > Disks > Additional settings > Encryption at host. "
        "CLI: az vm update -g <group> -n <vm> --set securityProfile.encryptionAtHost=true",
        permission=DISKS.permission,
    )
    return Rule(check, only_on(system, disk_encryption), needs=("disks",))


RULES = (
    Rule(
        Check(
            id="vm_managed_disks_used",
            title="Managed disks used",
            severity="medium",
            rationale="Disks in a storage account are open to all who hold the account's key.",
            remediation="Portal: virtual machine > Disks > Migrate to managed disks. CLI: az vm convert -g "
            "<group> -n <vm>",
            permission=_PERMISSION,
        ),
        managed_disks,
    ),
    *_shared_rules(_MACHINE),
    _disk_encryption_rule("linux", "Linux"),
    _disk_encryption_rule("windows", "Windows"),
    Rule(
        Check(
            id="vm_approved_images_used",
            title="Approved images used",
            severity="medium",
            rationale="An image nobody checked may bring old software or a back door.",
            remediation="Portal: Azure compute galleries > image definition > Create VM. CLI: az vm create "
            "--image <gallery image version id> ...",
            permission=_PERMISSION,
            manual=True,
        ),
        approved_image,
    ),
    Rule(
        Check(
            id="vm_linux_ssh_key_auth",
            title="Linux sign-in with SSH keys only",
            severity="medium",
            rationale="Passwords are guessed; keys are not.",
            remediation="Portal: virtual machine > Run command > RunShellScript, set PasswordAuthentication "
            "no. CLI: az vm create -g <group> -n <name> --image <image> --authentication-type ssh, for a "
            "new one",
            permission=_PERMISSION,
        ),
        only_on("linux", ssh_keys_only),
    ),
    Rule(
        Check(
            id="vm_managed_identity_enabled",
            title="Managed identity used",
            severity="low",
            rationale="A machine with an identity needs no secret on its disk to reach other services.",
            remediation="Portal: virtual machine > Identity > System assigned: On. CLI: az vm identity "
            "assign -g <group> -n <vm>",
            permission=_PERMISSION,
        ),
        has_identity,
    ),
    NOT_CLASSIC_RULE,
)


SCALE_SET_RULES = tuple(_of_model(rule) for rule in _shared_rules(_INSTANCES))
