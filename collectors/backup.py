"""Recovery Services vaults: what they protect, for how long, and who can undo it."""

from collections.abc import Mapping

from collectors.contract import Check, Collector
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judgement,
    Rule,
    bad,
    good,
    judged,
    manual,
    must_be_one_of,
    not_applicable,
    private_endpoint_approved,
    unknown,
)
from collectors.declarations.shared_reads import BACKUP_POLICIES, PROTECTED_ITEMS, REPLICATED_ITEMS, VAULTS
from collectors.virtual_machines.recovery import active, retention_days

_PERMISSION = VAULTS.permission
_REDUNDANCY = "properties.redundancySettings"


def has_protected_items(vault: Resource) -> Judgement:
    """Judge whether a vault protects anything: backups that are not deleted, or replicas."""
    backups = [item for item in vault.rows("protected_items") if active(item)]
    replicas = vault.rows("replicated_items")
    return judged(
        backups or replicas,
        f"The vault holds {len(backups)} backups and {len(replicas)} replicas.",
        "The vault protects nothing.",
        backups=len(backups),
        replicas=len(replicas),
    )


def retention_adequate(vault: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge how long the policies keep that are in use; those that came with the vault keep nothing."""
    used = {
        (item.text("properties.policyId") or "").lower()
        for item in vault.rows("protected_items")
        if active(item)
    } - {""}
    if not used:
        return not_applicable("No backup of the vault uses a policy.")
    kept = {one.name: retention_days(one) for one in vault.rows("backup_policies") if one.id.lower() in used}
    short = sorted(name for name, days in kept.items() if days is not None and days < limits["minimum_days"])
    if short:
        return bad(f"These policies keep backups too short: {', '.join(short)}.", retention_days=kept)
    if len(kept) < len(used) or None in kept.values():
        return unknown("A policy in use does not say how long it keeps backups.", retention_days=kept)
    return good("Every policy in use keeps backups long enough.", retention_days=kept)


def customer_key(vault: Resource) -> Judgement:
    """Judge whose key encrypts the vault; without one of the customer's it is Microsoft's."""
    key = vault.text("properties.encryption.keyVaultProperties.keyUri")
    return judged(
        key,
        "The vault is encrypted with a customer-managed key.",
        "The vault is encrypted with Microsoft's key.",
        key=key,
    )


def cross_region_restore(vault: Resource) -> Judgement:
    """Judge whether backups can be restored in the paired region: off unless asked for, and not undone."""
    state = vault.text(f"{_REDUNDANCY}.crossRegionRestore")
    redundancy = vault.text(f"{_REDUNDANCY}.standardTierStorageRedundancy")
    if state is not None and state.lower() not in {"enabled", "disabled"}:
        return unknown(
            "Cross-region restore has a value this version does not know.", crossRegionRestore=state
        )
    return judged(
        (state or "").lower() == "enabled",
        "Backups can be restored in the paired region.",
        "Backups cannot be restored in the paired region.",
        crossRegionRestore=state,
        standardTierStorageRedundancy=redundancy,
    )


def restore_tested(vault: Resource) -> Judgement:
    """Ask a person: an API tells which restores ran, not whether what came back was of use."""
    backups = sum(map(active, vault.rows("protected_items")))
    if not backups:
        return not_applicable("The vault holds no backup that could be restored.", backups=0)
    reason = "Look for the record of the last restore test: what was restored, when, and whether it worked."
    return manual(reason, backups=backups)


RULES = (
    Rule(
        Check(
            id="recovery_vault_protected_items_exist",
            title="Vault protects something",
            severity="medium",
            rationale="A vault without backups gives the feeling of one.",
            remediation="Portal: Recovery Services vault > Backup. CLI: az backup protection enable-for-vm "
            "-g <group> --vault-name <vault> --vm <vm id> --policy-name DefaultPolicy",
            permission=PROTECTED_ITEMS.permission,
        ),
        has_protected_items,
        needs=("protected_items", "replicated_items"),
    ),
    Rule(
        Check(
            id="recovery_vault_retention_adequate",
            title="Backups kept long enough",
            severity="medium",
            rationale="An intrusion is often older than a few days when it is noticed.",
            remediation="Portal: Recovery Services vault > Backup policies > Retention range. CLI: az "
            "backup policy set -g <group> --vault-name <vault> --policy <policy json>",
            permission=BACKUP_POLICIES.permission,
            thresholds={"minimum_days": 30},
        ),
        within=retention_adequate,
        needs=("protected_items", "backup_policies"),
    ),
    Rule(
        Check(
            id="recovery_vault_soft_delete_enabled",
            title="Soft delete on",
            severity="high",
            rationale="Whoever deletes backups before encrypting machines finds them kept for days.",
            remediation="Portal: Recovery Services vault > Properties > Security settings > Soft delete. "
            "CLI: az backup vault backup-properties set -g <group> -n <vault> --soft-delete-feature-state "
            "Enable",
            permission=_PERMISSION,
        ),
        # Documented for new vaults only ("on by default"): an absent state of an older one tells nothing.
        must_be_one_of(
            "properties.securitySettings.softDeleteSettings.softDeleteState",
            "Soft delete",
            allowed=["Enabled", "AlwaysON"],
            others=["Disabled"],
            absent=None,
        ),
    ),
    Rule(
        Check(
            id="recovery_vault_immutability_enabled",
            title="Immutability on",
            severity="medium",
            rationale="Recovery points that nobody can shorten or delete survive a stolen administrator.",
            remediation="Portal: Recovery Services vault > Properties > Immutable vault. CLI: az backup "
            "vault update -g <group> -n <vault> --immutability-state Unlocked",
            permission=_PERMISSION,
        ),
        # "By default, immutability is disabled" (Microsoft, "Immutable vault for Azure Backup").
        must_be_one_of(
            "properties.securitySettings.immutabilitySettings.state",
            "Immutability",
            allowed=["Unlocked", "Locked"],
            others=["Disabled"],
            absent="Disabled",
        ),
    ),
    Rule(
        Check(
            id="recovery_vault_multi_user_authorization",
            title="Multi-user authorisation on",
            severity="medium",
            rationale="One administrator alone cannot switch off what protects the backups.",
            remediation="Portal: Recovery Services vault > Properties > Multi-user authorization > Protect "
            "with Resource Guard. CLI: az backup vault resource-guard-mapping update -g <group> -n <vault> "
            "--resource-guard-id <id>",
            permission=_PERMISSION,
        ),
        # It is on once a Resource Guard is connected ("Multi-user authorization using Resource Guard").
        must_be_one_of(
            "properties.securitySettings.multiUserAuthorization",
            "Multi-user authorisation",
            allowed=["Enabled"],
            others=["Disabled"],
            absent="Disabled",
        ),
    ),
    Rule(
        Check(
            id="recovery_vault_cmk_encryption",
            title="Encrypted with a customer-managed key",
            severity="low",
            rationale="With a key of one's own the backups can be made unreadable without Microsoft's help.",
            remediation="Portal: Recovery Services vault > Properties > Encryption settings. CLI: az backup "
            "vault encryption update -g <group> -n <vault> --encryption-key-id <key> --mi-system-assigned",
            permission=_PERMISSION,
        ),
        customer_key,
    ),
    Rule(
        Check(
            id="recovery_vault_private_link_used",
            title="Private link used",
            severity="low",
            rationale="Through a private endpoint backups travel inside the virtual network only.",
            remediation="Portal: Recovery Services vault > Networking > Private access > Add. CLI: az "
            "network private-endpoint create --group-id AzureBackup --private-connection-resource-id <vault "
            "id> ...",
            permission=_PERMISSION,
        ),
        private_endpoint_approved,
    ),
    Rule(
        Check(
            id="recovery_vault_cross_region_restore",
            title="Cross-region restore on",
            severity="low",
            rationale="When a region fails, what lies in its pair can be restored at once.",
            remediation="Portal: Recovery Services vault > Properties > Backup configuration > Cross Region "
            "Restore. CLI: az backup vault backup-properties set -g <group> -n <vault> "
            "--cross-region-restore-flag true",
            permission=_PERMISSION,
        ),
        cross_region_restore,
    ),
    Rule(
        Check(
            id="recovery_backup_alerts_monitored",
            title="Failures of backup jobs raise alerts",
            severity="medium",
            rationale="A backup that fails unnoticed is missed on the day it is needed.",
            remediation="Portal: Recovery Services vault > Properties > Monitoring settings. CLI: az backup "
            "vault update -g <group> -n <vault> --job-failure-alerts Enable",
            permission=_PERMISSION,
        ),
        must_be_one_of(
            "properties.monitoringSettings.azureMonitorAlertSettings.alertsForAllJobFailures",
            "Alerting of job failures",
            allowed=["Enabled"],
            others=["Disabled"],
            absent=None,
        ),
    ),
    Rule(
        Check(
            id="recovery_restore_tested",
            title="Restore tested",
            severity="medium",
            rationale="Only a restore that worked shows that there is a backup.",
            remediation="Portal: Recovery Services vault > Backup items > Restore, to a test network. CLI: "
            "az backup restore restore-disks -g <group> --vault-name <vault> ...",
            permission=PROTECTED_ITEMS.permission,
            manual=True,
        ),
        restore_tested,
        needs=("protected_items",),
    ),
)

COLLECTOR = Collector(
    service="backup",
    title="Azure Backup",
    reads_what="Every Recovery Services vault with its backups, policies, replicas and protection settings.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "backup",
            "Backup Configuration",
            [
                Kind(
                    noun="Recovery Services vaults",
                    read=VAULTS,
                    rules=RULES,
                    children={
                        "protected_items": Child(PROTECTED_ITEMS, many=True),
                        "backup_policies": Child(BACKUP_POLICIES, many=True),
                        "replicated_items": Child(REPLICATED_ITEMS, many=True),
                    },
                )
            ],
        ),
    ),
)
