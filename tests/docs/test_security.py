"""The threat model names tests that exist, every way in, the settings that guard it, and its own limits."""

import ast
import re
import subprocess
import sys
from functools import cache

import pytest

from pipeline.configuration.table import SETTINGS
from pipeline.triggers.http_routes import ROUTES
from tests.docs.markdown import ROOT, blocks, code_words, rows, section, text_of

DOCUMENT = "docs/security.md"
NAMED = sorted({word for word in code_words(text_of(DOCUMENT)) if "::" in word})
ELSEWHERE = "tests/infra/"
"""These run in an environment of their own: they are found by their source."""
GUARDS = re.compile(r"API_|SIGN_IN_(CLIENT_SECRET|RETURN_URLS)|PORTAL_ORIGINS")


@cache
def collected() -> frozenset[str]:
    """Give every test of the named files as pytest collects it, and the classes they stand in."""
    files = sorted({name.partition("::")[0] for name in NAMED if not name.startswith(ELSEWHERE)})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found: set[str] = set()
    for line in listed.splitlines():
        parts = line.partition("[")[0].split("::")
        found |= {"::".join(parts[:end]) for end in range(2, len(parts) + 1)}
    return frozenset(found)


def defined(file: str) -> set[str]:
    """Give the tests that a file defines outside any class."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {
        one.name for one in tree.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")
    }


@pytest.mark.parametrize("name", NAMED)
def test_every_named_test_is_there(name: str) -> None:
    """It exists, and pytest collects it."""
    if name.startswith(ELSEWHERE):
        file, _, test = name.partition("::")
        assert test in defined(file)
    else:
        assert name in collected()


def test_every_threat_has_a_measure_and_a_test() -> None:
    """No row of any table is left open."""
    threats = rows(section(DOCUMENT, "Threats"))

    assert len(threats) > 20
    assert [threat for threat, measure, held in threats if not measure or "::" not in held] == []


def test_every_route_that_is_open_to_anybody_is_named() -> None:
    """The picture shows each way in that needs no key."""
    [picture] = blocks(section(DOCUMENT, "Who is trusted with what"), "text")
    shown = {line.partition("|")[0].strip() for line in picture.splitlines()}
    open_to_anybody = {f"{route.method} /{route.path}" for route in ROUTES if route.anonymous}

    assert open_to_anybody
    assert open_to_anybody - shown == set()


def test_every_setting_that_guards_is_named() -> None:
    """What decides who gets in, and which secret a setting holds."""
    guards = {setting.name for setting in SETTINGS if GUARDS.match(setting.name)}

    assert len(guards) >= 7
    assert guards - set(code_words(text_of(DOCUMENT))) == set()


@pytest.mark.parametrize(
    "limit", ["app's subscription", "stolen Functions key", "admin endpoints", "stolen token", "npm packages"]
)
def test_what_is_not_defended_is_said(limit: str) -> None:
    """A threat model that promises everything is none."""
    assert limit in section(DOCUMENT, "What is not defended")
