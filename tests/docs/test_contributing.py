"""CONTRIBUTING's example is a collector that works, as it stands there."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import collectors
from collectors import registry
from collectors.contract import Collector, Status
from mappings import loader
from pipeline.azure.errors import action_of
from tests.collectors.memory_reader import SUBSCRIPTION_ID, MemoryReader, Pages, collected
from tests.docs.markdown import ROOT, blocks, text_of

SERVICE = "resource_group"
COPIED = (
    "collectors",
    "mappings",
    "tests/collectors",
    "tests/mappings",
    "tests/conftest.py",
    "pyproject.toml",
)


def example(language: str) -> list[str]:
    """Give the blocks of the example in one language."""
    return blocks(text_of("CONTRIBUTING.md"), language)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Copy the collectors under another name, and put the example beside them."""
    name = "collectors_with_the_example"
    shutil.copytree(collectors.__path__[0], tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / name / f"{SERVICE}.py").write_text(example("python")[0], "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield import_module(name)
    for module in [one for one in sys.modules if one.partition(".")[0] == name]:
        del sys.modules[module]


@pytest.fixture
def collector(package: ModuleType) -> Collector:
    """The example, as the registry finds it."""
    return registry.load(package)[SERVICE]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A working copy in which somebody followed the example to the letter."""
    for part in COPIED:
        source, target = ROOT / part, tmp_path / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*end_to_end*"))
        else:
            shutil.copy(source, target)
    module, test = example("python")
    (tmp_path / "collectors" / f"{SERVICE}.py").write_text(module, "utf-8")
    (tmp_path / "tests" / "collectors" / f"test_{SERVICE}.py").write_text(test, "utf-8")
    (tmp_path / "mappings" / "controls" / f"{SERVICE}.csv").write_text(example("csv")[0], "utf-8")
    change(tmp_path, example("diff")[0])
    return tmp_path


def change(root: Path, lines: str) -> None:
    """Change lines as the example shows them: the file, the line that is there, the line in its place."""
    path, old = root, ""
    for line in lines.splitlines():
        if line.startswith("--- "):
            path = root / line.removeprefix("--- ")
        elif line.startswith("-"):
            old = line[1:]
        else:
            content = path.read_text("utf-8")
            assert f"{old}\n" in content
            path.write_text(content.replace(f"{old}\n", f"{line[1:]}\n"), "utf-8")


def in_copy(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in the copy."""
    command = (sys.executable, "-m", *command)
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=120, check=False)


def test_the_registry_finds_the_example(collector: Collector) -> None:
    """One file, nothing else edited."""
    assert (collector.service, [check.id for check in collector.checks]) == (
        SERVICE,
        ["resource_group_owner_named"],
    )


def test_the_permission_is_arms(collector: Collector) -> None:
    """What it declares is what Azure would ask for."""
    [read] = collector.reads

    assert read.permission == action_of(read.path.format(subscription_id="s"))


async def test_the_example_collects(collector: Collector) -> None:
    """It judges every group of every page, and sums them up."""
    scope = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups"
    groups: Pages = [[{"id": f"{scope}/a", "tags": {"owner": "Ada"}}], [{"id": f"{scope}/b"}]]

    summary, verdicts = await collected(collector.parts[0], MemoryReader({"resourceGroups": groups}))

    assert [verdict.status for verdict in verdicts] == [Status.PASS, Status.FAIL]
    counts = {"pass": 1, "fail": 1, "manual": 0, "not_applicable": 0, "unknown": 0}
    assert summary == {
        "resources": 2,
        "verdicts": counts,
        "checks": [{"check_id": "resource_group_owner_named", **counts}],
    }


def test_the_mapping_rows_are_taken(copy: Path) -> None:
    """Its check supports the controls that its rows name."""
    controls = loader.load(copy / "mappings").controls_of("resource_group_owner_named")

    assert controls == {"iso27001_2022": ("A.5.9",), "nist_csf_2_0": ("GV.RR-02",)}


def test_the_examples_own_tests_pass(copy: Path) -> None:
    """So do those of the registry and of the mappings, with the example among them."""
    tests = (f"tests/collectors/test_{SERVICE}.py", "tests/collectors/test_registry.py", "tests/mappings")
    ended = in_copy(copy, "pytest", "-q", "-p", "no:cacheprovider", *tests)

    assert ended.returncode == 0, ended.stdout
    passed = re.search(r"(\d+) passed", ended.stdout)
    assert passed is not None
    assert int(passed[1]) > 20


def test_the_example_passes_the_projects_lint(copy: Path) -> None:
    """Who copies it starts from a file that `make check` accepts."""
    files = (f"collectors/{SERVICE}.py", f"tests/collectors/test_{SERVICE}.py")

    for command in (("check",), ("format", "--check")):
        ended = in_copy(copy, "ruff", *command, "--no-cache", *files)
        assert ended.returncode == 0, ended.stdout
