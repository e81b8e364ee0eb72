"""Kubernetes clusters: each check by what it passes, fails, and makes of an absent value."""

import msgspec
import pytest

from collectors.aks import COLLECTOR, RULES
from collectors.aks.reads import ASSESSMENTS as ASSESSMENT_KEYS
from collectors.contract import JsonValue, Verdict
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource
from collectors.defender.assessments import ASSESSMENTS
from collectors.errors import AccessDenied
from local.azure import SimulatedAzure
from local.azure.official import find_official
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import reading

CLUSTERS = "providers/Microsoft.ContainerService/managedClusters"
GROUP = f"resourceGroups/g/{CLUSTERS}"
REGION = "providers/Microsoft.ContainerService/locations/westeurope/kubernetesVersions"
OFFICIAL: JsonObject = {
    "version": "1.34",
    "capabilities": {"supportPlan": ["KubernetesOfficial", "AKSLongTermSupport"]},
    "patchVersions": {"1.34.10": {"upgrades": []}, "1.34.2": {"upgrades": ["1.34.10"]}},
}
LONG_TERM: JsonObject = {"version": "1.30", "capabilities": {"supportPlan": ["AKSLongTermSupport"]}}
DENIED = AccessDenied("No.", permission="Some/read", scope=SCOPE)
POLICY_ON: JsonObject = {"addonProfiles": {"azurepolicy": {"enabled": True}}}


def cluster(name: str, properties: JsonObject) -> JsonObject:
    """Make a cluster as Azure answers it."""
    return {
        "id": f"{SCOPE}/{GROUP}/{name}",
        "name": name,
        "location": "West Europe",
        "properties": properties,
    }


def verdict(check_id: str, properties: JsonObject, **parts: Resource | tuple[Resource, ...] | None) -> str:
    """Judge a cluster with these properties by one check."""
    rules = [rule for rule in RULES if rule.check.id == f"aks_{check_id}"]
    found = evaluate(Resource(cluster("c", properties)).with_parts(parts), rules)
    return found[0].status.value


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("rbac_enabled", {"enableRBAC": True}, "pass"),
        ("rbac_enabled", {"enableRBAC": False}, "fail"),
        ("rbac_enabled", {}, "fail"),
        ("entra_integration_enabled", {"aadProfile": {"managed": True}}, "pass"),
        ("entra_integration_enabled", {"aadProfile": {"serverAppID": "id", "clientAppID": "id"}}, "pass"),
        ("entra_integration_enabled", {"aadProfile": {"managed": False}}, "fail"),
        ("entra_integration_enabled", {"aadProfile": {}}, "unknown"),
        ("entra_integration_enabled", {}, "fail"),
        ("local_accounts_disabled", {"disableLocalAccounts": True}, "pass"),
        ("local_accounts_disabled", {"disableLocalAccounts": False}, "fail"),
        ("local_accounts_disabled", {}, "fail"),
        ("api_server_not_public", {"apiServerAccessProfile": {"enablePrivateCluster": True}}, "pass"),
        ("api_server_not_public", {"apiServerAccessProfile": {"enablePrivateCluster": False}}, "fail"),
        ("api_server_not_public", {"apiServerAccessProfile": {"authorizedIPRanges": ["192.0.2.1"]}}, "fail"),
        ("api_server_not_public", {}, "fail"),
        ("private_nodes", {"agentPoolProfiles": [{"name": "a"}, {"enableNodePublicIP": False}]}, "pass"),
        ("private_nodes", {"agentPoolProfiles": [{"name": "a"}, {"enableNodePublicIP": True}]}, "fail"),
        ("private_nodes", {}, "unknown"),
        ("network_policy_enabled", {"networkProfile": {"networkPolicy": "Azure"}}, "pass"),
        ("network_policy_enabled", {"networkProfile": {"networkPolicy": "none"}}, "fail"),
        ("network_policy_enabled", {"networkProfile": {"networkPolicy": "new"}}, "unknown"),
        ("network_policy_enabled", {}, "fail"),
        ("azure_policy_addon_enabled", {"addonProfiles": {"azurePolicy": {"enabled": True}}}, "pass"),
        ("azure_policy_addon_enabled", {"addonProfiles": {"azurepolicy": {"enabled": False}}}, "fail"),
        ("azure_policy_addon_enabled", {"addonProfiles": {"omsagent": {"enabled": True}}}, "fail"),
        ("azure_policy_addon_enabled", {}, "fail"),
        (
            "defender_profile_enabled",
            {"securityProfile": {"defender": {"securityMonitoring": {"enabled": True}}}},
            "pass",
        ),
        ("defender_profile_enabled", {"securityProfile": {"defender": {"logAnalytics": "id"}}}, "fail"),
        ("defender_profile_enabled", {}, "fail"),
        ("auto_upgrade_enabled", {"autoUpgradeProfile": {"upgradeChannel": "Stable"}}, "pass"),
        ("auto_upgrade_enabled", {"autoUpgradeProfile": {"upgradeChannel": "none"}}, "fail"),
        ("auto_upgrade_enabled", {"autoUpgradeProfile": {"upgradeChannel": "new"}}, "unknown"),
        ("auto_upgrade_enabled", {"autoUpgradeProfile": {"nodeOSUpgradeChannel": "NodeImage"}}, "fail"),
        ("monitoring_enabled", {"addonProfiles": {"omsAgent": {"enabled": True}}}, "pass"),
        ("monitoring_enabled", {"azureMonitorProfile": {"metrics": {"enabled": True}}}, "pass"),
        ("monitoring_enabled", {"addonProfiles": {"omsagent": {"enabled": False}}}, "fail"),
        ("monitoring_enabled", {}, "fail"),
        ("disk_encryption_cmk", {"diskEncryptionSetID": "/subscriptions/s/des"}, "pass"),
        ("disk_encryption_cmk", {}, "fail"),
    ],
)
def test_a_check_says(check_id: str, properties: JsonObject, expected: str) -> None:
    """What it is there to say."""
    assert verdict(check_id, properties) == expected


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        (["203.0.113.0/24", "198.51.100.7"], "pass"),
        (["0.0.0.0/32"], "pass"),
        (["0.0.0.0/0"], "fail"),
        (["203.0.113.0/24", "::/0"], "fail"),
        (["0.0.0.0/1", "128.0.0.0/1"], "fail"),
        (["0.0.0.0/1"], "fail"),
        (["11.0.0.0/8"], "pass"),
        (["203.0.113.9/0"], "fail"),
        (["everyone"], "unknown"),
        ([], "fail"),
        (None, "fail"),
    ],
)
def test_authorised_ranges_that_are_the_internet_authorise_nobody(ranges: JsonValue, expected: str) -> None:
    """A list of ranges limits access only if it leaves something out."""
    profile: JsonObject = {"apiServerAccessProfile": {"authorizedIPRanges": ranges}}

    assert verdict("authorized_ip_ranges_set", profile) == expected


def test_a_private_api_server_needs_no_ranges() -> None:
    """There is no public address that ranges could narrow."""
    profile: JsonObject = {"apiServerAccessProfile": {"enablePrivateCluster": True}}

    assert verdict("authorized_ip_ranges_set", profile) == "not_applicable"


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        ([{"category": "kube-audit", "enabled": True}], "pass"),
        ([{"categoryGroup": "allLogs", "enabled": True}], "pass"),
        ([{"categoryGroup": "audit", "enabled": True}], "pass"),
        ([{"category": "kube-audit", "enabled": False}], "fail"),
        ([], "fail"),
    ],
)
def test_resource_logs_count_by_category_and_by_group(logs: JsonValue, expected: str) -> None:
    """Either spelling sends them."""
    setting = Resource({"id": "d", "properties": {"logs": logs}})

    assert verdict("resource_logs_enabled", {}, diagnostics=(setting,)) == expected


def test_a_cluster_without_diagnostic_settings_sends_no_logs() -> None:
    """A missing child is a finding, not an absence."""
    assert verdict("resource_logs_enabled", {}, diagnostics=()) == "fail"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"currentKubernetesVersion": "1.34.2"}, "pass"),
        ({"currentKubernetesVersion": "1.34.11"}, "pass"),
        ({"kubernetesVersion": "1.34"}, "pass"),
        ({"currentKubernetesVersion": "1.34.1"}, "fail"),
        ({"currentKubernetesVersion": "1.27.9"}, "fail"),
        ({"currentKubernetesVersion": "1.30.4"}, "fail"),
        ({"currentKubernetesVersion": "1.30.4", "supportPlan": "aksLongTermSupport"}, "pass"),
        ({}, "unknown"),
    ],
)
def test_a_version_is_good_while_its_region_offers_it(properties: JsonObject, expected: str) -> None:
    """What is no longer offered is no longer fixed; long-term support is for those who have it."""
    offered = Resource({"values": [OFFICIAL, LONG_TERM]})

    assert verdict("version_not_vulnerable", properties, versions=offered) == expected


@pytest.mark.parametrize("offered", [None, Resource({"values": []}), Resource({})])
def test_a_version_is_unknown_where_the_region_says_nothing(offered: Resource | None) -> None:
    """No list of versions is no reason to call one unsupported."""
    version: JsonObject = {"currentKubernetesVersion": "1.34.2"}

    assert verdict("version_not_vulnerable", version, versions=offered) == "unknown"


WORKLOADS = (
    "privileged_containers_blocked",
    "privilege_escalation_blocked",
    "trusted_images_only",
    "https_ingress_only",
)


@pytest.mark.parametrize("check_id", WORKLOADS)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("Healthy", "pass"),
        ("unhealthy", "fail"),
        ("NotApplicable", "not_applicable"),
        ("New", "unknown"),
        (None, "unknown"),
    ],
)
def test_workloads_are_as_defender_sees_them(check_id: str, code: str | None, expected: str) -> None:
    """Its word for the cluster becomes our verdict."""
    found = Resource({"id": "a", "properties": {"status": {"code": code}}})

    assert verdict(check_id, POLICY_ON, **{f"aks_{check_id}": found}) == expected


@pytest.mark.parametrize("check_id", WORKLOADS)
@pytest.mark.parametrize("properties", [{}, POLICY_ON])
def test_workloads_nobody_sees_are_a_persons_to_look_at(check_id: str, properties: JsonObject) -> None:
    """Neither without the add-on nor without an assessment does Azure know."""
    assert verdict(check_id, properties, **{f"aks_{check_id}": None}) == "manual"


async def read(answers: dict[str, Answer]) -> tuple[PathReader, dict[tuple[str, str], str], int]:
    """Read a subscription; gives the reader, the statuses and how many lists were refused."""
    reader = PathReader(answers)
    answer, verdicts = await read_part(COLLECTOR.parts[0], reader)
    return reader, statuses(verdicts), len(answer.gaps)


async def test_no_cluster_is_evidence_too() -> None:
    """One not_applicable per check, at the subscription."""
    _, found, gaps = await read({CLUSTERS: []})

    scope = SCOPE.rpartition("/")[2]
    assert found == {(check.id, scope): "not_applicable" for check in COLLECTOR.checks}
    assert gaps == 0


async def test_a_refused_list_is_a_gap() -> None:
    """Nothing is said of clusters nobody saw."""
    _, found, gaps = await read({CLUSTERS: DENIED})

    assert (found, gaps) == ({}, 1)


async def test_a_refused_child_is_unknown_for_that_cluster_only() -> None:
    """The other clusters, and the other checks of this one, are judged."""
    settings = "providers/Microsoft.Insights/diagnosticSettings"
    rows = [cluster(name, {}) for name in ("a", "b", "c")]
    _, found, _ = await read(
        {CLUSTERS: rows, f"{GROUP}/a/{settings}": DENIED, REGION: {"values": [OFFICIAL]}}
    )

    assert [found["aks_resource_logs_enabled", name] for name in "abc"] == ["unknown", "fail", "fail"]
    assert {found["aks_rbac_enabled", name] for name in "abc"} == {"fail"}


async def test_only_clusters_with_azure_policy_are_asked_about_workloads() -> None:
    """What Azure cannot see is not asked for."""
    reader, _, _ = await read({CLUSTERS: [cluster("with", POLICY_ON), cluster("without", {})]})

    asked = [path for path in reader.sent if "Microsoft.Security" in path]
    assert len(asked) == 4
    assert all("/with/" in path for path in asked)


def test_assessments_are_asked_for_in_one_version() -> None:
    """That of the defender service: two would be two shapes of the same object."""
    versions = {
        read.api_version
        for read in (*COLLECTOR.reads, ASSESSMENTS)
        if "Microsoft.Security/assessments" in read.path
    }

    assert versions == {ASSESSMENTS.api_version}


def test_microsofts_own_assessment_is_understood() -> None:
    """It is not applicable, and says by what policy it is off."""
    key = ASSESSMENT_KEYS["aks_privileged_containers_blocked"]
    path = f"{SCOPE}/{GROUP}/c/providers/Microsoft.Security/assessments/{key}"
    example = find_official(path, "2025-05-04")
    assert example is not None

    part = Resource(msgspec.convert(example.body, JsonObject))
    parts = {"aks_privileged_containers_blocked": part}
    assert verdict("privileged_containers_blocked", POLICY_ON, **parts) == "not_applicable"


async def test_microsofts_own_example_is_understood() -> None:
    """The specification's cluster, of which most settings are absent, is judged without an error."""
    found: dict[str, str] = {}

    async def keep(verdict: Verdict) -> None:
        found[verdict.check_id] = verdict.status.value

    async with SimulatedAzure("small") as azure, reading(azure, "specification") as reader:
        await COLLECTOR.parts[0].collect(reader, keep)

    assert found["aks_rbac_enabled"] == "fail"
    assert found["aks_disk_encryption_cmk"] == "pass"
    assert found["aks_private_nodes"] == "pass"
