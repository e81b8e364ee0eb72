"""The server: one HTTPS process on 127.0.0.1, with a private CA of its own."""

from __future__ import annotations

import secrets
import ssl
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

import certifi
import msgspec
import trustme
from aiohttp import web

from local.azure import directory, managed_identity
from local.azure.dispatch import handle
from local.azure.profiles import Profile, build_world
from local.azure.simulation import Simulation
from local.azure.tokens import ARM

if TYPE_CHECKING:
    from types import TracebackType

    from local.azure.changes import Change
    from local.azure.faults import Fault
    from local.azure.wire import JsonObject
    from local.azure.world import Application, Subscription, Tenant, World

HOST = "127.0.0.1"
LARGEST_BODY = 1024 * 1024
# Not a secret: it keeps nobody out who can reach the port, so that one settings file serves every start.
IDENTITY_HEADER = "simulated-identity-header"


class SimulatedAzure:
    """A simulated Azure that runs while its context is open.

    Takes the profile, the port (0: a free one), the folder for its files (None: a temporary one), the number
    of assessments of profile `large` and of its resources of each list-only type, and a seed. Page sizes and
    token life are set with `apply`.
    """

    def __init__(
        self,
        profile: str = "small",
        *,
        port: int = 0,
        state: Path | None = None,
        assessments: int = 10_000,
        copies: int = 0,
        seed: int = 1,
    ) -> None:
        world = build_world(Profile(profile), seed=seed, assessments=assessments, copies=copies)
        self.simulation = Simulation(world, IDENTITY_HEADER, secrets.token_urlsafe(24))
        self.simulation.vault.owners.add(world.identity.object_id)
        self._port = port
        self._state = state
        self._open = AsyncExitStack()

    @property
    def world(self) -> World:
        """The world, free to be changed."""
        return self.simulation.world

    @property
    def url(self) -> str:
        """The base URL: authority, Resource Manager, Graph and vault in one."""
        return self.simulation.url

    @property
    def state(self) -> Path:
        """The folder of its files.

        Raises:
            RuntimeError: it has not been started, and makes the folder then.
        """
        if self._state is None:
            message = "The simulated Azure has no folder before it is started."
            raise RuntimeError(message)
        return self._state

    @property
    def ca_path(self) -> Path:
        """The private CA alone."""
        return self.state / "ca.pem"

    @property
    def ca_bundle_path(self) -> Path:
        """The private CA and the public ones."""
        return self.state / "ca-bundle.pem"

    @property
    def tenant(self) -> Tenant:
        """The first tenant."""
        return self.world.tenants[0]

    @property
    def connector(self) -> Application:
        """The app registration that reads the subscriptions."""
        return self.world.connector

    @property
    def settings(self) -> JsonObject:
        """The settings that point the app here, in local.settings.json form."""
        return directory.settings(self.simulation, self.ca_bundle_path)

    @property
    def directory(self) -> JsonObject:
        """The world described, as directory.json has it."""
        return directory.describe(self.simulation)

    def subscription(self, name: str) -> Subscription:
        """Return a subscription by name or id.

        Raises:
            KeyError: there is none.
        """
        found = self.world.subscription(name)
        if found is None:
            raise KeyError(name)
        return found

    def application(self, name: str) -> Application:
        """Return an application by name, client id or object id.

        Raises:
            KeyError: there is none.
        """
        found = self.world.application(name)
        if found is None:
            raise KeyError(name)
        return found

    def apply(self, change: Change) -> JsonObject:
        """Change the world; gives what the change says it did."""
        return change.apply(self.simulation)

    def add_fault(self, fault: Fault) -> Fault:
        """Set a fault; gives it, with the number of its hits as it goes."""
        return self.simulation.faults.add(fault)

    def token(self, application: Application | None = None, audience: str = ARM) -> str:
        """Issue an access token without asking Entra; for the connector if no application is given."""
        owner = application or self.connector
        return self.simulation.issuer.issue(
            tenant_id=owner.tenant_id, client_id=owner.client_id, object_id=owner.object_id, audience=audience
        )

    async def start(self) -> None:
        """Listen, then write the files."""
        if self._state is None:
            self._state = Path(self._open.enter_context(TemporaryDirectory(prefix="simulated-azure-")))
        self.state.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA(organization_name="Simulated Azure")
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1)
        self._open.push_async_callback(runner.cleanup)
        await runner.setup()
        site = web.TCPSite(runner, HOST, self._port, ssl_context=_server_context(authority))
        await site.start()
        await self._serve_identities()
        self.simulation.url = f"https://{HOST}:{runner.addresses[0][1]}"
        self.simulation.issuer.resources[self.simulation.url] = ARM
        self._write_files(authority)

    async def _serve_identities(self) -> None:
        """Serve the managed identity endpoint as App Service does: plain http, on the next port."""
        application = web.Application()
        application.router.add_get(managed_identity.PATH, partial(handle, self.simulation))
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        self._open.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, HOST, self._port and self._port + 1).start()
        port = runner.addresses[0][1]
        self.simulation.identity_endpoint = f"http://{HOST}:{port}{managed_identity.PATH}"

    async def stop(self) -> None:
        """Stop listening and remove the temporary folder if there is one."""
        await self._open.aclose()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", partial(handle, self.simulation))
        return application

    def _write_files(self, authority: trustme.CA) -> None:
        private = authority.cert_pem.bytes()
        self.ca_path.write_bytes(private)
        self.ca_bundle_path.write_bytes(private + Path(certifi.where()).read_bytes())
        for name, content in (("settings", self.settings), ("directory", self.directory)):
            encoded = msgspec.json.format(msgspec.json.encode(content), indent=2)
            file = self.state / f"{name}.json"
            file.touch(mode=0o600)
            file.write_bytes(encoded)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()


def _server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST, "localhost").configure_cert(context)
    return context
