"""The HTTP API as Azure Functions: one function a route, made from the table of routes."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import azure.functions as func

from pipeline.triggers.http_calls import AnyRoute, serve
from pipeline.triggers.http_headers import preflight_answer
from pipeline.triggers.http_routes import ROUTES
from pipeline.triggers.http_services import HttpServices

__all__ = ["HttpServices", "blueprint"]

type Function = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]

_new_blueprint: Callable[[], func.Blueprint] = func.Blueprint  # whose constructor is not annotated


def blueprint(services: HttpServices) -> func.Blueprint:
    """Make the functions of the HTTP API.

    Args:
        services: the flow behind the API.

    Returns:
        A blueprint to register; every route of API.md, each behind a Functions key but the anonymous ones,
        and what answers browsers that ask before they call: they send no key then (Fetch standard, 4.8).
    """
    functions = _new_blueprint()
    for route in ROUTES:
        register = functions.route(
            route=route.path,
            methods=[route.method],
            auth_level=func.AuthLevel.ANONYMOUS if route.anonymous else func.AuthLevel.FUNCTION,
        )
        register(_function(route, services))
    everywhere = functions.route(route="{*path}", methods=["OPTIONS"], auth_level=func.AuthLevel.ANONYMOUS)
    everywhere(_preflight(services))
    return functions


def _function(route: AnyRoute, services: HttpServices) -> Function:
    """Make the function of a route; the worker demands exactly these annotations and a name of its own."""

    async def function(req: func.HttpRequest) -> func.HttpResponse:
        return await serve(route, services, req)

    function.__name__ = route.name
    return function


def _preflight(services: HttpServices) -> Function:
    async def preflight(req: func.HttpRequest) -> func.HttpResponse:
        headers = preflight_answer(req.headers, services.settings.portal_origins)
        return func.HttpResponse(status_code=HTTPStatus.NO_CONTENT, headers=headers)

    return preflight
