"""The table of routes: API.md, one entry a route. Blueprint, `/openapi.json` and tests are made from it."""

from typing import Any

from pipeline.triggers.http_connection_routes import CONNECTIONS, SYNC_RUNS
from pipeline.triggers.http_parsing import NoBody, NoQuery
from pipeline.triggers.http_register_routes import APP, CATALOGUE, REGISTER
from pipeline.triggers.http_route import Call, Route
from pipeline.triggers.http_sign_in import SIGN_IN


async def describe_api(call: Call[NoBody, NoQuery]) -> dict[str, Any]:
    """Describe this API as OpenAPI 3.1; stands here because it tells of all routes."""
    from pipeline.triggers import openapi

    return openapi.document(ROUTES, wants_token=call.services.callers.wants_token)


DESCRIPTION = Route(
    name="describe_api",
    method="GET",
    path="openapi.json",
    handler=describe_api,
    request=NoBody,
    query=NoQuery,
    answer=dict[str, Any],
    summary="Read this description of the API",
)
ROUTES: tuple[Route[Any, Any, Any], ...] = (
    *CONNECTIONS,
    *SIGN_IN,
    *SYNC_RUNS,
    *REGISTER,
    *CATALOGUE,
    DESCRIPTION,
    *APP,
)
