"""Kubernetes clusters: one as it should be, a bad one, a silent one, and those that are easily misread."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.ContainerService/managedClusters"
SETTINGS = (
    "aks_rbac_enabled",
    "aks_entra_integration_enabled",
    "aks_local_accounts_disabled",
    "aks_private_nodes",
    "aks_network_policy_enabled",
    "aks_azure_policy_addon_enabled",
    "aks_defender_profile_enabled",
    "aks_auto_upgrade_enabled",
    "aks_monitoring_enabled",
    "aks_disk_encryption_cmk",
)
API_SERVER = ("aks_api_server_not_public", "aks_authorized_ip_ranges_set")
LOGS, VERSION = "aks_resource_logs_enabled", "aks_version_not_vulnerable"
WORKLOADS = {
    "aks_privileged_containers_blocked": "5d90913f-a1c5-4429-ad54-2c6c17fb3c73",
    "aks_privilege_escalation_blocked": "43dc2a2e-ce69-4d42-923e-ab7d136f2cfe",
    "aks_trusted_images_only": "8d244d29-fa00-4332-b935-c3a51d525417",
    "aks_https_ingress_only": "c6d87087-9ebe-b31f-b452-0bf3bbbaccd2",
}
OFFICIAL, LONG_TERM = "KubernetesOfficial", "AKSLongTermSupport"


def build(estate: Estate) -> None:
    """Add the clusters and what is true of them."""
    _versions(estate)
    for number in range(estate.copies):
        _good(estate, f"good-cluster-{number}")
        _bad(estate, f"bad-cluster-{number}")
    _silent(estate, "silent-cluster")
    _half_open(estate, "half-open-cluster")
    _long_term(estate, "long-term-cluster")


def good_properties() -> JsonObject:
    """Give the properties of a cluster that passes whatever its own body decides."""
    return {
        "provisioningState": "Succeeded",
        "kubernetesVersion": "1.34",
        "currentKubernetesVersion": "1.34.2",
        "enableRBAC": True,
        "aadProfile": {"managed": True, "enableAzureRBAC": True, "adminGroupObjectIDs": []},
        "disableLocalAccounts": True,
        "apiServerAccessProfile": {"enablePrivateCluster": True, "authorizedIPRanges": []},
        "agentPoolProfiles": [
            {"name": "system", "enableNodePublicIP": False},
            {"name": "work", "osType": "Linux"},
        ],
        "networkProfile": {"networkPlugin": "azure", "networkPolicy": "cilium"},
        "addonProfiles": {
            "azurepolicy": {"enabled": True, "config": None},
            "omsAgent": {"enabled": True, "config": {"useAADAuth": "true"}},
        },
        "securityProfile": {"defender": {"securityMonitoring": {"enabled": True}}},
        "autoUpgradeProfile": {"upgradeChannel": "patch", "nodeOSUpgradeChannel": "NodeImage"},
        "diskEncryptionSetID": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/"
        "diskEncryptionSets/keys",
        "supportPlan": OFFICIAL,
    }


def _versions(estate: Estate) -> None:
    """Say which versions the region supports: 1.30 for long-term support only."""
    offered = [("1.30", LONG_TERM), ("1.33", OFFICIAL), ("1.34", OFFICIAL)]
    values = [
        {
            "version": minor,
            "capabilities": {"supportPlan": [plan] if plan == LONG_TERM else [plan, LONG_TERM]},
            "patchVersions": {f"{minor}.10": {"upgrades": []}, f"{minor}.2": {"upgrades": [f"{minor}.10"]}},
        }
        for minor, plan in offered
    ]
    locations = f"{estate.scope}/providers/Microsoft.ContainerService/locations"
    estate.answer_at(f"{locations}/westeurope/kubernetesVersions", {"values": values})


def _add(estate: Estate, name: str, properties: JsonObject, logs: list[JsonObject]) -> str:
    """Add a cluster and its diagnostic setting, if it sends any log; gives its id."""
    resource_id = estate.add(TYPE, name, properties)
    path = f"{resource_id}/providers/Microsoft.Insights/diagnosticSettings"
    rows = estate.list_at(path, paged=False)
    if logs:
        rows.append({"id": f"{path}/logs", "name": "logs", "properties": {"logs": logs, "metrics": []}})
    return resource_id


def _assess(estate: Estate, resource_id: str, code: str) -> None:
    """Let Defender for Cloud say the same of all workloads of a cluster."""
    for key in WORKLOADS.values():
        path = f"{resource_id}/providers/Microsoft.Security/assessments/{key}"
        body = {"id": path, "name": key, "type": "Microsoft.Security/assessments"}
        estate.answer_at(path, {**body, "properties": {"status": {"code": code}}})


def _good(estate: Estate, name: str) -> None:
    logs: list[JsonObject] = [{"categoryGroup": "allLogs", "enabled": True}]
    resource_id = _add(estate, name, good_properties(), logs)
    _assess(estate, resource_id, "Healthy")
    estate.expect(resource_id, "pass", *SETTINGS, API_SERVER[0], LOGS, VERSION, *WORKLOADS)
    # A private API server has no authorised ranges to set.
    estate.expect(resource_id, "not_applicable", API_SERVER[1])


def _bad(estate: Estate, name: str) -> None:
    properties: JsonObject = {
        "currentKubernetesVersion": "1.27.9",
        "enableRBAC": False,
        "aadProfile": None,
        "disableLocalAccounts": False,
        "apiServerAccessProfile": {"enablePrivateCluster": False, "authorizedIPRanges": None},
        "agentPoolProfiles": [{"name": "system"}, {"name": "work", "enableNodePublicIP": True}],
        "networkProfile": {"networkPlugin": "kubenet", "networkPolicy": "none"},
        "addonProfiles": {"azurepolicy": {"enabled": False}, "omsagent": {"enabled": False}},
        "securityProfile": {"defender": {"securityMonitoring": {"enabled": False}}},
        "autoUpgradeProfile": {"upgradeChannel": "none"},
    }
    resource_id = _add(estate, name, properties, [{"category": "kube-audit", "enabled": False}])
    estate.expect(resource_id, "fail", *SETTINGS, *API_SERVER, LOGS, VERSION)
    # Without the Azure Policy add-on Azure does not see what runs inside.
    estate.expect(resource_id, "manual", *WORKLOADS)


def _silent(estate: Estate, name: str) -> None:
    """A cluster that answers none of its settings: each means what Azure documents for its absence."""
    resource_id = _add(estate, name, {}, [])
    unsaid = ("aks_private_nodes",)
    estate.expect(resource_id, "fail", *[one for one in SETTINGS if one not in unsaid], *API_SERVER, LOGS)
    estate.expect(resource_id, "unknown", *unsaid, VERSION)
    estate.expect(resource_id, "manual", *WORKLOADS)


def _half_open(estate: Estate, name: str) -> None:
    """Two halves of the internet are all of it; names come in other casings; a patch is too old."""
    properties = good_properties() | {
        "currentKubernetesVersion": "1.33.1",
        "apiServerAccessProfile": {"authorizedIPRanges": ["0.0.0.0/1", "128.0.0.0/1"]},
        "networkProfile": {"networkPolicy": "Calico"},
        "addonProfiles": {"azurePolicy": {"enabled": True}, "omsagent": {"enabled": False}},
        "azureMonitorProfile": {"metrics": {"enabled": True}},
    }
    resource_id = _add(estate, name, properties, [{"category": "kube-audit-admin", "enabled": True}])
    _assess(estate, resource_id, "Unhealthy")
    estate.expect(resource_id, "pass", *SETTINGS, LOGS)
    estate.expect(resource_id, "fail", *API_SERVER, VERSION, *WORKLOADS)


def _long_term(estate: Estate, name: str) -> None:
    """Long-term support still fixes 1.30; Defender for Cloud has not looked at this cluster yet."""
    properties = good_properties() | {
        "currentKubernetesVersion": "1.30.10",
        "supportPlan": LONG_TERM,
        "apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24"]},
        "networkProfile": {"networkPolicy": "something-new"},
    }
    resource_id = _add(estate, name, properties, [{"categoryGroup": "audit", "enabled": True}])
    passing = [one for one in SETTINGS if one != "aks_network_policy_enabled"]
    estate.expect(resource_id, "pass", *passing, API_SERVER[1], LOGS, VERSION)
    estate.expect(resource_id, "fail", API_SERVER[0])
    estate.expect(resource_id, "unknown", "aks_network_policy_enabled")
    estate.expect(resource_id, "manual", *WORKLOADS)
