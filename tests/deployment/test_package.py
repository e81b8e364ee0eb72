"""The deployment package, started from its own folder alone: what Azure would run works.

The interpreter is started without `site` (-S) and without the current folder (-P). It sees the standard
library, the package's own `.python_packages`, and a folder that holds nothing but the local host. The host
adds the package itself, as Azure's worker does.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.host.launch import HostProcess, HostStartError
from local.stack import Stack
from pipeline.triggers.surface import FUNCTIONS
from tests.architecture.deployment import tracked_files
from tests.architecture.source import ROOT
from tests.deployment.observed_host import OBSERVED
from tests.deployment.package import (
    SITE_PACKAGES,
    Size,
    app_files,
    build,
    measure,
    report,
    zipped_files,
)
from tests.end_to_end.conftest import QUICK
from tests.end_to_end.reading import row, rows

BUDGET = Size(size=51_300_000, files=2_730)
"""What a package may hold: 15 % above what it held when this was written, 44.6 MB in 2,373 files."""
ALONE = (sys.executable, "-S", "-P", str(Path(__file__).with_name("observed_host.py")))
FROM_PACKAGE = {
    "azure",
    "azure_functions_runtime",
    "collectors",
    "function_app",
    "mappings",
    "msgspec",
    "pipeline",
}
LEFTOVERS = ["local.settings.json", "pipeline/__pycache__/model.pyc", "pipeline/triggers/__pycache__/a.pyc"]
"""What a working copy holds besides its tracked files."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this working copy, built once."""
    folder = tmp_path_factory.mktemp("package").resolve()
    build(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def host_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from which the local host can be imported, and nothing else of the working copy."""
    folder = tmp_path_factory.mktemp("host")
    shutil.copytree(ROOT / "local" / "host", folder / "local" / "host")
    return folder


def isolated(package: Path, host_alone: Path, modules: Path) -> dict[str, str]:
    """Give the environment in which only the package and the host can be imported."""
    path = os.pathsep.join((str(package / SITE_PACKAGES), str(host_alone)))
    return {"PYTHONPATH": path, OBSERVED: str(modules), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the host writes which modules it had loaded."""
    return tmp_path_factory.mktemp("modules") / "origins.json"


@pytest.fixture(scope="module")
def stack(
    package: Path, host_alone: Path, modules: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The package at work, with Azurite and the simulated Azure."""
    settings = {**QUICK, **isolated(package, host_alone, modules)}
    state = tmp_path_factory.mktemp("stack")
    with Stack("small", state, settings=settings, app=package, program=ALONE) as running:
        yield running


def test_the_package_stays_within_its_budget(package: Path) -> None:
    """Its size and its number of files, which a cold start pays for."""
    found = measure(package)

    sys.stdout.write(report(package) + "\n")
    assert found.size <= BUDGET.size, report(package)
    assert found.files <= BUDGET.files, report(package)


def test_the_zip_of_the_guide_holds_the_same_files() -> None:
    """Who deploys without azd deploys what azd does, whatever else lies in the working copy."""
    guide = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    (line,) = [line.strip() for line in guide.splitlines() if line.strip().startswith("zip ")]

    assert zipped_files(line, [*tracked_files(ROOT), *LEFTOVERS]) == app_files(ROOT)


def test_the_host_finds_every_function(stack: Stack) -> None:
    """All of them, by name, in what it prints at its start: "0 functions found" would be seen here."""
    printed = stack.host.output.partition("Functions:\n")[2].partition("\nListening")[0]

    assert [line.split(":")[0].strip() for line in printed.splitlines()] == list(FUNCTIONS)


def test_the_package_connects_and_syncs(stack: Stack) -> None:
    """It runs the main job: a subscription is connected, synced whole, and its evidence can be read."""
    request = {
        "name": "Production",
        "auth": stack.connector(),
        "subscription_ids": [stack.subscription_id("production")],
        "services": ["defender"],
        "sync_now": True,
    }
    (connection,) = rows(stack.api.call("POST", "/connections", request).document["connections"])

    run = stack.api.wait_for_run(row(connection["last_sync_run"]))

    items = stack.api.get(f"/evidence?connection_id={connection['id']}")["items"]
    assert (run["status"], {item["status"] for item in rows(items)}) == ("succeeded", {"collected"})


def test_the_package_works_from_what_it_brings(stack: Stack, package: Path, modules: Path) -> None:
    """Every module of the app and of what it requires came out of the package, none out of this machine."""
    stack.host.stop()

    loaded: dict[str, str] = json.loads(modules.read_text("utf-8"))
    theirs = {name: file for name, file in loaded.items() if name.split(".")[0] in FROM_PACKAGE}
    assert {name.split(".")[0] for name in theirs} == FROM_PACKAGE
    assert [file for file in theirs.values() if not Path(file).is_relative_to(package)] == []
    assert [file for file in loaded.values() if "site-packages" in file and str(package) not in file] == []


def test_a_missing_package_is_found_out(package: Path, host_alone: Path, tmp_path: Path) -> None:
    """A package without one of its dependencies does not start, and says which one is missing."""
    broken = tmp_path / "broken"
    shutil.copytree(package, broken, copy_function=os.link)
    shutil.rmtree(broken / SITE_PACKAGES / "msgspec")
    settings = {
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        "KEY_VAULT_URL": "https://127.0.0.1:1",
        **isolated(broken, host_alone, tmp_path / "origins.json"),
    }

    with pytest.raises(HostStartError) as ended:
        HostProcess(broken, environment=settings, program=ALONE)

    assert "cannot be loaded" in ended.value.output
    assert "No module named 'msgspec'" in ended.value.output
    assert "Functions:" not in ended.value.output
