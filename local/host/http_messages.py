"""HTTP requests and answers in the form that the worker library speaks."""

import datetime as dt
import re
from typing import Literal

from aiohttp import web
from multidict import CIMultiDict, MultiMapping

from local.host.worker_messages import CookieSameSite, RpcHttp, RpcHttpCookie, TypedData

# The server writes these itself, from the body it really sends.
_OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})
_STATUS = re.compile(r"[2-9][0-9]{2}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SAME_SITE: dict[CookieSameSite, Literal["Lax", "Strict", "None"]] = {
    CookieSameSite.Lax: "Lax",
    CookieSameSite.Strict: "Strict",
    CookieSameSite.ExplicitNone: "None",
}


class AnswerError(Exception):
    """Say why what a function returned is no HTTP answer."""


def to_request(request: web.Request, body: bytes, params: dict[str, str]) -> TypedData:
    """Give the message a function receives for a request.

    Source: GrpcMessageConversionExtensions.cs of Azure/azure-functions-host.

    Args:
        request: The request.
        body: Its whole body.
        params: The parameters of its route.

    Returns:
        The message: header names in lower case, several values joined by commas, empty query values left out.
    """
    query = {name: value for name, value in _joined(request.query).items() if value}
    return TypedData(
        http=RpcHttp(
            method=request.method,
            url=f"{request.scheme}://{request.host}{request.raw_path}",
            headers=_with_peer(request),
            params=params,
            query=query,
            body=TypedData(bytes=body),
        )
    )


def _with_peer(request: web.Request) -> dict[str, str]:
    """Give the headers, and at the end of X-Forwarded-For who spoke to the host, as App Service adds it."""
    headers = {name.lower(): value for name, value in _joined(request.headers).items()}
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if peer is not None:
        address = f"[{peer[0]}]" if ":" in peer[0] else peer[0]
        before = headers.get("x-forwarded-for")
        headers["x-forwarded-for"] = f"{f'{before}, ' if before else ''}{address}:{peer[1]}"
    return headers


def _joined(values: MultiMapping[str]) -> dict[str, str]:
    """Join what stands several times under one name; query names too are the same in any case."""
    names: dict[str, str] = {}
    joined: dict[str, str] = {}
    for name, value in values.items():
        first = names.setdefault(name.lower(), name)
        joined[first] = f"{joined[first]},{value}" if first in joined else value
    return joined


def to_response(value: TypedData | None) -> web.Response:
    """Make the answer to a request from what a function returned.

    Args:
        value: An HTTP message, or a text, which becomes a plain 200.

    Returns:
        The answer.

    Raises:
        AnswerError: It is neither, or has a status or header that cannot be sent.
    """
    if value is not None and isinstance(value.value, str):
        return web.Response(text=value.value, content_type="text/plain", charset="utf-8")
    if value is None or not isinstance(value.value, RpcHttp):
        message = "the function returned nothing that is an HTTP answer"
        raise AnswerError(message)
    answer = value.value
    response = web.Response(status=_status(answer.status_code), headers=_headers(answer), body=_body(answer))
    for cookie in answer.cookies or ():
        _set_cookie(response, cookie)
    return response


def _status(text: str) -> int:
    if not _STATUS.fullmatch(text):
        message = f"{text!r} is no HTTP status"
        raise AnswerError(message)
    return int(text)


def _body(message: RpcHttp) -> bytes:
    value = message.body.value
    return value if isinstance(value, bytes) else b""


def _headers(message: RpcHttp) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in message.headers.items():
        if not _HEADER_NAME.fullmatch(name) or _has_control_characters(value):
            problem = f"the header {name!r} cannot be sent"
            raise AnswerError(problem)
        if name.lower() not in _OWN_HEADERS:
            headers[name] = value
    return headers


def _has_control_characters(text: str) -> bool:
    return any(character in "\r\n\0" for character in text)


def _set_cookie(response: web.Response, cookie: RpcHttpCookie) -> None:
    expires = None
    if cookie.expires is not None:
        moment = dt.datetime.fromtimestamp(cookie.expires.value.seconds, tz=dt.UTC)
        expires = moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
    response.set_cookie(
        cookie.name,
        cookie.value,
        expires=expires,
        domain=cookie.domain.value if cookie.domain and cookie.domain.value else None,
        max_age=int(cookie.max_age.value) if cookie.max_age else None,
        path=cookie.path.value if cookie.path and cookie.path.value else "/",
        secure=cookie.secure.value if cookie.secure else None,
        httponly=cookie.http_only.value if cookie.http_only else None,
        samesite=_SAME_SITE.get(cookie.same_site) if cookie.same_site is not None else None,
    )
