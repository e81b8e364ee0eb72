"""The routes of connections and their sync runs."""

from http import HTTPStatus
from types import NoneType
from typing import Any

from pipeline import errors
from pipeline.connecting.guide.views import ConnectGuide
from pipeline.model import Connected, Connection, Page, Rotated, SyncRun
from pipeline.requests import (
    ChangeRequest,
    ConnectRequest,
    DisconnectQuery,
    GuideQuery,
    PageQuery,
    RotateRequest,
)
from pipeline.triggers import http_handlers as handlers
from pipeline.triggers.http_parsing import NoBody, NoQuery
from pipeline.triggers.http_route import Route

_CONNECTION = "connections/{connection_id}"
_CREDENTIAL_ERRORS = (errors.AuthenticationFailed, errors.TooManyAttempts, errors.UpstreamUnavailable)


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
        audited="connect",
        summary="Connect one or more subscriptions with one credential",
        errors=(
            errors.NotFound,
            *_CREDENTIAL_ERRORS,
            errors.SubscriptionRejected,
            errors.AlreadyConnected,
            errors.NothingConnected,
        ),
    ),
    Route(
        name="get_connect_guide",
        method="GET",
        path="connect/guide",
        handler=handlers.get_connect_guide,
        request=NoBody,
        query=GuideQuery,
        answer=ConnectGuide,
        summary="Read how to connect: for each way the fields, steps, roles and a script to paste",
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
        audited="change",
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
        audited="disconnect",
        audited_if=("purge_evidence", "purge"),
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
        audited="verify",
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
        audited="rotate",
        summary="Replace the secret of every connection of one application",
        errors=(
            errors.NotFound,
            *_CREDENTIAL_ERRORS,
            errors.SubscriptionRejected,
            errors.Conflict,
            errors.NothingRotated,
        ),
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
        audited="sync_now",
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
        audited="sync_all",
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
