"""A caller of the HTTP API, as a portal or a script would be: for demo, tests and benchmarks."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

type Json = dict[str, "JsonValue"]
type JsonValue = bool | int | float | str | list["JsonValue"] | Json | None

ENDED = {"succeeded", "partial", "failed"}
_TIMEOUT_S = 120


class Reply(NamedTuple):
    """One answer.

    Args:
        body: decoded JSON, or None if there was none.
    """

    status: int
    body: "JsonValue"
    headers: Mapping[str, str]

    @property
    def document(self) -> Json:
        """The body as an object; raises TypeError if it is none."""
        if not isinstance(self.body, dict):
            message = f"expected an object, got HTTP {self.status} with {self.body!r}"
            raise TypeError(message)
        return self.body


class ApiClient:
    """Calls one running app.

    Args:
        base_url: of the Functions host, without `/api`.
        key: a function key; "" sends none.
    """

    def __init__(self, base_url: str, key: str) -> None:
        self.base_url = base_url
        self._key = key
        # No proxy and no redirect: the host is on this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method: str, path: str, body: object = None) -> Reply:
        """Make one call; an answer of any status is an answer, only no answer raises OSError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"x-functions-key": self._key, "content-type": "application/json"}
        request = urllib.request.Request(
            f"{self.base_url}/api{path}", data=data, method=method, headers=headers
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return _reply(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as error:
            with error:
                return _reply(error.code, error.read(), dict(error.headers))

    def get(self, path: str) -> Json:
        """Read one document; raises TypeError for an answer that is no object."""
        return self.call("GET", path).document

    def items(self, path: str) -> Iterator[Json]:
        """Walk through a whole list, page after page."""
        joint = "&" if "?" in path else "?"
        cursor: JsonValue = ""
        while cursor is not None:
            page = self.get(f"{path}{joint}cursor={cursor}" if cursor else path)
            rows = page["items"]
            if isinstance(rows, list):
                yield from (row for row in rows if isinstance(row, dict))
            cursor = page["next_cursor"]

    def wait_for_run(
        self, run: Json, *, timeout_s: float = 60, watch: Callable[[Json], None] = lambda _: None
    ) -> Json:
        """Follow a sync run until it has ended; raises TimeoutError if it does not in time."""
        deadline = time.monotonic() + timeout_s
        while run["status"] not in ENDED:
            if time.monotonic() > deadline:
                message = f"sync run {run['id']} is still {run['status']} after {timeout_s} s"
                raise TimeoutError(message)
            time.sleep(0.1)
            run = self.get(f"/connections/{run['connection_id']}/sync-runs/{run['id']}")
            watch(run)
        return run


def _reply(status: int, content: bytes, headers: Mapping[str, str]) -> Reply:
    body: JsonValue = json.loads(content) if content else None
    return Reply(status, body, {name.lower(): value for name, value in headers.items()})
