"""HTTP calls to a host under test, and small apps for it to run."""

import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from urllib.parse import urlsplit

from local.host.launch import HostProcess

WITHIN_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """Give the body as text."""
        return self.body.decode()


def call(
    host: HostProcess,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Send one request without any key."""
    connection = http.client.HTTPConnection(urlsplit(host.base_url).netloc, timeout=WITHIN_S)
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        return Answer(status=response.status, headers=response.headers, body=response.read())
    finally:
        connection.close()


def with_key(host: HostProcess) -> dict[str, str]:
    """Give the header that opens every function."""
    return {"x-functions-key": host.key}


def write_app(folder: Path, code: str, *, host_json: str = '{"version": "2.0"}') -> Path:
    """Write an app of one file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function_app.py").write_text("import azure.functions as func\n" + code, encoding="utf-8")
    (folder / "host.json").write_text(host_json, encoding="utf-8")
    return folder


def until(condition: Callable[[], bool], *, within_s: float = WITHIN_S) -> bool:
    """Wait until something holds; False when it did not in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()
