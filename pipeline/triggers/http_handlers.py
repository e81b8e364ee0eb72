"""The handlers of the API: each asks one service and gives its answer."""

from msgspec import UNSET

from pipeline.audit import AuditEntry
from pipeline.connecting.export import ConfigurationExport
from pipeline.connecting.guide.views import ConnectGuide
from pipeline.framework_model import ControlState, FrameworkView
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
from pipeline.reading.catalogue import CheckView, ServiceView, page_after
from pipeline.reading.population import ResourceView
from pipeline.reading.service_states import ServiceState
from pipeline.requests import (
    AuditQuery,
    ChangeRequest,
    CheckQuery,
    ConnectRequest,
    ControlQuery,
    DisconnectQuery,
    EvidenceQuery,
    FindingQuery,
    GuideQuery,
    PageQuery,
    ResourceQuery,
    RotateRequest,
)
from pipeline.triggers.http_parsing import NoBody, NoQuery
from pipeline.triggers.http_route import Call
from pipeline.triggers.http_sign_in import demand_own


async def connect_subscriptions(call: Call[ConnectRequest, NoQuery]) -> Connected:
    """Connect one or more subscriptions with one credential."""
    await demand_own(call, call.body.auth)
    return await call.services.connections.connect(call.body, by=call.trier)


async def list_connections(call: Call[NoBody, PageQuery]) -> Page[Connection]:
    """List the connections, newest first."""
    return await call.services.connections.page(limit=call.query.limit, position=call.query.position)


async def get_connection(call: Call[NoBody, NoQuery]) -> Connection:
    """Give one connection."""
    return await call.services.connections.get(call.path["connection_id"])


async def change_connection(call: Call[ChangeRequest, NoQuery]) -> Connection:
    """Change what the body names of a connection."""
    if call.body.auth is not UNSET:
        await demand_own(call, call.body.auth)
    return await call.services.connections.change(call.path["connection_id"], call.body, by=call.trier)


async def disconnect_subscription(call: Call[NoBody, DisconnectQuery]) -> None:
    """Delete a connection."""
    await call.services.connections.disconnect(
        call.path["connection_id"], purge_evidence=call.query.purge_evidence
    )


async def verify_connection(call: Call[NoBody, NoQuery]) -> Connection:
    """Run the setup checks of a connection again."""
    return await call.services.connections.verify(call.path["connection_id"])


async def rotate_credentials(call: Call[RotateRequest, NoQuery]) -> Rotated:
    """Replace the secret of every connection of one application."""
    return await call.services.connections.rotate(call.body, by=call.trier)


async def get_connect_guide(call: Call[NoBody, GuideQuery]) -> ConnectGuide:
    """Tell how to connect."""
    return call.services.guides.guide(call.query)


async def start_sync_run(call: Call[NoBody, NoQuery]) -> SyncRun:
    """Start a sync run of one connection."""
    return await call.services.sync_runs.start(call.path["connection_id"])


async def start_all_sync_runs(call: Call[NoBody, NoQuery]) -> Page[SyncRun]:
    """Start a sync run of every active connection."""
    runs = await call.services.sync_runs.start_all()
    return Page(items=runs, next_cursor=None, total=len(runs))


async def list_sync_runs(call: Call[NoBody, PageQuery]) -> Page[SyncRun]:
    """List the sync runs of a connection, newest first."""
    return await call.services.sync_runs.page(
        call.path["connection_id"], limit=call.query.limit, position=call.query.position
    )


async def get_sync_run(call: Call[NoBody, NoQuery]) -> SyncRun:
    """Give one sync run."""
    return await call.services.sync_runs.get(call.path["connection_id"], call.path["sync_run_id"])


async def list_evidence(call: Call[NoBody, EvidenceQuery]) -> Page[EvidenceItem]:
    """List evidence items."""
    asked = call.query
    call.services.catalogue.demand(service=asked.service, framework=asked.framework, control=asked.control)
    return await call.services.register.evidence(asked)


async def get_evidence_item(call: Call[NoBody, NoQuery]) -> EvidenceItem:
    """Give one evidence item."""
    return await call.services.register.evidence_item(call.path["evidence_id"])


async def verify_evidence_chain(call: Call[NoBody, NoQuery]) -> ChainState:
    """Walk the digest chain of a connection."""
    return await call.services.register.verify_chain(call.path["connection_id"])


async def list_resources(call: Call[NoBody, ResourceQuery]) -> Page[ResourceView]:
    """List the resources that were found."""
    call.services.catalogue.demand(service=call.query.service)
    return await call.services.population.resources(call.query)


async def list_service_states(call: Call[NoBody, PageQuery]) -> Page[ServiceState]:
    """List the services of a connection with what each came to, by name."""
    states = await call.services.service_states.of(call.path["connection_id"])
    return page_after(
        states, lambda state: state.service, limit=call.query.limit, position=call.query.position
    )


async def list_findings(call: Call[NoBody, FindingQuery]) -> Page[Finding]:
    """List findings."""
    asked = call.query
    call.services.catalogue.demand(service=asked.service, framework=asked.framework, control=asked.control)
    return await call.services.register.findings(asked)


async def list_frameworks(call: Call[NoBody, PageQuery]) -> Page[FrameworkView]:
    """List the frameworks."""
    return call.services.catalogue.frameworks(limit=call.query.limit, position=call.query.position)


async def list_control_states(call: Call[NoBody, ControlQuery]) -> Page[ControlState]:
    """List the controls of a framework with their states, in printed order."""
    framework = call.services.catalogue.find_framework(call.path["framework_id"])
    states = await call.services.register.control_states(framework.id, connection_id=call.query.connection_id)
    return page_after(states, lambda state: state.id, limit=call.query.limit, position=call.query.position)


async def list_checks(call: Call[NoBody, CheckQuery]) -> Page[CheckView]:
    """List the checks."""
    asked = call.query
    return call.services.catalogue.checks(limit=asked.limit, position=asked.position, service=asked.service)


async def list_services(call: Call[NoBody, PageQuery]) -> Page[ServiceView]:
    """List the Azure services that can be read."""
    return call.services.catalogue.services(limit=call.query.limit, position=call.query.position)


async def export_configuration(call: Call[NoBody, PageQuery]) -> ConfigurationExport:
    """Export the configuration."""
    return await call.services.configuration.page(limit=call.query.limit, position=call.query.position)


async def list_audit_log(call: Call[NoBody, AuditQuery]) -> Page[AuditEntry]:
    """List the entries of the audit log, newest first."""
    return await call.services.audit.page(call.query)


async def get_health(call: Call[NoBody, NoQuery]) -> HealthState:
    """Tell whether the app can work."""
    return await call.services.health.state()


async def get_health_details(call: Call[NoBody, NoQuery]) -> HealthDetails:
    """Tell what works and what does not."""
    return await call.services.health.details()
