"""Where a browser may be sent after a sign-in: to the addresses of the settings, and nowhere else."""

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

from pipeline.configuration.values import is_address
from pipeline.errors import InvalidRequest

_PORTS = {"https": 443, "http": 80}


def allowed_return_url(asked: str | None, allowed: Sequence[str]) -> str | None:
    """Give the address of the settings that a caller asks for, spelled as there; None for None.

    Scheme, host, port and path must be the same; a query, a fragment or a user name is refused.

    Raises:
        InvalidRequest: it is none of them.
    """
    if asked is None:
        return None
    if is_address(asked, loopback=True):
        for address in allowed:
            if _parts(address) == _parts(asked):
                return address
    message = "This is none of the addresses of the setting SIGN_IN_RETURN_URLS."
    raise InvalidRequest("The browser may not be sent there.", errors=[("return_url", message)])


def _parts(address: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme), parts.path or "/"


def with_outcome(return_url: str, sign_in_id: str, error: str | None) -> str:
    """Add to an address of the settings which sign-in a browser comes from, and the reason if it failed."""
    told = {"sign_in_id": sign_in_id} | ({"error": error} if error else {})
    return f"{return_url}?{urlencode(told)}"
