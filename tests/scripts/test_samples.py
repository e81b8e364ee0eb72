"""The settings file that a developer copies."""

import json
import re
from pathlib import Path

from pipeline.configuration.table import SETTINGS

ROOT = Path(__file__).resolve().parents[2]


def test_sample_settings_are_complete_and_harmless() -> None:
    """The sample is a local.settings.json whose every address is on this machine, with no secret in it."""
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())
    addresses = [value for value in sample["Values"].values() if re.match(r"https?://", value)]

    assert sample["IsEncrypted"] is False
    assert [address for address in addresses if not address.startswith("https://127.0.0.1:8443")] == []


def test_the_sample_names_every_setting() -> None:
    """It has each setting of the code, optional ones blank, and beside these only what the host reads."""
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())
    of_the_host = {"FUNCTIONS_WORKER_RUNTIME", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"}

    assert set(sample["Values"]) == {setting.name for setting in SETTINGS} | of_the_host


def test_editors_python_and_project_agree() -> None:
    """One version of Python, wherever it is named."""
    project = (ROOT / "pyproject.toml").read_text()

    assert (ROOT / ".python-version").read_text() == "3.13\n"
    assert 'requires-python = ">=3.13"' in project
