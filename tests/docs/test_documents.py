"""What every document says of the project is so: links, routes, commands, versions, packages, modules."""

import json
import re
import tomllib
from importlib import metadata

import pytest

import pipeline
from pipeline.triggers.http_routes import ROUTES
from tests.docs.markdown import DOCUMENTS, ROOT, anchors, blocks, code_words, links, rows, section, text_of

EACH = pytest.mark.parametrize("document", DOCUMENTS)
_FILE = re.compile(r"(?:[\w.]+/)+\w+(?:\.(?:py|csv|json|md|bicep))?(?![\w*<])|\b\w+\.(?:py|json|toml)\b")
_TOP = {path.name for path in ROOT.iterdir()}
_MADE = {".local", ".venv"}
"""Folders that set-up and runs make."""


@EACH
def test_relative_links_lead_somewhere(document: str) -> None:
    """Every link inside the repository leads to a file, and to a heading of it where it names one."""
    here = (ROOT / document).parent
    for link in links(text_of(document)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (here / path).resolve() if path else ROOT / document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


@EACH
def test_routes_exist(document: str) -> None:
    """Every `METHOD /path` is a route of the API."""
    known = {f"{route.method} /{route.path}" for route in ROUTES}
    named = re.findall(r"\b(GET|POST|PATCH|DELETE) (/[\w/{}.-]+)", text_of(document))

    assert {f"{method} {path}" for method, path in named} - known == set()


@EACH
def test_make_targets_exist(document: str) -> None:
    """Every `make <target>` is one of the Makefile."""
    targets = set(re.findall(r"^\.PHONY: (\S+)$", text_of("Makefile"), re.MULTILINE))
    text = text_of(document)
    named = {word for word in code_words(text) if word.startswith("make ")}
    named |= {line for block in blocks(text, "sh") for line in block.splitlines() if line.startswith("make ")}

    assert {name.removeprefix("make ") for name in named} - targets == set()


@EACH
def test_files_exist(document: str) -> None:
    """Every path of the project that is named in the text stands in the repository."""
    named = {
        found.rstrip("/")
        for word in code_words(re.sub(r"^```.*?^```$", "", text_of(document), flags=re.MULTILINE | re.DOTALL))
        for found in _FILE.findall(word)
        if found.partition("/")[0] in _TOP - _MADE
    }

    assert {name for name in named if not (ROOT / name).exists()} - _NEW == set()


_NEW = {
    "collectors/resource_group.py",
    "tests/collectors/test_resource_group.py",
    "mappings/controls/resource_group.csv",
}
"""What the example of CONTRIBUTING.md tells people to make."""


def test_the_flow_is_drawn_from_what_is_there() -> None:
    """Every module and folder of README's picture exists."""
    [picture] = blocks(section("README.md", "The flow"), "text")
    named = re.findall(r"\b(?:pipeline|collectors|mappings)/[\w/.]*", picture)

    assert len(named) >= 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_version_is_one() -> None:
    """The package, the app and the changelog name the same version."""
    project = tomllib.loads(text_of("pyproject.toml"))["project"]

    assert project["version"] == pipeline.__version__
    assert f"## [{pipeline.__version__}]" in text_of("CHANGELOG.md")


def test_the_changelog_keeps_its_form() -> None:
    """Unreleased stands first, and only the kinds of Keep a Changelog are used."""
    text = text_of("CHANGELOG.md")
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

    assert re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)[0] == "Unreleased"
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds


def test_changes_that_wait_are_named_by_their_type() -> None:
    """A fragment whose type is misspelled would be lost at a release."""
    names = {path.name for path in (ROOT / "changelog.d").iterdir()} - {"README.md"}

    assert [
        name for name in names if not re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|security)\.md", name)
    ] == []


def direct_dependencies() -> list[str]:
    """Give what the requirements name above their second comment, and the npm packages."""
    names: list[str] = []
    for file in ("requirements.txt", "requirements-dev.txt"):
        own = text_of(file).partition("\n# What those need in turn")[0]
        names += re.findall(r"^([\w-]+)==", own, re.MULTILINE)
    return [*names, *re.findall(r'"(\w+)": "\d', text_of("package.json"))]


def test_every_direct_dependency_is_explained() -> None:
    """Each has its row, in the order of the requirements, with a reason and a licence."""
    table = rows(section("docs/architecture.md", "Dependencies"))

    assert [name for name, *_ in table] == direct_dependencies()
    assert all(reason and licence for _, reason, licence in table)


def licence_of(package: str) -> str:
    """Give the licence that an installed package names."""
    if package == "azurite":
        return str(json.loads(text_of("node_modules/azurite/package.json"))["license"])
    about = metadata.metadata(package)
    declared = about.get_all("License-Expression") or about.get_all("License")
    if declared:
        return str(declared[0]).removesuffix(" License")
    [classified] = [line for line in about.get_all("Classifier") or [] if line.startswith("License")]
    return _CLASSIFIED[classified.rpartition(" :: ")[2]]


_CLASSIFIED = {"MIT License": "MIT", "Apache Software License": "Apache-2.0"}


def test_licences_are_those_of_the_installed_packages() -> None:
    """What the table says of a licence is what the package says of itself."""
    table = {name: licence for name, _, licence in rows(section("docs/architecture.md", "Dependencies"))}

    assert {name: licence_of(name) for name in table} == table


def test_the_error_tree_is_the_codes() -> None:
    """Every error that the page names is a class of the code."""
    source = text_of("collectors/errors.py") + text_of("pipeline/errors.py")
    named = {word for word in code_words(section("docs/architecture.md", "Errors")) if word[0].isupper()}

    assert len(named) > 15
    assert [name for name in named if f"class {name}(" not in source] == []
