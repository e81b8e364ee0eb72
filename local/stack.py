"""Everything the app needs, running on this machine: Azurite, the simulated Azure and the Functions host."""

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from ssl import create_default_context
from types import TracebackType
from typing import Self

import msgspec

from local.api_client import ApiClient, Json
from local.azurite import Azurite
from local.host.launch import HostProcess

REPOSITORY = Path(__file__).resolve().parent.parent
_LISTENING = re.compile(r"^Listening on (https://\S+)$", re.MULTILINE)
_READY_WITHIN_S = 30.0
QUICK_QUEUE = {
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.200",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
}
"""Host settings for people and tests who wait: the queue is looked at often, failures are retried soon."""


class _Secret(msgspec.Struct):
    client_secret: str
    expires_at: str


class _Application(msgspec.Struct):
    tenant_id: str
    client_id: str
    secrets: list[_Secret]


class _Subscription(msgspec.Struct):
    name: str
    subscription_id: str


class SimulatedAzureProcess:
    """The simulated Azure as a process of its own; use it as a context manager.

    Args:
        profile: which world it simulates.
        state: folder for its files.
        port: 0 takes a free one.
        assessments: how many, in profile `large`.
        copies: resources of each list-only type, in profile `large`.
    """

    def __init__(
        self, profile: str, state: Path, *, port: int = 0, assessments: int = 10_000, copies: int = 0
    ) -> None:
        self._printed = tempfile.TemporaryFile()
        options = ["--profile", profile, "--state", str(state), "--port", str(port)]
        options += ["--assessments", str(assessments), "--copies", str(copies)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.azure", *options],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=self._printed,
            stderr=subprocess.STDOUT,
        )
        self.url = self._wait_until_listening()
        self.directory: Json = json.loads((state / "directory.json").read_text())
        settings = json.loads((state / "settings.json").read_text())
        self.settings: dict[str, str] = settings["Values"]
        self._tls = create_default_context(cafile=str(state / "ca.pem"))

    def control(self, change: Mapping[str, object]) -> Json:
        """Change the simulated world, or make its requests fail; gives what the change says it did."""
        return self._call("POST", "/_control", json.dumps(change).encode())

    def requests(self, *, reset: bool = False) -> list[Json]:
        """Give the requests it was sent so far, and forget them if told to."""
        rows = self._call("GET", f"/_control/requests{'?reset=true' if reset else ''}", None)["requests"]
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def read(self, path: str) -> Json:
        """Read what the simulated Azure tells anybody."""
        return self._call("GET", path, None)

    def world(self) -> Json:
        """Describe the simulated world as it is now; `directory` is as it was at the start."""
        return self._call("GET", "/_control/directory", None)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()
        self._printed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _call(self, method: str, path: str, body: bytes | None) -> Json:
        request = urllib.request.Request(
            f"{self.url}{path}",
            data=body,
            method=method,
            headers={"X-Control-Key": str(self.directory["control_key"])},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._tls)
        )
        with opener.open(request, timeout=_READY_WITHIN_S) as answer:
            document: Json = json.loads(answer.read() or b"{}")
            return document

    def _wait_until_listening(self) -> str:
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline and self._process.poll() is None:
            self._printed.seek(0)
            found = _LISTENING.search(self._printed.read().decode(errors="replace"))
            if found:
                return found[1]
            time.sleep(0.02)
        self._process.kill()
        self._printed.seek(0)
        message = f"the simulated Azure did not start: {self._printed.read().decode(errors='replace')}"
        raise RuntimeError(message)


class Stack:
    """The three processes, started in order and stopped in reverse; use it as a context manager.

    Args:
        profile: what Azure holds.
        state: folder for the files of all three.
        settings: further app settings.
        arguments: further options of the host.
        assessments: how many, in profile `large`.
        app: folder of the app.
        program: what runs it instead of `python -m local.host`, see `HostProcess`.
    """

    def __init__(
        self,
        profile: str,
        state: Path,
        *,
        settings: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        assessments: int = 10_000,
        app: Path = REPOSITORY,
        program: Sequence[str] = (),
    ) -> None:
        self._state = state
        self._settings = {**QUICK_QUEUE, **(settings or {})}
        self._arguments = arguments
        self._profile = profile
        self._assessments = assessments
        self._app = app
        self._program = program
        self._running = ExitStack()

    def start_storage(self) -> None:
        """Start Azurite."""
        self.azurite = self._running.enter_context(Azurite())

    def start_azure(self) -> None:
        """Start the simulated Azure."""
        azure = SimulatedAzureProcess(self._profile, self._state, assessments=self._assessments)
        self.azure = self._running.enter_context(azure)

    def start_host(self, *arguments: str) -> None:
        """Start the Functions host with the app, again if it was started before."""
        environment = {
            **self.azure.settings,
            "AzureWebJobsStorage": self.azurite.connection_string,
            **self._settings,
        }
        options = ("--state", str(self._state / "host"), *self._arguments, *arguments)
        host = HostProcess(self._app, environment=environment, arguments=options, program=self._program)
        self.host = self._running.enter_context(host)
        self.api = ApiClient(host.base_url, host.key)

    def connector(self) -> dict[str, str]:
        """Give the service principal of the demo tenant as the API's `auth` wants it."""
        application = msgspec.convert(self.azure.directory["connector"], _Application)
        secret = application.secrets[0]
        return {
            "method": "client_secret",
            "tenant_id": application.tenant_id,
            "client_id": application.client_id,
            "client_secret": secret.client_secret,
            "secret_expires_on": secret.expires_at[:10],
        }

    def subscription_id(self, name: str) -> str:
        """Give the id of a simulated subscription; raises KeyError."""
        known = msgspec.convert(self.azure.directory["subscriptions"], list[_Subscription])
        return {subscription.name: subscription.subscription_id for subscription in known}[name]

    def __enter__(self) -> Self:
        try:
            self.start_storage()
            self.start_azure()
            self.start_host()
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()
