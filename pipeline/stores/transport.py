"""The connections to storage: none is used again that the other end may be closing."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AsyncHttpTransport

IDLE_S = 3.0
"""Under the five seconds after which Node.js, and so the emulator, hangs up; Azure waits for minutes."""
_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}


def storage_transport(*, idle_s: float = IDLE_S) -> "AsyncHttpTransport[Any, Any]":
    """Make the connections of one storage client, which closes them with itself.

    A request that meets a connection as it is closed fails, and not every one may be sent again: it may have
    been done. So connections are given up first.

    Args:
        idle_s: seconds that a connection may wait for its next request.
    """
    import aiohttp
    from azure.core.pipeline.transport import AioHttpTransport

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=idle_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=behind_proxy(),
    )
    made: AsyncHttpTransport[Any, Any] = AioHttpTransport(session=session, session_owner=True)
    return made


def behind_proxy() -> bool:
    """Tell whether the environment names a proxy.

    Without one, a client need not look for it, and for a password in `~/.netrc`, in a thread at each request.
    """
    return any(value and name.lower() in _PROXIES for name, value in os.environ.items())
