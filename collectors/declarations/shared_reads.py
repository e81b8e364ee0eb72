"""What more than one service reads: declared in one place, asked of Azure once a run."""

from collectors.contract import Read

_SUBSCRIPTION = "/subscriptions/{subscription_id}/providers"


def _list(provider: str, name: str, api_version: str) -> Read:
    return Read(
        path=f"{_SUBSCRIPTION}/{provider}/{name}",
        api_version=api_version,
        permission=f"{provider}/{name}/read",
        shared=True,
    )


# Unfiltered, the list holds what is inherited and what is assigned below the subscription too. Eligible
# (PIM) assignments are not in it.
ROLE_ASSIGNMENTS = _list("Microsoft.Authorization", "roleAssignments", "2022-04-01")
ROLE_DEFINITIONS = _list("Microsoft.Authorization", "roleDefinitions", "2022-04-01")
LOCKS = _list("Microsoft.Authorization", "locks", "2020-05-01")
COMPONENTS = _list("Microsoft.Insights", "components", "2020-02-02")
SECURITY_GROUPS = _list("Microsoft.Network", "networkSecurityGroups", "2024-03-01")
NETWORKS = _list("Microsoft.Network", "virtualNetworks", "2025-01-01")
PUBLIC_ADDRESSES = _list("Microsoft.Network", "publicIPAddresses", "2025-01-01")
VAULTS = Read(
    path=f"{_SUBSCRIPTION}/Microsoft.RecoveryServices/vaults",
    api_version="2025-02-01",
    permission="Microsoft.RecoveryServices/Vaults/read",
    shared=True,
)
PROTECTED_ITEMS = Read(
    path="/{id}/backupProtectedItems",
    api_version="2024-04-01",
    permission="Microsoft.RecoveryServices/Vaults/backupProtectedItems/read",
    shared=True,
)
"""What one vault backs up: no list of the subscription holds it."""
BACKUP_POLICIES = Read(
    path="/{id}/backupPolicies",
    api_version="2024-04-01",
    permission="Microsoft.RecoveryServices/Vaults/backupPolicies/read",
    shared=True,
)
"""The policies of one vault: no list of the subscription holds them."""
REPLICATED_ITEMS = Read(
    path="/{id}/replicationProtectedItems",
    api_version="2025-01-01",
    permission="Microsoft.RecoveryServices/vaults/replicationProtectedItems/read",
    shared=True,
)
"""What one vault replicates with Site Recovery: no list of the subscription holds it."""
