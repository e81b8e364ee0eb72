"""Microsoft.Security as the azure-mgmt-security client reads it."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity.aio import ClientSecretCredential
from azure.mgmt.security.aio import SecurityCenter

from local.azure import SimulatedAzure
from tests.local.azure.http_client import Client

type Connect = Callable[[str], AbstractAsyncContextManager[SecurityCenter]]


@pytest.fixture
def connect(azure: SimulatedAzure, credential: ClientSecretCredential) -> Connect:
    """Open Microsoft's own client on a subscription."""

    @asynccontextmanager
    async def open_client(name: str) -> AsyncIterator[SecurityCenter]:
        async with SecurityCenter(
            credential,
            azure.subscription(name).subscription_id,
            base_url=azure.url,
            credential_scopes=["https://management.azure.com/.default"],
            connection_verify=str(azure.ca_path),
            retry_total=0,
        ) as client:
            yield client

    return open_client


async def test_the_score_agrees_with_its_controls(connect: Connect) -> None:
    """The score is the sum of its controls, its percentage a fraction."""
    async with connect("production") as client:
        score = await anext(client.secure_scores.list())
        controls = [found async for found in client.secure_score_controls.list()]

    assert score.current == pytest.approx(sum(control.current for control in controls))
    assert score.max == sum(control.max for control in controls)
    assert score.percentage == pytest.approx(score.current / score.max, abs=1e-4)


async def test_controls_show_their_definition_when_asked(connect: Connect) -> None:
    """`$expand=definition` adds the definition; without it there is none."""
    async with connect("production") as client:
        plain = [found async for found in client.secure_score_controls.list()]
        expanded = [found async for found in client.secure_score_controls.list(expand="definition")]

    assert {control.definition for control in plain} == {None}
    assert all(control.definition.assessment_definitions for control in expanded)


async def test_controls_are_listed_under_their_score_too(connect: Connect) -> None:
    """Both ways to list controls answer alike."""
    async with connect("production") as client:
        all_of_them = [found.name async for found in client.secure_score_controls.list()]
        of_score = [
            found.name async for found in client.secure_score_controls.list_by_secure_score("ascScore")
        ]

    assert of_score == all_of_them


async def test_assessments_are_as_many_as_the_directory_says(azure: SimulatedAzure, connect: Connect) -> None:
    """The statuses that are read add up to those that were generated."""
    subscription = azure.subscription("production")
    async with connect("production") as client:
        listed = client.assessments.list(subscription.scope.lstrip("/"))
        statuses = Counter([found.status.code async for found in listed])

    assert statuses == {"Healthy": 337, "Unhealthy": 23, "NotApplicable": 40}


async def test_severity_is_in_the_metadata_only(azure: SimulatedAzure, connect: Connect) -> None:
    """Most assessments join with metadata, a few do not, and some metadata is used by nothing."""
    scope = azure.subscription("production").scope.lstrip("/")
    async with connect("production") as client:
        assessed = {found.name async for found in client.assessments.list(scope)}
        described = {found.name async for found in client.assessments_metadata.list_by_subscription()}

    assert (len(assessed - described), len(described - assessed)) == (2, 3)


async def test_metadata_has_a_tenant_level_list(connect: Connect) -> None:
    """The tenant's list is the subscription's."""
    async with connect("production") as client:
        of_tenant = [found.id async for found in client.assessments_metadata.list()]
        of_subscription = [found.id async for found in client.assessments_metadata.list_by_subscription()]

    assert of_tenant == of_subscription


async def test_alerts_come_in_all_severities_and_statuses(connect: Connect) -> None:
    """Sixteen combinations, each at least once."""
    async with connect("production") as client:
        seen = {(found.severity, found.status) async for found in client.alerts.list()}

    assert len(seen) == 16


async def test_plans_come_at_once(azure: SimulatedAzure, connect: Connect) -> None:
    """The plans are one list without pages."""
    async with connect("production") as client:
        plans = await client.pricings.list(azure.subscription("production").scope.lstrip("/"))

    assert {plan.pricing_tier for plan in plans.value} == {"Standard", "Free"}


async def test_settings_keep_their_kind(connect: Connect) -> None:
    """Integration settings are polymorphic by `kind`."""
    async with connect("production") as client:
        kinds = {found.kind async for found in client.settings.list()}

    assert kinds == {"DataExportSettings", "AlertSyncSettings"}


async def test_contacts_and_provisioning_are_listed(connect: Connect) -> None:
    """Security contacts and auto-provisioning settings are one each."""
    async with connect("production") as client:
        contacts = [found.name async for found in client.security_contacts.list()]
        provisioning = [found.auto_provision async for found in client.auto_provisioning_settings.list()]

    assert (contacts, provisioning) == (["default"], ["Off"])


async def test_a_standard_leads_to_its_assessments(connect: Connect) -> None:
    """Standards, their controls and their assessments can be walked down."""
    async with connect("production") as client:
        standard = (await anext(client.regulatory_compliance_standards.list())).name
        controls = client.regulatory_compliance_controls.list(standard)
        control = (await anext(controls)).name
        assessments = client.regulatory_compliance_assessments.list(standard, control)
        resources = [found.failed_resources + found.passed_resources async for found in assessments]

    assert sum(resources) > 0


async def test_an_unregistered_provider_answers_404(connect: Connect) -> None:
    """Where Defender was never registered the code has blanks in it."""
    async with connect("sandbox") as client:
        with pytest.raises(ResourceNotFoundError, match="Subscription Not Registered"):
            await anext(client.alerts.list())


async def test_denied_assessments_raise_403(azure: SimulatedAzure, connect: Connect) -> None:
    """The client raises what the gateway refuses."""
    async with connect("staging") as client:
        with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
            await anext(client.assessments.list(azure.subscription("staging").scope.lstrip("/")))


@pytest.mark.parametrize("name", ["computing", "disabled"])
async def test_a_score_not_computed_is_an_empty_list(client: Client, name: str) -> None:
    """Before Defender has computed a score, and in a disabled subscription, its list is empty."""
    security = f"{client.azure.subscription(name).scope}/providers/Microsoft.Security"

    heard = await client.get(f"{security}/secureScores")

    assert (heard.status, heard.value) == (200, [])


async def test_a_score_not_computed_has_metadata_and_no_assessments(client: Client) -> None:
    """Metadata is filled before the first assessment is."""
    security = f"{client.azure.subscription('computing').scope}/providers/Microsoft.Security"

    metadata = await client.get(f"{security}/assessmentMetadata")
    assessments = await client.get(f"{security}/assessments")

    assert (len(metadata.value) > 0, assessments.value) == (True, [])


@pytest.mark.parametrize(
    ("name", "path"),
    [("computing", "secureScores/ascScore"), ("computing-missing", "secureScores")],
)
async def test_a_score_not_computed_may_be_a_404_in_pascal_case(client: Client, name: str, path: str) -> None:
    """The single read, and in the second kind the list too, answers 404 with keys in PascalCase."""
    subscription = client.azure.subscription(name)

    heard = await client.get(f"{subscription.scope}/providers/Microsoft.Security/{path}")

    message = f"Secure score 'ascScore' does not exist in scope '{subscription.subscription_id}'"
    assert heard.status == 404
    assert heard.json == {"Error": {"Code": "ResourceNotFound", "Message": message}}
