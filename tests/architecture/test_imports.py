"""Imports point one way, and nothing that blocks gets near the event loop."""

from pathlib import Path

import pytest

from tests.architecture import imports
from tests.architecture.source import DEPLOYED, ROOT, modules, write


def test_there_is_source_to_look_at() -> None:
    """The rules below are not kept by an empty project."""
    parts = {module.name.split(".")[0] for module in modules(ROOT, *DEPLOYED)}

    assert parts == {"pipeline", "collectors", "mappings", "function_app"}


def test_imports_point_one_way() -> None:
    """Collectors and mappings know only themselves, pipeline knows both, nothing deployed knows local."""
    assert imports.wrong_direction(ROOT) == []


def test_only_the_composition_root_builds_on_triggers() -> None:
    """Triggers parse, call and answer; no logic may hide behind one."""
    assert imports.trigger_imports(ROOT) == []


def test_nothing_blocks_the_event_loop() -> None:
    """All triggers share one loop: a blocking client or sleep would stall every one of them."""
    assert imports.blocking_calls(ROOT) == []


class TestTheRulesThemselves:
    """Each rule finds what it is there to find."""

    @pytest.mark.parametrize(
        ("importer", "statement"),
        [
            ("collectors__storage", "from pipeline.model import Finding"),
            ("collectors__storage", "import mappings.loader"),
            ("collectors__storage", "import importlib\nimportlib.import_module('pipeline.model')"),
            ("collectors__storage", "from ..pipeline import model"),
            ("mappings__loader", "import collectors"),
            ("mappings__loader", "def load():\n    from pipeline import model"),
            ("pipeline__controls", "from local.azure import server"),
            ("pipeline__stores__tables", "import tests"),
            ("function_app", "import collectors.registry"),
            ("local__demo", "from pipeline import model"),
            ("scripts__setup", "import pipeline"),
        ],
    )
    def test_an_import_against_the_direction_is_found(
        self, tmp_path: Path, importer: str, statement: str
    ) -> None:
        """However it is written, wherever it stands."""
        broken = imports.wrong_direction(write(tmp_path, **{importer: statement}))

        assert len(broken) == 1
        assert broken[0].startswith(f"{importer.replace('__', '/')}.py:")

    @pytest.mark.parametrize(
        ("importer", "statement"),
        [
            ("collectors__storage", "from collectors.contract import Check"),
            ("collectors__storage", "from .contract import Check"),
            ("collectors__storage", "import msgspec"),
            ("pipeline__controls", "from mappings import loader\nfrom collectors import registry"),
            ("function_app", "from pipeline.triggers import timers"),
            ("benchmarks__sync", "from local.azure import server\nimport pipeline"),
        ],
    )
    def test_an_import_along_the_direction_is_not_found(
        self, tmp_path: Path, importer: str, statement: str
    ) -> None:
        """What the design allows goes through."""
        assert imports.wrong_direction(write(tmp_path, **{importer: statement})) == []

    @pytest.mark.parametrize(
        "statement", ["from pipeline.triggers import timers", "from .triggers import timers"]
    )
    def test_logic_that_builds_on_a_trigger_is_found(self, tmp_path: Path, statement: str) -> None:
        """An import of a trigger by its own package's logic is named."""
        assert len(imports.trigger_imports(write(tmp_path, pipeline__sync_runs=statement))) == 1

    def test_triggers_may_build_on_each_other(self, tmp_path: Path) -> None:
        """The composition root and the triggers themselves go through."""
        statement = "from pipeline.triggers import timers"
        root = write(tmp_path, function_app=statement, pipeline__triggers__http_api=statement)

        assert imports.trigger_imports(root) == []

    @pytest.mark.parametrize(
        "statement",
        [
            "import time\ntime.sleep(1)",
            "from time import sleep",
            "import requests",
            "import urllib.request",
            "from urllib import request",
            "from azure.identity import ClientSecretCredential",
            "from azure.data.tables import TableServiceClient",
        ],
    )
    def test_a_blocking_call_is_found(self, tmp_path: Path, statement: str) -> None:
        """Blocking modules and the blocking twins of the Azure clients are named."""
        assert len(imports.blocking_calls(write(tmp_path, pipeline__reader=statement))) == 1

    @pytest.mark.parametrize(
        "statement",
        [
            "import urllib.parse",
            "from time import monotonic",
            "from azure.identity.aio import ClientSecretCredential",
            "from azure.data.tables import UpdateMode",
        ],
    )
    def test_what_does_not_block_is_not_found(self, tmp_path: Path, statement: str) -> None:
        """Their harmless neighbours go through."""
        assert imports.blocking_calls(write(tmp_path, pipeline__reader=statement)) == []
