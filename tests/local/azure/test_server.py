"""The simulated Azure as a process of its own."""

import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path

import msgspec
import pytest

from tests.local.azure.http_client import Heard

type Start = Callable[..., "Running"]


class Directory(msgspec.Struct):
    """What a test reads of directory.json."""

    url: str
    control_key: str
    connector: dict[str, object]
    subscriptions: list[dict[str, object]]
    applications: list[dict[str, object]]


class Settings(msgspec.Struct):
    """What a test reads of settings.json."""

    IsEncrypted: bool
    Values: dict[str, str]


class Running:
    """A started process and its files."""

    def __init__(self, state: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "local.azure", "--port", "0", "--state", str(state), *arguments]
        self.state = state
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline().strip()

    @property
    def directory(self) -> Directory:
        """The description of its world."""
        return msgspec.json.decode((self.state / "directory.json").read_bytes(), type=Directory)

    @property
    def settings(self) -> Settings:
        """Its ready-made settings."""
        return msgspec.json.decode((self.state / "settings.json").read_bytes(), type=Settings)

    def stop(self) -> int:
        """Stop it; gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def ask(running: Running, context: ssl.SSLContext, headers: dict[str, str]) -> Heard:
    """Ask for the directory over the control API."""
    host = running.directory.url.removeprefix("https://")
    connection = HTTPSConnection(host, context=context, timeout=10)
    with closing(connection):
        connection.request("GET", "/_control/directory", headers=headers)
        response = connection.getresponse()
        return Heard(response.status, dict(response.headers), response.read())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start processes, and stop those still running."""
    started: list[Running] = []

    def run(*arguments: str) -> Running:
        started.append(Running(tmp_path / "state", *arguments))
        return started[-1]

    yield run
    for running in started:
        if running.process.poll() is None:
            running.stop()


def test_it_says_where_it_listens(start: Start) -> None:
    """The first line names the URL that directory.json has."""
    running = start("--profile", "demo")

    assert running.first_line == f"Listening on {running.directory.url}"


def test_it_stops_when_told(start: Start) -> None:
    """SIGTERM ends it with exit code 0."""
    running = start("--profile", "specification")

    assert running.stop() == 0


def test_its_certificate_is_trusted_by_its_bundle(start: Start) -> None:
    """A client that trusts the bundle reaches it; the control API answers with the key."""
    running = start("--profile", "demo")
    context = ssl.create_default_context(cafile=running.state / "ca-bundle.pem")
    heard = ask(running, context, {"X-Control-Key": running.directory.control_key})

    described = msgspec.json.decode(heard.body, type=Directory)
    names = [subscription["name"] for subscription in described.subscriptions]
    assert names == ["specification", "production", "staging", "sandbox"]


def test_its_settings_point_the_app_at_it(start: Start) -> None:
    """settings.json has the form of local.settings.json, and every value leads here."""
    running = start("--profile", "demo")

    values = running.settings.Values
    leading_here = {name for name, value in values.items() if value.startswith(running.directory.url)}
    assert leading_here == {
        "KEY_VAULT_URL",
        "AZURE_AUTHORITY_HOST",
        "AZURE_RESOURCE_MANAGER_URL",
        "MICROSOFT_GRAPH_URL",
    }
    assert values["IDENTITY_ENDPOINT"].startswith("http://127.0.0.1:")
    assert values["SSL_CERT_FILE"] == values["REQUESTS_CA_BUNDLE"] == str(running.state / "ca-bundle.pem")
    assert values["AzureWebJobsStorage"] == "UseDevelopmentStorage=true"


def test_its_environment_serves_the_managed_identity(start: Start) -> None:
    """An app that has only these settings in its environment gets a secret into the vault."""
    running = start("--profile", "demo")
    program = (
        "import asyncio, os\n"
        "from azure.identity.aio import DefaultAzureCredential\n"
        "from azure.keyvault.secrets.aio import SecretClient\n"
        "async def main():\n"
        "    async with DefaultAzureCredential() as credential:\n"
        "        url = os.environ['KEY_VAULT_URL']\n"
        "        async with SecretClient(url, credential, verify_challenge_resource=False) as client:\n"
        "            print((await client.set_secret('a', 'made-up-value')).value)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", program]

    done = subprocess.run(
        command, env=running.settings.Values, capture_output=True, text=True, check=False, timeout=20
    )

    assert done.stdout == "made-up-value\n"


def test_a_stranger_is_kept_out_of_control(start: Start) -> None:
    """Without its key the control API answers 401."""
    running = start("--profile", "demo")
    context = ssl.create_default_context(cafile=running.state / "ca.pem")

    heard = ask(running, context, {})

    assert heard.status == 401
