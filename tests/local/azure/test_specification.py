"""The specification subscription: Microsoft's example bodies, verbatim."""

from pathlib import Path

import msgspec
import pytest

from local.azure.official import FOLDER, SUBSCRIPTION_ID, Example
from tests.local.azure.http_client import Client

# Graph's examples are of its reference, and are asked for at Graph.
FILES = [file for file in sorted(FOLDER.rglob("*.json")) if file.parent.name != "graph"]
SUBSCRIPTION = f"/subscriptions/{SUBSCRIPTION_ID}"
FILLED = {
    "{subscriptionId}": SUBSCRIPTION_ID,
    "{scope}": SUBSCRIPTION.lstrip("/"),
    "{scopeId}": SUBSCRIPTION.lstrip("/"),
    "{secureScoreName}": "ascScore",
    "{regulatoryComplianceStandardName}": "PCI-DSS-3.2",
    "{regulatoryComplianceControlName}": "1.1",
    "{resourceId}": f"{SUBSCRIPTION}/resourceGroups/myRg".lstrip("/"),
    "{resourceUri}": f"{SUBSCRIPTION}/resourceGroups/myRg/providers/Microsoft.Logic/workflows/w".lstrip("/"),
    "{assessmentName}": "21300918-b2e3-0346-785f-c77ff57d243b",
}
EVENT_FILTER = "eventTimestamp ge '2026-01-01'"
# The tenant's own list is no subscription's, so that it is answered from the world.
OF_SUBSCRIPTION = [file for file in FILES if file.stem != "assessmentMetadata_list_tenant"]


def example(name: str) -> Example:
    """Read one example file."""
    return msgspec.json.decode((FOLDER / name).read_bytes(), type=Example)


def path_of(template: str) -> str:
    """Fill a path template."""
    for placeholder, value in FILLED.items():
        template = template.replace(placeholder, value)
    return template


@pytest.mark.parametrize("name", [str(file.relative_to(FOLDER)) for file in OF_SUBSCRIPTION])
async def test_a_body_is_answered_as_it_was_published(client: Client, name: str) -> None:
    """Each example body comes back unchanged, page link apart."""
    official = example(name)

    needed = {"filter": EVENT_FILTER} if "eventtypes" in official.path else {}
    heard = await client.get(path_of(official.path), official.api_version, **needed)

    answered = heard.json | {"nextLink": official.response.body.get("nextLink")}
    assert answered == official.response.body | {"nextLink": official.response.body.get("nextLink")}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_body_names_its_source(file: Path) -> None:
    """Each file keeps the place it was taken from."""
    assert example(str(file.relative_to(FOLDER))).source.startswith("specification/")


async def test_a_page_link_leads_to_an_empty_last_page(client: Client) -> None:
    """The one body with a page link gets a link that works."""
    pages = await client.pages(client.url(f"{SUBSCRIPTION}/resources", "2021-04-01"))

    assert [len(rows) for rows in pages] == [1, 0]


async def test_plans_are_those_of_the_asked_version(client: Client) -> None:
    """`resourcesCoverageStatus` exists from 2024-01-01 only."""
    path = f"{SUBSCRIPTION}/providers/Microsoft.Security/pricings"

    old, new = await client.get(path, "2023-01-01"), await client.get(path, "2024-01-01")

    assert b"resourcesCoverageStatus" not in old.body
    assert b"resourcesCoverageStatus" in new.body


async def test_the_subscription_itself_is_of_this_world(client: Client) -> None:
    """It is listed with this world's tenant, so that a token fits it."""
    heard = await client.get(SUBSCRIPTION)

    found = (heard.json["displayName"], heard.json["tenantId"])
    assert found == ("specification", client.azure.tenant.tenant_id)


async def test_what_the_caller_may_do_is_of_this_world(client: Client) -> None:
    """Role assignments of one principal are the real ones, also here."""
    filtered = f"assignedTo('{client.application.object_id}')"

    heard = await client.get(
        f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments", filter=filtered
    )

    assert len(heard.value) == 1


async def test_what_is_only_in_the_specification_is_empty_elsewhere(client: Client) -> None:
    """A list that only an example body answers is empty in a generated subscription."""
    path = f"{client.azure.subscription('production').scope}/providers/Microsoft.Security/securitySolutions"

    heard = await client.get(path, "2020-01-01")

    assert (heard.status, heard.value) == (200, [])


@pytest.mark.parametrize(("name", "status"), [("sandbox", 404), ("hidden", 403), ("foreign", 401)])
async def test_what_is_only_in_the_specification_is_guarded(client: Client, name: str, status: int) -> None:
    """Registration, roles and tenant are checked for it as for any other."""
    path = f"{client.azure.subscription(name).scope}/providers/Microsoft.Security/securitySolutions"

    heard = await client.get(path, "2020-01-01")

    assert heard.status == status
