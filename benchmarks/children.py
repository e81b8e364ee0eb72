"""Measured programs run in processes of their own: told what to do on standard input, answering in JSON."""

import asyncio
import json
import os
import platform
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
_WITHIN_S = 1800.0
_COMPLAINT = 3000
_STATUS = Path("/proc/self/status")

type Answer = dict[str, float | int | str]


class ChildFailedError(Exception):
    """Carry what a program printed that did not end well."""


def run_child(*arguments: str, order: Mapping[str, object], environment: Mapping[str, str]) -> Answer:
    """Run this Python in a process of its own and wait for its answer, the last line it prints.

    Args:
        arguments: of the interpreter, such as `-m module`.
        order: what the program reads as JSON on standard input.
        environment: settings on top of this process's.

    Raises:
        ChildFailedError: it failed.
    """
    return asyncio.run(_run(arguments, json.dumps(order).encode(), {**os.environ, **environment}))


async def _run(arguments: tuple[str, ...], order: bytes, environment: Mapping[str, str]) -> Answer:
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=REPOSITORY, env=environment, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            printed, complained = await child.communicate(order)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        said = complained.decode()[-_COMPLAINT:]
        message = f"{' '.join(arguments)} ended with exit code {child.returncode}:\n{said}"
        raise ChildFailedError(message)
    answer: Answer = json.loads(printed.splitlines()[-1])
    return answer


def peak_memory_mib() -> float:
    """Tell how much memory this process has held at most.

    Linux hands a process the `ru_maxrss` of the one that started it: its own high-water mark is read there.
    """
    if _STATUS.exists():
        words = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return int(words["VmHWM"].split()[0]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if platform.system() == "Darwin" else 1024)
