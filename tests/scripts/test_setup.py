"""Set-up: which Python it takes, what it skips, and what it says when something is missing."""

import ast
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "setup.py"


@pytest.fixture
def setup() -> ModuleType:
    """The script as a module of its own."""
    spec = importlib.util.spec_from_file_location("setup_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on PATH and an empty home folder."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    return tmp_path


def program(path: Path, prints: str, exit_code: int = 0) -> Path:
    """Install a program that prints one line, whatever it is asked, and ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\nexit {exit_code}\n")
    path.chmod(0o755)
    return path


def recorder(path: Path, log: Path) -> Path:
    """Install a program that writes its arguments down."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "{path.name} $*" >> {log}\n')
    path.chmod(0o755)
    return path


def test_it_runs_on_an_old_python() -> None:
    """Python 3.8 can read the script: no newer syntax stands in it."""
    ast.parse(SCRIPT.read_text(), feature_version=(3, 8))


class TestFindingPython:
    """The first Python 3.13 that really runs is taken."""

    def test_the_one_on_path_comes_first(self, setup: ModuleType, machine: Path) -> None:
        """PATH goes before pyenv."""
        on_path = program(machine / "bin/python3.13", "3.13")
        program(machine / "home/.pyenv/versions/3.13.1/bin/python", "3.13")

        assert setup.find_python() == str(on_path)

    def test_a_shim_that_fails_is_passed_over(self, setup: ModuleType, machine: Path) -> None:
        """A pyenv shim stands on PATH for a version that is not chosen, and fails."""
        program(machine / "bin/python3.13", "pyenv: python3.13: command not found", exit_code=127)
        behind = program(machine / "home/.pyenv/versions/3.13.1/bin/python", "3.13")

        assert setup.find_python() == str(behind)

    @pytest.mark.parametrize("name", ["python3", "python"])
    def test_a_plain_name_will_do(self, setup: ModuleType, machine: Path, name: str) -> None:
        """Python 3.13 may be the python3 of the machine."""
        found = program(machine / "bin" / name, "3.13")

        assert setup.find_python() == str(found)

    @pytest.mark.parametrize("version", ["3.12", "3.14", ""])
    def test_another_version_is_not_taken(self, setup: ModuleType, machine: Path, version: str) -> None:
        """Azure runs 3.13: neither older nor newer is the same code."""
        program(machine / "bin/python3", version)

        assert setup.find_python() is None

    def test_pyenv_may_live_elsewhere(
        self, setup: ModuleType, machine: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """PYENV_ROOT says where."""
        found = program(machine / "opt/versions/3.13.9/bin/python", "3.13")
        monkeypatch.setenv("PYENV_ROOT", str(machine / "opt"))

        assert setup.find_python() == str(found)

    def test_the_one_that_runs_the_script_will_do(
        self, setup: ModuleType, machine: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It need not be on PATH."""
        running = program(machine / "opt/python", "3.13")
        monkeypatch.setattr(sys, "executable", str(running))

        assert setup.find_python() == str(running)

    def test_this_very_python_is_recognised(self, setup: ModuleType) -> None:
        """The question put to a candidate is one that a real Python answers."""
        assert setup.speaks(sys.executable)

    def test_uv_fetches_what_is_not_there(self, setup: ModuleType, machine: Path) -> None:
        """Without any Python 3.13, uv makes the virtual environment."""
        recorder(machine / "bin/uv", machine / "log")

        setup.set_up_python(machine)

        assert (machine / "log").read_text() == f"uv venv --quiet --seed --python 3.13 {machine}/.venv\n"

    def test_uv_is_installed_when_it_is_missing(
        self, setup: ModuleType, machine: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The Python at hand makes a folder for uv, and pip puts the pinned one into it."""
        commands: list[list[str]] = []
        monkeypatch.setattr(setup, "run", commands.append)

        uv = setup.find_uv(machine)

        assert uv == f"{machine}/.local/uv/bin/uv"
        assert commands[0] == ["/nowhere/python", "-m", "venv", "--clear", f"{machine}/.local/uv"]
        assert commands[1][-3:] == ["install", "--quiet", setup.UV]

    def test_a_failed_fetch_says_what_to_do(self, setup: ModuleType, machine: Path) -> None:
        """The cause stands below the advice."""
        program(machine / "bin/uv", "error: no route to host", exit_code=2)

        with pytest.raises(setup.SetupError, match=r"Install it from https://[\s\S]*no route to host"):
            setup.set_up_python(machine)

    def test_a_working_environment_is_kept(self, setup: ModuleType, machine: Path) -> None:
        """Nothing is made that is there."""
        python = program(machine / ".venv/bin/python", "3.13")

        setup.set_up_python(machine)

        assert python.exists()

    def test_an_environment_of_another_python_is_made_anew(self, setup: ModuleType, machine: Path) -> None:
        """An old .venv goes, with all that was installed into it."""
        old = program(machine / ".venv/bin/python", "3.12")
        recorder(machine / "bin/uv", machine / "log")

        setup.set_up_python(machine)

        assert not old.exists()
        assert (machine / "log").exists()


class TestRequiredTools:
    """What cannot be fetched is asked for by name."""

    def test_all_there_is_silent(self, setup: ModuleType, machine: Path) -> None:
        """git, Node.js 20 and npm are enough."""
        for name in ("git", "node", "npm"):
            program(machine / "bin" / name, "v20.1.0")

        setup.require_tools()

    @pytest.mark.parametrize("missing", ["git", "node", "npm"])
    def test_a_missing_program_is_named(self, setup: ModuleType, machine: Path, missing: str) -> None:
        """The message names the program, and where to get it."""
        for name in {"git", "node", "npm"} - {missing}:
            program(machine / "bin" / name, "v20.1.0")

        with pytest.raises(setup.SetupError, match=rf"{missing} is not on PATH.*https://"):
            setup.require_tools()

    @pytest.mark.parametrize("version", ["v18.20.4", "nonsense", ""])
    def test_an_old_node_is_named(self, setup: ModuleType, machine: Path, version: str) -> None:
        """The message says which one was found."""
        for name in ("git", "node", "npm"):
            program(machine / "bin" / name, version)

        with pytest.raises(setup.SetupError, match=r"bin/node is .*Install Node\.js 20"):
            setup.require_tools()

    def test_a_problem_ends_the_script_readably(
        self, setup: ModuleType, machine: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One sentence on standard error and exit code 1, no traceback."""
        assert setup.main(machine) == 1
        assert capsys.readouterr().err == (
            "Set-up stopped: git is not on PATH. Install it from https://git-scm.com/downloads.\n"
        )

    def test_a_failed_program_shows_the_end_of_its_output(self, setup: ModuleType, machine: Path) -> None:
        """What a program printed before it failed is the explanation."""
        failing = program(machine / "bin/npm", "ENOSPC: no space left", exit_code=1)

        with pytest.raises(setup.SetupError, match=r"exit code 1:\nENOSPC: no space left"):
            setup.run([str(failing), "ci"])

    def test_a_program_that_is_not_there_is_named(self, setup: ModuleType, machine: Path) -> None:
        """Also what should have been there by then."""
        with pytest.raises(setup.SetupError, match="cannot be run"):
            setup.run([str(machine / "bin/npm"), "ci"])


class TestStamps:
    """What is up to date is not installed again."""

    @pytest.fixture
    def working_copy(self, machine: Path) -> Path:
        """A working copy with an environment and node_modules, whose tools only write down their calls."""
        for name in ("requirements.txt", "requirements-dev.txt", "package.json", "package-lock.json"):
            (machine / name).write_text(name)
        (machine / "node_modules").mkdir()
        recorder(machine / ".venv/bin/python", machine / "log")
        recorder(machine / "bin/npm", machine / "log")
        return machine

    def test_packages_are_installed_once(self, setup: ModuleType, working_copy: Path) -> None:
        """The second run does nothing."""
        setup.set_up_packages(working_copy)
        setup.set_up_packages(working_copy)

        assert len(calls(working_copy)) == 1

    def test_azurite_is_installed_once(self, setup: ModuleType, working_copy: Path) -> None:
        """The second run does nothing."""
        setup.set_up_azurite(working_copy)
        setup.set_up_azurite(working_copy)

        assert calls(working_copy) == ["npm ci --no-audit --no-fund --loglevel=error"]

    @pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
    def test_a_changed_pin_installs_again(self, setup: ModuleType, working_copy: Path, name: str) -> None:
        """Either file counts."""
        setup.set_up_packages(working_copy)
        (working_copy / name).write_text("another version")
        setup.set_up_packages(working_copy)

        assert len(calls(working_copy)) == 2

    def test_a_changed_lock_installs_azurite_again(self, setup: ModuleType, working_copy: Path) -> None:
        """The lock file decides."""
        setup.set_up_azurite(working_copy)
        (working_copy / "package-lock.json").write_text("another version")
        setup.set_up_azurite(working_copy)

        assert len(calls(working_copy)) == 2

    def test_a_failed_install_leaves_no_stamp(self, setup: ModuleType, working_copy: Path) -> None:
        """The next run tries again."""
        program(working_copy / ".venv/bin/python", "no space left", exit_code=1)

        with pytest.raises(setup.SetupError):
            setup.set_up_packages(working_copy)
        recorder(working_copy / ".venv/bin/python", working_copy / "log")
        setup.set_up_packages(working_copy)

        assert len(calls(working_copy)) == 1

    def test_a_stamp_dies_with_what_it_vouches_for(self, setup: ModuleType, working_copy: Path) -> None:
        """Whoever removes .venv or node_modules removes the stamp too."""
        setup.set_up_packages(working_copy)
        setup.set_up_azurite(working_copy)
        stamps = [path.parent.name for path in working_copy.rglob(setup.STAMP)]

        assert sorted(stamps) == [".venv", "node_modules"]


def calls(working_copy: Path) -> list[str]:
    """The commands that were run, in order."""
    return (working_copy / "log").read_text().splitlines()


class TestColour:
    """Colours are for people at a terminal."""

    def test_a_log_file_gets_none(self, setup: ModuleType) -> None:
        """CI logs hold no escape codes."""
        assert setup.paint("32", "done") == "done"

    @pytest.mark.parametrize(("no_colour", "painted"), [(False, "\033[32mdone\033[0m"), (True, "done")])
    def test_a_terminal_gets_them_unless_refused(
        self, setup: ModuleType, monkeypatch: pytest.MonkeyPatch, *, no_colour: bool, painted: str
    ) -> None:
        """NO_COLOR refuses them."""
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        monkeypatch.delenv("NO_COLOR", raising=False)
        if no_colour:
            monkeypatch.setitem(os.environ, "NO_COLOR", "1")

        assert setup.paint("32", "done") == painted
