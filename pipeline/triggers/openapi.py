"""Describes the API as OpenAPI 3.1, from the very types that parse requests and encode answers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from types import NoneType
from typing import Any

import msgspec

from pipeline import __version__
from pipeline.callers.caller import MANAGE, READ
from pipeline.errors import (
    AuditUnavailable,
    Forbidden,
    InvalidRequest,
    NotFound,
    Problem,
    Unauthenticated,
    UpstreamUnavailable,
)
from pipeline.triggers.http_browser import MEDIA_TYPE as HTML
from pipeline.triggers.http_browser import BrowserAnswer
from pipeline.triggers.http_calls import BASE_PATH, CORRELATION_ID, AnyRoute
from pipeline.triggers.http_parsing import CURSOR, NoBody, is_paged, public_fields
from pipeline.triggers.problems import MEDIA_TYPE, ProblemDetails

_REFERENCE = "#/components/schemas/{name}"
_JSON = "application/json"
_GUID = "00000000-0000-0000-0000-00000000000{}"
_PLACEHOLDER = "the secret's value, not its id"
_DAY = "2027-05-01"
_CONNECT_EXAMPLE = {
    "name": "Production",
    "auth": {
        "method": "client_secret",
        "tenant_id": _GUID.format(1),
        "client_id": _GUID.format(2),
        "client_secret": _PLACEHOLDER,
        "secret_expires_on": _DAY,
    },
    "subscription_ids": [_GUID.format(3), _GUID.format(4)],
    "frequency": "daily",
    "services": ["defender"],
    "sync_now": True,
}
_EXAMPLES: Mapping[str, object] = {"connect_subscriptions": _CONNECT_EXAMPLE}
_KEYS = {
    "function_key_header": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
    "function_key_query": {"type": "apiKey", "in": "query", "name": "code"},
}
_TOKEN = {
    "entra_token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Access token of Microsoft Entra, needed beside the key where the settings ask for it."
        f" App role {READ} for GET, {MANAGE} for everything, unless the settings name another.",
    }
}
_HEADERS = {
    "correlation_id": {
        "description": "Finds the call in the app's log; taken from the request if it brings one.",
        "schema": {"type": "string"},
    },
    "retry_after": {"description": "Seconds until the next try.", "schema": {"type": "integer"}},
    "www_authenticate": {
        "description": "The challenge of RFC 6750; absent where the Functions host refuses the key.",
        "schema": {"type": "string"},
    },
    "location": {
        "description": "Where to look for what was started.",
        "required": True,
        "schema": {"type": "string"},
    },
}
_PAGE = {HTML: {"schema": {"type": "string"}}}
_SENT_ON = {
    "302": {
        "description": "The browser goes on to an address of the settings, with `sign_in_id` and `error`.",
        "headers": {
            CORRELATION_ID: {"$ref": "#/components/headers/correlation_id"},
            "location": {"$ref": "#/components/headers/location"},
        },
    }
}
_TOO_LONG = {"description": "The Functions host takes addresses of 8 KiB; its answer has no body."}
_OPTIONAL = {"in": "query", "allowEmptyValue": True}  # the host drops what has no value
_CURSOR_PARAMETER = {
    **_OPTIONAL,
    "name": CURSOR,
    "description": "The `next_cursor` of the page before, with the same filters.",
    "schema": {"type": "string"},
}

type Json = dict[str, Any]


@cache
def document(routes: tuple[AnyRoute, ...], *, wants_token: bool = False) -> Json:
    """Describe the routes.

    Args:
        routes: the table that the functions are made from.
        wants_token: whether callers need a bearer token beside the key.

    Returns:
        The document, ready to encode.
    """
    types = _types(routes)
    references, schemas = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    reference_of = dict(zip(types, references, strict=True))
    paths: defaultdict[str, Json] = defaultdict(dict)
    for route in routes:
        paths[f"/{route.path}"][route.method.lower()] = _operation(route, reference_of)
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": "Azure Evidence Connector",
            "version": __version__,
            "description": "Connects Azure subscriptions and answers what evidence was read of them.",
        },
        "servers": [{"url": BASE_PATH}],
        "security": [{name: [], **({"entra_token": []} if wants_token else {})} for name in _KEYS],
        "paths": dict(paths),
        "components": {
            "schemas": {name: schemas[name] for name in sorted(schemas)},
            "headers": _HEADERS,
            "securitySchemes": {**_KEYS, **_TOKEN},
        },
    }
    plain: Json = msgspec.json.decode(msgspec.json.encode(described))  # defaults are tuples, JSON has lists
    return plain


def _types(routes: Sequence[AnyRoute]) -> list[Any]:
    used = [kind for route in routes for kind in (route.request, route.answer) if kind is not BrowserAnswer]
    return list(dict.fromkeys([*used, ProblemDetails]))


def _operation(route: AnyRoute, reference_of: Mapping[Any, Json]) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.path.partition("/")[0]],
        "parameters": [*map(_path_parameter, route.parameters), *_query_parameters(route)],
        "responses": {
            str(int(route.status)): _good_response(route, reference_of),
            **(_SENT_ON if route.browser else {}),
            **_problem_responses(route, reference_of[ProblemDetails]),
        },
    }
    if route.anonymous:
        operation["security"] = []
    if route.request is not NoBody:
        operation["requestBody"] = _request_body(route, reference_of[route.request])
    return operation


def _path_parameter(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(route: AnyRoute) -> list[Json]:
    described = msgspec.json.schema_components([route.query], ref_template=_REFERENCE)[1]
    schemas = described[route.query.__name__]["properties"]
    parameters = [
        {**_OPTIONAL, "name": field.encode_name, "schema": _without_null(schemas[field.encode_name])}
        for field in public_fields(route.query).fields
    ]
    return [*parameters, _CURSOR_PARAMETER] if is_paged(route.query) else parameters


def _without_null(schema: Json) -> Json:
    """A parameter that is not given is absent, never null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    return kinds[0] if kinds else schema


def _request_body(route: AnyRoute, schema: Json) -> Json:
    content: Json = {"schema": schema}
    if route.name in _EXAMPLES:
        content["example"] = _EXAMPLES[route.name]
    return {"required": True, "content": {_JSON: content}}


def _good_response(route: AnyRoute, reference_of: Mapping[Any, Json]) -> Json:
    response: Json = {"description": HTTPStatus(route.status).phrase, "headers": _headers(route)}
    if route.browser:
        response["content"] = _PAGE
    elif route.answer is not NoneType:
        response["content"] = {_JSON: {"schema": reference_of[route.answer]}}
    return response


def _headers(route: AnyRoute) -> Json:
    headers: Json = {CORRELATION_ID: {"$ref": "#/components/headers/correlation_id"}}
    if route.location is not None:
        headers["location"] = {"$ref": "#/components/headers/location"}
    return headers


def _problem_responses(route: AnyRoute, schema: Json) -> Json:
    codes: defaultdict[int, list[str]] = defaultdict(list)
    for error in _errors(route):
        codes[error.status].append(error.code)
    responses: dict[str, Json] = {
        str(status): {
            "description": "Problem: " + ", ".join(dict.fromkeys(named)),
            "headers": _problem_headers(status),
            "content": _PAGE if route.browser else {MEDIA_TYPE: {"schema": schema}},
        }
        for status, named in sorted(codes.items())
    }
    responses["414"] = _TOO_LONG
    if not route.anonymous:
        responses["401"]["description"] += "; without a body where the Functions key is missing or wrong"
    return responses


def _problem_headers(status: int) -> Json:
    headers: Json = {CORRELATION_ID: {"$ref": "#/components/headers/correlation_id"}}
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        headers["www-authenticate"] = {"$ref": "#/components/headers/www_authenticate"}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["retry-after"] = {"$ref": "#/components/headers/retry_after"}
    return headers


def _errors(route: AnyRoute) -> tuple[type[Problem], ...]:
    """Every route may be asked wrongly, fail, or find Azure silent; one with an id, find nothing of it.

    One that is not for anybody may refuse the caller; one that changes anything may find that the change
    cannot be recorded.
    """
    refused = () if route.anonymous else (Unauthenticated, Forbidden)
    by_id = (NotFound,) if route.parameters else ()
    recorded = (AuditUnavailable,) if route.audited is not None else ()
    return (InvalidRequest, *refused, *by_id, *route.errors, UpstreamUnavailable, *recorded, Problem)
