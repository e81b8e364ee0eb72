"""The commands of the README and of CI."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the working copy to its end."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_lists_every_target() -> None:
    """The list is made from the Makefile's own comments, so none can be forgotten."""
    targets = re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = re.findall(r"^make (\S+) +\S", run([make()]).stdout, re.MULTILINE)

    assert listed == targets


@pytest.mark.parametrize("target", ["demo", "dev", "test", "check", "format", "bench"])
def test_every_command_sets_up_first(target: str) -> None:
    """No command needs another one to be run before it."""
    plan = run([make(), "--dry-run", target]).stdout

    assert "scripts/setup.py" in plan.splitlines()[0] or "scripts/setup.py" in plan.split(".venv/bin")[0]


@pytest.mark.parametrize("exit_code", [0, 1])
def test_ci_ends_as_the_tests_do(tmp_path: Path, exit_code: int) -> None:
    """CI fails exactly when the tests do, and repeats pytest's closing line below what make adds."""
    closing = "====== 1 failed, 2 passed in 3.45s (0:00:03) ======"
    fake = tmp_path / "make"
    fake.write_text(f'#!/bin/sh\necho "make $*, CI=$CI"\necho "{closing}"\necho trailing\nexit {exit_code}\n')
    fake.chmod(0o755)

    ended = run([str(ROOT / ".ci" / "run")], PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert ended.returncode == exit_code
    assert ended.stdout.splitlines()[:3] == ["make test, CI=true", closing, "trailing"]
    assert ended.stdout.splitlines()[3] == closing


def make() -> str:
    """The make of this machine."""
    found = shutil.which("make")
    assert found is not None
    return found
