"""Azurite, the storage emulator, as a process that tests, demo and benchmarks start and stop."""

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from local.host.settings import emulator_connection_string

_REPOSITORY = Path(__file__).resolve().parent.parent
_EXECUTABLE = _REPOSITORY / "node_modules" / ".bin" / "azurite"
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at \S+:(\d+)")
_READY_WITHIN_S = 30.0
_STOPPED_WITHIN_S = 10.0


class AzuriteError(Exception):
    """Say why Azurite did not start."""


class Azurite:
    """One running Azurite with blobs, queues and tables on ports of its own; use it as a context manager.

    Args:
        location: Folder that keeps the data; without it all is held in memory and gone at the end.
        ports: Fixed blob, queue and table ports, to start again under the same address; 0 picks a free one.

    Raises:
        AzuriteError: It is not installed, or ended before it was ready.
    """

    def __init__(self, location: Path | None = None, *, ports: tuple[int, int, int] = (0, 0, 0)) -> None:
        if not _EXECUTABLE.exists():
            message = f"Azurite is not installed at {_EXECUTABLE}; run `npm ci`."
            raise AzuriteError(message)
        self._output = tempfile.TemporaryFile()
        self._process = self._start(location, ports)
        try:
            self.ports = self._wait_until_ready()
        except AzuriteError:
            self.kill()
            raise

    @property
    def connection_string(self) -> str:
        """Give the connection string of this process for every Azure storage SDK."""
        blob, queue, table = self.ports
        return emulator_connection_string(blob_port=blob, queue_port=queue, table_port=table)

    def stop(self) -> None:
        """End the process so that data on disk is complete."""
        self._process.terminate()
        try:
            self._process.wait(_STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._output.close()

    def kill(self) -> None:
        """End the process as a crash would: data of the last seconds is lost."""
        self._process.kill()
        self._process.wait()
        self._output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, location: Path | None, ports: tuple[int, int, int]) -> subprocess.Popen[bytes]:
        # Without the version check, as the storage SDKs speak newer versions than Azurite knows.
        command = [str(_EXECUTABLE), "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        for option, port in zip(("--blobPort", "--queuePort", "--tablePort"), ports, strict=True):
            command += [option, str(port)]
        command += ["--location", str(location)] if location else ["--inMemoryPersistence"]
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT, cwd=location
        )

    def _wait_until_ready(self) -> tuple[int, int, int]:
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline:
            ended = self._process.poll() is not None
            found = {kind: int(port) for kind, port in _LISTENING.findall(self._printed())}
            if len(found) == len(("Blob", "Queue", "Table")):
                return found["Blob"], found["Queue"], found["Table"]
            if ended:
                break
            time.sleep(0.02)
        message = f"Azurite did not become ready; it printed: {self._printed().strip()}"
        raise AzuriteError(message)

    def _printed(self) -> str:
        # Azurite writes at the position of this very file, so reading must not move it.
        descriptor = self._output.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")
