"""Whether machines are backed up and replicated: what the recovery vaults of the subscription hold."""

from collections.abc import Iterable, Mapping

from collectors.contract import Check
from collectors.declarations.configuration import gap_judgement
from collectors.declarations.resources import Resource, whole_id
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, not_applicable, unknown
from collectors.declarations.shared_reads import BACKUP_POLICIES, PROTECTED_ITEMS, REPLICATED_ITEMS
from collectors.virtual_machines.reads import SCALE_SETS

_BACKED_UP = {"protected", "irpending"}
_NOT_BACKED_UP = {"protectionerror", "protectionstopped", "protectionpaused", "backupssuspended", "invalid"}
_MACHINES = "azureiaasvm"
_DAYS = {"days": 1, "weeks": 7, "months": 30, "years": 365}
_SCHEDULES = ("dailySchedule", "weeklySchedule", "monthlySchedule", "yearlySchedule")


def retention_days(policy: Resource) -> float | None:
    """Give how long a backup policy keeps its most frequent full backups; None if it does not say.

    The policy of a workload (SQL, SAP HANA) has one such policy for each type; its full backups count.
    """
    inner = policy.objects("properties.subProtectionPolicy")
    full = [one for one in inner if (one.text("policyType") or "").lower() in {"full", "copyonlyfull"}]
    path = "properties.retentionPolicy"
    if full:
        policy, path = full[0], "retentionPolicy"
    durations = [f"{path}.{name}.retentionDuration" for name in _SCHEDULES]
    for duration in (*durations, f"{path}.retentionDuration"):
        count = policy.number(f"{duration}.count")
        days = _DAYS.get((policy.text(f"{duration}.durationType") or "").lower())
        if count is not None and days is not None:
            return count * days
    return None


def active(item: Resource) -> bool:
    """Tell whether a protected item is more than a deleted one that waits for its end."""
    return item.flag("properties.isScheduledForDeferredDelete") is not True


def _protected(item: Resource) -> Iterable[str]:
    """Give the machine that an item is the backup of; a database inside a machine names the machine too."""
    if (item.text("properties.backupManagementType") or _MACHINES).lower() != _MACHINES:
        return ()
    ids = (item.text("properties.virtualMachineId"), item.text("properties.sourceResourceId"))
    return [one for one in ids if one]


def _replicated(item: Resource) -> Iterable[str]:
    return item.texts("properties.providerSpecificDetails.fabricObjectId")


def _refused(machine: Resource, part: str) -> Judgement | None:
    """Say that a vault could not be read: it may hold the machine, so that nobody knows."""
    gaps = (vault.gap((part,)) for vault in machine.shared("vaults"))
    error = next((one for one in gaps if one is not None), None)
    return None if error is None else gap_judgement(error)


def _items(machine: Resource) -> list[Resource]:
    """Give what protects a machine; backup writes names in another case than compute does."""
    found = machine.matching("vaults", _protected, machine.id, within="protected_items")
    return [item for item in found if active(item)]


def backed_up(machine: Resource) -> Judgement:
    """Judge whether a vault protects the machine, by the state of its protected item."""
    found = _items(machine)
    if not found:
        none = bad("No recovery vault of the subscription backs up the machine.", protected_items=0)
        return _refused(machine, "protected_items") or none
    states = [item.text("properties.protectionState") or "" for item in found]
    if any(state.lower() in _BACKED_UP for state in states):
        return good("A recovery vault backs up the machine.", protectionState=states)
    if all(state.lower() in _NOT_BACKED_UP for state in states):
        return bad("The backup of the machine is stopped, paused or in error.", protectionState=states)
    reason = "The backup of the machine is in a state this version does not know."
    return unknown(reason, protectionState=states)


def retention_sufficient(machine: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge how long the policy of the machine's backup keeps recovery points."""
    found = _items(machine)
    if not found:
        none = bad("The machine has no backup, so that nothing is kept.", protected_items=0)
        return _refused(machine, "protected_items") or none
    wanted = found[0].text("properties.policyId")
    policies = machine.matching("vaults", whole_id, wanted, within="backup_policies")
    kept = retention_days(policies[0]) if policies else None
    if kept is None:
        unclear = unknown("The policy of the machine's backup does not say how long it keeps.", policy=wanted)
        return (None if policies else _refused(machine, "backup_policies")) or unclear
    reason = f"Recovery points are kept for {kept:g} days."
    return judged(kept >= limits["days"], reason, reason, retention_days=kept, policy=wanted)


def replicated(machine: Resource) -> Judgement:
    """Judge whether Site Recovery replicates the machine to another place."""
    found = machine.matching("vaults", _replicated, machine.id, within="replicated_items")
    if found:
        health = [one.text("properties.replicationHealth") for one in found]
        return judged(
            any((one or "").lower() != "critical" for one in health),
            "Site Recovery replicates the machine.",
            "Site Recovery replicates the machine, but the health of the replication is critical.",
            items=[one.id for one in found],
            replicationHealth=health,
        )
    none = bad("No recovery vault of this subscription replicates the machine.", replicated_items=0)
    return _refused(machine, "replicated_items") or none


def scale_set_balanced(scale_set: Resource) -> Judgement:
    """Judge whether a scale set's interfaces stand behind a load balancer or an application gateway."""
    if scale_set.at("properties.virtualMachineProfile") is None:
        return not_applicable("The scale set has no model that says how its machines are connected.")
    path = "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations"
    pools = [
        pool.id
        for interface in scale_set.objects(path)
        for one in interface.objects("properties.ipConfigurations")
        for name in ("loadBalancerBackendAddressPools", "applicationGatewayBackendAddressPools")
        for pool in one.objects(f"properties.{name}")
    ]
    return judged(
        pools,
        "The scale set stands behind a load balancer or an application gateway.",
        "The scale set stands behind neither a load balancer nor an application gateway.",
        backend_pools=pools,
    )


RULES = (
    Rule(
        Check(
            id="vm_backup_enabled",
            title="Backed up by Azure Backup",
            severity="medium",
            rationale="Without a backup a deleted or encrypted machine is gone.",
            remediation="Portal: virtual machine > Backup. CLI: az backup protection enable-for-vm -g "
            "<group> --vault-name <vault> --vm <vm id> --policy-name DefaultPolicy",
            permission=PROTECTED_ITEMS.permission,
        ),
        backed_up,
        needs=("vaults",),
    ),
    Rule(
        Check(
            id="vm_backup_retention_sufficient",
            title="Backups kept long enough",
            severity="low",
            rationale="An intrusion is often older than a few days when it is noticed.",
            remediation="Portal: Recovery Services vault > Backup policies > Retention range. CLI: az "
            "backup policy set -g <group> --vault-name <vault> --policy <policy json>",
            permission=BACKUP_POLICIES.permission,
            thresholds={"days": 30},
        ),
        within=retention_sufficient,
        needs=("vaults",),
    ),
    Rule(
        Check(
            id="vm_disaster_recovery_configured",
            title="Replicated by Site Recovery",
            severity="low",
            rationale="A replica in another region goes on when a region fails.",
            remediation="Portal: virtual machine > Disaster recovery. CLI: az site-recovery protected-item "
            "create ...",
            permission=REPLICATED_ITEMS.permission,
        ),
        replicated,
        needs=("vaults",),
    ),
)

SCALE_SET_RULES = (
    Rule(
        Check(
            id="vm_scale_set_load_balanced",
            title="Scale sets behind a load balancer",
            severity="low",
            rationale="Only what is balanced survives the loss of one machine.",
            remediation="Portal: scale set > Networking > Load balancing > Add. CLI: az vmss update -g "
            "<group> -n <scale set> --add "
            "virtualMachineProfile.networkProfile...loadBalancerBackendAddressPools id=<pool>",
            permission=SCALE_SETS.permission,
        ),
        scale_set_balanced,
    ),
)
