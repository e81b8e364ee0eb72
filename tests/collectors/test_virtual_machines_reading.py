"""Reading virtual machines: nothing there, refused lists and children, pages, Microsoft's own examples."""

import pytest

from collectors.contract import Gap, Reading, Verdict
from collectors.declarations.resources import JsonObject
from collectors.errors import AccessDenied
from collectors.virtual_machines import COLLECTOR
from local.azure import SimulatedAzure
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import reading

PART = COLLECTOR.parts[0]
DENIED = AccessDenied("No.", permission="Some/read", scope=SCOPE)
EMPTY: dict[str, Answer] = {
    read.path.partition("{subscription_id}/")[2]: [] for read in PART.reads if "{id}" not in read.path
}
MACHINES = "providers/Microsoft.Compute/virtualMachines"
VAULTS = "providers/Microsoft.RecoveryServices/vaults"
SUBSCRIPTION = SCOPE.rpartition("/")[2]


def machines(*names: str) -> list[JsonObject]:
    """Give rows of the list of machines."""
    return [{"id": f"{SCOPE}/m/{name}", "type": "Microsoft.Compute/virtualMachines"} for name in names]


async def read(answers: dict[str, Answer]) -> tuple[Reading, dict[tuple[str, str], str]]:
    """Read a subscription; gives the reading and the status by check and name."""
    found, verdicts = await read_part(PART, PathReader({**EMPTY, **answers}))
    return found, statuses(verdicts)


async def test_an_empty_subscription_has_one_verdict_for_each_check() -> None:
    """Looked for, and none found."""
    _, said = await read({})

    assert said == {(check.id, SUBSCRIPTION): "not_applicable" for check in COLLECTOR.checks}


async def test_a_refused_list_is_a_gap_of_its_own_checks() -> None:
    """Disks and scale sets are judged although the machines could not be read."""
    found, said = await read({MACHINES: DENIED})

    missing = {check.id for gap in found.gaps for check in gap.checks}
    assert isinstance(found.gaps[0], Gap)
    assert "vm_backup_enabled" in missing
    assert said["vm_disk_cmk_encryption", SUBSCRIPTION] == "not_applicable"
    assert not missing & {check_id for check_id, _ in said}


async def test_refused_extensions_concern_one_machine_only() -> None:
    """The other machine is judged, and so is everything else of this one."""
    _, said = await read({MACHINES: machines("a", "b"), "m/a/extensions": DENIED, "m/b/extensions": []})

    check_id = "vm_antimalware_extension_installed"
    assert (said[check_id, "a"], said[check_id, "b"]) == ("unknown", "fail")
    assert said["vm_vtpm_enabled", "a"] == "fail"


@pytest.mark.parametrize(
    ("path", "check_id"),
    [
        ("providers/Microsoft.Network/networkInterfaces", "vm_no_public_ip"),
        ("providers/Microsoft.Network/networkSecurityGroups", "vm_management_ports_closed"),
        ("providers/Microsoft.Security/jitNetworkAccessPolicies", "vm_jit_access_enabled"),
        (VAULTS, "vm_backup_enabled"),
    ],
)
async def test_a_refused_shared_list_makes_only_what_needs_it_unknown(path: str, check_id: str) -> None:
    """Never a failure because something could not be read."""
    _, said = await read({MACHINES: machines("a"), path: DENIED})

    assert said[check_id, "a"] == "unknown"
    assert said["vm_vtpm_enabled", "a"] == "fail"


async def test_a_refused_vault_may_hold_the_backup() -> None:
    """A machine that no readable vault protects is unknown, not failed."""
    vaults: Answer = [{"id": f"{SCOPE}/v"}]
    refused = await read({MACHINES: machines("a"), VAULTS: vaults, "v/backupProtectedItems": DENIED})
    item: JsonObject = {"id": f"{SCOPE}/v/i", "properties": {"virtualMachineId": f"{SCOPE}/M/A"}}
    blind: dict[str, Answer] = {"v/backupProtectedItems": [item], "v/backupPolicies": DENIED}
    policies = await read({MACHINES: machines("a"), VAULTS: vaults, **blind})
    replicas = await read({MACHINES: machines("a"), VAULTS: vaults, "v/replicationProtectedItems": DENIED})

    assert refused[1]["vm_backup_enabled", "a"] == "unknown"
    assert refused[1]["vm_backup_retention_sufficient", "a"] == "unknown"
    assert policies[1]["vm_backup_retention_sufficient", "a"] == "unknown"
    assert replicas[1]["vm_disaster_recovery_configured", "a"] == "unknown"


async def test_machines_of_every_page_are_judged() -> None:
    """The list has three pages."""
    found, said = await read({MACHINES: machines("a", "b", "c", "d", "e")})

    assert [said["vm_vtpm_enabled", name] for name in "abcde"] == ["fail"] * 5
    assert found.summary["resources"] == 5


async def test_only_classic_machines_are_called_so() -> None:
    """What the filter of the list did not keep out is left out here."""
    classic: JsonObject = {"id": f"{SCOPE}/c/old", "type": "Microsoft.ClassicCompute/virtualMachines"}
    _, said = await read({"resources": [classic, {"id": f"{SCOPE}/k", "type": "Microsoft.KeyVault/vaults"}]})

    assert {key: status for key, status in said.items() if key[0] == "vm_classic_absent"} == {
        ("vm_classic_absent", "old"): "fail"
    }


async def test_the_examples_of_the_specification_are_read() -> None:
    """Microsoft's first disk is encrypted with the platform's key."""
    found: dict[tuple[str, str], Verdict] = {}

    async def emit(verdict: Verdict) -> None:
        found[verdict.check_id, verdict.resource_id.rpartition("/")[2]] = verdict

    async with SimulatedAzure("specification") as azure, reading(azure, "specification") as reader:
        answer = await PART.collect(reader, emit)
        disk = found["vm_unattached_disk_cmk_encryption", "myManagedDisk1"]

    assert isinstance(answer, Reading)
    assert answer.gaps == ()
    assert disk.status == "fail"
    assert disk.observed == {"properties.encryption.type": "EncryptionAtRestWithPlatformKey"}
