"""Roles and permissions, and what Monitoring Reader adds: the activity log and what watches it."""

import pytest

from local.azure import roles
from tests.local.azure.http_client import Client

ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
DEFINITIONS = "providers/Microsoft.Authorization/roleDefinitions"
EVENTS = "providers/Microsoft.Insights/eventtypes/management/values"
VERSIONS = {
    "activityLogAlerts": "2020-10-01",
    "actionGroups": "2023-01-01",
    "diagnosticSettings": "2021-05-01-preview",
}


def path(client: Client, tail: str, name: str = "production") -> str:
    """Return a path below a subscription."""
    return f"{client.azure.subscription(name).scope}/{tail}"


@pytest.mark.parametrize("form", ["assignedTo('{}')", "principalId eq '{}'", "principalId eq {}"])
async def test_assignments_of_one_principal(client: Client, form: str) -> None:
    """Both filters on a principal give its role assignments."""
    wanted = form.format(client.application.object_id)

    heard = await client.get(path(client, ASSIGNMENTS), filter=wanted)

    assert len(heard.value) == 3


async def test_assignments_of_a_stranger(client: Client) -> None:
    """A principal without a role has no assignment."""
    stranger = client.azure.application("roleless-app")

    heard = await client.get(path(client, ASSIGNMENTS), filter=f"assignedTo('{stranger.object_id}')")

    assert heard.value == []


async def test_assignments_at_the_scope(client: Client) -> None:
    """`atScope()` gives all assignments of the subscription."""
    everything = await client.get(path(client, ASSIGNMENTS))
    heard = await client.get(path(client, ASSIGNMENTS), filter="atScope()")

    assert heard.value == everything.value
    assert len(heard.value) > 3


async def test_an_unknown_filter_is_refused(client: Client) -> None:
    """A filter the service does not know is 400."""
    heard = await client.get(path(client, ASSIGNMENTS), filter="roleName eq 'Reader'")

    assert (heard.status, heard.code) == (400, "UnsupportedQuery")


async def test_an_assignment_leads_to_its_definition(client: Client) -> None:
    """The definition an assignment names can be read, and says its actions."""
    listed = await client.get(path(client, ASSIGNMENTS))
    properties = listed.value[0]["properties"]
    assert isinstance(properties, dict)

    heard = await client.get(properties["roleDefinitionId"])

    assert b'"roleName":"Reader"' in heard.body
    assert b'"actions":["*/read"]' in heard.body


async def test_a_definition_can_be_read_without_subscription(client: Client) -> None:
    """Role definition ids may lack the subscription."""
    heard = await client.get(f"/{DEFINITIONS}/{roles.SECURITY_READER.role_id}")

    assert heard.status == 200


async def test_an_unknown_definition_is_not_found(client: Client) -> None:
    """An unknown role id is 404."""
    heard = await client.get(path(client, f"{DEFINITIONS}/00000000-0000-0000-0000-000000000000"))

    assert (heard.status, heard.code) == (404, "RoleDefinitionDoesNotExist")


async def test_custom_roles_are_told_from_built_in_ones(client: Client) -> None:
    """The list holds both kinds."""
    heard = await client.get(path(client, DEFINITIONS))

    kinds = {str(row["properties"]).count("CustomRole") for row in heard.value}
    assert kinds == {0, 1}


async def test_permissions_are_the_callers_own(client: Client) -> None:
    """At a resource group a caller reads what each of its roles grants."""
    heard = await client.get(
        path(client, "resourcegroups/rg-00/providers/Microsoft.Authorization/permissions", "staging")
    )

    assert heard.value == [roles.READER_WITHOUT_FINDINGS.permission()]


async def test_the_activity_log_wants_a_filter(client: Client) -> None:
    """Without an `eventTimestamp ge` condition it is 400, in the flat shape of Microsoft.Insights."""
    heard = await client.get(path(client, EVENTS), "2015-04-01")

    assert (heard.status, heard.json["code"]) == (400, "BadRequest")


async def test_the_activity_log_is_paged(client: Client) -> None:
    """With it, events come newest first, page by page."""
    url = client.url(path(client, EVENTS), "2015-04-01", filter="eventTimestamp ge '2026-01-01'")

    pages = await client.pages(url)

    times = [str(row["eventTimestamp"]) for rows in pages for row in rows]
    assert ([len(rows) for rows in pages], times) == ([100, 100, 50], sorted(times, reverse=True))


@pytest.mark.parametrize("kind", VERSIONS)
async def test_what_watches_the_subscription_is_listed(client: Client, kind: str) -> None:
    """Alert rules, action groups and diagnostic settings are there for who may read them."""
    heard = await client.get(path(client, f"providers/Microsoft.Insights/{kind}"), VERSIONS[kind])

    assert len(heard.value) > 0


async def test_resources_are_those_that_are_assessed(client: Client) -> None:
    """The resource list holds each assessed resource once."""
    listed = await client.pages(client.url(path(client, "resources"), "2021-04-01"))

    resources = [str(row["id"]) for rows in listed for row in rows]
    assert len(resources) == len(set(resources)) > 50


async def test_resources_of_one_type(client: Client) -> None:
    """`resourceType eq` leaves the others out."""
    wanted = "resourceType eq 'Microsoft.KeyVault/vaults'"

    heard = await client.get(path(client, "resources"), "2021-04-01", filter=wanted)

    assert {row["type"] for row in heard.value} == {"Microsoft.KeyVault/vaults"}


async def test_groups_hold_the_resources(client: Client) -> None:
    """Resource groups are listed."""
    heard = await client.get(path(client, "resourcegroups"), "2021-04-01")

    assert "rg-00" in {row["name"] for row in heard.value}


async def test_a_caller_sees_its_tenant(client: Client) -> None:
    """The tenant list holds the token's tenant only."""
    heard = await client.send("GET", f"{client.azure.url}/tenants?api-version=2022-12-01")

    assert [row["tenantId"] for row in heard.value] == [client.azure.tenant.tenant_id]


async def test_the_tenants_settings_need_a_role_beside_the_subscriptions(client: Client) -> None:
    """Where nobody gave one, the refusal names the scope of the provider."""
    client.azure.tenant.settings.pop("microsoft.intune")

    root = f"{client.azure.url}/providers"
    query = "diagnosticSettings?api-version=2017-04-01-preview"

    entra = await client.send("GET", f"{root}/microsoft.aadiam/{query}")
    intune = await client.send("GET", f"{root}/Microsoft.Intune/{query}")

    assert ([row["name"] for row in entra.value], intune.status) == (["sign-ins"], 403)
    assert "over scope '/providers/Microsoft.Intune'" in str(intune.json)
