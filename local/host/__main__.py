"""Start the host: `python -m local.host`."""

import os
import sys
from collections.abc import Sequence

from local.host.command_line import Options, parse_options
from local.host.configuration import HostConfiguration, read_configuration
from local.host.errors import StartRefusedError
from local.host.settings import apply_settings, read_settings

_REFUSED = 1
_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Run the host.

    Args:
        arguments: The command line without the name of the program.

    Returns:
        The exit code: 0 after a clean stop, 1 when the start was refused.
    """
    options = parse_options(arguments)
    try:
        _run(options, _prepare(options))
    except StartRefusedError as error:
        sys.stderr.write(f"The host did not start. {error}\n")
        return _REFUSED
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _prepare(options: Options) -> HostConfiguration:
    if not options.app.is_dir():
        message = f"{options.app} is no folder; name the one of function_app.py with --app."
        raise StartRefusedError(message)
    apply_settings(read_settings(options.settings, required=options.settings_required), os.environ)
    os.chdir(options.app)
    return read_configuration(options.app, os.environ)


def _run(options: Options, configuration: HostConfiguration) -> None:
    # Only now: aiohttp reads SSL_CERT_FILE when it is imported, so the settings must stand before that.
    from local.host.process import run

    run(options, configuration)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
