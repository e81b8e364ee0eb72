"""Sets up a working copy: Python 3.13, the pinned packages, and Azurite. Runs on any Python from 3.8.

Every step is skipped when what it would make is there and up to date. A stamp lies inside the folder that it
vouches for (`.venv`, `node_modules`), so it cannot outlive it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
PYTHON = (3, 13)
OLDEST_NODE = 20
UV = "uv==0.13.9"
STAMP = ".set-up-from"

_COMPLETE = "ensurepip, ssl, venv"


class SetupError(Exception):
    """Something is missing that this script cannot fetch; the message says what to do."""


def main(root: Path = ROOT, *, infra: bool = False) -> int:
    """Set the working copy up, with the tools that check infra/ if asked for, and return the exit code."""
    try:
        require_tools()
        set_up_python(root)
        set_up_packages(root)
        set_up_azurite(root)
        if infra:
            set_up_infra_tools(root)
    except SetupError as problem:
        print(paint("31", "Set-up stopped: ") + str(problem), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Set-up interrupted: run it again to go on.", file=sys.stderr)
        return 130
    return 0


def require_tools() -> None:
    """Look for the programs that must be there already.

    Raises:
        SetupError: git, Node.js or npm is missing, or Node.js is too old.
    """
    if not shutil.which("git"):
        raise SetupError("git is not on PATH. Install it from https://git-scm.com/downloads.")
    node, npm = shutil.which("node"), shutil.which("npm")
    advice = f"Install Node.js {OLDEST_NODE} or newer from https://nodejs.org: Azurite needs it."
    if not node or not npm:
        raise SetupError(f"{'npm' if node else 'node'} is not on PATH. {advice}")
    version = output_of([node, "--version"])
    if node_major(version) < OLDEST_NODE:
        raise SetupError(f"{node} is {version or 'not working'}. {advice}")


def node_major(version: str) -> int:
    """Return the 20 of `v20.1.0`, and 0 for anything that is not such an answer."""
    major = version.lstrip("v").split(".")[0]
    return int(major) if major.isdigit() else 0


def set_up_python(root: Path) -> None:
    """Make `.venv` with the Python that Azure runs, found on this machine or fetched with uv."""
    folder = root / ".venv"
    if speaks(str(folder / "bin" / "python"), "pip"):
        return
    started = begin(f"Making .venv with Python {dotted()}")
    if folder.exists():
        shutil.rmtree(str(folder))
    python = find_python()
    if python:
        run([python, "-m", "venv", str(folder)])
    else:
        fetch_python(root, folder)
    end(started)


def find_python() -> str | None:
    """Return the first Python of the wanted version that really runs.

    A pyenv shim may stand on PATH and fail, so each is tried.
    """
    return next((python for python in candidates() if speaks(python)), None)


def candidates() -> Iterator[str]:
    """Yield the places to look for Python: PATH, pyenv, then the one that runs this script."""
    for name in ("python" + dotted(), "python3", "python"):
        found = shutil.which(name)
        if found:
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for python in sorted(pyenv.glob(f"versions/{dotted()}*/bin/python"), reverse=True):
        yield str(python)
    yield sys.executable


def speaks(python: str, modules: str = _COMPLETE) -> bool:
    """Say whether this program is a Python of the wanted version that has these modules."""
    probe = f"import sys, {modules}; print('%d.%d' % sys.version_info[:2])"
    return output_of([python, "-c", probe]) == dotted()


def fetch_python(root: Path, folder: Path) -> None:
    """Let uv fetch Python and make the virtual environment in the folder from it.

    Raises:
        SetupError: uv could not be installed, or could not fetch Python.
    """
    try:
        run([find_uv(root), "venv", "--quiet", "--seed", "--python", dotted(), str(folder)])
    except SetupError as problem:
        raise SetupError(
            f"Python {dotted()} is not on this machine and could not be fetched. "
            f"Install it from https://www.python.org/downloads, then run this again.\n{problem}"
        ) from problem


def find_uv(root: Path) -> str:
    """Return uv, from PATH or else installed below `.local` by the Python that runs this script."""
    on_path = shutil.which("uv")
    if on_path:
        return on_path
    folder = root / ".local" / "uv"
    if not (folder / "bin" / "uv").exists():
        run([sys.executable, "-m", "venv", "--clear", str(folder)])
        run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", UV])
    return str(folder / "bin" / "uv")


def set_up_packages(root: Path) -> None:
    """Install the pinned Python packages into `.venv`."""
    pins = [root / "requirements.txt", root / "requirements-dev.txt"]
    stamp = root / ".venv" / STAMP
    if is_current(stamp, pins):
        return
    started = begin("Installing the Python packages (about a minute the first time)")
    python = str(root / ".venv" / "bin" / "python")
    pip = [python, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
    run([*pip, "install", "-r", str(root / "requirements-dev.txt")])
    stamp.write_text(fingerprint(pins))
    end(started)


def set_up_infra_tools(root: Path) -> None:
    """Install what checks infra/ into `.venv-infra`: its pins and ours do not go together."""
    pins = [root / "requirements-infra.txt"]
    folder = root / ".venv-infra"
    if is_current(folder / STAMP, pins):
        return
    started = begin("Installing the tools that check infra/ (about a minute the first time)")
    run([str(root / ".venv" / "bin" / "python"), "-m", "venv", "--clear", str(folder)])
    pip = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ]
    run([*pip, "install", "-r", str(pins[0])])
    (folder / STAMP).write_text(fingerprint(pins))
    end(started)


def set_up_azurite(root: Path) -> None:
    """Install Azurite into `node_modules`, as locked in package-lock.json."""
    locks = [root / "package.json", root / "package-lock.json"]
    stamp = root / "node_modules" / STAMP
    if is_current(stamp, locks):
        return
    started = begin("Installing Azurite, the local storage (about half a minute)")
    run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=root)
    stamp.write_text(fingerprint(locks))
    end(started)


def is_current(stamp: Path, sources: Sequence[Path]) -> bool:
    """Say whether the stamp was written from these very files."""
    return stamp.exists() and stamp.read_text() == fingerprint(sources)


def fingerprint(sources: Sequence[Path]) -> str:
    """Return a digest that changes whenever a byte of these files does."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def output_of(command: Sequence[str]) -> str:
    """Return what a program printed, and nothing if it could not run or failed."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def run(command: Sequence[str], cwd: Path | None = None) -> None:
    """Run a program to its end, quietly.

    Raises:
        SetupError: it could not run or failed; the message holds the end of what it printed.
    """
    try:
        done = subprocess.run(
            command,
            cwd=str(cwd) if cwd else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as problem:
        raise SetupError(f"{command[0]} cannot be run: {problem}") from problem
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise SetupError(f"`{' '.join(command)}` ended with exit code {done.returncode}:\n{tail}")


def begin(step: str) -> float:
    """Say that a step begins, and return the time it began."""
    print(f"{step} ...", flush=True)
    return time.monotonic()


def end(started: float) -> None:
    """Say that the step is done and what it took."""
    print(paint("32", "  done") + f" ({time.monotonic() - started:.0f} s)", flush=True)


def paint(colour: str, text: str) -> str:
    """Colour the text where a person reads it, on a terminal, and nowhere else."""
    wanted = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return f"\033[{colour}m{text}\033[0m" if wanted else text


def dotted() -> str:
    """Return the wanted version as people write it."""
    return ".".join(str(part) for part in PYTHON)


if __name__ == "__main__":
    sys.exit(main(infra="--infra" in sys.argv[1:]))
