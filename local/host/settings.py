"""The app settings of one machine: read from a file, put into the environment, expanded in bindings."""

import json
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from local.host.errors import StartRefusedError

# A machine behind a proxy already exports these for its own bundle. Who names a private CA in the file wants
# exactly that one, and without it no call to the simulated Azure is trusted: here the file wins.
CERTIFICATE_SETTINGS = frozenset({"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"})

# The published account of the storage emulator: learn.microsoft.com/azure/storage/common/storage-use-azurite
_EMULATOR_ACCOUNT = "devstoreaccount1"
_EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def emulator_connection_string(
    *, blob_port: int = 10000, queue_port: int = 10001, table_port: int = 10002
) -> str:
    """Give the full connection string of a storage emulator on this machine.

    Args:
        blob_port: Port of its blob service; the defaults are Azurite's own.
        queue_port: Port of its queue service.
        table_port: Port of its table service.

    Returns:
        A connection string that every Azure SDK understands, unlike `UseDevelopmentStorage=true`.
    """
    ports = {"Blob": blob_port, "Queue": queue_port, "Table": table_port}
    endpoints = [
        f"{kind}Endpoint=http://127.0.0.1:{port}/{_EMULATOR_ACCOUNT}" for kind, port in ports.items()
    ]
    account = [
        "DefaultEndpointsProtocol=http",
        f"AccountName={_EMULATOR_ACCOUNT}",
        f"AccountKey={_EMULATOR_KEY}",
    ]
    return ";".join([*account, *endpoints]) + ";"


def read_settings(path: Path, *, required: bool) -> dict[str, str]:
    """Read the `Values` of a local.settings.json.

    Args:
        path: The file.
        required: Whether the file was asked for by name; the default one may be absent.

    Returns:
        Setting name to value.

    Raises:
        StartRefusedError: It is missing, encrypted, no JSON, or holds a value that is no text.
    """
    if not path.exists() and not required:
        return {}
    values = _read_values(path)
    wrong = sorted(name for name, value in values.items() if not isinstance(value, str))
    if wrong:
        message = f"{path}: every value must be text in quotes; these are not: {', '.join(wrong)}."
        raise StartRefusedError(message)
    return {name: str(value) for name, value in values.items()}


def _read_values(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {error}."
        raise StartRefusedError(message) from error
    if not isinstance(document, dict) or not isinstance(document.get("Values", {}), dict):
        message = f'{path} must be an object with the settings under "Values".'
        raise StartRefusedError(message)
    if document.get("IsEncrypted") is True:
        message = f"{path} is encrypted; run `func settings decrypt`, this host reads plain settings only."
        raise StartRefusedError(message)
    return dict(document.get("Values", {}))


def apply_settings(values: Mapping[str, str], environment: MutableMapping[str, str]) -> None:
    """Put settings into the environment of this process.

    A variable that is already set wins over the file, as `func start` has it (Core Tools prints
    "Skipping ... as it's already defined in current environment variables"), save for the certificate ones.

    Args:
        values: What the file says.
        environment: `os.environ`; it is changed, and `UseDevelopmentStorage=true` in it written out in full.
    """
    for name, value in values.items():
        if name in CERTIFICATE_SETTINGS or name not in environment:
            environment[name] = value
    for name, value in list(environment.items()):
        if value.strip().rstrip(";").lower() == "usedevelopmentstorage=true":
            environment[name] = emulator_connection_string()


def expand(text: str, environment: Mapping[str, str], *, where: str) -> str:
    """Replace every `%NAME%` of a binding by the setting of that name.

    Source: learn.microsoft.com/azure/azure-functions/functions-bindings-expressions-patterns, "App settings".

    Args:
        text: A property of a binding, such as a schedule or the name of a queue.
        environment: The settings.
        where: What to name in the message when one is missing.

    Returns:
        The text with every setting in its place.

    Raises:
        StartRefusedError: A setting is missing or empty.
    """

    def value_of(reference: re.Match[str]) -> str:
        value = environment.get(reference[1])
        if not value:
            message = f"{where}: the setting {reference[1]} is missing; add it to local.settings.json."
            raise StartRefusedError(message)
        return value

    return re.sub(r"%([^%]+)%", value_of, text)
