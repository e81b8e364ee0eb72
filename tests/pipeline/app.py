"""The parts of the app that deal with connections, put together against a simulated Azure and Azurite."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import override

import msgspec
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ServiceRequestError

from collectors.registry import load
from local.azure import SimulatedAzure
from local.azure.changes import RotateSecret
from local.azure.world import Application
from pipeline.authentication.errors import translate_authentication_error
from pipeline.authentication.method import Offer
from pipeline.azure.limiter import Clock as ReadClock
from pipeline.azure_reader import Azure, AzureReader, SharedTransport
from pipeline.connecting.attempt_limit import AttemptLimit
from pipeline.connecting.credential_changes import CredentialChanges
from pipeline.connecting.credential_trials import CredentialTrials
from pipeline.connecting.discarded_secrets import DiscardedSecrets
from pipeline.connecting.views import ConnectionViews
from pipeline.connections import Connections
from pipeline.credentials import Credentials
from pipeline.model import Attention, Connection, RunTrigger, SetupCheck, SyncRun
from pipeline.requests import AuthRequest, ClientSecretAuth, ConnectRequest
from pipeline.settings import Settings
from pipeline.stores.attempt_table import AttemptTable
from pipeline.stores.connection_table import ConnectionTable
from pipeline.stores.records import ConnectionRecord, CredentialRecord
from pipeline.stores.secret_ledger import SecretLedger
from pipeline.stores.secrets import KeyVaultSecrets, own_identity
from pipeline.stores.tables import TableStorage

REFUSED = Attention(code="expired_client_secret", detail="made up", advice="made up")


class HurriedTransport(SharedTransport):
    """Connections over which waiting takes no time."""

    @override
    async def sleep(self, duration: float) -> None:
        await asyncio.sleep(0)


class HurriedClock(ReadClock):
    """A clock on which waiting takes no time."""

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass
class App:
    """What a test works with. `now` is the present as the app sees it."""

    azure: SimulatedAzure
    settings: Settings
    secrets: KeyVaultSecrets
    credentials: Credentials
    reads: Azure
    store: ConnectionTable
    tables: TableStorage
    wire: SharedTransport
    own: AsyncTokenCredential
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: list[tuple[str, RunTrigger]] = field(default_factory=list)
    purged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Put the services together."""
        collectors = load()
        trials = CredentialTrials(
            self.credentials,
            self.reads,
            AttemptLimit(AttemptTable(self.tables), self.clock, patience_s=0),
            collectors=collectors,
            portal_url=self.settings.portal_url,
            clock=self.clock,
        )
        self.discarded = DiscardedSecrets(
            SecretLedger(self.tables), self.store, self.secrets, clock=self.clock
        )
        views = ConnectionViews(
            tuple(collectors),
            last_run=self.last_run,
            next_sync_at=self.next_sync_at,
            secrets_left=self.discarded.left,
            clock=self.clock,
        )
        self.connections = Connections(
            self.store,
            CredentialChanges(self.store, self.credentials, self.discarded),
            trials,
            views,
            portal_url=self.settings.portal_url,
            start_run=self.start_run,
            purge_evidence=self.purge_evidence,
            clock=self.clock,
        )

    def identity(self) -> AsyncTokenCredential:
        """Give the app's own identity."""
        return self.own

    def clock(self) -> datetime:
        """Tell the present."""
        return self.now

    async def start_run(self, connection_id: str, trigger: RunTrigger) -> SyncRun:
        """Note that a run was asked for."""
        self.started.append((connection_id, trigger))
        return SyncRun(
            id="run", connection_id=connection_id, trigger=trigger, status="queued", queued_at="now"
        )

    async def last_run(self, connection_id: str) -> SyncRun | None:
        """Give the last run that was asked for."""
        runs = [entry for entry in self.started if entry[0] == connection_id]
        return await self.start_run(*runs[-1]) if runs else None

    def next_sync_at(self, record: ConnectionRecord) -> str | None:
        """Tell when a run is due."""
        return None if record.paused else "2030-01-01T00:00:00.000000Z"

    async def purge_evidence(self, connection_id: str) -> None:
        """Note that the evidence was to be removed."""
        self.purged.append(connection_id)

    async def fail_storage(self, *_: object) -> ConnectionRecord:
        """Fail as Table Storage does when it is away."""
        raise ServiceRequestError("made up")

    def subscription_id(self, name: str) -> str:
        """Give the id of a subscription by its name."""
        return self.azure.subscription(name).subscription_id

    def auth(
        self,
        application: Application | None = None,
        *,
        secret: str | None = None,
        ends: str | None = None,
        **other: str,
    ) -> ClientSecretAuth:
        """Give the credential of an application, the connector's if none is named."""
        owner = application or self.azure.connector
        entered = {
            "tenant_id": owner.tenant_id,
            "client_id": owner.client_id,
            "client_secret": secret or owner.secrets[0].value,
        }
        return ClientSecretAuth(**(entered | other), secret_expires_on=ends)

    def request(self, *names: str, auth: AuthRequest | None = None) -> ConnectRequest:
        """Ask to connect subscriptions by their names."""
        ids = tuple(self.subscription_id(name) for name in names)
        return ConnectRequest(name="Example", auth=auth or self.auth(), subscription_ids=ids)

    async def connect(self, name: str = "production", auth: AuthRequest | None = None) -> Connection:
        """Connect one subscription."""
        connected = await self.connections.connect(self.request(name, auth=auth))
        return connected.connections[0]

    async def connect_refused(self) -> Connection:
        """Connect a subscription whose last sync found the credential refused."""
        made = await self.connect()
        record = await self.store.get(made.id)
        await self.store.replace(msgspec.structs.replace(record, attention=REFUSED))
        return made

    def day(self, days: int) -> str:
        """Give the day that many days from now, as a person enters it."""
        return (self.now + timedelta(days=days)).date().isoformat()

    def new_secret(self, *, keep_old: bool = False) -> str:
        """Give the connector a new secret at Entra."""
        return str(self.azure.apply(RotateSecret(keep_old=keep_old))["client_secret"])

    def reader(self, name: str, application: Application | None = None) -> AzureReader:
        """Give a reader of a subscription for an application."""
        owner = application or self.azure.connector
        accepted = self.auth(owner)
        record = msgspec.convert(
            {"method": "client_secret", "tenant_id": accepted.tenant_id, "client_id": accepted.client_id},
            CredentialRecord,
        )
        credential = self.credentials.trial(Offer(record=record, secret=accepted.client_secret))
        return self.reads.reader(
            credential=credential, tenant_id=owner.tenant_id, subscription_id=self.subscription_id(name)
        )

    @property
    def vault_names(self) -> list[str]:
        """The names of the secrets in the vault, deleted ones included."""
        vault = self.azure.simulation.vault
        return [*vault.secrets, *vault.deleted]


def check_of(connection: Connection, check_id: str) -> SetupCheck:
    """Give one setup check of a connection."""
    return next(check for check in connection.setup_checks if check.id == check_id)


def settings_of(azure: SimulatedAzure, storage: str) -> Settings:
    """Read the settings that point at a simulated Azure and at a storage."""
    values = msgspec.convert(azure.settings["Values"], dict[str, str])
    return Settings.read(values | {"AzureWebJobsStorage": storage})


@asynccontextmanager
async def running(azure: SimulatedAzure, storage: str) -> AsyncIterator[App]:
    """Put the app together, and close everything it opened."""
    settings = settings_of(azure, storage)
    wire = HurriedTransport(connection_verify=str(azure.ca_path))
    identity = own_identity(settings, connections=wire)
    tables = TableStorage(settings.tables, lambda: identity)
    await tables.purge("connections", "connections")
    await tables.purge("connections", "secrets")
    await tables.remove("attempts", "PartitionKey ge ''")  # of tests before: all use the same applications
    secrets = KeyVaultSecrets(settings, lambda: identity, connections=wire)
    credentials = Credentials(settings, secrets, connections=wire)
    reads = Azure(settings, translate_authentication_error, connections=wire, clock=HurriedClock())
    try:
        yield App(
            azure, settings, secrets, credentials, reads, ConnectionTable(tables), tables, wire, identity
        )
    finally:
        for opened in (credentials, secrets, identity, tables, wire):
            await opened.close()
