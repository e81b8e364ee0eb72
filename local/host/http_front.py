"""The HTTP side of the host: find the function of a request, check its key, answer."""

import hmac
import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import unquote

from aiohttp import web

from local.host.admin import Admin
from local.host.functions import AuthLevel, HttpFunction
from local.host.http_messages import AnswerError, to_request, to_response
from local.host.worker import Invocation, Worker

# The limit of Azure itself:
# learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger, "Limits".
_LARGEST_BODY = 100 * 1024 * 1024
# Of Kestrel, which stands before every function and answers what is longer itself: 414, no body.
# learn.microsoft.com/dotnet/api/microsoft.aspnetcore.server.kestrel.core.kestrelserverlimits
_LONGEST_REQUEST_LINE = 8192
_ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)

_log = logging.getLogger("local.host")


class HttpFront:
    """Answer HTTP requests with the HTTP functions of an app.

    Args:
        functions: The functions; the most specific route that matches wins.
        worker: Runs them.
        key: Function key and master key in one.
        admin: Runs the other functions by hand.
        headers: What every answer gets unless it has it, those of the host's own too
            (CustomHttpHeadersMiddleware of azure-functions-host).
    """

    def __init__(
        self,
        functions: Sequence[HttpFunction],
        worker: Worker,
        *,
        key: str,
        admin: Admin,
        headers: Mapping[str, str],
    ) -> None:
        self._functions = sorted(functions, key=lambda function: function.route.precedence)
        self._worker = worker
        self._key = key.encode()
        self._admin = admin
        self._headers = headers

    def application(self) -> web.Application:
        """Give the aiohttp application that does so."""
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.on_response_prepare.append(self._add_headers)
        application.router.add_post("/admin/functions/{name}", self._run_by_hand)
        application.router.add_route("*", r"/{path:[\s\S]*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        if len(f"{request.method} {request.raw_path} HTTP/1.1\r\n") > _LONGEST_REQUEST_LINE:
            return web.Response(status=HTTPStatus.REQUEST_URI_TOO_LONG)
        function, params = self._find(request)
        if function is None:
            # A known path with another method is 404 too: Azure/azure-functions-host issue 10098.
            return web.Response(status=HTTPStatus.NOT_FOUND)
        if function.level is not AuthLevel.ANONYMOUS and not self._has_key(request):
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        outcome = await self._worker.invoke(
            Invocation(
                function_name=function.name,
                function_id=function.function_id,
                parameter=function.parameter,
                data=to_request(request, await request.read(), params),
                trace_parent=request.headers.get("traceparent", ""),
                reason=f"HTTP {request.method}",
            )
        )
        if not outcome.succeeded:
            return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
        try:
            return to_response(outcome.value)
        except AnswerError as error:
            _log.error("%s answered nothing that can be sent: %s", function.name, error)
            return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _add_headers(self, _request: web.Request, answer: web.StreamResponse) -> None:
        for name, value in self._headers.items():
            answer.headers.setdefault(name, value)

    async def _run_by_hand(self, request: web.Request) -> web.Response:
        if not self._has_key(request):
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        return self._admin.run(request.match_info["name"], await request.read())

    def _find(self, request: web.Request) -> tuple[HttpFunction | None, dict[str, str]]:
        parts = _path_parts(request)
        for function in self._functions:
            if function.methods and request.method not in function.methods:
                continue
            params = function.route.match(parts)
            if params is not None:
                return function, params
        return None, {}

    def _has_key(self, request: web.Request) -> bool:
        given = request.headers.get("x-functions-key") or request.query.get("code") or ""
        return hmac.compare_digest(given.encode(errors="surrogateescape"), self._key)


def _path_parts(request: web.Request) -> list[str]:
    """Split the path before decoding it; an encoded slash stays encoded, as ASP.NET Core leaves it."""
    path = request.rel_url.raw_path.removeprefix("/").removesuffix("/")
    return [unquote(_ENCODED_SLASH.sub("%252F", part)) for part in path.split("/")] if path else []
