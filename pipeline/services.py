"""The parts of the app put together once, each made when it is first needed. No logic."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from collectors.contract import Collector
from pipeline.audit import AuditLog
from pipeline.authentication.errors import translate_authentication_error
from pipeline.authentication.methods import METHODS
from pipeline.callers.admission import Admission, TokenCheck
from pipeline.connecting.attempt_limit import AttemptLimit
from pipeline.connecting.credential_changes import CredentialChanges
from pipeline.connecting.credential_trials import CredentialTrials
from pipeline.connecting.discarded_secrets import DiscardedSecrets
from pipeline.connecting.export import ConfigurationExports
from pipeline.connecting.guide.guide import ConnectGuides
from pipeline.connecting.secret_expiry import days_to_tell
from pipeline.connecting.views import ConnectionViews
from pipeline.connections import Connections
from pipeline.credentials import Credentials
from pipeline.health import Health, Names
from pipeline.reading.catalogue import Catalogue
from pipeline.reading.cursors import Cursors
from pipeline.reading.population import Population
from pipeline.reading.register import Register
from pipeline.reading.service_states import ServiceStates
from pipeline.settings import CallerTokens, Settings
from pipeline.sign_in.entra import entra_sign_in
from pipeline.sign_in.flow import SignIns
from pipeline.sign_in.grants import granted_by
from pipeline.sign_in.roles import demand_role
from pipeline.sign_in.rotation import SecretRotation
from pipeline.sign_in.subscriptions import SubscriptionList
from pipeline.sign_in.table import SignInTable
from pipeline.stores.attempt_table import AttemptTable
from pipeline.stores.audit_table import AuditTable
from pipeline.stores.run_queue import RunQueue
from pipeline.stores.secret_ledger import SecretLedger
from pipeline.stores.secrets import KeyVaultSecrets, own_identity
from pipeline.stores.tables import TableStorage
from pipeline.sync_runs import SyncRuns
from pipeline.sync_worker import SyncWorker
from pipeline.syncing.attempt import AttemptOpener, Stores
from pipeline.syncing.register_commit import RegisterCommit
from pipeline.times import Clock, utc_now
from pipeline.watching.app_health import app_health
from pipeline.watching.timer_runs import TimerRuns

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from mappings.loader import Mappings
    from pipeline.azure_reader import Azure, AzureReader, SharedTransport
    from pipeline.stores.records import ConnectionRecord


class Services:
    """Everything the triggers call.

    Args:
        settings: the app's settings, checked.
        functions: gives the names of the functions that the host found, for the health report.
        clock: the present.
    """

    def __init__(self, settings: Settings, *, functions: Names, clock: Clock = utc_now) -> None:
        self.settings = settings
        self._functions = functions
        self._clock = clock

    @cached_property
    def connections(self) -> Connections:
        """Connections."""
        views = ConnectionViews(
            services=tuple(self._collectors),
            next_sync_at=self.sync_runs.next_sync_at,
            last_run=self.sync_runs.last,
            secrets_left=self.discarded_secrets.left,
            clock=self._clock,
        )
        return Connections(
            self._stores.connections,
            CredentialChanges(self._stores.connections, self._credentials, self.discarded_secrets),
            self._trials,
            views,
            portal_url=self.settings.portal_url,
            start_run=self.sync_runs.start,
            purge_evidence=self._stores.purge_evidence,
            clock=self._clock,
        )

    @cached_property
    def discarded_secrets(self) -> DiscardedSecrets:
        """Secrets that no connection names any more."""
        ledger = SecretLedger(self._tables)
        return DiscardedSecrets(ledger, self._stores.connections, self._secrets, clock=self._clock)

    @cached_property
    def sign_ins(self) -> SignIns:
        """Sign-ins with Microsoft."""
        return SignIns(
            SignInTable(self._tables),
            self._secrets,
            entra_sign_in(self.settings),
            self._credentials,
            SubscriptionList(lambda: self._azure, self._stores.connections),
            self.discarded_secrets,
            clock=self._clock,
        )

    @cached_property
    def sync_runs(self) -> SyncRuns:
        """Planning and following sync runs."""
        return SyncRuns(
            self._stores.connections,
            self._stores.runs,
            self._stores.leases,
            self._stores.queue,
            schedules={"daily": self.settings.daily_schedule, "hourly": self.settings.hourly_schedule},
            days_to_tell=days_to_tell,
            clock=self._clock,
        )

    @cached_property
    def worker(self) -> SyncWorker:
        """Working on sync runs."""
        stores = self._stores
        return SyncWorker(
            stores,
            AttemptOpener(stores, self._collectors, portal=self.settings, clock=self._clock),
            self,
            RegisterCommit(stores.evidence, stores.manifests, stores.runs, lambda: self._mappings),
            portal=self.settings,
            clock=self._clock,
            deadline_s=self.settings.sync_deadline_s,
            lease_s=self.settings.sync_lease_s,
        )

    @cached_property
    def register(self) -> Register:
        """Evidence, findings and control states."""
        kept = self._stores
        return Register(
            kept.connections, kept.evidence, kept.findings, mappings=lambda: self._mappings, clock=self._clock
        )

    @cached_property
    def population(self) -> Population:
        """The resources that were found."""
        return Population(self._stores.connections, self._stores.evidence, self._stores.findings)

    @cached_property
    def service_states(self) -> ServiceStates:
        """What each service of a connection came to."""
        return ServiceStates(self._stores.connections, self._stores.evidence, self._collectors)

    @cached_property
    def guides(self) -> ConnectGuides:
        """How to connect."""
        return ConnectGuides(self.settings, lambda: self._collectors)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Services, checks and frameworks."""
        return Catalogue(lambda: self._collectors, lambda: self._mappings)

    @cached_property
    def configuration(self) -> ConfigurationExports:
        """What makes the connections again."""
        connections = self._stores.connections
        return ConfigurationExports(connections, self.settings, lambda: self._mappings, self._clock)

    @cached_property
    def attempts(self) -> AttemptLimit:
        """How often credentials may be refused."""
        return AttemptLimit(AttemptTable(self._tables), self._clock)

    @cached_property
    def audit(self) -> AuditLog:
        """The audit log."""
        return AuditLog(AuditTable(self._tables), self._clock)

    @cached_property
    def health(self) -> Health:
        """Health."""
        return app_health(
            self._stores,
            self._tables,
            self._secrets,
            (self.settings.cloud, self._outside),
            timers=self.timer_runs,
            secrets_left=self.discarded_secrets.count,
            functions=self._functions,
            clock=self._clock,
        )

    @cached_property
    def timer_runs(self) -> TimerRuns:
        """When timers ran."""
        return TimerRuns(self._tables, self._clock)

    @cached_property
    def callers(self) -> Admission:
        """Who may call."""
        return Admission(self.settings.callers, self._access_tokens)

    @cached_property
    def cursors(self) -> Cursors:
        """Sealed positions of lists."""
        return Cursors(self._secrets)

    async def open(self, connection: "ConnectionRecord") -> "AzureReader":
        """Open Azure for a connection; raises CredentialRejected, AccessDenied or Transient."""
        record = connection.credential
        credential = await self._credentials.open(record, anew=True, kept_by=connection.id)
        principal = await self._credentials.authenticate(credential)
        reader = self._azure.reader(
            credential=credential, tenant_id=record.tenant_id, subscription_id=connection.subscription_id
        )
        if METHODS[record.method].personal:
            await demand_role(reader.part(), principal.object_id or "", tenant_id=record.tenant_id)
        return reader

    async def close(self) -> None:
        """Close what was opened."""
        for name in ("_outside", "_azure", "_credentials", "_secrets", "_tables", "_queue", "_identity"):
            if name in self.__dict__:
                await getattr(self, name).close()

    @cached_property
    def _stores(self) -> Stores:
        return Stores.over(self._tables, self._queue, self._clock, lease_s=self.settings.sync_lease_s)

    @cached_property
    def _tables(self) -> TableStorage:
        return TableStorage(self.settings.tables, lambda: self._identity, clock=self._clock)

    @cached_property
    def _queue(self) -> RunQueue:
        return RunQueue(self.settings.queues, lambda: self._identity)

    @cached_property
    def _identity(self) -> "AsyncTokenCredential":
        return own_identity(self.settings)

    @cached_property
    def _secrets(self) -> KeyVaultSecrets:
        return KeyVaultSecrets(self.settings, lambda: self._identity)

    @cached_property
    def _credentials(self) -> Credentials:
        return Credentials(
            self.settings,
            self._secrets,
            granted=granted_by(self.settings, SignInTable(self._tables), self._secrets, self._clock),
            rotation=SecretRotation(self._stores.connections, self._secrets, self.discarded_secrets),
        )

    @cached_property
    def _azure(self) -> "Azure":
        from pipeline.azure_reader import Azure

        return Azure(self.settings, translate_authentication_error)

    @cached_property
    def _trials(self) -> CredentialTrials:
        return CredentialTrials(
            self._credentials,
            self._azure,
            self.attempts,
            collectors=self._collectors,
            portal_url=self.settings.portal_url,
            clock=self._clock,
        )

    @cached_property
    def _outside(self) -> "SharedTransport":
        from pipeline.azure_reader import SharedTransport

        return SharedTransport()

    def _access_tokens(self, rules: CallerTokens) -> TokenCheck:
        from pipeline.callers.signing_keys import SigningKeys
        from pipeline.callers.tokens import AccessTokens

        return AccessTokens(rules, SigningKeys(self.settings.cloud, rules.tenant_id, self._outside))

    @cached_property
    def _collectors(self) -> Mapping[str, Collector]:
        from collectors import registry

        return registry.load()

    @cached_property
    def _mappings(self) -> "Mappings":
        from mappings import loader

        return loader.load()
