"""The audit of pins: what it finds, and that it never calls clean what it could not ask."""

import http.server
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import ClassVar, override
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "audit.py"
NOWHERE = "http://127.0.0.1:9"
ADVISORY: dict[str, object] = {
    "id": "GHSA-made-up",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "Made up.",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "shaky"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
        }
    ],
}


@dataclass
class Services:
    """A package index and an advisory database, of one machine."""

    url: str
    files: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    advisories: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    answers: int = 1000

    def release(self, name: str, version: str, *, yanked: object = False) -> None:
        """Put a release on the index."""
        names = (f"{name}-{version}.tar.gz", f"{name}-{version}-py3-none-any.whl", f"{name}.win32.exe")
        self.files[name] = [{"filename": one, "yanked": yanked} for one in names]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as PEP 691 and osv.dev do."""

    services: ClassVar[Services]

    def do_GET(self) -> None:
        """Answer as the index."""
        name = urlsplit(self.path).path.split("/")[2]
        if name in self.services.files:
            self._answer(200, {"files": self.services.files[name]})
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        """Answer as the database, as often as it is to."""
        query = json.loads(self.rfile.read(int(self.headers["content-length"])))
        release = (query["package"]["name"], query["version"])
        self.services.asked.append(release)
        found = self.services.advisories.get(release)
        dead = len(self.services.asked) > self.services.answers
        self._answer(500 if dead else 200, {"vulns": [found]} if found else {})

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/vnd.pypi.simple.v1+json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Two services that answer, with one good release on the index."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Handler.services = Services(f"http://127.0.0.1:{server.server_port}")
        Handler.services.release("sound", "1.0")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Handler.services
        server.shutdown()
        thread.join()


@pytest.fixture
def audit() -> Iterator[ModuleType]:
    """The script as a module of its own."""
    spec = importlib.util.spec_from_file_location("audit_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["audit_script"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["audit_script"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A working copy that pins one package, and has room for more."""
    (tmp_path / "requirements.txt").write_text("sound==1.0\n")
    (tmp_path / "requirements-dev.txt").write_text("# more\n-r requirements.txt\n")
    (tmp_path / "requirements-infra.txt").write_text("sound==1.0  # again\n")
    return tmp_path


def pinned(copy: Path, line: str, file: str = "requirements-infra.txt") -> None:
    """Pin one more."""
    (copy / file).write_text((copy / file).read_text() + line + "\n")


def outcome(
    audit: ModuleType, copy: Path, services: Services, *more: str, index: str = "", osv: str = ""
) -> int:
    """Audit a working copy; gives the exit code."""
    where = ["--index", f"{index or services.url}/simple/", "--osv-url", f"{osv or services.url}/v1/query"]
    code: int = audit.main([*where, *more], copy)
    return code


class TestYankedReleases:
    """What the index says."""

    def test_a_good_release_passes(
        self, audit: ModuleType, copy: Path, services: Services, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Both questions were asked, and that is what is said."""
        assert outcome(audit, copy, services, "--require-advisories") == 0
        assert capsys.readouterr().out == (
            "Checked for yanked releases: none.\nChecked for known vulnerabilities: none.\n"
        )

    @pytest.mark.parametrize(("why", "said"), [("broken build", ": broken build"), (True, "")])
    def test_a_yanked_release_fails(
        self,
        audit: ModuleType,
        copy: Path,
        services: Services,
        capsys: pytest.CaptureFixture[str],
        why: object,
        said: str,
    ) -> None:
        """With the reason, where there is one."""
        services.release("shaky", "1.0", yanked=why)
        pinned(copy, "shaky==1.0")

        assert outcome(audit, copy, services) == 1
        assert f"FOUND: shaky 1.0 was yanked{said}\n" in capsys.readouterr().out

    @pytest.mark.parametrize("pin", ["other==1.1", "gone==1.0"])
    def test_a_release_that_is_gone_fails(
        self, audit: ModuleType, copy: Path, services: Services, capsys: pytest.CaptureFixture[str], pin: str
    ) -> None:
        """Nobody could install it any more."""
        services.release("other", "1.0")
        pinned(copy, pin)

        assert outcome(audit, copy, services) == 1
        assert "is not on the index" in capsys.readouterr().out

    def test_a_silent_index_is_not_a_clean_one(
        self, audit: ModuleType, copy: Path, services: Services, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It is said that nothing was checked."""
        assert outcome(audit, copy, services, index=NOWHERE) == 0
        assert outcome(audit, copy, services, "--require-advisories", index=NOWHERE) == 1
        said = f"NOT CHECKED for yanked releases: {NOWHERE}/simple did not answer\n"
        assert capsys.readouterr().out.count(said) == 2


class TestVulnerabilities:
    """What pip-audit finds in the database."""

    def test_a_vulnerable_pin_fails(
        self, audit: ModuleType, copy: Path, services: Services, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """With the advisory and the version that mends it."""
        services.release("shaky", "1.0")
        services.advisories["shaky", "1.0"] = ADVISORY
        pinned(copy, "shaky==1.0")

        assert outcome(audit, copy, services) == 1
        assert "FOUND: shaky 1.0 has GHSA-made-up, mended in 2.0\n" in capsys.readouterr().out

    def test_every_pin_is_asked_about(self, audit: ModuleType, copy: Path, services: Services) -> None:
        """Those of every file, in the version of the pin."""
        for name in ("requirements.txt", "requirements-dev.txt", "requirements-infra.txt"):
            package = name.removesuffix(".txt")
            services.release(package, "2.0")
            pinned(copy, f"{package}==2.0", name)

        assert outcome(audit, copy, services) == 0
        assert set(services.asked) > {
            (name, "2.0") for name in ("requirements", "requirements-dev", "requirements-infra")
        }

    def test_a_silent_database_is_not_a_clean_one(
        self, audit: ModuleType, copy: Path, services: Services, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It is said that nothing was checked, and a release stops there."""
        assert outcome(audit, copy, services, osv=NOWHERE) == 0
        assert outcome(audit, copy, services, "--require-advisories", osv=NOWHERE) == 1
        said = f"NOT CHECKED for known vulnerabilities: {NOWHERE} did not answer\n"
        assert capsys.readouterr().out.count(said) == 2

    def test_a_failing_database_is_a_silent_one(
        self, audit: ModuleType, copy: Path, services: Services, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An answer of status 500 tells nothing of any package."""
        services.answers = 0

        assert outcome(audit, copy, services) == 0
        assert "NOT CHECKED for known vulnerabilities" in capsys.readouterr().out

    def test_half_an_audit_is_none(
        self, audit: ModuleType, copy: Path, services: Services, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A database that falls silent on the way is a failure."""
        services.answers = 1

        assert outcome(audit, copy, services) == 1
        assert "FOUND: requirements.txt could not be audited; pip-audit said: " in capsys.readouterr().out


def test_what_was_not_checked_is_yellow(audit: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, unless colours are refused."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)

    assert audit.paint("33", "NOT CHECKED") == "\033[33mNOT CHECKED\033[0m"
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    assert audit.paint("33", "NOT CHECKED") == "NOT CHECKED"


def test_every_pin_of_the_project_is_audited(audit: ModuleType) -> None:
    """Of all requirements files, those that a package needs in turn too."""
    listed = {
        line.partition("==")[0].lower()
        for file in ROOT.glob("requirements*.txt")
        for line in file.read_text().splitlines()
        if "==" in line
    }

    audited = {pin.name for pin in audit.pins([ROOT / name for name in audit.REQUIREMENTS])}
    assert audited == {name.replace("_", "-").replace(".", "-") for name in listed}


class TestCommands:
    """`make check` runs both tools of this kind."""

    def test_make_check_audits(self) -> None:
        """Bandit over all that is deployed, and this audit."""
        command = [shutil.which("make") or "make", "--dry-run", "check"]
        plan = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

        assert "scripts/audit.py" in plan
        assert "function_app.py pipeline collectors mappings" in plan

    def test_bandit_finds_and_hears_no_excuse(self, tmp_path: Path) -> None:
        """With the project's own configuration a shell call is found, `nosec` or not."""
        (tmp_path / "bad.py").write_text("import os\nos.system(input())  # nosec\n")
        command = [sys.executable, "-m", "bandit", "--quiet", "--configfile", str(ROOT / "pyproject.toml")]

        done = subprocess.run(
            [*command, "--ignore-nosec", "--recursive", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 1
        assert "B605" in done.stdout
