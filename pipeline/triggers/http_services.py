"""What the HTTP side needs of the flow behind it; tests fulfil it in memory."""

from collections.abc import Mapping
from typing import Protocol

from pipeline.audit import Attempt, AuditEntry, Ending
from pipeline.callers.caller import Caller
from pipeline.connecting.attempt_limit import Trier
from pipeline.connecting.export import ConfigurationExport
from pipeline.connecting.guide.guide import ConnectGuides
from pipeline.framework_model import ControlState
from pipeline.health import HealthDetails, HealthState
from pipeline.model import (
    ChainState,
    Connected,
    Connection,
    EvidenceItem,
    Finding,
    Page,
    Rotated,
    SyncRun,
)
from pipeline.reading.catalogue import Catalogue
from pipeline.reading.cursors import Cursors
from pipeline.reading.population import ResourceView
from pipeline.reading.service_states import ServiceState
from pipeline.requests import (
    AuditQuery,
    CallbackQuery,
    ChangeRequest,
    ConnectRequest,
    EvidenceQuery,
    FindingQuery,
    ResourceQuery,
    RotateRequest,
    SignInRequest,
)
from pipeline.sign_in.flow import Finished
from pipeline.sign_in.views import SignInStarted, SignInView


class ConnectionsService(Protocol):
    """Connections; every method raises NotFound for an id that is none. `by` says who tries a credential."""

    async def connect(self, asked: ConnectRequest, /, *, by: Trier) -> Connected:
        """Connect subscriptions; raises AuthenticationFailed, NothingConnected and their kin."""
        ...

    async def page(self, *, limit: int, position: str | None) -> Page[Connection]:
        """List connections, newest first; `next_cursor` holds the raw position."""
        ...

    async def get(self, connection_id: str, /) -> Connection:
        """Give one connection."""
        ...

    async def change(self, connection_id: str, asked: ChangeRequest, /, *, by: Trier) -> Connection:
        """Change what is given; a new credential is tried before it replaces the old one."""
        ...

    async def verify(self, connection_id: str, /) -> Connection:
        """Run the setup checks again."""
        ...

    async def disconnect(self, connection_id: str, /, *, purge_evidence: bool) -> None:
        """Delete the secret and free the subscription; keep the evidence unless it is to be purged."""
        ...

    async def rotate(self, asked: RotateRequest, /, *, by: Trier) -> Rotated:
        """Replace the secret of every connection of one application."""
        ...


class SignInsService(Protocol):
    """Sign-ins; `by` names the caller by its token, None for a Functions key."""

    async def start(self, asked: SignInRequest, /, *, by: str | None) -> SignInStarted:
        """Start a sign-in; raises SignInNotConfigured."""
        ...

    async def finish(self, came: CallbackQuery, /) -> Finished:
        """Finish the sign-in that a browser comes back from; raises SignInRefused."""
        ...

    async def show(self, sign_in_id: str, /, *, by: str | None) -> SignInView:
        """Show a sign-in to the caller who started it; raises NotFound for everybody else."""
        ...

    async def demand(self, sign_in_id: str, /, *, by: str | None) -> object:
        """Raise NotFound unless this caller started this sign-in."""
        ...


class SyncRunsService(Protocol):
    """Sync runs; every method raises NotFound for an id that is none."""

    async def start(self, connection_id: str, /) -> SyncRun:
        """Queue a run, or give the one that is queued or running."""
        ...

    async def start_all(self) -> tuple[SyncRun, ...]:
        """Queue a run of every active connection."""
        ...

    async def page(self, connection_id: str, /, *, limit: int, position: str | None) -> Page[SyncRun]:
        """List the runs of a connection, newest first; `next_cursor` holds the raw position."""
        ...

    async def get(self, connection_id: str, sync_run_id: str, /) -> SyncRun:
        """Give one run."""
        ...


class RegisterService(Protocol):
    """The evidence register; lists hold the raw position in `next_cursor`."""

    async def evidence(self, query: EvidenceQuery, /) -> Page[EvidenceItem]:
        """List evidence items."""
        ...

    async def evidence_item(self, evidence_id: str, /) -> EvidenceItem:
        """Give one evidence item; raises NotFound."""
        ...

    async def verify_chain(self, connection_id: str, /) -> ChainState:
        """Walk the digest chain of a connection; raises NotFound."""
        ...

    async def findings(self, query: FindingQuery, /) -> Page[Finding]:
        """List findings."""
        ...

    async def control_states(
        self, framework_id: str, /, *, connection_id: str | None
    ) -> tuple[ControlState, ...]:
        """Give the state of every control of a framework that exists; raises NotFound for the connection."""
        ...


class PopulationService(Protocol):
    """The resources that were found; lists hold the raw position in `next_cursor`."""

    async def resources(self, query: ResourceQuery, /) -> Page[ResourceView]:
        """List resources."""
        ...


class ServiceStatesService(Protocol):
    """What each service of a connection came to."""

    async def of(self, connection_id: str, /) -> tuple[ServiceState, ...]:
        """Give the state of every service; raises NotFound."""
        ...


class ConfigurationService(Protocol):
    """The configuration; `next_cursor` holds the raw position."""

    async def page(self, *, limit: int, position: str | None) -> ConfigurationExport:
        """Export the configuration with a page of the connections."""
        ...


class AuditService(Protocol):
    """The audit log; lists hold the raw position in `next_cursor`."""

    async def start(self, attempt: Attempt, /) -> AuditEntry:
        """Record a change that is about to be tried; raises AuditUnavailable."""
        ...

    async def finish(self, entry: AuditEntry, ending: Ending, /) -> None:
        """Record how it ended."""
        ...

    async def record(self, attempt: Attempt, ending: Ending, /) -> None:
        """Record what has ended: a call refused before anything was tried, or a person's sign-in."""
        ...

    async def page(self, query: AuditQuery, /) -> Page[AuditEntry]:
        """List entries, newest first."""
        ...


class HealthService(Protocol):
    """Whether the app can work."""

    async def state(self) -> HealthState:
        """Tell anybody, quickly."""
        ...

    async def details(self) -> HealthDetails:
        """Tell those who run the app."""
        ...


class CallersService(Protocol):
    """Who may call."""

    @property
    def wants_token(self) -> bool:
        """Whether a Functions key alone does not suffice."""
        ...

    async def admit(self, headers: Mapping[str, str], *, changes: bool) -> Caller:
        """Let a caller in, who may want to change something; raises CallerRefused."""
        ...


class AnswerSettings(Protocol):
    """Settings, as far as answers need them."""

    @property
    def portal_origins(self) -> tuple[str, ...]:
        """Web origins whose pages may call."""
        ...

    def portal_url(self, page: str, /) -> str | None:
        """Complete a page to its address; None for ""."""
        ...


class HttpServices(Protocol):
    """Everything that a call may need."""

    @property
    def connections(self) -> ConnectionsService:
        """Connections."""
        ...

    @property
    def sign_ins(self) -> SignInsService:
        """Sign-ins."""
        ...

    @property
    def sync_runs(self) -> SyncRunsService:
        """Sync runs."""
        ...

    @property
    def register(self) -> RegisterService:
        """Evidence, findings and control states."""
        ...

    @property
    def population(self) -> PopulationService:
        """The resources that were found."""
        ...

    @property
    def service_states(self) -> ServiceStatesService:
        """What each service of a connection came to."""
        ...

    @property
    def configuration(self) -> ConfigurationService:
        """What makes the connections again."""
        ...

    @property
    def audit(self) -> AuditService:
        """The audit log."""
        ...

    @property
    def guides(self) -> ConnectGuides:
        """How to connect."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """Services, checks and frameworks."""
        ...

    @property
    def health(self) -> HealthService:
        """Health."""
        ...

    @property
    def cursors(self) -> Cursors:
        """Sealed positions."""
        ...

    @property
    def callers(self) -> CallersService:
        """Who may call."""
        ...

    @property
    def settings(self) -> AnswerSettings:
        """Settings, as far as answers need them."""
        ...
