"""Audits every pinned Python package: is its release yanked, and is a vulnerability of it known?

The package index answers the first (PEP 691 JSON, which every registry has), pip-audit the second, from the
database of https://osv.dev. What could not be asked is said in so many words, and is never taken for clean.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt", "requirements-infra.txt")
INDEX = "https://pypi.org/simple"
ADVISORIES = "https://api.osv.dev/v1/query"

_JSON = "application/vnd.pypi.simple.v1+json"
_PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;#]+)")
_TIMEOUT_S = 20
_AT_ONCE = 8


@dataclass(frozen=True, order=True)
class Pin:
    """One package in the one version that is installed."""

    name: str
    version: str


@dataclass(frozen=True)
class Audit:
    """What one question about all pins came to.

    Args:
        about: what was looked for.
        found: a line for each pin that has it.
        not_checked: why nobody knows; "" if everything was asked.
    """

    about: str
    found: tuple[str, ...] = ()
    not_checked: str = ""


class NoAnswerError(Exception):
    """A service did not answer what it was asked; the message names it."""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Audit the pins of a working copy; gives 1 if anything was found, or not asked that had to be."""
    options = _options(arguments)
    files = [root / name for name in REQUIREMENTS]
    audits = [yanked(pins(files), options.index), vulnerable(files, options.osv_url)]
    for audit in audits:
        _tell(audit)
    failed = any(audit.found or (audit.not_checked and options.require_advisories) for audit in audits)
    return 1 if failed else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Audit the pinned Python packages.")
    parser.add_argument("--index", default=os.environ.get("PIP_INDEX_URL") or INDEX, help="package index")
    parser.add_argument("--osv-url", default=ADVISORIES, help="where the advisory database is asked")
    told = "fail, too, when index or database do not answer: a release needs it"
    parser.add_argument("--require-advisories", action="store_true", help=told)
    return parser.parse_args(arguments)


def pins(files: Iterable[Path]) -> list[Pin]:
    """Read what requirements files pin, each once; what they include must be among them, as for pip-audit."""
    return sorted({pin for file in files for pin in _pins_of(file)})


def _pins_of(file: Path) -> Iterator[Pin]:
    for line in file.read_text("utf-8").splitlines():
        if match := _PIN.match(line):
            yield Pin(canonicalize_name(match[1]), match[2])


def yanked(asked: Sequence[Pin], index: str) -> Audit:
    """Ask the index of every pin whether its release was yanked (PEP 592), or is gone."""
    about = "yanked releases"
    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            faults = list(pool.map(lambda pin: _fault_of(pin, index.rstrip("/")), asked))
    except NoAnswerError as problem:
        return Audit(about, not_checked=str(problem))
    return Audit(about, found=tuple(fault for fault in faults if fault))


def _fault_of(pin: Pin, index: str) -> str:
    there = _project(pin.name, index)
    near = [
        file for file in there if pin.version in file["filename"]
    ] or there  # most projects are old and long
    files = [file for file in near if _version_of(file["filename"]) == Version(pin.version)]
    if not files:
        return f"{pin.name} {pin.version} is not on the index"
    if all(file.get("yanked") for file in files):
        reason = files[0]["yanked"]
        return f"{pin.name} {pin.version} was yanked" + (f": {reason}" if isinstance(reason, str) else "")
    return ""


def _project(name: str, index: str) -> list[dict[str, str]]:
    """List the files of a project; none if the index does not know it."""
    try:
        answer = requests.get(f"{index}/{name}/", headers={"accept": _JSON}, timeout=_TIMEOUT_S)
        if answer.status_code == requests.codes.not_found:
            return []
        answer.raise_for_status()
        files: list[dict[str, str]] = answer.json()["files"]
    except (requests.RequestException, KeyError) as error:
        raise NoAnswerError(f"{index} did not answer") from error
    return files


def _version_of(filename: str) -> Version | None:
    """Read the version in the name of a file; None for an installer of old times."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[1]
        return parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def vulnerable(files: Sequence[Path], osv_url: str) -> Audit:
    """Let pip-audit ask the advisory database about every pin."""
    about = "known vulnerabilities"
    service = "{0.scheme}://{0.netloc}".format(urlsplit(osv_url))
    if not _answers(osv_url):
        return Audit(about, not_checked=f"{service} did not answer")
    with tempfile.TemporaryDirectory() as folder:
        faults = [fault for file in files for fault in _advisories(file, osv_url, Path(folder) / file.name)]
    return Audit(about, found=tuple(dict.fromkeys(faults)))


def _answers(osv_url: str) -> bool:
    """Ask about one release, as https://google.github.io/osv.dev/post-v1-query has it."""
    query = json.dumps({"package": {"name": "pip", "ecosystem": "PyPI"}, "version": "26.3"})
    try:
        answer = requests.post(osv_url, data=query, timeout=_TIMEOUT_S)
    except requests.RequestException:
        return False
    return answer.ok


def _advisories(file: Path, osv_url: str, report: Path) -> Iterator[str]:
    """Run pip-audit over one file; when it leaves no report, that is a fault of its own."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(file), "--no-deps", "--disable-pip"]
    command += ["--vulnerability-service", "osv", "--osv-url", osv_url, "--progress-spinner", "off"]
    command += ["--format", "json", "--output", str(report), "--timeout", str(_TIMEOUT_S)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if not report.exists():
        said = done.stderr.strip().splitlines() or ["nothing"]
        yield f"{file.name} could not be audited; pip-audit said: {said[-1]}"
        return
    for package in json.loads(report.read_text("utf-8"))["dependencies"]:
        if "skip_reason" in package:
            yield f"{package['name']} could not be audited: {package['skip_reason']}"
        for advisory in package.get("vulns", ()):
            mended = ", ".join(advisory["fix_versions"]) or "no version"
            yield f"{package['name']} {package['version']} has {advisory['id']}, mended in {mended}"


def _tell(audit: Audit) -> None:
    for line in audit.found:
        print(paint("31", "FOUND: ") + line)
    if audit.not_checked:
        print(paint("33", f"NOT CHECKED for {audit.about}: {audit.not_checked}"))
    elif not audit.found:
        print(f"Checked for {audit.about}: none.")


def paint(colour: str, text: str) -> str:
    """Colour the text where a person reads it, on a terminal, and nowhere else."""
    wanted = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return f"\033[{colour}m{text}\033[0m" if wanted else text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
