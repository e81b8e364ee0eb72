"""host.json, its defaults and its overrides are those of the real host; what is malformed is refused."""

import json
import os
from pathlib import Path

import pytest

from local.host.configuration import HostConfiguration, QueueOptions, read_configuration
from local.host.errors import StartRefusedError

_EXAMPLE = {
    "version": "2.0",
    "functionTimeout": "00:20:00",
    "extensions": {
        "queues": {
            "batchSize": 4,
            "newBatchThreshold": 2,
            "maxDequeueCount": 7,
            "visibilityTimeout": "00:02:00",
            "maxPollingInterval": "00:00:02.5",
            "messageEncoding": "none",
        },
        "http": {"routePrefix": "v1", "customHeaders": {"X-Frame-Options": "DENY"}},
    },
}


def _read(folder: Path, document: object, environment: dict[str, str] | None = None) -> HostConfiguration:
    (folder / "host.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return read_configuration(folder, environment or {})


def test_values_are_read(tmp_path: Path) -> None:
    """Every value of the file that concerns this host is obeyed."""
    queues = QueueOptions(
        batch_size=4,
        new_batch_threshold=2,
        max_dequeue_count=7,
        visibility_timeout_s=120.0,
        max_polling_interval_s=2.5,
        message_encoding="none",
    )

    expected = HostConfiguration(
        function_timeout_s=1200.0, route_prefix="v1", queues=queues, headers={"x-frame-options": "DENY"}
    )
    assert _read(tmp_path, _EXAMPLE) == expected


@pytest.mark.parametrize("written", [True, False])
def test_defaults_are_those_of_the_real_host(tmp_path: Path, *, written: bool) -> None:
    """An empty host.json, or none, gives the documented defaults."""
    found = _read(tmp_path, {"version": "2.0"}) if written else read_configuration(tmp_path, {})

    queues = QueueOptions(new_batch_threshold=8 * (os.process_cpu_count() or 1))
    assert found == HostConfiguration(function_timeout_s=1800.0, route_prefix="api", queues=queues)


@pytest.mark.parametrize(
    "name",
    [
        "AzureFunctionsJobHost__extensions__queues__visibilityTimeout",
        "AZUREFUNCTIONSJOBHOST__EXTENSIONS__QUEUES__VISIBILITYTIMEOUT",
    ],
)
def test_app_setting_overrides_the_file(tmp_path: Path, name: str) -> None:
    """An app setting with the path of a value wins over host.json, in any case."""
    assert _read(tmp_path, _EXAMPLE, {name: "00:00:05"}).queues.visibility_timeout_s == 5.0


def test_numbers_may_come_as_text(tmp_path: Path) -> None:
    """A setting is always text, so a number in it is read as one."""
    name = "AzureFunctionsJobHost__extensions__queues__batchSize"

    assert _read(tmp_path, _EXAMPLE, {name: "8"}).queues.batch_size == 8


def test_timeout_may_be_unbounded(tmp_path: Path) -> None:
    """A functionTimeout of -1 is no limit."""
    assert _read(tmp_path, {"version": "2.0", "functionTimeout": "-1"}).function_timeout_s is None


def test_route_prefix_may_be_empty(tmp_path: Path) -> None:
    """An empty prefix puts the routes at the root."""
    document = {"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}

    assert _read(tmp_path, document).route_prefix == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("extensions__queues__batchSize", "33"),
        ("extensions__queues__batchSize", "0"),
        ("extensions__queues__batchSize", "many"),
        ("extensions__queues__newBatchThreshold", "-1"),
        ("extensions__queues__maxDequeueCount", "0"),
        ("extensions__queues__visibilityTimeout", "120"),
        ("extensions__queues__visibilityTimeout", "00:61:00"),
        ("extensions__queues__maxPollingInterval", "00:00:00.05"),
        ("extensions__queues__messageEncoding", "utf8"),
        ("functionTimeout", "soon"),
        ("functionTimeout", "00:00:00"),
    ],
)
def test_malformed_value_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    """A value that the real host would refuse, or read as days, stops the start with its path."""
    with pytest.raises(StartRefusedError, match=name.replace("__", ".") + " is '" + value):
        _read(tmp_path, {"version": "2.0"}, {f"AzureFunctionsJobHost__{name}": value})


@pytest.mark.parametrize("document", ["{", "[]", "{}", '{"version": "1.0"}'])
def test_malformed_file_is_refused(tmp_path: Path, document: str) -> None:
    """What is no host.json of version 2.0 stops the start."""
    with pytest.raises(StartRefusedError, match=r"host\.json"):
        _read(tmp_path, document)
