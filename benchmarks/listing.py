"""How long a page of findings takes over HTTP, at the local host."""

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.children import REPOSITORY
from benchmarks.figures import Figure
from benchmarks.ground import Storage
from local.api_client import ApiClient
from local.host.launch import HostProcess

_PAGES = 10
_LIMIT = 100


def measure(storage: Storage, connection_id: str, findings: int) -> Figure:
    """List the first pages of a connection's findings; gives the median latency."""
    with (
        TemporaryDirectory(prefix="benchmark-host-") as state,
        HostProcess(
            REPOSITORY, environment=storage.environment, arguments=("--state", str(Path(state)))
        ) as host,
    ):
        seconds = _walk(ApiClient(host.base_url, host.key), connection_id)
    return Figure(
        f"a page of {_LIMIT} out of {findings:,} findings over HTTP", f"{median(seconds) * 1000:.0f} ms"
    )


def _walk(api: ApiClient, connection_id: str) -> list[float]:
    path = f"/findings?connection_id={connection_id}&limit={_LIMIT}"
    api.get(path)  # the first call loads what listing needs
    cursor, seconds = "", list[float]()
    for _ in range(_PAGES):
        began = time.perf_counter()
        page = api.get(f"{path}&cursor={cursor}" if cursor else path)
        seconds.append(time.perf_counter() - began)
        if page["next_cursor"] is None:
            break
        cursor = str(page["next_cursor"])
    return seconds
