"""The deployment package, built as Azure builds it: `python -m tests.deployment.package` prints its size."""

import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from pathspec import GitIgnoreSpec

from tests.architecture.deployment import tracked_files
from tests.architecture.source import ROOT

SITE_PACKAGES = Path(".python_packages") / "lib" / "site-packages"
"""Where Azure's worker looks: learn.microsoft.com/azure/azure-functions/functions-reference-python."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much a folder holds: bytes as the files count them, and files."""

    size: int
    files: int

    def __str__(self) -> str:
        return f"{self.size / 1_000_000:.1f} MB in {self.files} files"


def app_files(root: Path) -> list[str]:
    """List what is deployed of a working copy: the tracked files without those of .funcignore."""
    ignored = GitIgnoreSpec.from_lines((root / ".funcignore").read_text("utf-8").splitlines())
    return [file for file in tracked_files(root) if not ignored.match_file(file)]


def zipped_files(line: str, files: list[str]) -> list[str]:
    """List which of these files a `zip -r archive names... -x patterns...` takes.

    Raises:
        ValueError: It is no such line.
    """
    command, recursive, _, *rest = shlex.split(line)
    if (command, recursive) != ("zip", "-r"):
        raise ValueError(line)
    names, excluded = (rest[: rest.index("-x")], rest[rest.index("-x") + 1 :]) if "-x" in rest else (rest, [])
    taken = [file for file in files if any(file == name or file.startswith(f"{name}/") for name in names)]
    return [file for file in taken if not any(fnmatch(file, pattern) for pattern in excluded)]


def copy_app(root: Path, package: Path) -> None:
    """Copy what is deployed of a working copy into a folder."""
    for file in app_files(root):
        (package / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, package / file)


def install(package: Path) -> None:
    """Install what the package requires into it, with the pip of this environment.

    Raises:
        RuntimeError: pip failed; the message is what it printed.
    """
    pip = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
    ended = subprocess.run(
        [*pip, "install", "--target", str(SITE_PACKAGES), "-r", "requirements.txt"],
        cwd=package,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(ended.stdout)


def build(root: Path, package: Path) -> None:
    """Make the package of a working copy in an empty folder."""
    copy_app(root, package)
    install(package)


def measure(folder: Path) -> Size:
    """Count what a folder holds, compiled modules left out: whether pip compiles is the builder's choice."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    return Size(size=sum(file.stat().st_size for file in files), files=len(files))


def report(package: Path) -> str:
    """Say how large a package is, and which share of it the app itself is."""
    return f"deployment package: {measure(package)}, of these packages: {measure(package / SITE_PACKAGES)}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        build(ROOT, Path(folder))
        sys.stdout.write(report(Path(folder)) + "\n")
