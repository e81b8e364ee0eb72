"""What is deployed, and from which exact versions."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pathspec import GitIgnoreSpec

DEPLOYABLE = re.compile(
    r"function_app\.py|host\.json|requirements\.txt|(pipeline|collectors)/.*\.py|"
    r"pipeline/connecting/guide/templates/.*\.sh|mappings/.*\.(py|csv)"
)
"""Files that belong in the app that Azure runs."""

_PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9][0-9A-Za-z.]*)")


def misplaced_files(root: Path, files: list[str]) -> list[str]:
    """Name each file that would be deployed and must not be, or is kept back and must be deployed."""
    ignored = _ignored(root)
    return [
        f"{file} is {'kept back' if wanted else 'deployed'}"
        for file in files
        if (wanted := bool(DEPLOYABLE.fullmatch(file))) == ignored.match_file(file)
    ]


def uncovered_leftovers(root: Path) -> list[str]:
    """Name each pattern that git ignores, because machines leave such files, and deployment does not."""
    ignored = _ignored(root)
    patterns = [line.strip() for line in (root / ".gitignore").read_text(encoding="utf-8").splitlines()]
    return [
        pattern
        for pattern in patterns
        if pattern and not pattern.startswith("#") and not ignored.match_file(pattern.replace("*", "x"))
    ]


def _ignored(root: Path) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines((root / ".funcignore").read_text(encoding="utf-8").splitlines())


def tracked_files(root: Path) -> list[str]:
    """List what git keeps of the working copy."""
    git = shutil.which("git") or "git"
    listed = subprocess.run([git, "ls-files"], cwd=root, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def loose_pins(root: Path) -> list[str]:
    """Name each requirement line that leaves a version open, and each package that is listed twice."""
    loose: list[str] = []
    seen: set[str] = set()
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in _requirement_lines(root / file):
            name = canonicalize_name(line.partition("==")[0])
            if not _PIN.fullmatch(line):
                loose.append(f"{file}: {line} is not an exact version")
            elif name in seen:
                loose.append(f"{file}: {name} is listed twice")
            seen.add(name)
    package = json.loads((root / "package.json").read_text(encoding="utf-8"))
    for name, version in {**package.get("dependencies", {}), **package.get("devDependencies", {})}.items():
        if not re.fullmatch(r"\d+\.\d+\.\d+", version):
            loose.append(f"package.json: {name} {version} is not an exact version")
    return loose


def pins(*files: Path) -> dict[str, str]:
    """Return the version of each package that the files pin."""
    lines = [line for file in files for line in _requirement_lines(file)]
    found = [match for line in lines if (match := _PIN.fullmatch(line))]
    return {canonicalize_name(match[1]): match[2] for match in found}


def _requirement_lines(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if (text := line.partition("#")[0].strip()) and not text.startswith("-r "):
            yield text


def unpinned_needs(pinned: dict[str, str]) -> list[str]:
    """Name each package that a pinned one needs on this machine, and no line pins."""
    needs = {name: set(_needs(name)) for name in pinned}
    return [f"{name} needs {need}" for name in needs for need in sorted(needs[name] - pinned.keys())]


def _needs(name: str) -> Iterator[str]:
    for line in metadata.requires(name) or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)
