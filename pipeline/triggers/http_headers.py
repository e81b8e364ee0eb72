"""The headers of every answer: what browsers must not do with it, and whose pages may read it.

OWASP "HTTP Headers" and "REST Security" cheat sheets; CORS: the Fetch standard, section 3.2.
"""

from collections.abc import Collection, Mapping

SECURITY: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_EXPOSED = "location, retry-after, www-authenticate, x-correlation-id"
_PREFLIGHT: Mapping[str, str] = {
    "access-control-allow-headers": "authorization, content-type, x-correlation-id, x-functions-key",
    "access-control-allow-methods": "GET, POST, PATCH, DELETE",
    "access-control-max-age": "600",
}


def every_answer(request: Mapping[str, str], origins: Collection[str]) -> dict[str, str]:
    """Give the headers that an answer has whatever it says.

    Takes the request's headers by lower-case name, and the origins whose pages may call. A page of another
    origin is told nothing, so its browser keeps the answer from it; cookies are never asked for.
    """
    return {**SECURITY, **_granted(request, origins)}


def preflight_answer(request: Mapping[str, str], origins: Collection[str]) -> dict[str, str]:
    """Give the headers of the answer to a browser that asks before it calls; takes the same."""
    granted = _granted(request, origins)
    return {**SECURITY, **granted, **_PREFLIGHT} if granted else dict(SECURITY)


def _granted(request: Mapping[str, str], origins: Collection[str]) -> dict[str, str]:
    origin = request.get("origin", "")
    if origin not in origins:
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": _EXPOSED,
        "vary": "origin",
    }
