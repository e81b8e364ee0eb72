"""A person with a browser in front of the app's parts, and Azure as it is simulated."""

import dataclasses
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import msgspec

from local.azure.people_changes import user_named
from local.azure.vault import Vault
from pipeline.credentials import Credentials
from pipeline.model import Connected
from pipeline.requests import CallbackQuery, ConnectRequest, SignInAuth, SignInRequest
from pipeline.sign_in.entra import entra_sign_in
from pipeline.sign_in.flow import Finished, SignIns
from pipeline.sign_in.grants import Grants
from pipeline.sign_in.rotation import SecretRotation
from pipeline.sign_in.subscriptions import SubscriptionList
from pipeline.sign_in.table import SignInTable
from pipeline.sign_in.views import SignInStarted
from pipeline.stores.records import ConnectionRecord
from tests.pipeline.app import App

STARTER = "a caller"


@dataclass
class People:
    """What a test of the sign-in works with."""

    app: App
    table: SignInTable
    sign_ins: SignIns

    @property
    def vault(self) -> Vault:
        """The simulated vault."""
        return self.app.azure.simulation.vault

    async def start(self, return_url: str | None = None) -> SignInStarted:
        """Start a sign-in."""
        return await self.sign_ins.start(SignInRequest(return_url=return_url), by=STARTER)

    async def browse(self, started: SignInStarted, user: str = "ada") -> CallbackQuery:
        """Let a person sign in; gives what the browser comes back with."""
        url = f"{started.authorization_url}&{urlencode({'login_hint': user})}"
        context = ssl.create_default_context(cafile=self.app.azure.ca_path)
        connector = aiohttp.TCPConnector(ssl=context)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        return msgspec.convert(back, CallbackQuery)

    async def finish(self, user: str = "ada", return_url: str | None = None) -> Finished:
        """Sign a person in."""
        return await self.sign_ins.finish(await self.browse(await self.start(return_url), user))

    async def connect(self, *names: str, sign_in_id: str | None = None) -> Connected:
        """Connect subscriptions with a sign-in, a new one if none is named."""
        used = sign_in_id or (await self.finish()).sign_in_id
        asked = ConnectRequest(
            name="Example",
            auth=SignInAuth(sign_in_id=used),
            subscription_ids=tuple(map(self.app.subscription_id, names)),
            services=("defender",),
        )
        return await self.app.connections.connect(asked)

    async def connected(self, name: str = "production") -> ConnectionRecord:
        """Connect a subscription and give its row."""
        made = await self.connect(name)
        return await self.app.store.get(made.connections[0].id)

    async def used(self, record: ConnectionRecord) -> ConnectionRecord:
        """Use a connection's credential as a sync does; gives the row as it is afterwards."""
        credential = await self.app.credentials.open(record.credential, anew=True, kept_by=record.id)
        await self.app.credentials.authenticate(credential)
        return await self.app.store.get(record.id)

    def secrets_of(self, record: ConnectionRecord) -> list[str]:
        """Give the names of a connection's secrets in the vault, deleted ones included."""
        root = str(record.credential.secret_name).partition("-r")[0]
        return [name for name in self.app.vault_names if name.startswith(root)]

    def values(self) -> Mapping[str, str]:
        """Give what the vault holds, by name."""
        return {name: secret.newest.value for name, secret in self.vault.secrets.items()}

    def object_id(self, user: str = "ada") -> str:
        """Give a person's object id."""
        return user_named(self.app.azure.simulation, user).object_id


def people_of(app: App) -> People:
    """Put the sign-in's parts together around an app."""
    settings = app.settings
    assert settings.sign_in is not None
    table = SignInTable(app.tables)

    granted = Grants(table, app.secrets, settings.sign_in, lambda: made.now)
    credentials = Credentials(
        settings,
        app.secrets,
        connections=app.wire,
        granted=granted,
        rotation=SecretRotation(app.store, app.secrets, app.discarded),
    )
    made = dataclasses.replace(app, credentials=credentials)
    sign_ins = SignIns(
        table,
        app.secrets,
        entra_sign_in(settings),
        credentials,
        SubscriptionList(lambda: app.reads, app.store),
        made.discarded,
        clock=made.clock,
    )
    return People(made, table, sign_ins)
