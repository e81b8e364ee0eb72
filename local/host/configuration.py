"""host.json and the app settings that override it, read into what this host obeys."""

import datetime as dt
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from local.host.errors import StartRefusedError

_OVERRIDE_PREFIX = "azurefunctionsjobhost__"
_DURATION = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,7})?)?")


@dataclass(frozen=True, kw_only=True)
class QueueOptions:
    """How queue messages are fetched and retried: `extensions.queues` of host.json.

    Source of names, defaults and limits:
    learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue and QueuesOptions.cs of
    azure-sdk-for-net.
    """

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout_s: float = 0.0
    max_polling_interval_s: float = 60.0
    message_encoding: Literal["base64", "none"] = "base64"


@dataclass(frozen=True, kw_only=True)
class HostConfiguration:
    """What host.json decides for a whole app.

    Args:
        function_timeout_s: None means unbounded.
        headers: Those that every answer gets unless it has them: `extensions.http.customHeaders`.
    """

    function_timeout_s: float | None
    route_prefix: str
    queues: QueueOptions
    headers: Mapping[str, str] = field(default_factory=dict)


def read_configuration(app: Path, environment: Mapping[str, str]) -> HostConfiguration:
    """Read host.json of an app, overridden by the app settings `AzureFunctionsJobHost__<path>`.

    Source: learn.microsoft.com/azure/azure-functions/functions-host-json, "Override host.json values". As in
    the real host all values are one flat configuration, in any case, where a number in quotes is a number.

    Args:
        app: Folder of the app; without a host.json in it every default holds.
        environment: The settings.

    Returns:
        The configuration, with the real host's defaults for what is absent.

    Raises:
        StartRefusedError: A file or a value that the real host would refuse.
    """
    values = dict(_flatten(_read_host_json(app / "host.json"), ()))
    for name, value in environment.items():
        if name.lower().startswith(_OVERRIDE_PREFIX):
            values[name.lower().removeprefix(_OVERRIDE_PREFIX).replace("__", ":")] = value
    reader = _Values(values)
    return HostConfiguration(
        function_timeout_s=reader.timeout("functionTimeout", default="00:30:00"),
        route_prefix=reader.text("extensions:http:routePrefix", default="api").strip("/"),
        queues=_queue_options(reader),
        headers=reader.below("extensions:http:customHeaders:"),
    )


def _queue_options(values: "_Values") -> QueueOptions:
    path = "extensions:queues:"
    batch_size = values.integer(path + "batchSize", default=16, least=1, most=32)
    threshold = (batch_size // 2) * (os.process_cpu_count() or 1)
    encoding = values.choice(path + "messageEncoding", default="base64", choices=("base64", "none"))
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=values.integer(path + "newBatchThreshold", default=threshold, least=0),
        max_dequeue_count=values.integer(path + "maxDequeueCount", default=5, least=1),
        visibility_timeout_s=values.duration(path + "visibilityTimeout", default="00:00:00"),
        max_polling_interval_s=values.duration(path + "maxPollingInterval", default="00:01:00", least_s=0.1),
        message_encoding="none" if encoding == "none" else "base64",
    )


def _read_host_json(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {error}."
        raise StartRefusedError(message) from error
    if not isinstance(document, dict) or document.get("version") != "2.0":
        message = f'{path} must be an object with "version": "2.0".'
        raise StartRefusedError(message)
    return document


def _flatten(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flatten(inner, (*path, str(name).lower()))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flatten(inner, (*path, str(index)))
    elif value is not None:
        yield ":".join(path), str(value)


@dataclass(frozen=True)
class _Values:
    """Typed reads of the flat configuration; each refuses what does not parse, by name."""

    values: Mapping[str, str]

    def text(self, name: str, *, default: str) -> str:
        return self.values.get(name.lower(), default)

    def below(self, path: str) -> Mapping[str, str]:
        """Give the values under a path, by what is left of their names."""
        start = path.lower()
        return {
            name.removeprefix(start): value for name, value in self.values.items() if name.startswith(start)
        }

    def choice(self, name: str, *, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default=default)
        if value.lower() not in choices:
            raise _malformed(name, value, f"one of {', '.join(choices)}")
        return value.lower()

    def integer(self, name: str, *, default: int, least: int, most: int | None = None) -> int:
        value = self.text(name, default=str(default))
        expected = f"a whole number from {least}" + (f" to {most}" if most else "")
        return self._parsed(name, value, expected, lambda text: _whole_number(text, least, most))

    def duration(self, name: str, *, default: str, least_s: float = 0.0) -> float:
        value = self.text(name, default=default)
        expected = "a time as hh:mm:ss" + (f" of at least {least_s} s" if least_s else "")
        return self._parsed(name, value, expected, lambda text: _seconds(text, least_s))

    def timeout(self, name: str, *, default: str) -> float | None:
        unbounded = self.text(name, default=default) in {"-1", "-1.00:00:00"}
        return None if unbounded else self.duration(name, default=default, least_s=1.0)

    @staticmethod
    def _parsed[T](name: str, value: str, expected: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(value)
        except ValueError as error:
            raise _malformed(name, value, expected) from error


def _whole_number(text: str, least: int, most: int | None) -> int:
    number = int(text)
    if number < least or (most is not None and number > most):
        raise ValueError(text)
    return number


def _seconds(text: str, least_s: float) -> float:
    """Read `[d.]hh:mm[:ss[.fffffff]]`.

    .NET reads a bare number as days, which nobody means: it is refused.
    """
    parts = _DURATION.fullmatch(text.strip())
    if parts is None:
        raise ValueError(text)
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups()[:4])
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds + float(parts[5] or 0)
    dt.time(hours, minutes, seconds)  # raises ValueError past 23:59:59
    if total < least_s:
        raise ValueError(text)
    return total


def _malformed(name: str, value: str, expected: str) -> StartRefusedError:
    path = name.replace(":", ".")
    return StartRefusedError(
        f"host.json (or its override setting): {path} is {value!r}, expected {expected}."
    )
