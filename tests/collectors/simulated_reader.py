"""The real reader on a simulated Azure, with a token it has already and a clock that does not wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self, override

import msgspec
from azure.core.credentials import AccessToken

from collectors.contract import Part, Verdict
from local.azure import SimulatedAzure
from local.azure.tokens import GRAPH
from pipeline.authentication.errors import translate_authentication_error
from pipeline.azure.limiter import Clock
from pipeline.azure_reader import Azure, AzureReader, SharedTransport
from pipeline.settings import Settings


class Hurried(Clock):
    """A clock on which waiting takes no time."""

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class FixedToken:
    """A credential that has its token already: Entra is not what is tested here."""

    def __init__(self, token: str, graph: str) -> None:
        self._token = token
        self._graph = graph

    async def get_token(self, *scopes: str, **_options: object) -> AccessToken:
        """Give the token."""
        return AccessToken(self._graph if scopes[0].startswith(GRAPH) else self._token, 2**31)

    async def close(self) -> None:
        """Close nothing."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        return None


@asynccontextmanager
async def reading(
    azure: SimulatedAzure, name: str, application: str | None = None
) -> AsyncIterator[AzureReader]:
    """Open a reader of a subscription, as the connector or as another application."""
    caller = azure.application(application) if application else azure.connector
    settings = Settings.read(msgspec.convert(azure.settings["Values"], dict[str, str]))
    connections = SharedTransport(connection_verify=str(azure.ca_path))
    cloud = Azure(settings, translate_authentication_error, connections=connections, clock=Hurried())
    subscription = azure.subscription(name)
    try:
        yield cloud.reader(
            credential=FixedToken(azure.token(caller), azure.token(caller, GRAPH)),
            tenant_id=subscription.tenant_id,
            subscription_id=subscription.subscription_id,
        )
    finally:
        await cloud.close()


async def official_verdicts(part: Part) -> list[Verdict]:
    """Collect a part from the subscription that answers with Microsoft's own examples; gives its verdicts."""
    verdicts: list[Verdict] = []

    async def keep(verdict: Verdict) -> None:
        verdicts.append(verdict)

    async with SimulatedAzure("small") as azure, reading(azure, "specification") as reader:
        await part.collect(reader, keep)
    return verdicts
