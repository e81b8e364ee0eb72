"""How a cluster is patched, watched and encrypted."""

from collectors.aks.reads import CLUSTERS, VERSIONS, addon
from collectors.contract import Check
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judgement,
    Rule,
    bad,
    good,
    judged,
    must_be_on,
    must_be_one_of,
    unknown,
)

_LONG_TERM = "akslongtermsupport"


def azure_policy(cluster: Resource) -> Judgement:
    """Judge whether the Azure Policy add-on is on; an add-on that is not listed was never switched on."""
    found = addon(cluster, "azurepolicy")
    enabled = None if found is None else found.flag("enabled")
    return judged(
        enabled, "The Azure Policy add-on is on.", "The Azure Policy add-on is off.", enabled=enabled
    )


def monitoring(cluster: Resource) -> Judgement:
    """Judge whether Azure Monitor collects logs (Container insights) or metrics (managed Prometheus)."""
    found = addon(cluster, "omsagent")
    logs = None if found is None else found.flag("enabled")
    metrics = cluster.flag("properties.azureMonitorProfile.metrics.enabled")
    return judged(
        logs or metrics,
        "Azure Monitor watches the cluster.",
        "Azure Monitor collects neither logs nor metrics of the cluster.",
        container_insights=logs,
        managed_prometheus=metrics,
    )


def resource_logs(cluster: Resource) -> Judgement:
    """Judge whether a diagnostic setting sends at least one log, by category or category group."""
    logs = [log for one in cluster.rows("diagnostics") for log in one.objects("properties.logs")]
    sent = [log.text("category") or log.text("categoryGroup") for log in logs if log.flag("enabled")]
    return judged(
        sent,
        f"Resource logs are sent: {', '.join(filter(None, sent))}.",
        "No diagnostic setting sends resource logs.",
        sent=sent,
        settings=len(cluster.rows("diagnostics")),
    )


def supported_version(cluster: Resource) -> Judgement:
    """Judge whether the version still gets fixes: whether the region offers it, under the cluster's plan.

    Microsoft fixes vulnerabilities in the versions that the region lists; a minor version listed for
    long-term support only is fixed on clusters of that plan only.
    """
    version = cluster.text("properties.currentKubernetesVersion") or cluster.text(
        "properties.kubernetesVersion"
    )
    region = cluster.part("versions")
    minors = () if region is None else region.objects("values")
    if version is None or not minors:
        return unknown("Azure does not say which versions are supported.", version=version)
    offered = {one.text("version"): one for one in minors}
    minor = offered.get(".".join(version.split(".")[:2]))
    observed = {"version": version, "supported": sorted(filter(None, offered))}
    if minor is None:
        return bad(f"Kubernetes {version} gets no more fixes in this region.", **observed)
    if not _in_plan(minor, cluster):
        return bad(f"Kubernetes {version} gets fixes only under long-term support.", **observed)
    patches = minor.at("patchVersions")
    known = sorted(map(_numbers, patches)) if isinstance(patches, dict) else []
    if known and version.count(".") > 1 and _numbers(version) < known[0]:
        return bad(f"Kubernetes {version} is older than every patch that is still offered.", **observed)
    return good(f"Kubernetes {version} is supported.", **observed)


def _in_plan(minor: Resource, cluster: Resource) -> bool:
    plans = {plan.lower() for plan in minor.texts("capabilities.supportPlan")}
    own = (cluster.text("properties.supportPlan") or "KubernetesOfficial").lower()
    return plans != {_LONG_TERM} or own == _LONG_TERM


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


RULES = (
    Rule(
        Check(
            id="aks_azure_policy_addon_enabled",
            title="Azure Policy add-on on",
            severity="high",
            rationale="The add-on enforces the organisation's rules on every pod before it starts.",
            remediation="Portal: cluster > Policies > Enable add-on. CLI: az aks enable-addons -g <group> "
            "-n <name> --addons azure-policy",
            permission=CLUSTERS.permission,
        ),
        azure_policy,
    ),
    Rule(
        Check(
            id="aks_defender_profile_enabled",
            title="Defender profile on",
            severity="high",
            rationale="The Defender sensor sees attacks inside the nodes that no outside log shows.",
            remediation="Portal: Defender for Cloud > Environment settings > Containers > Defender sensor "
            "on. CLI: az aks update -g <group> -n <name> --enable-defender",
            permission=CLUSTERS.permission,
        ),
        # Absent counts as off in the built-in policy a1840de2-8088-4ea8-b153-b4c723e9cb01.
        must_be_on(
            "properties.securityProfile.defender.securityMonitoring.enabled",
            "The Defender sensor",
            absent=False,
        ),
    ),
    Rule(
        Check(
            id="aks_auto_upgrade_enabled",
            title="Cluster auto-upgrade on",
            severity="medium",
            rationale="A cluster that upgrades itself does not wait for a person to close known holes.",
            remediation="Portal: cluster > Cluster configuration > Upgrade > Automatic upgrade. CLI: az "
            "aks update -g <group> -n <name> --auto-upgrade-channel patch",
            permission=CLUSTERS.permission,
        ),
        # Azure documents "none" as the default.
        must_be_one_of(
            "properties.autoUpgradeProfile.upgradeChannel",
            "The upgrade channel",
            allowed=["rapid", "stable", "patch", "node-image"],
            others=["none"],
            absent="none",
        ),
    ),
    Rule(
        Check(
            id="aks_version_not_vulnerable",
            title="Kubernetes version supported",
            severity="high",
            rationale="A version that is no longer supported keeps every vulnerability found since.",
            remediation="Portal: cluster > Cluster configuration > Upgrade version. CLI: az aks upgrade -g "
            "<group> -n <name> --kubernetes-version <version>",
            permission=VERSIONS.permission,
        ),
        supported_version,
        needs=("versions",),
    ),
    Rule(
        Check(
            id="aks_monitoring_enabled",
            title="Azure Monitor on",
            severity="medium",
            rationale="What nobody watches fails and is attacked unseen.",
            remediation="Portal: cluster > Monitoring > Monitor settings. CLI: az aks enable-addons -g "
            "<group> -n <name> --addons monitoring --workspace-resource-id <workspace id>",
            permission=CLUSTERS.permission,
        ),
        monitoring,
    ),
    Rule(
        Check(
            id="aks_resource_logs_enabled",
            title="Resource logs on",
            severity="low",
            rationale="The control plane's logs tell who changed what in the cluster.",
            remediation="Portal: cluster > Diagnostic settings > Add diagnostic setting > "
            "kube-audit-admin. CLI: az monitor diagnostic-settings create --resource <cluster id> -n "
            "<name> --workspace <workspace id> --logs "
            '\'[{"category":"kube-audit-admin","enabled":true}]\'',
            permission=DIAGNOSTIC_SETTINGS.permission,
        ),
        resource_logs,
        needs=("diagnostics",),
    ),
    Rule(
        Check(
            id="aks_disk_encryption_cmk",
            title="Disks encrypted with a customer-managed key",
            severity="low",
            rationale="With a key of one's own the data can be made unreadable without Microsoft's help.",
            remediation="Portal: Kubernetes services > Create > Node pools > Node pool OS disk encryption; a "
            "cluster gets it at creation. CLI: az aks create -g <group> -n "
            "<name> --node-osdisk-diskencryptionset-id <id>",
            permission=CLUSTERS.permission,
        ),
        lambda cluster: judged(
            cluster.text("properties.diskEncryptionSetID"),
            "A disk encryption set encrypts the disks of the cluster.",
            "The disks of the cluster are encrypted with Microsoft's keys.",
            disk_encryption_set=cluster.text("properties.diskEncryptionSetID"),
        ),
    ),
)
