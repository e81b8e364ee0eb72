"""The registry: a collector is there because its module is, and a broken one is named."""

import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import collectors
from collectors import registry
from collectors.registry import NOT_COLLECTORS, RegistryError

SOURCE = Path(collectors.__path__[0])
NEW = '''
"""One more service."""
from collectors.contract import Check, Collector, Part

async def collect(reader, emit):
    return {{}}

CHECK = Check("{check}", "Title", "low", "Because.", "Do.", "Microsoft.New/read")
PARTS = (Part("{kind}", "Title", (CHECK,), (), collect),)
COLLECTOR = Collector("{service}", "New", "All of it.", (), "1", PARTS)
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Copy the package under another name, so that files can be dropped into it."""
    name = "copied_collectors"
    shutil.copytree(SOURCE, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(tmp_path)
    yield import_module(name)
    for module in [one for one in sys.modules if one.partition(".")[0] == name]:
        del sys.modules[module]


def drop(package: ModuleType, name: str, text: str) -> None:
    """Put a module into the package."""
    (Path(package.__path__[0]) / f"{name}.py").write_text(text, "utf-8")


def test_every_service_is_found_in_order() -> None:
    """Each module but those of the skip set is a collector, under its own name, sorted."""
    loaded = registry.load()

    modules = {path.stem for path in SOURCE.iterdir() if not path.name.startswith("_")}
    assert list(loaded) == sorted(modules - NOT_COLLECTORS)
    assert [collector.service for collector in loaded.values()] == list(loaded)


def test_the_skip_set_names_only_what_exists() -> None:
    """A name in the skip set that no module has would hide a future collector."""
    assert {path.stem for path in SOURCE.iterdir()} >= NOT_COLLECTORS


def test_a_new_file_is_a_new_collector(package: ModuleType) -> None:
    """One file, nothing else edited."""
    drop(package, "a_new_service", NEW.format(service="a_new_service", check="new_thing_good", kind="new"))

    loaded = registry.load(package)

    assert next(iter(loaded)) == "a_new_service"
    assert [check.id for check in loaded["a_new_service"].checks] == ["new_thing_good"]
    assert set(loaded) == {*registry.load(), "a_new_service"}


def test_a_package_is_a_collector_too(package: ModuleType) -> None:
    """A service that outgrows one file becomes a folder of the same name."""
    folder = Path(package.__path__[0]) / "large"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        NEW.format(service="large", check="large_good", kind="large"), "utf-8"
    )

    assert "large" in registry.load(package)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import no_such_module", "does not import: ModuleNotFoundError"),
        ("COLLECTOR = (", "does not import: SyntaxError"),
        ("COLLECTOR = UNDEFINED", "does not import: NameError"),
        ("from collectors.contract import Collector\nCOLLECTOR = Collector()", "does not import: TypeError"),
        ("x = 1", "has no COLLECTOR"),
        ("COLLECTOR = 'broken'", "has no COLLECTOR"),
        (NEW.format(service="other", check="c", kind="k"), "is of the service 'other'"),
        (
            NEW.format(service="broken", check="defender_secure_score", kind="k"),
            "the check defender_secure_score is declared before, by",
        ),
        (
            NEW.format(service="broken", check="c", kind="secure_score"),
            "the evidence kind secure_score is declared before, by",
        ),
    ],
)
def test_a_broken_module_is_named(package: ModuleType, text: str, said: str) -> None:
    """Whatever is wrong with it, the start fails with its name and the reason."""
    drop(package, "broken", text)

    with pytest.raises(RegistryError, match=said) as caught:
        registry.load(package)

    assert "broken" in str(caught.value)
