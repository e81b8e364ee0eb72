"""Virtual machines: each check by what it passes, fails, and makes of an absent value."""

import pytest

from collectors.contract import JsonValue
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.virtual_machines import MACHINE_RULES, SCALE_SET_RULES
from collectors.virtual_machines.classic import CLASSIC_RULES
from collectors.virtual_machines.disks import DISK_ACCESS_RULES, DISK_RULES
from tests.collectors.machine_estate import (
    ID,
    backup,
    extension,
    interface,
    machine_with,
    measured,
    says,
    surroundings,
    vault,
)

LINUX: JsonObject = {"storageProfile": {"osDisk": {"osType": "Linux", "managedDisk": {"id": "/d/os"}}}}
WINDOWS: JsonObject = {"storageProfile": {"osDisk": {"osType": "windows", "managedDisk": {"id": "/d/os"}}}}
TRUSTED: JsonObject = {
    "securityType": "trustedlaunch",
    "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
    "encryptionAtHost": True,
}
PLAIN: JsonObject = {
    "securityType": "Standard",
    "uefiSettings": {"secureBootEnabled": False, "vTpmEnabled": False},
    "encryptionAtHost": False,
}


def image(**reference: JsonValue) -> JsonObject:
    """Give the properties of a machine made from an image."""
    return {"storageProfile": {"imageReference": reference, "osDisk": {"osType": "Linux"}}}


def keys(value: JsonValue) -> JsonObject:
    """Give the properties of a Linux machine with this setting of passwords."""
    return {**LINUX, "osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": value}}}


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("managed_disks_used", LINUX, "pass"),
        ("managed_disks_used", {"storageProfile": {"osDisk": {"vhd": {"uri": "u"}}}}, "fail"),
        ("managed_disks_used", {}, "unknown"),
        ("encryption_at_host_enabled", {"securityProfile": TRUSTED}, "pass"),
        ("encryption_at_host_enabled", {"securityProfile": PLAIN}, "fail"),
        ("encryption_at_host_enabled", {}, "fail"),
        ("trusted_launch_enabled", {"securityProfile": TRUSTED}, "pass"),
        ("trusted_launch_enabled", {"securityProfile": {"securityType": "ConfidentialVM"}}, "pass"),
        ("trusted_launch_enabled", {"securityProfile": PLAIN}, "fail"),
        ("trusted_launch_enabled", {"securityProfile": {"securityType": "Newer"}}, "unknown"),
        ("trusted_launch_enabled", {}, "fail"),
        ("secure_boot_enabled", {"securityProfile": TRUSTED}, "pass"),
        ("secure_boot_enabled", {"securityProfile": PLAIN}, "fail"),
        ("secure_boot_enabled", {}, "fail"),
        ("secure_boot_enabled", {"securityProfile": {"securityType": "TrustedLaunch"}}, "unknown"),
        ("secure_boot_enabled", {"securityProfile": {"securityType": "ConfidentialVM"}}, "unknown"),
        ("vtpm_enabled", {"securityProfile": TRUSTED}, "pass"),
        ("vtpm_enabled", {"securityProfile": PLAIN}, "fail"),
        ("vtpm_enabled", {}, "fail"),
        ("vtpm_enabled", {"securityProfile": {"securityType": "TrustedLaunch"}}, "unknown"),
        ("approved_images_used", image(id="/galleries/g"), "manual"),
        ("approved_images_used", image(publisher="Canonical", offer="ubuntu", sku="24"), "manual"),
        ("approved_images_used", image(communityGalleryImageId="/c/g"), "manual"),
        ("approved_images_used", image(sharedGalleryImageId="/SharedGalleries/g"), "manual"),
        ("approved_images_used", {}, "manual"),
        ("linux_ssh_key_auth", keys(value=True), "pass"),
        ("linux_ssh_key_auth", keys(value=False), "fail"),
        ("linux_ssh_key_auth", LINUX, "unknown"),
        ("linux_ssh_key_auth", WINDOWS, "not_applicable"),
        ("linux_ssh_key_auth", {}, "unknown"),
        ("classic_absent", {}, "pass"),
    ],
)
def test_the_model_of_a_machine_says(check_id: str, properties: JsonObject, expected: str) -> None:
    """What a machine's own model is there to say."""
    assert says(machine_with(properties), check_id) == expected


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"type": "SystemAssigned, UserAssigned"}, "pass"),
        ({"type": "None"}, "fail"),
        (None, "fail"),
    ],
)
def test_an_identity_of_either_kind_counts(identity: JsonValue, expected: str) -> None:
    """None, in words or absent, is none."""
    assert says(machine_with({}, identity=identity), "managed_identity_enabled") == expected


@pytest.mark.parametrize(
    ("properties", "disk", "expected"),
    [
        ({**LINUX, "securityProfile": TRUSTED}, {}, "pass"),
        (LINUX, {"encryptionSettingsCollection": {"enabled": True}}, "pass"),
        (LINUX, {"encryptionSettingsCollection": {"enabled": False}}, "fail"),
        (LINUX, {}, "fail"),
        (LINUX, None, "unknown"),
        (WINDOWS, {}, "not_applicable"),
        ({}, {}, "unknown"),
    ],
)
def test_disks_are_encrypted_by_one_or_the_other(
    properties: JsonObject, disk: JsonObject | None, expected: str
) -> None:
    """What the disk says decides; a disk that is in no list decides nothing."""
    disks: list[JsonObject] = [] if disk is None else [{"id": "/D/OS", "properties": disk}]

    assert says(machine_with(properties, surroundings(disks=disks)), "linux_disk_encryption") == expected


def test_a_data_disk_in_plain_text_fails_the_machine() -> None:
    """An extension that was installed for one volume only does not count for all."""
    profile: JsonObject = {
        "osDisk": {"osType": "Windows", "managedDisk": {"id": "/d/os"}},
        "dataDisks": [{"managedDisk": {"id": "/d/data"}}],
    }
    stamped: JsonObject = {"encryptionSettingsCollection": {"enabled": True}}
    around = surroundings(disks=[{"id": "/d/os", "properties": stamped}, {"id": "/d/data", "properties": {}}])

    assert says(machine_with({"storageProfile": profile}, around), "windows_disk_encryption") == "fail"


OWN: JsonObject = {"encryption": {"type": "encryptionatrestwithcustomerkey"}}
PLATFORM: JsonObject = {"encryption": {"type": "EncryptionAtRestWithPlatformKey"}}
NEWER: JsonObject = {"encryption": {"type": "EncryptionOfNextYear"}}


@pytest.mark.parametrize(
    ("check_id", "properties", "held", "expected"),
    [
        ("disk_cmk_encryption", OWN, True, "pass"),
        ("disk_cmk_encryption", PLATFORM, True, "fail"),
        ("disk_cmk_encryption", {}, True, "fail"),
        ("disk_cmk_encryption", NEWER, True, "unknown"),
        ("disk_cmk_encryption", PLATFORM, False, "not_applicable"),
        ("unattached_disk_cmk_encryption", OWN, False, "pass"),
        ("unattached_disk_cmk_encryption", {}, False, "fail"),
        ("unattached_disk_cmk_encryption", OWN, True, "not_applicable"),
        ("disk_public_access_disabled", {"networkAccessPolicy": "denyall"}, True, "pass"),
        ("disk_public_access_disabled", {"networkAccessPolicy": "AllowPrivate"}, True, "pass"),
        ("disk_public_access_disabled", {"publicNetworkAccess": "Disabled"}, True, "pass"),
        ("disk_public_access_disabled", {"networkAccessPolicy": "AllowAll"}, True, "fail"),
        ("disk_public_access_disabled", {"networkAccessPolicy": "AllowSome"}, True, "unknown"),
        ("disk_public_access_disabled", {}, True, "fail"),
    ],
)
def test_a_disk_says(*, check_id: str, properties: JsonObject, held: bool, expected: str) -> None:
    """What a disk, attached or not, is there to say."""
    raw: JsonObject = {"id": "/d/os", "properties": properties, **({"managedBy": ID} if held else {})}

    assert says(Resource(raw), check_id, DISK_RULES) == expected


@pytest.mark.parametrize(("status", "expected"), [("Approved", "pass"), ("Rejected", "fail"), (None, "fail")])
def test_a_disk_access_needs_an_approved_endpoint(status: JsonValue, expected: str) -> None:
    """One that is pending carries nothing."""
    state: JsonObject = {"privateLinkServiceConnectionState": {"status": status}}
    properties: JsonObject = {"privateEndpointConnections": [{"properties": state}]} if status else {}

    access = Resource({"id": "/a", "properties": properties})
    assert says(access, "disk_access_private_link", DISK_ACCESS_RULES) == expected


@pytest.mark.parametrize(
    ("check_id", "extensions", "expected"),
    [
        ("approved_extensions_only", [extension("MDE.Linux")], "pass"),
        ("approved_extensions_only", [extension("Stranger", "Example")], "manual"),
        ("approved_extensions_only", [{"id": "/e", "properties": {}}], "unknown"),
        ("approved_extensions_only", [], "pass"),
        ("antimalware_extension_installed", [extension("mde.linux")], "pass"),
        ("antimalware_extension_installed", [extension("MDE.Windows", state="Failed")], "fail"),
        ("antimalware_extension_installed", [extension("OmsAgentForLinux")], "fail"),
        ("antimalware_extension_installed", [], "fail"),
        ("guest_configuration_installed", [extension("ConfigurationforWindows")], "pass"),
        ("guest_configuration_installed", [extension("ConfigurationForLinux", state=None)], "fail"),
        ("guest_configuration_installed", [], "fail"),
    ],
)
def test_extensions_say(check_id: str, extensions: list[JsonObject], expected: str) -> None:
    """What the extensions of a machine are there to say."""
    assert says(machine_with(LINUX, extensions=extensions), check_id) == expected


@pytest.mark.parametrize("agent", ["OmsAgentForLinux", "AzureMonitorLinuxAgent"])
def test_no_agent_is_failed_for_being_retired(agent: str) -> None:
    """The Log Analytics agent is retired; the Azure Monitor agent counts the same."""
    publisher = {"O": "Microsoft.EnterpriseCloud.Monitoring", "A": "Microsoft.Azure.Monitor"}[agent[0]]
    machine = machine_with(LINUX, extensions=[extension(agent, publisher)])

    assert says(machine, "approved_extensions_only") == "pass"


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        ([measured("AzureLinuxBaseline", "Compliant")], "pass"),
        ([measured("azurelinuxbaseline$pid1", "compliant")], "pass"),
        ([measured("AzureLinuxBaseline", "NonCompliant")], "fail"),
        ([measured("AzureLinuxBaseline", "Pending")], "unknown"),
        ([measured("AzureLinuxBaseline", None)], "unknown"),
        ([measured("Another", "Compliant")], "fail"),
        ([], "fail"),
    ],
)
def test_a_baseline_is_what_was_measured(assignments: list[JsonObject], expected: str) -> None:
    """What nobody measures is the finding itself, as in the policy behind the check."""
    around = surroundings(guest_assignments=assignments)

    assert says(machine_with(LINUX, around), "linux_baseline_met") == expected


@pytest.mark.parametrize("check_id", ["windows_baseline_met", "windows_secure_protocols"])
def test_only_windows_is_asked_about_windows(check_id: str) -> None:
    """A Linux machine has no such question; a machine of no known system is no answer."""
    around = surroundings(guest_assignments=[measured("AuditSecureProtocol", "Compliant")])

    assert says(machine_with(LINUX, around), check_id) == "not_applicable"
    assert says(machine_with({}, around), check_id) == "unknown"


@pytest.mark.parametrize(
    ("item", "enabled", "kept"),
    [
        (backup("Protected"), "pass", "pass"),
        (backup("IRPending"), "pass", "pass"),
        (backup("Protected", policy="week"), "pass", "fail"),
        (backup("Protected", policy="nowhere"), "pass", "unknown"),
        (backup("ProtectionStopped"), "fail", "pass"),
        (backup("SomethingNew"), "unknown", "pass"),
        (backup("Protected", isScheduledForDeferredDelete=True), "fail", "fail"),
        (None, "fail", "fail"),
    ],
)
def test_a_backup_says(item: JsonObject | None, enabled: str, kept: str) -> None:
    """Whether there is one, and how long it is kept; the item's ids are in another case than the VM's."""
    machine = machine_with(LINUX, surroundings(vaults=[vault(items=[item] if item else [])]))

    assert says(machine, "backup_enabled") == enabled
    assert says(machine, "backup_retention_sufficient") == kept


def test_the_case_of_a_name_does_not_unprotect_a_machine() -> None:
    """VM and backup item spell the same id differently (prowler#10395)."""
    item: JsonObject = {
        "id": "/i",
        "properties": {"protectionState": "Protected", "sourceResourceId": ID.upper()},
    }

    machine = machine_with(LINUX, surroundings(vaults=[vault(items=[item])]))
    assert says(machine, "backup_enabled") == "pass"


def test_the_backup_of_a_database_is_none_of_its_machine() -> None:
    """SQL inside a machine is backed up as a workload, which names the machine as its source."""
    item = backup("Protected", backupManagementType="AzureWorkload", sourceResourceId=ID)

    machine = machine_with(LINUX, surroundings(vaults=[vault(items=[item])]))
    assert says(machine, "backup_enabled") == "fail"
    assert says(machine, "backup_retention_sufficient") == "fail"


@pytest.mark.parametrize(
    ("healths", "expected"),
    [
        (["Normal"], "pass"),
        (["Warning"], "pass"),
        ([None], "pass"),
        (["critical"], "fail"),
        (["Critical", "Normal"], "pass"),
        ([], "fail"),
    ],
)
def test_a_replica_in_critical_health_is_none(healths: list[str | None], expected: str) -> None:
    """Site Recovery says of it that replication does not go on."""
    details: JsonObject = {"fabricObjectId": ID.upper()}
    items: list[JsonObject] = [
        {"id": "/r", "properties": {"replicationHealth": health, "providerSpecificDetails": details}}
        for health in healths
    ]
    machine = machine_with(LINUX, surroundings(vaults=[vault(replicas=items)]))

    assert says(machine, "disaster_recovery_configured") == expected


def test_a_scale_set_is_balanced_by_either() -> None:
    """A load balancer or an application gateway; without a model there is nothing to judge."""
    pool: JsonObject = {"properties": {"applicationGatewayBackendAddressPools": [{"id": "/p"}]}}
    network: JsonObject = {"networkInterfaceConfigurations": [{"properties": {"ipConfigurations": [pool]}}]}
    for profile, expected in (({"networkProfile": network}, "pass"), ({}, "fail"), (None, "not_applicable")):
        scale_set = Resource({"id": "/s", "properties": {"virtualMachineProfile": profile}})
        assert says(scale_set, "scale_set_load_balanced", SCALE_SET_RULES) == expected


def test_a_classic_machine_fails_by_being_there() -> None:
    """Nothing of it has to be read."""
    assert says(Resource({"id": "/c"}), "classic_absent", CLASSIC_RULES) == "fail"


def test_every_rule_of_a_machine_answers_without_its_lists() -> None:
    """A machine in an empty subscription has a verdict by every check."""
    around: Surroundings = surroundings()
    machine = machine_with({"networkProfile": {"networkInterfaces": [{"id": interface()["id"]}]}}, around)

    assert len(evaluate(machine, MACHINE_RULES)) == len(MACHINE_RULES)
