"""The roles that the templates grant: where, which, and that their ids are what their names say."""

import json
import re
from pathlib import Path

import pytest

from tests.infra.bicep import FILES, INFRA, Template

ROLE_IDS = {
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageQueueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "keyVaultSecretsOfficer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "securityReader": "39bc4728-0917-49c7-9d2c-d95423bc2eb4",
    "monitoringReader": "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
}
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"""
_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_READS = ("reader-access.bicep", "reader-access-management-group.bicep")


def _role_ids(template: Template) -> dict[str, str]:
    values = {name: str(one["value"]) for name, one in template.tree.get("variables", {}).items()}
    return {name: value for name, value in values.items() if _GUID.fullmatch(value)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(INFRA)))
def test_every_role_id_belongs_to_its_name(file: Path) -> None:
    """A GUID in a template is the documented id of the role that its variable is named after."""
    found = _role_ids(Template.read(file))

    assert found == {name: ROLE_IDS.get(name) for name in found}


def test_the_roles_of_the_app_stand_in_one_file() -> None:
    """What the app may do stands in one file; the others give access to subscriptions."""
    granting = {
        str(template.file.relative_to(INFRA))
        for template in map(Template.read, FILES)
        if any(one.type == _ASSIGNMENT for one in template.resources)
    }

    assert granting == {"modules/roles.bicep", "reader-role.bicep", *_READS}


def test_every_role_of_the_app_is_on_one_resource() -> None:
    """No role of the app reaches further than a storage account, a vault or a component."""
    template = Template.read(INFRA / "modules" / "roles.bicep")
    scopes = {one.symbol: one.body["scope"] for one in template.resources}

    assert scopes == {
        "blobs": "storage",
        "queues": "storage",
        "tables": "storage",
        "secrets": "vault",
        "telemetry": "insights",
    }


@pytest.mark.parametrize("name", _READS)
def test_reader_access_grants_three_roles_that_read(name: str) -> None:
    """A connection gets Reader, Security Reader and Monitoring Reader, and no other."""
    assert set(_role_ids(Template.read(INFRA / name))) == {"reader", "securityReader", "monitoringReader"}


def test_the_custom_role_only_reads() -> None:
    """Each action of the narrower role ends in read, but for the two POSTs of Policy that only read."""
    actions = json.loads((INFRA / "reader-role-actions.json").read_text())

    assert [one for one in actions if not one.endswith("/read")] == [
        "Microsoft.PolicyInsights/policyStates/queryResults/action",
        "Microsoft.PolicyInsights/policyStates/summarize/action",
    ]


def test_the_custom_role_has_a_name_of_its_own_in_each_subscription() -> None:
    """Azure refuses a second custom role of the same name in a tenant, so the subscription is part of it."""
    variables = Template.read(INFRA / "reader-role.bicep").tree["variables"]

    assert "${subscription().subscriptionId}" in str(variables["roleName"]["value"])
