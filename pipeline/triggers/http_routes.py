"""The table of routes: API.md, one entry a route. Blueprint, `/openapi.json` and tests are made from it."""

from http import HTTPStatus
from types import NoneType
from typing import Any

from pipeline import errors
from pipeline.catalogue import CheckView, ServiceView
from pipeline.health import HealthDetails, HealthState
from pipeline.model import (
    ChainState,
    Connected,
    Connection,
    ControlState,
    EvidenceItem,
    Finding,
    FrameworkView,
    Page,
    Rotated,
    SyncRun,
)
from pipeline.requests import (
    ChangeRequest,
    CheckQuery,
    ConnectRequest,
    ControlQuery,
    DisconnectQuery,
    EvidenceQuery,
    FindingQuery,
    PageQuery,
    RotateRequest,
)
from pipeline.triggers import http_handlers as handlers
from pipeline.triggers.http_parsing import NoBody, NoQuery
from pipeline.triggers.http_route import Route

_CONNECTION = "connections/{connection_id}"
_CREDENTIAL_ERRORS = (errors.AuthenticationFailed, errors.UpstreamUnavailable)


def _run_path(run: SyncRun) -> str:
    return f"connections/{run.connection_id}/sync-runs/{run.id}"


CONNECTIONS: tuple[Route[Any, Any, Any], ...] = (
    Route(
        name="connect_subscriptions",
        method="POST",
        path="connections",
        handler=handlers.connect_subscriptions,
        request=ConnectRequest,
        query=NoQuery,
        answer=Connected,
        status=HTTPStatus.CREATED,
        summary="Connect one or more subscriptions with one credential",
        errors=(
            *_CREDENTIAL_ERRORS,
            errors.SubscriptionRejected,
            errors.AlreadyConnected,
            errors.NothingConnected,
        ),
    ),
    Route(
        name="list_connections",
        method="GET",
        path="connections",
        handler=handlers.list_connections,
        request=NoBody,
        query=PageQuery,
        answer=Page[Connection],
        summary="List the connections, newest first",
    ),
    Route(
        name="get_connection",
        method="GET",
        path=_CONNECTION,
        handler=handlers.get_connection,
        request=NoBody,
        query=NoQuery,
        answer=Connection,
        summary="Read a connection",
    ),
    Route(
        name="change_connection",
        method="PATCH",
        path=_CONNECTION,
        handler=handlers.change_connection,
        request=ChangeRequest,
        query=NoQuery,
        answer=Connection,
        summary="Change the name, frequency, services, status or credential of a connection",
        errors=(*_CREDENTIAL_ERRORS, errors.SubscriptionRejected, errors.Conflict),
    ),
    Route(
        name="disconnect_subscription",
        method="DELETE",
        path=_CONNECTION,
        handler=handlers.disconnect_subscription,
        request=NoBody,
        query=DisconnectQuery,
        answer=NoneType,
        status=HTTPStatus.NO_CONTENT,
        summary="Delete a connection and its secret; the evidence stays unless it is to be purged",
        errors=(errors.Conflict,),
    ),
    Route(
        name="verify_connection",
        method="POST",
        path=f"{_CONNECTION}/verify",
        handler=handlers.verify_connection,
        request=NoBody,
        query=NoQuery,
        answer=Connection,
        summary="Run the setup checks of a connection again",
        errors=(*_CREDENTIAL_ERRORS, errors.Conflict),
    ),
    Route(
        name="rotate_credentials",
        method="POST",
        path="credentials/rotate",
        handler=handlers.rotate_credentials,
        request=RotateRequest,
        query=NoQuery,
        answer=Rotated,
        summary="Replace the secret of every connection of one application",
        errors=(errors.NotFound, *_CREDENTIAL_ERRORS, errors.SubscriptionRejected, errors.Conflict),
    ),
)

SYNC_RUNS: tuple[Route[Any, Any, Any], ...] = (
    Route(
        name="start_sync_run",
        method="POST",
        path=f"{_CONNECTION}/sync-runs",
        handler=handlers.start_sync_run,
        request=NoBody,
        query=NoQuery,
        answer=SyncRun,
        status=HTTPStatus.ACCEPTED,
        location=_run_path,
        summary="Start a sync run of a connection, or give the one that is queued or running",
        errors=(errors.Conflict,),
    ),
    Route(
        name="start_all_sync_runs",
        method="POST",
        path="sync-runs",
        handler=handlers.start_all_sync_runs,
        request=NoBody,
        query=NoQuery,
        answer=Page[SyncRun],
        status=HTTPStatus.ACCEPTED,
        location=lambda _runs: "connections",
        summary="Start a sync run of every active connection",
    ),
    Route(
        name="list_sync_runs",
        method="GET",
        path=f"{_CONNECTION}/sync-runs",
        handler=handlers.list_sync_runs,
        request=NoBody,
        query=PageQuery,
        answer=Page[SyncRun],
        summary="List the sync runs of a connection, newest first",
    ),
    Route(
        name="get_sync_run",
        method="GET",
        path=f"{_CONNECTION}/sync-runs/{{sync_run_id}}",
        handler=handlers.get_sync_run,
        request=NoBody,
        query=NoQuery,
        answer=SyncRun,
        summary="Read a sync run",
    ),
)

REGISTER: tuple[Route[Any, Any, Any], ...] = (
    Route(
        name="list_evidence",
        method="GET",
        path="evidence",
        handler=handlers.list_evidence,
        request=NoBody,
        query=EvidenceQuery,
        answer=Page[EvidenceItem],
        summary="List evidence items; by default the newest good one of each kind",
    ),
    Route(
        name="get_evidence_item",
        method="GET",
        path="evidence/{evidence_id}",
        handler=handlers.get_evidence_item,
        request=NoBody,
        query=NoQuery,
        answer=EvidenceItem,
        summary="Read an evidence item",
    ),
    Route(
        name="verify_evidence_chain",
        method="GET",
        path=f"{_CONNECTION}/evidence/verify",
        handler=handlers.verify_evidence_chain,
        request=NoBody,
        query=NoQuery,
        answer=ChainState,
        summary="Walk the digest chain of a connection's evidence",
    ),
    Route(
        name="list_findings",
        method="GET",
        path="findings",
        handler=handlers.list_findings,
        request=NoBody,
        query=FindingQuery,
        answer=Page[Finding],
        summary="List findings",
    ),
    Route(
        name="list_control_states",
        method="GET",
        path="frameworks/{framework_id}/controls",
        handler=handlers.list_control_states,
        request=NoBody,
        query=ControlQuery,
        answer=Page[ControlState],
        summary="List the controls of a framework with what the evidence says of each",
    ),
)

CATALOGUE: tuple[Route[Any, Any, Any], ...] = (
    Route(
        name="list_frameworks",
        method="GET",
        path="frameworks",
        handler=handlers.list_frameworks,
        request=NoBody,
        query=PageQuery,
        answer=Page[FrameworkView],
        summary="List the frameworks",
    ),
    Route(
        name="list_checks",
        method="GET",
        path="checks",
        handler=handlers.list_checks,
        request=NoBody,
        query=CheckQuery,
        answer=Page[CheckView],
        summary="List the checks and the controls each supports",
    ),
    Route(
        name="list_services",
        method="GET",
        path="services",
        handler=handlers.list_services,
        request=NoBody,
        query=PageQuery,
        answer=Page[ServiceView],
        summary="List the Azure services that can be read, and what reading them takes",
    ),
)

APP: tuple[Route[Any, Any, Any], ...] = (
    Route(
        name="describe_api",
        method="GET",
        path="openapi.json",
        handler=handlers.describe_api,
        request=NoBody,
        query=NoQuery,
        answer=dict[str, Any],
        summary="Read this description of the API",
    ),
    Route(
        name="get_health",
        method="GET",
        path="health",
        handler=handlers.get_health,
        request=NoBody,
        query=NoQuery,
        answer=HealthState,
        anonymous=True,
        summary="Ask whether the app can work",
    ),
    Route(
        name="get_health_details",
        method="GET",
        path="health/details",
        handler=handlers.get_health_details,
        request=NoBody,
        query=NoQuery,
        answer=HealthDetails,
        summary="Ask what works and what does not",
    ),
)

ROUTES = (*CONNECTIONS, *SYNC_RUNS, *REGISTER, *CATALOGUE, *APP)
