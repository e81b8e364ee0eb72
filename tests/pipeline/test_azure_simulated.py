"""The reader against the simulated Azure: its faults end as they should, and cost what they must."""

from collections.abc import AsyncIterator

import pytest
from azure.identity.aio import ClientSecretCredential

from collectors.contract import Read
from collectors.errors import (
    AccessDenied,
    CredentialRejected,
    PageLoop,
    ReadRefused,
    ServiceUnavailable,
    Throttled,
    UnexpectedAnswer,
)
from local.azure import SimulatedAzure
from local.azure.faults import Fault, Kind
from pipeline.authentication.errors import translate_authentication_error
from pipeline.azure_reader import Azure, AzureReader, SharedTransport
from pipeline.settings import Settings
from tests.pipeline.azure_rig import StillClock

ASSESSMENTS = Read(
    "/subscriptions/{subscription_id}/providers/Microsoft.Security/assessments",
    "2021-06-01",
    "Microsoft.Security/assessments/read",
)
LIST = "*/assessments"


@pytest.fixture
async def azure() -> AsyncIterator[SimulatedAzure]:
    """A simulated Azure whose lists have several pages."""
    async with SimulatedAzure("small") as running:
        running.simulation.pages.assessments = 10
        yield running


@pytest.fixture
async def reader(azure: SimulatedAzure) -> AsyncIterator[AzureReader]:
    """A reader of its first generated subscription, with azure-identity's own credential."""
    settings = Settings.read(
        {
            "AzureWebJobsStorage": "UseDevelopmentStorage=true",
            "KEY_VAULT_URL": azure.url,
            "AZURE_AUTHORITY_HOST": azure.url,
            "AZURE_RESOURCE_MANAGER_URL": azure.url,
        }
    )
    app, verify = azure.connector, str(azure.ca_path)
    connections = SharedTransport(connection_verify=verify)
    cloud = Azure(settings, translate_authentication_error, connections=connections, clock=StillClock())
    async with ClientSecretCredential(
        app.tenant_id, app.client_id, app.secrets[0].value, authority=azure.url, connection_verify=verify
    ) as credential:
        subscription = next(found for found in azure.world.subscriptions if not found.official)
        yield cloud.reader(
            credential=credential,
            tenant_id=app.tenant_id,
            subscription_id=subscription.subscription_id,
        )
        await cloud.close()


async def count(reader: AzureReader) -> int:
    """Read all assessments and count them."""
    return sum([len(page) async for page in reader.pages(ASSESSMENTS, dict)])


async def test_a_list_costs_its_pages_and_one_token(azure: SimulatedAzure, reader: AzureReader) -> None:
    """A list of several pages is read whole, for one request a page and one token."""
    found = await count(reader)

    (record,) = reader.records()
    assert (record.items, record.pages) == (found, reader.requests_sent)
    assert reader.requests_sent > 1
    assert len(azure.simulation.log.entries) == reader.requests_sent + 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind=Kind.THROTTLE, count=None, retry_after_s=200), Throttled),
        (Fault(kind=Kind.STATUS, count=None, status=503), ServiceUnavailable),
        (Fault(kind=Kind.DROP, count=None), ServiceUnavailable),
        (Fault(kind=Kind.CUT, count=None), ServiceUnavailable),
        (Fault(kind=Kind.TRUNCATE, count=None), UnexpectedAnswer),
        (Fault(kind=Kind.HTML, count=None), UnexpectedAnswer),
        (Fault(kind=Kind.REDIRECT), UnexpectedAnswer),
        (Fault(kind=Kind.FOREIGN_NEXT_LINK), ReadRefused),
        (Fault(kind=Kind.LOOPING_NEXT_LINK, count=None), PageLoop),
        (Fault(kind=Kind.EXPIRED, count=None), CredentialRejected),
        (Fault(kind=Kind.DENIED), AccessDenied),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
async def test_a_fault_that_stays(
    azure: SimulatedAzure, reader: AzureReader, fault: Fault, error: type[Exception]
) -> None:
    """A fault that stays ends the read with its own error."""
    fault.path = LIST
    azure.add_fault(fault)

    with pytest.raises(error):
        await count(reader)


@pytest.mark.parametrize(
    "kind",
    [Kind.THROTTLE, Kind.STATUS, Kind.DROP, Kind.CUT, Kind.TRUNCATE, Kind.HTML, Kind.EXPIRED],
)
async def test_a_fault_that_passes(azure: SimulatedAzure, reader: AzureReader, kind: Kind) -> None:
    """A fault in the middle of a list that passes leaves the list whole."""
    whole = await count(reader)
    azure.add_fault(Fault(kind=kind, path=LIST, skip=1))

    assert await count(reader) == whole


async def test_a_wrong_secret_is_named(azure: SimulatedAzure, reader: AzureReader) -> None:
    """What Entra refuses is said with its cause."""
    azure.connector.secrets.clear()

    with pytest.raises(CredentialRejected) as caught:
        await count(reader)

    assert caught.value.reason
