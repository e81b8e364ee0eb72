"""Calls the API as the Functions host does: with an `azure.functions.HttpRequest`."""

import json
from collections.abc import Mapping
from typing import Any

import azure.functions as func
import msgspec

from pipeline.triggers.http_calls import AnyRoute, serve
from pipeline.triggers.http_routes import ROUTES
from tests.pipeline.triggers.memory_services import MemoryServices

ROUTE: Mapping[str, AnyRoute] = {route.name: route for route in ROUTES}
JSON_ROUTES = [name for name, route in ROUTE.items() if not route.browser]
ROTATE = {
    "tenant_id": "00000000-0000-0000-0000-000000000001",
    "client_id": "00000000-0000-0000-0000-000000000002",
    "client_secret": "hunter2~hunter2",
}
CONNECT: dict[str, Any] = {
    "name": "Production",
    "auth": {"method": "client_secret", **ROTATE},
    "subscription_ids": ["00000000-0000-0000-0000-000000000003"],
}
BODIES: Mapping[str, object] = {
    "connect_subscriptions": CONNECT,
    "change_connection": {"name": "Staging"},
    "rotate_credentials": ROTATE,
    "start_sign_in": {},
}
IDS = {
    "connection_id": "c1",
    "sync_run_id": "r1",
    "evidence_id": "c1-0",
    "framework_id": "soc2_2017",
    "sign_in_id": "s1",
}
HTML = "text/html"


class Answer(msgspec.Struct, frozen=True):
    """An answer as the caller reads it."""

    status: int
    headers: Mapping[str, str]
    body: Any


async def call(
    services: MemoryServices,
    name: str,
    *,
    params: Mapping[str, str] | None = None,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    path: Mapping[str, str] | None = None,
) -> Answer:
    """Call a route by its name; bytes are sent as they are, anything else as JSON."""
    route = ROUTE[name]
    sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    request = func.HttpRequest(
        method=route.method,
        url=f"https://app.example/api/{route.path}",
        headers=headers or {"content-type": "application/json"},
        params=params,
        route_params={parameter: {**IDS, **(path or {})}[parameter] for parameter in route.parameters},
        body=sent,
    )
    response = await serve(route, services, request)
    content = response.get_body()
    return Answer(
        status=response.status_code,
        headers={**response.headers, "content-type": response.mimetype},
        body=_read(response.mimetype, content),
    )


def _read(mimetype: str, content: bytes) -> object:
    if mimetype == HTML:
        return content.decode()
    return json.loads(content) if content else None


async def call_well(services: MemoryServices, name: str) -> Answer:
    """Call a route as it wants to be called."""
    return await call(services, name, body=BODIES.get(name))


def faults_of(answer: Answer) -> dict[str, str]:
    """Give the named faults of a refused request."""
    return {fault["field"]: fault["message"] for fault in answer.body["errors"]}
