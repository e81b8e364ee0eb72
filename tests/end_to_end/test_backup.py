"""What docs/backup.md tells people to do works, with the very scripts that stand there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.api_client import ApiClient, Json
from local.azurite import Azurite
from local.stack import Stack
from tests.docs.markdown import blocks, section
from tests.end_to_end.conftest import QUICK
from tests.end_to_end.reading import evidence, findings, row, rows, synced
from tests.end_to_end.test_ways_to_connect import certificate, identity

DOCUMENT = "docs/backup.md"
OF_ITS_OWN = ("id", "created_at")
"""What a connection that is made again has anew."""


def script(title: str, folder: Path) -> str:
    """Save the script of a section as people would."""
    [code] = blocks(section(DOCUMENT, title), "python")
    path = folder / "script.py"
    path.write_text(code, "utf-8")
    return str(path)


def run(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a script to its end."""
    return subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "no_proxy": "127.0.0.1", **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Recipe:
    """The script that exports and connects again, for one app."""

    def __init__(self, api: ApiClient, key: str, folder: Path) -> None:
        self._script = script("Connect again", folder)
        self._settings = {"APP_URL": f"{api.base_url}/api", "APP_KEY": key}
        self._folder = folder

    def export(self) -> Json:
        """Export, and keep the file."""
        ended = run(self._script, "export", **self._settings)
        assert ended.returncode == 0, ended.stderr
        (self._folder / "configuration.json").write_text(ended.stdout)
        exported: Json = json.loads(ended.stdout)
        return exported

    def connect(self, credentials: Mapping[str, Mapping[str, str]]) -> subprocess.CompletedProcess[str]:
        """Connect again from the file."""
        (self._folder / "credentials.json").write_text(json.dumps(credentials))
        files = (str(self._folder / name) for name in ("configuration.json", "credentials.json"))
        return run(self._script, "connect", *files, **self._settings)


def made_again(exported: Json) -> list[Json]:
    """Give the exported connections without what each has of its own, in the order of their subscriptions."""
    connections = [
        {name: value for name, value in one.items() if name not in OF_ITS_OWN}
        for one in rows(exported["connections"])
    ]
    return sorted(connections, key=lambda one: str(one["subscription_id"]))


def connect(stack: Stack, name: str, auth: Mapping[str, str], **more: object) -> Json:
    """Connect one subscription by name."""
    request = {"name": name, "auth": auth, "subscription_ids": [stack.subscription_id(name)], **more}
    answer = stack.api.call("POST", "/connections", {"sync_now": False, **request})
    assert answer.status == 201, answer.body
    return rows(answer.document["connections"])[0]


def wipe(stack: Stack) -> None:
    """End every connection, with its evidence."""
    for one in list(stack.api.items("/connections")):
        assert stack.api.call("DELETE", f"/connections/{one['id']}?purge_evidence=true").status == 204


@pytest.fixture
def recipe(stack: Stack, tmp_path: Path) -> Iterator[Recipe]:
    """The recipe, on an app without connections."""
    wipe(stack)
    yield Recipe(stack.api, stack.host.key, tmp_path)
    wipe(stack)


def test_connections_are_made_again_from_the_export(stack: Stack, recipe: Recipe) -> None:
    """After all was lost: the result is what was exported, but for ids and times, in every way to connect."""
    _, by_certificate = certificate(stack)
    by_secret = stack.connector()
    connect(stack, "production", identity(stack), services=["defender", "storage"])
    connect(stack, "sandbox", by_certificate, frequency="hourly")
    paused = connect(stack, "staging", by_secret)
    stack.api.call("PATCH", f"/connections/{paused['id']}", {"status": "paused"})
    before = recipe.export()
    wipe(stack)

    ended = recipe.connect({by_secret["client_id"]: {**by_secret, **by_certificate}})

    assert ended.returncode == 0, ended.stdout
    assert made_again(recipe.export()) == made_again(before)


def test_connecting_again_can_be_repeated(stack: Stack, recipe: Recipe) -> None:
    """What exists already stays as it is, with its id."""
    connect(stack, "staging", stack.connector())
    before = rows(recipe.export()["connections"])

    ended = recipe.connect({stack.connector()["client_id"]: stack.connector()})

    assert ended.returncode == 0, ended.stdout
    assert rows(recipe.export()["connections"]) == before


def test_the_export_holds_every_page(stack: Stack, recipe: Recipe) -> None:
    """The script follows the cursors: what pages of one hold is what it exports."""
    for name in ("production", "sandbox", "staging"):
        connect(stack, name, stack.connector())

    one_by_one: list[Json] = []
    page = stack.api.get("/export/configuration?limit=1")
    one_by_one += rows(page["connections"])
    while page["next_cursor"] is not None:
        page = stack.api.get(f"/export/configuration?limit=1&cursor={page['next_cursor']}")
        one_by_one += rows(page["connections"])

    assert len(one_by_one) == 3
    assert rows(recipe.export()["connections"]) == one_by_one


def test_the_export_holds_no_secret(stack: Stack, recipe: Recipe) -> None:
    """Neither the secret nor the private key that was entered."""
    _, by_certificate = certificate(stack)
    connect(stack, "production", by_certificate)
    connect(stack, "staging", stack.connector())

    text = json.dumps(recipe.export())

    assert stack.connector()["client_secret"] not in text
    assert "PRIVATE KEY" not in text


def test_what_cannot_be_made_again_is_said(stack: Stack, recipe: Recipe) -> None:
    """Without its credential a connection is named with the reason, and the exit code tells."""
    connect(stack, "staging", stack.connector())
    recipe.export()
    wipe(stack)

    ended = recipe.connect({})

    assert ended.returncode == 1
    application = stack.connector()["client_id"]
    assert ended.stdout == (
        f"{stack.subscription_id('staging')} staging: there is no client_secret for the application "
        f"{application}\n"
    )


class MovedStack(Stack):
    """A new app, with a vault of its own, on tables that lie somewhere already."""

    def __init__(self, state: Path, storage: Azurite) -> None:
        super().__init__("small", state, settings=QUICK)
        self._storage = storage

    def start_storage(self) -> None:
        """Use what is there."""
        self.azurite = self._storage


def test_evidence_goes_on_under_a_new_app(stack: Stack, tmp_path: Path) -> None:
    """Tables that were copied are read under a new app and vault; after one rotation runs add to them."""
    old = connect(stack, "production", stack.connector(), services=["defender"])
    synced(stack.api, old)
    items = evidence(stack.api, old, "&latest=false")
    with Azurite() as storage:
        copied = run(
            script("Copy the tables", tmp_path), stack.azurite.connection_string, storage.connection_string
        )
        assert copied.returncode == 0, copied.stderr

        with MovedStack(tmp_path, storage) as moved:
            assert evidence(moved.api, old, "&latest=false") == items
            assert findings(moved.api, old) == findings(stack.api, old)
            without_secret = synced(moved.api, old)
            rotation = {name: value for name, value in moved.connector().items() if name != "method"}
            rotated = moved.api.call("POST", "/credentials/rotate", rotation)
            after = synced(moved.api, old)
            chain = moved.api.get(f"/connections/{old['id']}/evidence/verify")

    assert (without_secret["status"], row(without_secret["problem"])["reason"]) == (
        "failed",
        "secret_missing",
    )
    assert (rotated.status, after["status"], chain["intact"]) == (200, "succeeded", True)
