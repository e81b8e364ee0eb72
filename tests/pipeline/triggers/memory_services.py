"""The flow behind the API in memory: it remembers what it was asked and answers what it was told to."""

from collections.abc import Mapping
from typing import Any

import msgspec

from collectors.contract import Check, Collector, Part, Read
from collectors.errors import CredentialRejected
from mappings import loader
from pipeline.audit import Actor, Attempt, AuditEntry, Ending, Origin, Target
from pipeline.callers.admission import Admission, TokenCheck
from pipeline.connecting.attempt_limit import Trier
from pipeline.connecting.export import ConfigurationExport
from pipeline.connecting.guide.guide import ConnectGuides
from pipeline.framework_model import ControlState
from pipeline.health import Health
from pipeline.model import (
    AuthView,
    ChainState,
    Connected,
    Connection,
    EvidenceItem,
    Finding,
    Page,
    Provenance,
    Rejected,
    RequestRecord,
    Rotated,
    SetupCheck,
    SyncRun,
    VerdictCounts,
)
from pipeline.reading.catalogue import Catalogue
from pipeline.reading.cursors import Cursors
from pipeline.reading.population import ResourceView
from pipeline.reading.service_states import ServiceState
from pipeline.settings import CallerTokens, Settings
from pipeline.sign_in.flow import Finished
from pipeline.sign_in.views import SignInStarted, SignInSubscription, SignInView

AT = "2026-11-21T22:24:00.000000Z"
MAPPINGS = loader.load()

RUN = SyncRun(id="r1", connection_id="c1", trigger="manual", status="queued", queued_at=AT)
CONNECTION = Connection(
    id="c1",
    name="Production",
    tenant_id="00000000-0000-0000-0000-000000000001",
    subscription_id="00000000-0000-0000-0000-000000000003",
    subscription_name="Shop",
    auth=AuthView(
        method="client_secret",
        client_id="00000000-0000-0000-0000-000000000002",
        principal_id="00000000-0000-0000-0000-000000000004",
    ),
    frequency="daily",
    services=("defender",),
    status="active",
    created_at=AT,
    updated_at=AT,
    next_sync_at=AT,
    last_sync_run=RUN,
    setup_checks=(SetupCheck(id="reader_role", title="Reader", status="pass", detail="It may read."),),
)
ITEM = EvidenceItem(
    id="c1-0",
    connection_id="c1",
    subscription_id=CONNECTION.subscription_id,
    sync_run_id="r1",
    service="defender",
    kind="secure_score",
    title="Secure score",
    status="collected",
    collected_at=AT,
    summary={"percentage": 53.71, "controls": [{"name": "Enable MFA", "unhealthy": 2}]},
    controls={"soc2_2017": ("CC7.1",)},
    provenance=Provenance(
        principal="p",
        started_at=AT,
        finished_at=AT,
        requests=(
            RequestRecord(
                method="GET",
                path="/x",
                api_version="2020-01-01",
                status=200,
                pages=1,
                items=1,
                duration_ms=3,
            ),
        ),
        collector_version="1",
        mapping_version="abc",
    ),
    digest="d",
    previous_digest=None,
)
FINDING = Finding(
    id="f1",
    connection_id="c1",
    subscription_id=CONNECTION.subscription_id,
    service="defender",
    check_id="defender_secure_score",
    title="Secure score",
    status="fail",
    severity="high",
    resource_id="/subscriptions/x",
    resource_name="x",
    reason="Too low.",
    observed={"percentage": 12.5},
    remediation="Raise it.",
    controls={"soc2_2017": ("CC7.1",)},
    opened_at=AT,
    closed_at=None,
)
STATES = tuple(
    ControlState(
        id=control_id,
        title=control_id,
        parent=None,
        coverage="none",
        state="manual",
        verdicts=VerdictCounts(),
        checks=(),
        without_verdict=(),
    )
    for control_id in ("CC7.1", "CC7.2", "CC1.1")
)
CHECK = Check(
    id="defender_secure_score",
    title="The secure score is high",
    severity="high",
    rationale="It sums up.",
    remediation="Raise it.",
    permission="Microsoft.Security/secureScores/read",
    thresholds={"percentage": 80.0},
)
READ = Read(path="/x", api_version="2020-01-01", permission="Microsoft.Security/secureScores/read")


async def _never(*_: object) -> Mapping[str, Any]:
    raise AssertionError


def collector(service: str, *checks: Check) -> Collector:
    """Declare a service with one part that is never read."""
    part = Part(kind=f"{service}_kind", title=service, checks=checks, reads=(READ, READ), collect=_never)
    return Collector(
        service=service,
        title=service.title(),
        reads_what=f"Reads {service}.",
        roles=("Reader",),
        version="1",
        parts=(part,),
    )


SETTINGS = Settings.read(
    {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "KEY_VAULT_URL": "https://v.vault.azure.net"}
)
COLLECTORS = {"defender": collector("defender", CHECK), "storage": collector("storage")}


RESOURCE = ResourceView(
    id="/subscriptions/s/resourceGroups/g/providers/Microsoft.X/things/t",
    connection_id="c1",
    subscription_id="s",
    service="storage",
    name="t",
    type="Microsoft.X/things",
    location="westeurope",
    tags={},
    found_at=AT,
    gone_at=None,
)
EXPORT = ConfigurationExport(
    schema_version=1,
    exported_at=AT,
    app_version="1.2.3",
    mapping_version="abc",
    settings={"AZURE_CLOUD": "AzureCloud"},
    connections=(),
    next_cursor=None,
)
AUDITED = AuditEntry(
    id="a1",
    at=AT,
    action="connect",
    actor=Actor(kind="key"),
    origin=Origin(address="203.0.113.7"),
    target=Target(connection_ids=("c1",)),
    fields=("name",),
    correlation_id="x",
)
SERVICE_STATES = (
    ServiceState(service="defender", title="Defender", state="collected", detail="Read.", resources=2),
    ServiceState(service="storage", title="Storage", state="disabled", detail="Switched off."),
)


class MemoryVault:
    """A vault that can be asked by several instances."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.asked: list[str] = []

    async def put(self, name: str, value: str, *, expires_on: str | None, tags: dict[str, str]) -> None:
        """Keep the newest value."""
        assert expires_on is None
        assert tags
        self.asked.append("put")
        self.values[name] = value

    async def get(self, name: str) -> str:
        """Give the newest value."""
        self.asked.append("get")
        if name not in self.values:
            raise CredentialRejected("There is none.", reason="secret_missing")
        return self.values[name]

    def forget(self, name: str) -> None:
        """Remember that the memory was dropped."""
        self.asked.append(f"forget {name}")


def never_checked(_rules: CallerTokens, /) -> TokenCheck:
    """Stand for the check of tokens where none is wanted."""
    raise AssertionError


class MemoryServices:
    """Fulfils `HttpServices`; its lists and actions are one object, which keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.fails_with: Exception | None = None
        self.next_position: str | None = None
        self.cursors = Cursors(MemoryVault(), settle_s=0)
        self.catalogue = Catalogue(lambda: COLLECTORS, lambda: MAPPINGS)
        self.guides = ConnectGuides(SETTINGS, lambda: COLLECTORS)
        self.health = Health({}, version="1.2.3", functions=lambda: ("get_health",))
        self.connections = MemoryConnections(self)
        self.sync_runs = MemorySyncRuns(self)
        self.sign_ins = MemorySignIns(self)
        self.register = MemoryRegister(self)
        self.population = MemoryPopulation(self)
        self.service_states = MemoryServiceStates(self)
        self.configuration = MemoryConfiguration(self)
        self.audit = MemoryAudit(self)
        self.settings = self
        self.callers = Admission(None, never_checked)
        self.portal_origins: tuple[str, ...] = ()

    def portal_url(self, page: str) -> str | None:
        """Complete a page."""
        return f"https://portal.azure.com/{page}" if page else None

    def note(self, *asked: object) -> None:
        """Remember a call, or fail as told."""
        self.asked.append(asked)
        if self.fails_with is not None:
            raise self.fails_with

    def page[T](self, *items: T) -> Page[T]:
        """Give a page that ends at the position it was told."""
        return Page(items=items, next_cursor=self.next_position)


class MemoryConnections:
    """Fulfils `ConnectionsService`."""

    def __init__(self, services: MemoryServices) -> None:
        self._services = services
        self.tried_by: list[Trier] = []

    async def connect(self, asked: object, /, *, by: Trier) -> Connected:
        """Connect one, refuse another."""
        self._services.note("connect", asked)
        self.tried_by.append(by)
        refused = Rejected(subscription_id="s", problem={"code": "subscription_not_found"})
        return Connected(connections=(CONNECTION,), rejected=(refused,))

    async def page(self, *, limit: int, position: str | None) -> Page[Connection]:
        """List one."""
        self._services.note("page", limit, position)
        return self._services.page(CONNECTION)

    async def get(self, connection_id: str, /) -> Connection:
        """Give it."""
        self._services.note("get", connection_id)
        return CONNECTION

    async def change(self, connection_id: str, asked: object, /, *, by: Trier) -> Connection:
        """Change nothing."""
        self._services.note("change", connection_id, asked)
        self.tried_by.append(by)
        return CONNECTION

    async def verify(self, connection_id: str, /) -> Connection:
        """Find nothing new."""
        self._services.note("verify", connection_id)
        return CONNECTION

    async def disconnect(self, connection_id: str, /, *, purge_evidence: bool) -> None:
        """Forget nothing."""
        self._services.note("disconnect", connection_id, purge_evidence)

    async def rotate(self, asked: object, /, *, by: Trier) -> Rotated:
        """Rotate one."""
        self._services.note("rotate", asked)
        self.tried_by.append(by)
        return Rotated(connections=(CONNECTION,))


class MemorySignIns:
    """Fulfils `SignInsService`."""

    def __init__(self, services: MemoryServices) -> None:
        self._services = services
        self.finished = Finished(sign_in_id="s1", return_url=None, problem=None)

    async def start(self, asked: object, /, *, by: str | None) -> SignInStarted:
        """Start it."""
        self._services.note("start_sign_in", asked, by)
        return SignInStarted(sign_in_id="s1", authorization_url="https://login.example", expires_at=AT)

    async def finish(self, came: object, /) -> Finished:
        """Finish it as told."""
        self._services.note("finish_sign_in", came)
        return self.finished

    async def show(self, sign_in_id: str, /, *, by: str | None) -> SignInView:
        """Show it."""
        self._services.note("show_sign_in", sign_in_id, by)
        one = SignInSubscription(subscription_id="s", display_name="Shop", state="Enabled", connectable=True)
        return SignInView(sign_in_id="s1", status="complete", expires_at=AT, subscriptions=(one,))

    async def demand(self, sign_in_id: str, /, *, by: str | None) -> object:
        """Let nobody else."""
        self._services.note("demand_sign_in", sign_in_id, by)
        return None


class MemorySyncRuns:
    """Fulfils `SyncRunsService`."""

    def __init__(self, services: MemoryServices) -> None:
        self._services = services

    async def start(self, connection_id: str, /) -> SyncRun:
        """Queue it."""
        self._services.note("start", connection_id)
        return RUN

    async def start_all(self) -> tuple[SyncRun, ...]:
        """Queue the one."""
        self._services.note("start_all")
        return (RUN,)

    async def page(self, connection_id: str, /, *, limit: int, position: str | None) -> Page[SyncRun]:
        """List one."""
        self._services.note("runs", connection_id, limit, position)
        return self._services.page(RUN)

    async def get(self, connection_id: str, sync_run_id: str, /) -> SyncRun:
        """Give it."""
        self._services.note("run", connection_id, sync_run_id)
        return RUN


class MemoryPopulation:
    """Fulfils `PopulationService`."""

    def __init__(self, services: MemoryServices) -> None:
        self._services = services

    async def resources(self, query: object, /) -> Page[ResourceView]:
        """List one."""
        self._services.note("resources", query)
        return self._services.page(RESOURCE)


class MemoryConfiguration:
    """Fulfils `ConfigurationService`."""

    def __init__(self, services: MemoryServices) -> None:
        self._services = services

    async def page(self, *, limit: int, position: str | None) -> ConfigurationExport:
        """Export no connection."""
        self._services.note("export", limit, position)
        return msgspec.structs.replace(EXPORT, next_cursor=self._services.next_position)


class MemoryAudit:
    """Fulfils `AuditService`; keeps what is recorded beside what is asked."""

    def __init__(self, services: MemoryServices) -> None:
        self._services = services
        self.fails_with: Exception | None = None
        self.started: list[Attempt] = []
        self.finished: list[tuple[AuditEntry, Ending]] = []
        self.recorded: list[tuple[Attempt, Ending]] = []

    async def start(self, attempt: Attempt, /) -> AuditEntry:
        """Keep it, or fail as told."""
        if self.fails_with is not None:
            raise self.fails_with
        self.started.append(attempt)
        return AUDITED

    async def finish(self, entry: AuditEntry, ending: Ending, /) -> None:
        """Keep it."""
        self.finished.append((entry, ending))

    async def record(self, attempt: Attempt, ending: Ending, /) -> None:
        """Keep it."""
        self.recorded.append((attempt, ending))

    async def page(self, query: object, /) -> Page[AuditEntry]:
        """List one."""
        self._services.note("audit", query)
        return self._services.page(AUDITED)


class MemoryServiceStates:
    """Fulfils `ServiceStatesService`."""

    def __init__(self, services: MemoryServices) -> None:
        self._services = services

    async def of(self, connection_id: str, /) -> tuple[ServiceState, ...]:
        """Give two."""
        self._services.note("services", connection_id)
        return SERVICE_STATES


class MemoryRegister:
    """Fulfils `RegisterService`."""

    def __init__(self, services: MemoryServices) -> None:
        self._services = services

    async def evidence(self, query: object, /) -> Page[EvidenceItem]:
        """List one."""
        self._services.note("evidence", query)
        return self._services.page(ITEM)

    async def evidence_item(self, evidence_id: str, /) -> EvidenceItem:
        """Give it."""
        self._services.note("item", evidence_id)
        return ITEM

    async def verify_chain(self, connection_id: str, /) -> ChainState:
        """Find it whole."""
        self._services.note("chain", connection_id)
        return ChainState(items=1, intact=True, first_broken=None)

    async def findings(self, query: object, /) -> Page[Finding]:
        """List one."""
        self._services.note("findings", query)
        return self._services.page(FINDING)

    async def control_states(
        self, framework_id: str, /, *, connection_id: str | None
    ) -> tuple[ControlState, ...]:
        """Give three."""
        self._services.note("states", framework_id, connection_id)
        return STATES
