"""Runs a script of the guide against a small directory."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from collectors import registry
from pipeline.connecting.guide.guide import ConnectGuides
from pipeline.connecting.guide.views import WayToConnect
from pipeline.requests import GuideQuery, MethodName
from pipeline.settings import Settings
from tests.pipeline.connecting.guide import azure_cli

FIRST, SECOND = "20ff7fc3-e762-44dd-bd96-b71116dcdc23", "7a6a1b1c-1111-4f6e-9a50-0d0c6f0f2a11"
HOME, THEIRS = "3f0c1f3e-0000-4c68-8a3c-6f3f6d1f9d01", "b1d2c3e4-0000-4a9b-9a31-2f1f5d7c8e02"
THEIR_SUBSCRIPTION = "c5b8e0aa-2222-4c1d-8f57-7d1f3a5b9c03"
IDENTITY = "0b9d3c1e-3333-4b7a-9d11-5e2f7a1c4d04"
BASH = shutil.which("bash") or "bash"
REQUIRED = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "KEY_VAULT_URL": "https://v.vault.azure.net"}


def guides(**settings: str) -> ConnectGuides:
    """Make the guide of an app with these settings."""
    read = Settings.read({**REQUIRED, "AZURE_CLIENT_ID": IDENTITY, **settings})
    return ConnectGuides(read, registry.load)


def way(method: MethodName, *subscriptions: str, **settings: str) -> WayToConnect:
    """Give one way of the guide for some subscriptions."""
    asked = GuideQuery(method=method, subscription_ids=",".join(subscriptions) or None)
    [found] = guides(**settings).guide(asked).ways
    return found


class Terminal:
    """Where a person with the Azure CLI pastes scripts.

    Args:
        folder: for the programs, the state and the person's files.
    """

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self._state, self._programs = folder / "state.json", folder / "programs"
        self.home.mkdir()
        self._programs.mkdir()
        self._program("az", f'exec "{sys.executable}" -I -S "{azure_cli.__file__}" "$@"')  # starts quickly
        self._program("sleep", "exit 0")
        seen = {FIRST: HOME, SECOND: HOME, THEIR_SUBSCRIPTION: THEIRS}
        graph = ("User.Read.All", "Policy.Read.All")
        self.change(**azure_cli.new_state(subscriptions=seen, identity=IDENTITY, tenant=HOME, graph=graph))

    def _program(self, name: str, line: str) -> None:
        file = self._programs / name
        file.write_text(f"#!{BASH}\n{line}\n")
        file.chmod(0o755)

    @property
    def state(self) -> Mapping[str, Any]:
        """What the directory holds now."""
        held: dict[str, Any] = json.loads(self._state.read_text())
        return held

    def change(self, **parts: object) -> None:
        """Change what the directory holds."""
        before = self.state if self._state.exists() else {}
        self._state.write_text(json.dumps({**before, **parts}))

    def calls(self) -> list[str]:
        """Give the commands that were run since this was asked last."""
        calls = list(self.state["calls"])
        self.change(calls=[])
        return calls

    def paste(self, script: str) -> subprocess.CompletedProcess[str]:
        """Paste a script into a shell, as a person would."""
        environment = {
            "PATH": f"{self._programs}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "AZURE_CLI_STATE": str(self._state),
        }
        return subprocess.run(
            [BASH], input=script, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def values(self, script: str) -> dict[str, str]:
        """Paste a script that must succeed, and read the values that it prints."""
        ended = self.paste(script)
        assert ended.returncode == 0, ended.stderr
        lines = [line for line in ended.stdout.splitlines() if line and not line.startswith((" ", "The "))]
        return {name: rest.strip() for name, _, rest in (line.partition(" ") for line in lines)}


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal whose Azure CLI is signed in to the app's tenant."""
    return Terminal(tmp_path)
