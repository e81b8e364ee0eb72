"""A reader against a small scripted server, with time that does not pass and a credential that counts."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Self, override

import msgspec
import trustme
from aiohttp import web
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.transport import AsyncHttpResponse, HttpRequest

from collectors.contract import Read
from collectors.errors import CollectionError, CredentialRejected
from pipeline.azure.clouds import CLOUDS
from pipeline.azure.limiter import Clock
from pipeline.azure.policies import Policy
from pipeline.azure_reader import Azure, AzureReader, SharedTransport
from pipeline.settings import ReadLimits, Settings, StorageTarget

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
TENANT = "99999999-8888-7777-6666-555555555555"
ALERTS = Read(
    "/subscriptions/{subscription_id}/providers/Microsoft.Security/alerts",
    "2022-01-01",
    "Microsoft.Security/alerts/read",
)
ALERTS_PATH = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/alerts"
VAULT = Read(
    "/subscriptions/{subscription_id}/providers/Microsoft.KeyVault/vaults/{vault}",
    "2023-07-01",
    "Microsoft.KeyVault/vaults/read",
)
VAULT_PATH = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/vaults/safe"


class Item(msgspec.Struct, weakref=True):
    """What the lists of these tests hold."""

    id: str


@dataclass
class Reply:
    """One scripted answer; `body` is sent as it is if it is bytes, else as JSON."""

    body: object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    before: Callable[[], Awaitable[object]] | None = None


@dataclass
class Seen:
    """One request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    authorization: str | None


def refusal(status: int, code: str, **headers: str) -> Reply:
    """Give an answer in the common shape of Azure's errors."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply({"error": {"code": code, "message": "It did not work."}}, status, named)


class ScriptedServer:
    """Answers each path with its replies in turn, the last one for ever; unknown paths with 404."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self._replies: dict[str, list[Reply]] = {}

    @property
    def authorized(self) -> list[Seen]:
        """The requests that carried a token."""
        return [seen for seen in self.seen if seen.authorization]

    def on(self, path: str, *replies: Reply) -> None:
        """Script the replies of a path."""
        self._replies[path] = list(replies)

    def page(self, number: int, *, more: bool = True, path: str = ALERTS_PATH, of: str = "nextLink") -> Reply:
        """Give a page of one item that links to the next one."""
        link = f"{self.url}{path}?api-version=2022-01-01&$skipToken={number + 1}"
        return Reply({"value": [{"id": f"item-{number}"}], **({of: link} if more else {})})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Note a request and answer it."""
        authorization = request.headers.get("Authorization")
        self.seen.append(Seen(request.method, request.path, dict(request.query), authorization))
        replies = self._replies.get(request.path, [refusal(404, "ResourceNotFound")])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply.before:
            await reply.before()
        if reply.drop and request.transport:
            request.transport.close()
        body = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
        headers = {"Content-Type": "application/json; charset=utf-8", **reply.headers}
        return web.Response(body=body, status=reply.status, headers=headers)


class StillClock(Clock):
    """Time that passes only while somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    @override
    def monotonic(self) -> float:
        return self.now

    @override
    def wall(self) -> float:
        return self.now

    @override
    def jitter(self) -> float:
        return 1.0

    @override
    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class CountingCredential:
    """Gives the token it has; with claims, as azure-identity does, a new one."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.error: ClientAuthenticationError | None = None
        self._number = 1

    async def get_token(self, *scopes: str, claims: str | None = None, **_: object) -> AccessToken:
        """Give a token that says how often a new one was asked for."""
        self.asked.append((scopes[0], claims))
        if self.error:
            raise self.error
        self._number += claims is not None
        return AccessToken(f"token-{self._number}", 2_000_000_000)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""


class RawClient:
    """Takes what an azure-mgmt client takes, and sends whatever it is told."""

    def __init__(self, *, policies: list[Policy], transport: SharedTransport, **options: object) -> None:
        self.options = options
        self.transport = transport
        self._pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse] = AsyncPipeline(transport, policies)

    async def run(self, request: HttpRequest) -> object:
        """Send a request and give the decoded body, as azure-mgmt clients do."""
        ran = await self._pipeline.run(request, stream=False)
        return ran.context["deserialized_data"]


@dataclass
class Rig:
    """Everything a test of the reader needs."""

    server: ScriptedServer
    foreign: ScriptedServer
    clock: StillClock
    credential: CountingCredential
    settings: Settings
    azure: Azure

    def reader(self, subscription_id: str = SUBSCRIPTION) -> AzureReader:
        """Give a new reader."""
        return self.azure.reader(
            credential=self.credential, tenant_id=TENANT, subscription_id=subscription_id
        )


def rejected(error: ClientAuthenticationError) -> CollectionError:
    """Stand in for the translation of Entra's errors."""
    return CredentialRejected(str(error.message), reason="invalid_client_secret")


def settings_for(url: str, graph: str = "/graph", limits: ReadLimits | None = None) -> Settings:
    """Give settings that point at a server."""
    storage = StorageTarget(connection_string="AccountName=none")
    cloud = msgspec.structs.replace(
        CLOUDS["AzureCloud"], resource_manager=url, graph=f"{url}{graph}", authority=url
    )
    return Settings(
        tables=storage,
        queues=storage,
        key_vault_url="https://vault.example.org",
        daily_schedule="0 30 2 * * *",
        hourly_schedule="0 5 * * * *",
        cloud=cloud,
        limits=limits or ReadLimits(timeout_s=5),
    )


@cache
def authority() -> trustme.CA:
    """Give the private CA of this test run."""
    return trustme.CA()


@asynccontextmanager
async def serving() -> AsyncIterator[ScriptedServer]:
    """Run a scripted server."""
    server = ScriptedServer()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    server.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def rig(limits: ReadLimits | None = None, *, graph: str = "/graph") -> AsyncIterator[Rig]:
    """Set everything up, and take it down."""
    async with serving() as server, serving() as foreign:
        with authority().cert_pem.tempfile() as bundle:
            settings = settings_for(server.url, graph, limits)
            clock, credential = StillClock(), CountingCredential()
            connections = SharedTransport(connection_verify=bundle)
            azure = Azure(settings, rejected, connections=connections, clock=clock)
            yield Rig(server, foreign, clock, credential, settings, azure)
            await azure.close()
