"""Azure is handed the app and nothing else, built from the versions that were tested."""

from importlib import metadata
from pathlib import Path

import pytest

from tests.architecture import deployment
from tests.architecture.source import ROOT

RUNTIME = ROOT / "requirements.txt"
DEVELOPMENT = ROOT / "requirements-dev.txt"


def test_exactly_the_app_is_deployed() -> None:
    """.funcignore keeps back every tracked file that is not part of the app, and no other."""
    assert deployment.misplaced_files(ROOT, deployment.tracked_files(ROOT)) == []


def test_leftovers_of_a_machine_are_not_deployed() -> None:
    """What git ignores, such as local settings with secrets, is never uploaded either."""
    assert deployment.uncovered_leftovers(ROOT) == []


@pytest.mark.parametrize(
    "file", ["function_app.py", "host.json", "requirements.txt", "mappings/frameworks.csv"]
)
def test_what_the_app_needs_is_tracked(file: str) -> None:
    """A fresh clone can be deployed."""
    assert file in deployment.tracked_files(ROOT)


def test_versions_are_exact() -> None:
    """No requirement leaves a version open, and none is listed twice."""
    assert deployment.loose_pins(ROOT) == []


def test_deployed_packages_are_pinned_to_the_last_one() -> None:
    """The remote build is handed requirements.txt alone: what a package needs in turn is pinned there too."""
    assert deployment.unpinned_needs(deployment.pins(RUNTIME)) == []


def test_development_packages_are_pinned_to_the_last_one() -> None:
    """A fresh machine gets the versions that the tests ran on."""
    assert deployment.unpinned_needs(deployment.pins(RUNTIME, DEVELOPMENT)) == []


def test_tests_run_on_the_pinned_versions() -> None:
    """What is installed here is what is pinned."""
    pinned = deployment.pins(RUNTIME, DEVELOPMENT)

    assert {name: metadata.version(name) for name in pinned} == pinned


def test_azure_brings_its_own_worker() -> None:
    """The worker library is pinned through azure-functions-runtime; the worker itself must not be."""
    pinned = deployment.pins(RUNTIME)

    assert "azure-functions-runtime" in pinned
    assert "azure-functions-worker" not in pinned


class TestTheRulesThemselves:
    """Each rule finds what it is there to find."""

    @pytest.mark.parametrize(
        ("funcignore", "found"),
        [
            ("tests", []),
            ("", ["tests/test_a.py is deployed"]),
            ("tests\n*.json", ["host.json is kept back"]),
        ],
    )
    def test_a_misplaced_file_is_found(self, tmp_path: Path, funcignore: str, found: list[str]) -> None:
        """Both what leaks out and what is missing there."""
        (tmp_path / ".funcignore").write_text(funcignore)

        assert deployment.misplaced_files(tmp_path, ["host.json", "tests/test_a.py"]) == found

    def test_an_uncovered_leftover_is_found(self, tmp_path: Path) -> None:
        """A pattern of .gitignore that .funcignore does not have is named."""
        (tmp_path / ".gitignore").write_text("# settings\nlocal.settings.json\n*.pyc\n.venv/\n")
        (tmp_path / ".funcignore").write_text("*.pyc\n.venv\n")

        assert deployment.uncovered_leftovers(tmp_path) == ["local.settings.json"]

    @pytest.mark.parametrize(
        ("line", "found"),
        [
            ("msgspec==0.22.0", 0),
            ("msgspec>=0.22.0", 1),
            ("msgspec", 1),
            ("msgspec==0.*", 1),
            ("pytest==9.2.0", 1),
            ("PyTest==9.2.0  # twice by another spelling", 1),
        ],
    )
    def test_a_loose_pin_is_found(self, tmp_path: Path, line: str, found: int) -> None:
        """Open versions and doubles are named."""
        (tmp_path / "requirements.txt").write_text("# what runs\n" + line + "\n")
        (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\npytest==9.2.0\n")
        (tmp_path / "package.json").write_text('{"devDependencies": {"azurite": "3.35.0"}}')

        assert len(deployment.loose_pins(tmp_path)) == found

    def test_a_loose_npm_version_is_found(self, tmp_path: Path) -> None:
        """A caret lets another version in."""
        (tmp_path / "requirements.txt").write_text("")
        (tmp_path / "requirements-dev.txt").write_text("")
        (tmp_path / "package.json").write_text('{"devDependencies": {"azurite": "^3.35.0"}}')

        assert deployment.loose_pins(tmp_path) == ["package.json: azurite ^3.35.0 is not an exact version"]

    def test_an_unpinned_need_is_found(self) -> None:
        """A package that comes along unasked is named with who brings it."""
        assert "yarl needs multidict" in deployment.unpinned_needs({"yarl": metadata.version("yarl")})
