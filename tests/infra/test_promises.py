"""What the templates promise and no scanner asks for: no keys, one runtime, api-versions that there are."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.infra.bicep import FILES, INFRA, Node, Template

API_VERSIONS = {
    "Microsoft.Authorization/locks": "2020-05-01",
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Authorization/roleDefinitions": "2022-04-01",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
    "Microsoft.Insights/scheduledQueryRules": "2023-12-01",
    "Microsoft.Insights/workbooks": "2023-06-01",
    "Microsoft.KeyVault/vaults": "2024-11-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2024-11-30",
    "Microsoft.Network/networkSecurityGroups": "2024-05-01",
    "Microsoft.Network/privateDnsZones": "2024-06-01",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "2024-06-01",
    "Microsoft.Network/privateEndpoints": "2024-05-01",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": "2024-05-01",
    "Microsoft.Network/virtualNetworks": "2024-05-01",
    "Microsoft.Network/virtualNetworks/subnets": "2024-05-01",
    "Microsoft.OperationalInsights/workspaces": "2025-07-01",
    "Microsoft.Storage/storageAccounts": "2025-06-01",
    "Microsoft.Storage/storageAccounts/blobServices": "2025-06-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "2025-06-01",
    "Microsoft.Web/serverfarms": "2024-11-01",
    "Microsoft.Web/sites": "2024-11-01",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "2024-11-01",
    "Microsoft.Web/sites/config": "2024-11-01",
}
"""Published ones: https://learn.microsoft.com/azure/templates. From 2023-09-01 a virtual network written
again keeps subnets that are not told; before 2025-07-01 its subnets may go out by default."""
_SCALE = "functionAppConfig.scaleAndConcurrency"
PROMISED: list[tuple[str, str, str, Node]] = [
    ("storage", "account", "allowSharedKeyAccess", False),
    ("storage", "account", "allowBlobPublicAccess", False),
    ("storage", "account", "supportsHttpsTrafficOnly", True),
    ("key-vault", "vault", "enableRbacAuthorization", True),
    ("key-vault", "vault", "enablePurgeProtection", True),
    ("monitoring", "workspace", "features.disableLocalAuth", True),
    ("monitoring", "insights", "DisableLocalAuth", True),
    ("function-app", "site", "httpsOnly", True),
    ("function-app", "site", "keyVaultReferenceIdentity", "identityId"),
    ("function-app", "site", "functionAppConfig.runtime.name", "python"),
    ("function-app", "site", "functionAppConfig.runtime.version", "3.13"),
    ("function-app", "site", f"{_SCALE}.maximumInstanceCount", "maximumInstanceCount"),
    ("function-app", "noFtp", "allow", False),
    ("function-app", "noBasicDeployment", "allow", False),
    ("function-app", "easyAuth", "platform.enabled", True),
    ("function-app", "easyAuth", "globalValidation.requireAuthentication", True),
    ("function-app", "easyAuth", "globalValidation.unauthenticatedClientAction", "Return401"),
]


@cache
def _properties(module: str, symbol: str) -> Node:
    template = Template.read(INFRA / "modules" / f"{module}.bicep")
    return next(one.body["properties"] for one in template.resources if one.symbol == symbol)


@pytest.mark.parametrize(("module", "symbol", "path", "value"), PROMISED)
def test_it_is_as_promised(module: str, symbol: str, path: str, value: Node) -> None:
    """No key opens anything, everything goes by identity over TLS, on the Python that the tests run on."""
    found = _properties(module, symbol)
    for name in path.split("."):
        assert isinstance(found, dict)
        found = found[name]

    assert found == value


def test_the_deployed_python_is_the_tested_one() -> None:
    """The version of functionAppConfig is that of .python-version."""
    tested = (INFRA.parent / ".python-version").read_text("utf-8").strip()
    deployed = next(value for *_, path, value in PROMISED if path.endswith("runtime.version"))

    assert tested.startswith(str(deployed))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(INFRA)))
def test_every_api_version_is_a_published_one(file: Path) -> None:
    """One version for each type, whether it is made or only referred to."""
    found = re.findall(r"'(Microsoft\.[\w./]+)@([\w-]+)'", file.read_text("utf-8"))

    assert [(type_, version) for type_, version in found if API_VERSIONS[type_] != version] == []


def test_every_role_is_named() -> None:
    """A role stands in a template as a variable with its name, never as an id inside an assignment."""
    for file in FILES:
        ids = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", file.read_text("utf-8"))
        named = re.findall(r"^var \w+ = '([0-9a-f-]{36})'$", file.read_text("utf-8"), re.MULTILINE)

        assert ids == named, file.name
