"""What recovery vaults hold of machines: backups and replicas, in another case than compute writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

VAULT = "Microsoft.RecoveryServices/vaults"
NAME = "machines-vault"


def build(estate: Estate) -> None:
    """Add the vault and its policies: one keeps backups for 30 days, one for a week."""
    vault = estate.add(VAULT, NAME, _settings(), sku={"name": "RS0", "tier": "Standard"})
    policies = estate.list_at(f"{vault}/backupPolicies")
    policies.append(_policy(f"{vault}/backupPolicies/month", {"count": 30, "durationType": "Days"}))
    policies.append(_policy(f"{vault}/backupPolicies/week", {"count": 7, "durationType": "Days"}))
    estate.list_at(f"{vault}/backupProtectedItems")
    estate.list_at(f"{vault}/replicationProtectedItems")


def back_up(estate: Estate, machine: str, *, policy: str = "month", state: str = "Protected") -> None:
    """Protect a machine by a policy of the vault."""
    vault = estate.resource_id(VAULT, NAME)
    name = machine.rpartition("/")[2]
    container = f"IaasVMContainer;iaasvmcontainerv2;rg-estate;{name}"
    estate.list_at(f"{vault}/backupProtectedItems").append(
        {
            "id": f"{vault}/backupFabrics/Azure/protectionContainers/{container}/protectedItems/VM;{name}",
            "name": f"VM;iaasvmcontainerv2;rg-estate;{name}",
            "type": "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems",
            "properties": {
                "protectedItemType": "Microsoft.Compute/virtualMachines",
                "backupManagementType": "AzureIaasVM",
                "workloadType": "VM",
                "protectionState": state,
                "virtualMachineId": machine.upper(),
                "sourceResourceId": machine.lower(),
                "policyId": f"{vault}/backupPolicies/{policy}".upper(),
            },
        }
    )


def replicate(estate: Estate, machine: str, *, health: str = "Normal") -> None:
    """Replicate a machine to another region."""
    vault = estate.resource_id(VAULT, NAME)
    name = machine.rpartition("/")[2]
    estate.list_at(f"{vault}/replicationProtectedItems").append(
        {
            "id": f"{vault}/replicationFabrics/f/replicationProtectionContainers/c"
            f"/replicationProtectedItems/{name}",
            "name": name,
            "type": "Microsoft.RecoveryServices/vaults/replicationFabrics"
            "/replicationProtectionContainers/replicationProtectedItems",
            "properties": {
                "replicationHealth": health,
                "providerSpecificDetails": {"instanceType": "A2A", "fabricObjectId": machine.upper()},
            },
        }
    )


def _settings() -> JsonObject:
    return {
        "provisioningState": "Succeeded",
        "securitySettings": {
            "immutabilitySettings": {"state": "Locked"},
            "softDeleteSettings": {"softDeleteState": "AlwaysON", "softDeleteRetentionPeriodInDays": 14},
            "multiUserAuthorization": "Enabled",
        },
    }


def _policy(policy_id: str, duration: JsonObject) -> JsonObject:
    return {
        "id": policy_id,
        "name": policy_id.rpartition("/")[2],
        "type": "Microsoft.RecoveryServices/vaults/backupPolicies",
        "properties": {
            "backupManagementType": "AzureIaasVM",
            "retentionPolicy": {
                "retentionPolicyType": "LongTermRetentionPolicy",
                "dailySchedule": {"retentionDuration": duration},
            },
        },
    }
