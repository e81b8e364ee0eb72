"""The settings file that a developer copies."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_sample_settings_are_complete_and_harmless() -> None:
    """The sample is a local.settings.json whose every value points at this machine, with no secret in it."""
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())
    addresses = [value for value in sample["Values"].values() if re.match(r"https?://", value)]

    assert sample["IsEncrypted"] is False
    assert {"AzureWebJobsStorage", "KEY_VAULT_URL", "DAILY_SCHEDULE", "HOURLY_SCHEDULE"} <= sample[
        "Values"
    ].keys()
    assert [address for address in addresses if not address.startswith("https://127.0.0.1:8443")] == []


def test_editors_python_and_project_agree() -> None:
    """One version of Python, wherever it is named."""
    project = (ROOT / "pyproject.toml").read_text()

    assert (ROOT / ".python-version").read_text() == "3.13\n"
    assert 'requires-python = ">=3.13"' in project
