"""Recovery Services vaults: good, bad, empty, silent, and one that only replicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.estates.virtual_machines import vaults

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = vaults.VAULT
ITEMS, RETENTION, RESTORE = (
    "recovery_vault_protected_items_exist",
    "recovery_vault_retention_adequate",
    "recovery_restore_tested",
)
SOFT_DELETE, ALERTS = "recovery_vault_soft_delete_enabled", "recovery_backup_alerts_monitored"
ADDED = (
    "recovery_vault_cmk_encryption",
    "recovery_vault_private_link_used",
    "recovery_vault_cross_region_restore",
)
GUARDS = ("recovery_vault_immutability_enabled", "recovery_vault_multi_user_authorization")
GOOD: JsonObject = {
    "securitySettings": {
        "softDeleteSettings": {"softDeleteState": "Enabled"},
        "immutabilitySettings": {"state": "Unlocked"},
        "multiUserAuthorization": "enabled",
    },
    "encryption": {"keyVaultProperties": {"keyUri": "https://v.vault.azure.net/keys/k/1"}},
    "privateEndpointConnections": [
        {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
    ],
    "redundancySettings": {
        "standardTierStorageRedundancy": "GeoRedundant",
        "crossRegionRestore": "Enabled",
    },
    "monitoringSettings": {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Enabled"}},
}
BAD: JsonObject = {
    "securitySettings": {
        "softDeleteSettings": {"softDeleteState": "Disabled"},
        "immutabilitySettings": {"state": "Disabled"},
        "multiUserAuthorization": "Disabled",
    },
    "redundancySettings": {
        "standardTierStorageRedundancy": "LocallyRedundant",
        "crossRegionRestore": "Disabled",
    },
    "monitoringSettings": {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Disabled"}},
}


def build(estate: Estate) -> None:
    """Add the vaults and what is true of them; the machines' own vault is another module's."""
    for number in range(estate.copies):
        good = _add(estate, f"good-vault{number}", GOOD)
        _protect(estate, good, "month", {"count": 12, "durationType": "Months"})
        estate.expect(good, "pass", ITEMS, RETENTION, SOFT_DELETE, ALERTS, *ADDED, *GUARDS)
        estate.expect(good, "manual", RESTORE)
        bad = _add(estate, f"bad-vault{number}", BAD)
        _protect(estate, bad, "week", {"count": 1, "durationType": "Weeks"})
        estate.expect(bad, "fail", RETENTION, SOFT_DELETE, ALERTS, *ADDED, *GUARDS)
        estate.expect(bad, "pass", ITEMS)
        estate.expect(bad, "manual", RESTORE)
    silent = _add(estate, "silent-vault", {})
    estate.expect(silent, "fail", ITEMS, *ADDED, *GUARDS)
    estate.expect(silent, "unknown", SOFT_DELETE, ALERTS)
    estate.expect(silent, "not_applicable", RETENTION, RESTORE)
    _replicating(estate)
    _of_machines(estate)


def _add(estate: Estate, name: str, properties: JsonObject) -> str:
    vault = estate.add(TYPE, name, properties, sku={"name": "RS0"})
    for child in ("backupPolicies", "backupProtectedItems", "replicationProtectedItems"):
        estate.list_at(f"{vault}/{child}")
    return vault


def _protect(estate: Estate, vault: str, policy: str, duration: JsonObject, **more: object) -> None:
    """Add a policy and a backup that uses it, the policy's id in another case."""
    policy_id = f"{vault}/backupPolicies/{policy}"
    schedule = {"weeklySchedule": {"retentionDuration": duration}}
    body: JsonObject = {"id": policy_id, "name": policy, "properties": {"retentionPolicy": schedule}}
    estate.list_at(f"{vault}/backupPolicies").append(body)
    item = {"protectionState": "Protected", "policyId": policy_id.upper(), **more}
    rows = estate.list_at(f"{vault}/backupProtectedItems")
    rows.append({"id": f"{vault}/backupFabrics/Azure/item-{policy}", "name": policy, "properties": item})


def _replicating(estate: Estate) -> None:
    """A vault of Site Recovery, with a deleted backup that waits for its end and states nobody knows."""
    odd: JsonObject = {
        "securitySettings": {
            "softDeleteSettings": {"softDeleteState": "Invalid"},
            "immutabilitySettings": {"state": "Melting"},
            "multiUserAuthorization": "Invalid",
        },
        "redundancySettings": {"crossRegionRestore": "Soon"},
        "monitoringSettings": {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Some"}},
    }
    vault = _add(estate, "replicating-vault", odd)
    _protect(estate, vault, "gone", {"count": 1, "durationType": "Days"}, isScheduledForDeferredDelete=True)
    rows = estate.list_at(f"{vault}/replicationProtectedItems")
    rows.append({"id": f"{vault}/replica", "name": "replica", "properties": {}})
    estate.expect(vault, "pass", ITEMS)
    estate.expect(vault, "not_applicable", RETENTION, RESTORE)
    estate.expect(vault, "unknown", SOFT_DELETE, ALERTS, ADDED[2], *GUARDS)
    estate.expect(vault, "fail", *ADDED[:2])


def _of_machines(estate: Estate) -> None:
    """The vault of the machines: one of its policies keeps a week only."""
    vault = estate.resource_id(TYPE, vaults.NAME)
    estate.expect(vault, "pass", ITEMS, SOFT_DELETE, *GUARDS)
    estate.expect(vault, "fail", RETENTION, *ADDED)
    estate.expect(vault, "unknown", ALERTS)
    estate.expect(vault, "manual", RESTORE)
