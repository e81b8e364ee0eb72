"""A running simulated Azure for each test, and callers that use it as a client would."""

import ssl
from collections.abc import AsyncIterator

import aiohttp
import pytest
from azure.identity.aio import ClientSecretCredential

from local.azure import SimulatedAzure
from tests.local.azure.http_client import Client

TIMEOUT = aiohttp.ClientTimeout(total=10)


@pytest.fixture
async def azure() -> AsyncIterator[SimulatedAzure]:
    """A simulated Azure of profile small."""
    async with SimulatedAzure("small") as running:
        yield running


@pytest.fixture
async def client(azure: SimulatedAzure) -> AsyncIterator[Client]:
    """The connector as a plain HTTP client."""
    context = ssl.create_default_context(cafile=azure.ca_path)
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector, timeout=TIMEOUT) as session:
        yield Client(azure, session, azure.connector)


@pytest.fixture
async def credential(azure: SimulatedAzure) -> AsyncIterator[ClientSecretCredential]:
    """The connector's credential, as azure-identity makes it."""
    app = azure.connector
    secret = app.secrets[0].value
    async with ClientSecretCredential(
        app.tenant_id, app.client_id, secret, authority=azure.url, connection_verify=str(azure.ca_path)
    ) as made:
        yield made
