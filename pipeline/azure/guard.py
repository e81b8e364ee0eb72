"""Keeps every request a read, on the configured hosts, inside the connection's own subscription.

It stands right before the bearer token, so that whatever is refused never carries one. Addresses that need
interpretation (dot segments, encoded separators, a user before the host) are refused, not normalised: the
next program on the way might read them differently.
"""

from collections.abc import Sequence
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from collectors.errors import ReadRefused
from pipeline.settings import Settings

POST_READS = (
    "providers/microsoft.policyinsights/policystates/latest/summarize",
    "providers/microsoft.policyinsights/policystates/latest/queryresults",
)
"""What follows the subscription in the POSTs that only read (Policy States, REST reference)."""

_ROLES = ("providers", "microsoft.authorization", "roledefinitions")
_GROUPS = ("providers", "microsoft.management", "managementgroups")
_TENANT_LEVEL: tuple[tuple[str, ...], ...] = (
    ("subscriptions",),
    ("tenants",),
    ("providers", "microsoft.subscription", "policies", "default"),
    ("providers", "microsoft.security", "assessmentmetadata"),
    ("providers", "microsoft.security", "assessmentmetadata", "*"),
    _ROLES,
    (*_ROLES, "*"),
    ("providers", "microsoft.aadiam", "diagnosticsettings"),
    ("providers", "microsoft.intune", "diagnosticsettings"),
    (*_GROUPS, "*", *_ROLES),
    (*_GROUPS, "*", *_ROLES, "*"),
)
"""Reads outside any subscription, by name; `*` is one segment."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One service that may be asked.

    Args:
        origin: scheme, host and port.
        prefix: segments of the base address's own path, lower-cased.
        scope: what a token for it is asked for.
        graph: whether it is Microsoft Graph.
    """

    origin: tuple[str, str, int]
    prefix: tuple[str, ...]
    scope: str
    graph: bool

    def holds(self, origin: tuple[str, str, int], segments: Sequence[str]) -> bool:
        """Tell whether an address is one of this service's."""
        return origin == self.origin and tuple(segments[: len(self.prefix)]) == self.prefix


class Guard:
    """Decides which requests may leave.

    Args:
        settings: the configured addresses.
        subscription_id: the only subscription that may be read.
    """

    def __init__(self, settings: Settings, subscription_id: str) -> None:
        self._subscription_id = subscription_id.lower()
        self._endpoints = (
            _endpoint(settings.resource_manager_url, settings.resource_manager_scope, graph=False),
            _endpoint(settings.graph_url, settings.graph_scope, graph=True),
        )

    def endpoint(self, method: str, url: str) -> Endpoint:
        """Give the service a request goes to.

        Takes the method and the whole address.

        Raises:
            ReadRefused: it is not a read, not on a configured host, or outside the connection.
        """
        parts = _parsed(url)
        origin, segments = _origin(parts), _segments(parts.path)
        known = [endpoint for endpoint in self._endpoints if endpoint.holds(origin, segments)]
        for endpoint in known:
            if self._allowed(method, segments[len(endpoint.prefix) :], graph=endpoint.graph):
                return endpoint
        if known:
            raise ReadRefused(
                f"{method} /{'/'.join(segments)} is not among the reads this connection may make."
            )
        raise ReadRefused(f"{origin[0]}://{origin[1]}:{origin[2]} is not an address this app may read.")

    def _allowed(self, method: str, below: Sequence[str], *, graph: bool) -> bool:
        if graph:
            return method == "GET" and len(below) > 1 and below[0] == "v1.0"
        own = ["subscriptions", self._subscription_id]
        inside = list(below[:2]) == own
        if method == "POST":
            return inside and "/".join(below[2:]) in POST_READS
        return method == "GET" and (inside or any(_fits(below, named) for named in _TENANT_LEVEL))


def method_of(path: str) -> str:
    """Give the method that reads a path: POST for the few of the allow-list, else GET."""
    return "POST" if path.lower().rstrip("/").endswith(POST_READS) else "GET"


def _endpoint(address: str, scope: str, *, graph: bool) -> Endpoint:
    parts = _parsed(address)
    return Endpoint(origin=_origin(parts), prefix=_segments(parts.path), scope=scope, graph=graph)


def _parsed(url: str) -> SplitResult:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ReadRefused("An address with blanks, control characters, backslashes or letters beyond ASCII.")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ReadRefused("What was given as an address is none.") from error
    if parts.fragment or "@" in parts.netloc:
        raise ReadRefused("An address with a user name or a fragment.")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    try:
        port = parts.port
    except ValueError as error:
        raise ReadRefused("An address whose port is none.") from error
    return parts.scheme, parts.hostname or "", port or {"https": 443, "http": 80}.get(parts.scheme, 0)


def _segments(path: str) -> tuple[str, ...]:
    return tuple(_segment(part) for part in path.split("/") if part)


def _segment(part: str) -> str:
    plain = unquote(part)
    if (
        plain.partition(";")[0] in {".", ".."}
        or not plain.isprintable()
        or any(sign in plain for sign in "/\\%")
    ):
        raise ReadRefused("A path with dot segments or encoded separators.")
    return plain.lower()


def _fits(segments: Sequence[str], named: Sequence[str]) -> bool:
    return len(segments) == len(named) and all(
        wanted in ("*", found) for found, wanted in zip(segments, named, strict=True)
    )
