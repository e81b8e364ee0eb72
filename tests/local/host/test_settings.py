"""Settings come from the file, the environment wins, and bindings refer to them by name."""

import json
from pathlib import Path

import pytest

from local.host.errors import StartRefusedError
from local.host.settings import apply_settings, emulator_connection_string, expand, read_settings


def _written(folder: Path, document: object) -> Path:
    path = folder / "local.settings.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def test_values_are_read(tmp_path: Path) -> None:
    """The settings are what stands under Values."""
    path = _written(tmp_path, {"IsEncrypted": False, "Values": {"A": "1"}, "Host": {"LocalHttpPort": 7071}})

    assert read_settings(path, required=True) == {"A": "1"}


def test_default_file_may_be_absent(tmp_path: Path) -> None:
    """Without a file all settings come from the environment."""
    assert read_settings(tmp_path / "none.json", required=False) == {}


def test_named_file_must_exist(tmp_path: Path) -> None:
    """A file that was asked for and is missing stops the start."""
    with pytest.raises(StartRefusedError, match=r"none\.json cannot be read"):
        read_settings(tmp_path / "none.json", required=True)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "cannot be read"),
        ([], "must be an object"),
        ({"Values": []}, "must be an object"),
        ({"IsEncrypted": True, "Values": {}}, "is encrypted"),
        ({"Values": {"GOOD": "1", "PORT": 1, "ON": True}}, "these are not: ON, PORT"),
    ],
)
def test_malformed_file_is_refused(tmp_path: Path, document: object, message: str) -> None:
    """What cannot be a settings file is refused with the reason, and wrong values by name."""
    with pytest.raises(StartRefusedError, match=message):
        read_settings(_written(tmp_path, document), required=False)


def test_environment_wins_over_the_file() -> None:
    """As with `func start`, a variable that is set already is kept."""
    environment = {"A": "environment"}
    apply_settings({"A": "file", "B": "file"}, environment)

    assert environment == {"A": "environment", "B": "file"}


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_certificates_of_the_file_win(name: str) -> None:
    """A private CA named in the file holds against the bundle that the machine exports."""
    environment = {name: "machine.pem"}
    apply_settings({name: "private.pem"}, environment)

    assert environment == {name: "private.pem"}


@pytest.mark.parametrize("text", ["UseDevelopmentStorage=true", "usedevelopmentstorage=True;"])
def test_development_storage_is_written_out(text: str) -> None:
    """The short form of the emulator becomes a string that every SDK reads, wherever it was set."""
    environment = {"OWN": text}
    apply_settings({"AzureWebJobsStorage": text}, environment)

    expected = emulator_connection_string()
    assert environment == {"OWN": expected, "AzureWebJobsStorage": expected}
    assert "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;" in expected


def test_setting_is_expanded_in_a_binding() -> None:
    """Every %NAME% is replaced; what stands around it stays."""
    expanded = expand("a-%ONE%-%TWO%", {"ONE": "1", "TWO": "2"}, where="Function f")

    assert expanded == "a-1-2"


@pytest.mark.parametrize("environment", [{}, {"DAILY_SCHEDULE": ""}])
def test_missing_setting_is_refused_by_name(environment: dict[str, str]) -> None:
    """A setting that a binding needs and nobody gives is named, with the function."""
    with pytest.raises(StartRefusedError, match="Function daily: the setting DAILY_SCHEDULE is missing"):
        expand("%DAILY_SCHEDULE%", environment, where="Function daily")
