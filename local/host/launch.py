"""The host as a process of its own, for tests, demo and benchmarks."""

import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_REPOSITORY = Path(__file__).resolve().parents[2]
_LISTENING = re.compile(r"^Listening on (http://\S+)$", re.MULTILINE)
_READY_WITHIN_S = 60.0
_STOPPED_WITHIN_S = 20.0


class HostStartError(Exception):
    """Carry what a host printed that ended before it listened, and its exit code."""

    def __init__(self, output: str, *, exit_code: int | None) -> None:
        super().__init__(output)
        self.output = output
        self.exit_code = exit_code


class HostProcess:
    """One running host that listens on a free port; use it as a context manager.

    Args:
        app: Folder of the app.
        environment: Settings on top of the environment of this process.
        arguments: Further options of `python -m local.host`.
        program: What runs instead of `python -m local.host`, with the same options, in the folder of the app.

    Raises:
        HostStartError: It ended, or did not listen in time.
    """

    def __init__(
        self,
        app: Path,
        *,
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        program: Sequence[str] = (),
    ) -> None:
        self.key = secrets.token_hex(16)
        self._printed = tempfile.TemporaryFile()
        options = ["--app", str(app), "--port", "0", "--key", self.key, *arguments]
        self._process = subprocess.Popen(
            [*(program or (sys.executable, "-m", "local.host")), *options],
            cwd=app if program else _REPOSITORY,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._printed,
            stderr=subprocess.STDOUT,
        )
        self.base_url = self._wait_until_listening()

    @property
    def output(self) -> str:
        """Give all that the host has printed so far, log lines included."""
        # The host writes at the position of this very file, so reading must not move it.
        descriptor = self._printed.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")

    @property
    def process_id(self) -> int:
        """Give the id of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Give the exit code, None while it runs."""
        return self._process.poll()

    def begin_stop(self) -> None:
        """Tell the host to stop, without waiting for it."""
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Stop the host cleanly and give its exit code."""
        self.begin_stop()
        try:
            return self._process.wait(_STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End the host as a crash would and give its exit code."""
        self._process.kill()
        return self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._printed.close()

    def _wait_until_listening(self) -> str:
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline:
            ended = self._process.poll() is not None
            found = _LISTENING.search(self.output)
            if found:
                return found[1]
            if ended:
                break
            time.sleep(0.02)
        exit_code, output = self._process.poll(), self.output
        self.kill()
        self._printed.close()
        raise HostStartError(output, exit_code=exit_code)
