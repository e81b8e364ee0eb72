"""The command line of the host."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says, with every path made absolute."""

    port: int
    settings: Path
    settings_required: bool
    key: str | None = field(repr=False)
    app: Path
    state: Path
    queue_lease_s: int


def parse_options(arguments: Sequence[str]) -> Options:
    """Read the command line.

    Args:
        arguments: Without the name of the program.

    Returns:
        The options; paths that are not given lie in the folder of the app.
    """
    values = _parser().parse_args(arguments)
    app = values.app.resolve()
    return Options(
        port=values.port,
        settings=(values.settings or app / "local.settings.json").resolve(),
        settings_required=values.settings is not None,
        key=values.key,
        app=app,
        state=(values.state or app / ".local" / "host").resolve(),
        queue_lease_s=values.queue_lease_s,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.host",
        description="Run the functions of an app on this machine, as `func start` does.",
    )
    parser.add_argument("--port", type=_port, default=7071, help="port to listen on; 0 picks a free one")
    parser.add_argument(
        "--settings", type=Path, help="settings file (default: local.settings.json of the app)"
    )
    parser.add_argument("--key", type=_key, help="function key (default: a new one, printed at the start)")
    parser.add_argument(
        "--app", type=Path, default=Path(), help="folder of function_app.py (default: this one)"
    )
    parser.add_argument(
        "--state", type=Path, help="folder for timer status (default: .local/host of the app)"
    )
    parser.add_argument(
        "--queue-lease-s",
        type=_lease,
        default=600,
        help="lease of a queue message, as in Azure (default: 600)",
    )
    return parser


def _port(text: str) -> int:
    return _within(int(text), 0, 65535)


def _lease(text: str) -> int:
    # Seven days is the longest time the queue service hides a message.
    return _within(int(text), 1, 7 * 24 * 3600)


def _within(number: int, least: int, most: int) -> int:
    if not least <= number <= most:
        message = f"must be {least} to {most}"
        raise argparse.ArgumentTypeError(message)
    return number


def _key(text: str) -> str:
    if not text:
        message = "must not be empty"
        raise argparse.ArgumentTypeError(message)
    return text
