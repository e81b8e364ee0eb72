"""Serves one call: admits, parses, asks the handler, encodes; and answers every error as a problem."""

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

import azure.functions as func
import msgspec

from collectors.errors import ConnectorError
from pipeline import event_log
from pipeline.audit import result_of
from pipeline.callers.caller import ANONYMOUS, Caller
from pipeline.connecting.export import ConfigurationExport
from pipeline.errors import CallerRefused, InvalidRequest, NotFound
from pipeline.events import CallFailed, CallRefused
from pipeline.model import Page
from pipeline.triggers import problems
from pipeline.triggers.http_browser import BrowserAnswer, problem_page, query_of, response_of
from pipeline.triggers.http_headers import every_answer
from pipeline.triggers.http_origin import origin_of
from pipeline.triggers.http_parsing import POSITION, parse, parse_query
from pipeline.triggers.http_route import Call, Route
from pipeline.triggers.http_services import HttpServices
from pipeline.triggers.http_trail import Trail

BASE_PATH = "/api"
CORRELATION_ID = "x-correlation-id"
_JSON = "application/json"
_SANE_ID = re.compile(r"[\w.~:-]{1,200}", re.ASCII)
_SANE_CORRELATION_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)

type AnyRoute = Route[Any, Any, Any]


async def serve(route: AnyRoute, services: HttpServices, request: func.HttpRequest) -> func.HttpResponse:
    """Answer one call.

    Args:
        route: what was called.
        services: the flow behind the API.
        request: as the Functions host hands it over.

    Returns:
        The handler's answer, or problem details (RFC 9457) whatever went wrong.
    """
    correlation_id = _correlation_id(request)
    trail = Trail(route, services.audit, request, correlation_id)
    try:
        trail.caller = await _caller(route, services, request)
        call = await _parsed(route, services, request, trail.caller, correlation_id)
        await trail.start(call)
        answer = await _sealed(await route.handler(call), route, call)
        response = _response(answer, route)
    except ConnectorError as error:
        trail.caller = error.caller if isinstance(error, CallerRefused) else trail.caller
        response = _problem(error, route, services, correlation_id)
        event_log.log(
            CallRefused(
                route=route.name,
                status=response.status_code,
                code=error.code,
                correlation_id=correlation_id,
            )
        )
        await trail.end(result_of(response.status_code, code=error.code, reason=error.reason))
    except Exception as error:
        event_log.exception(CallFailed(route=route.name, correlation_id=correlation_id))
        response = _problem(error, route, services, correlation_id)
        await trail.end(result_of(response.status_code, code=ConnectorError.code))
    else:
        await trail.end(result_of(response.status_code), answer)
    return _common(response, services, request, correlation_id)


async def _caller(route: AnyRoute, services: HttpServices, request: func.HttpRequest) -> Caller:
    """Let a caller in. The host has checked the key; the token is checked here, before anything is read."""
    if route.anonymous:
        return ANONYMOUS
    return await services.callers.admit(request.headers, changes=route.changes)


async def _parsed(
    route: AnyRoute, services: HttpServices, request: func.HttpRequest, caller: Caller, correlation_id: str
) -> Call[Any, Any]:
    path = dict(request.route_params)
    if not all(_SANE_ID.fullmatch(value) for value in path.values()):
        raise NotFound("There is nothing of this id.")
    body = request.get_body()
    _demand_json(request.headers, body)

    async def opened(cursor: str, query: msgspec.Struct) -> str:
        return await services.cursors.open(cursor, bound_to=_list_of(route, path, query))

    if route.browser:
        query: msgspec.Struct = query_of(request.params, route.query)
    else:
        query = await parse_query(request.params, route.query, opened)
    return Call(
        services=services,
        caller=caller,
        path=path,
        body=parse(body, route.request),
        query=query,
        origin=origin_of(request.headers),
        correlation_id=correlation_id,
    )


def _demand_json(headers: Mapping[str, str], body: bytes) -> None:
    media_type = headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    if body and media_type != _JSON and not media_type.endswith("+json"):
        raise InvalidRequest(
            "The body is not sent as JSON.",
            advice=f"Send the header Content-Type: {_JSON}.",
            errors=[("content-type", f"must be {_JSON}")],
        )


async def _sealed(answer: object, route: AnyRoute, call: Call[Any, Any]) -> object:
    """Make the raw position of a page into a cursor that fits only this list and these filters."""
    if not isinstance(answer, Page | ConfigurationExport) or answer.next_cursor is None:
        return answer
    bound_to = _list_of(route, call.path, call.query)
    cursor = await call.services.cursors.seal(answer.next_cursor, bound_to=bound_to)
    return msgspec.structs.replace(answer, next_cursor=cursor)


def _list_of(route: AnyRoute, path: Mapping[str, str], query: msgspec.Struct) -> str:
    filters = msgspec.to_builtins(query)
    names = sorted(filters.keys() - {POSITION, "limit"})
    return json.dumps([route.name, sorted(path.items()), [(name, filters[name]) for name in names]])


def _response(answer: object, route: AnyRoute) -> func.HttpResponse:
    if isinstance(answer, BrowserAnswer):
        return response_of(answer)
    headers: dict[str, str] = {}
    if route.location is not None:
        headers["location"] = f"{BASE_PATH}/{route.location(answer)}"
    body = None if answer is None else msgspec.json.encode(answer)
    return func.HttpResponse(body, status_code=route.status, headers=headers, mimetype=_JSON)


def _problem(
    error: Exception, route: AnyRoute, services: HttpServices, correlation_id: str
) -> func.HttpResponse:
    if route.browser:
        return problem_page(error)
    problem = problems.describe(error, correlation_id=correlation_id, portal_url=services.settings.portal_url)
    return func.HttpResponse(
        problem.body,
        status_code=problem.status,
        headers=dict(problem.headers),
        mimetype=problems.MEDIA_TYPE,
    )


def _common(
    response: func.HttpResponse, services: HttpServices, request: func.HttpRequest, correlation_id: str
) -> func.HttpResponse:
    """Add what every answer says; what a route says itself stays."""
    common = every_answer(request.headers, services.settings.portal_origins)
    for name, value in {**common, CORRELATION_ID: correlation_id}.items():
        response.headers.setdefault(name, value)
    return response


def _correlation_id(request: func.HttpRequest) -> str:
    given = str(request.headers.get(CORRELATION_ID, ""))
    return given if _SANE_CORRELATION_ID.fullmatch(given) else str(uuid.uuid4())
