"""Names and enum values of every resource, held against Microsoft's own models of Azure's APIs."""

from collections.abc import Iterator, Mapping

import pytest

from tests.infra.arm_models import Kind, resource_kind
from tests.infra.bicep import FILES, INFRA, Node, Resource, Template, written

_NETWORK, _STORAGE, _WEB = "azure.mgmt.network.models", "azure.mgmt.storage.models", "azure.mgmt.web.models"
_ROLES, _DNS = "azure.mgmt.authorization.v2022_04_01.models", "azure.mgmt.privatedns.models"
_MONITOR = "azure.mgmt.monitor.v{}.models"
KINDS = {
    "Microsoft.Authorization/locks": ("azure.mgmt.resource.locks.models", "ManagementLockObject"),
    "Microsoft.Authorization/roleAssignments": (_ROLES, "RoleAssignmentCreateParameters"),
    "Microsoft.Authorization/roleDefinitions": (_ROLES, "RoleDefinition"),
    "Microsoft.Insights/actionGroups": (_MONITOR.format("2023_01_01"), "ActionGroupResource"),
    "Microsoft.Insights/components": (
        "azure.mgmt.applicationinsights.models",
        "ApplicationInsightsComponent",
    ),
    "Microsoft.Insights/diagnosticSettings": (
        _MONITOR.format("2021_05_01_preview"),
        "DiagnosticSettingsResource",
    ),
    "Microsoft.Insights/scheduledQueryRules": (
        _MONITOR.format("2022_08_01_preview"),
        "ScheduledQueryRuleResource",
    ),
    "Microsoft.Insights/workbooks": ("azure.mgmt.applicationinsights.v2023_06_01.models", "Workbook"),
    "Microsoft.KeyVault/vaults": ("azure.mgmt.keyvault.models", "VaultCreateOrUpdateParameters"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": ("azure.mgmt.msi.models", "Identity"),
    "Microsoft.Network/networkSecurityGroups": (_NETWORK, "NetworkSecurityGroup"),
    "Microsoft.Network/privateDnsZones": (_DNS, "PrivateZone"),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": (_DNS, "VirtualNetworkLink"),
    "Microsoft.Network/privateEndpoints": (_NETWORK, "PrivateEndpoint"),
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": (_NETWORK, "PrivateDnsZoneGroup"),
    "Microsoft.Network/virtualNetworks": (_NETWORK, "VirtualNetwork"),
    "Microsoft.Network/virtualNetworks/subnets": (_NETWORK, "Subnet"),
    "Microsoft.OperationalInsights/workspaces": ("azure.mgmt.loganalytics.models", "Workspace"),
    "Microsoft.Storage/storageAccounts": (_STORAGE, "StorageAccountCreateParameters"),
    "Microsoft.Storage/storageAccounts/blobServices": (_STORAGE, "BlobServiceProperties"),
    "Microsoft.Storage/storageAccounts/blobServices/containers": (_STORAGE, "BlobContainer"),
    "Microsoft.Web/serverfarms": (_WEB, "AppServicePlan"),
    "Microsoft.Web/sites": (_WEB, "Site"),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": (
        _WEB,
        "CsmPublishingCredentialsPoliciesEntity",
    ),
    "Microsoft.Web/sites/config appsettings": (_WEB, "StringDictionary"),
    "Microsoft.Web/sites/config authsettingsV2": (_WEB, "SiteAuthSettingsV2"),
}
"""The package and class of each resource type; of one type with several shapes, its name is added."""
_OF_EVERY_RESOURCE = {"name", "parent", "scope", "dependsOn", "location", "tags"}
_CONFIG = "Microsoft.Web/sites/config"
TEMPLATES = [Template.read(file) for file in FILES]
RESOURCES = [
    pytest.param(template, resource, id=f"{template.file.relative_to(INFRA)}:{resource.symbol}")
    for template in TEMPLATES
    for resource in template.resources
]


def _kind(resource: Resource) -> Kind:
    name = f" {resource.body['name']}" if resource.type == _CONFIG else ""
    return resource_kind(*KINDS[resource.type + name])


def faults(body: Node, kind: Kind, template: Template, path: str = "") -> Iterator[str]:
    """Name every property that the API does not have, and every text that is none of an enum's values."""
    for node in written(body):
        if isinstance(node, list):
            for item in node:
                yield from faults(item, kind, template, path)
        elif isinstance(node, dict) and kind.properties is not None:
            yield from _in_object(node, kind.properties(), template, path)
        elif isinstance(node, str) and not _may_stand(node, kind, template):
            yield f"{path}: {node!r} is none of {sorted(kind.values or ())}"


def _in_object(
    node: Mapping[str, Node], known: Mapping[str, Kind], template: Template, path: str
) -> Iterator[str]:
    for name, value in node.items():
        if name in known:
            yield from faults(value, known[name], template, f"{path}.{name}")
        elif path or name not in _OF_EVERY_RESOURCE:
            yield f"{path}.{name} is no property there"


def _may_stand(text: str, kind: Kind, template: Template) -> bool:
    return kind.values is None or text in kind.values or "${" in text or text in template.symbols


@pytest.mark.parametrize(("template", "resource"), RESOURCES)
def test_every_property_is_one_that_azure_knows(template: Template, resource: Resource) -> None:
    """No resource sets a property that its API does not have, or a text that its enum does not list."""
    assert list(faults(resource.body, _kind(resource), template)) == []


def test_every_type_that_is_deployed_is_held_against_a_model() -> None:
    """A new type without a model fails here, and a model that nothing uses too."""
    used = {
        f"{one.type} {one.body['name']}" if one.type == _CONFIG else one.type
        for template in TEMPLATES
        for one in template.resources
    }

    assert used == set(KINDS)


_BODY: dict[str, Node] = {
    "kind": "StorageV2",
    "properties": {"minimumTlsVersion": "TLS1_2", "allowBlobPublicAccess": False},
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"propertys": {}}, ".propertys is no property there"),
        ({"properties": {"allowBlobPublicAcces": False}}, ".properties.allowBlobPublicAcces is no property"),
        ({"properties": {"minimumTlsVersion": "TLS12"}}, ".properties.minimumTlsVersion: 'TLS12' is none of"),
        ({"properties": {"networkAcls": {"defaultAction": "Block"}}}, ".defaultAction: 'Block' is none of"),
    ],
)
def test_the_check_finds_a_fault_that_is_put_in(change: dict[str, Node], expected: str) -> None:
    """A misspelt name or value is found, at any depth, in the newer models."""
    kind = resource_kind(*KINDS["Microsoft.Storage/storageAccounts"])

    assert list(faults(_BODY, kind, TEMPLATES[0])) == []
    assert expected in " ".join(faults(_BODY | change, kind, TEMPLATES[0]))


def test_the_check_finds_a_fault_in_the_older_models() -> None:
    """The same for models that spell their attributes as a map."""
    kind = resource_kind(*KINDS["Microsoft.Authorization/roleAssignments"])
    body: Node = {"properties": {"principalTyp": "User"}}

    assert list(faults(body, kind, TEMPLATES[0])) == [".properties.principalTyp is no property there"]


def test_private_endpoints_are_made_one_after_the_other() -> None:
    """Three are of one storage account, which refuses what comes while it is busy."""
    endpoints = Template.read(INFRA / "modules" / "private-endpoints.bicep").tree["resources"]["endpoints"]

    assert endpoints["decorators"] == [{"type": "batchSize", "argument": 1}]
