"""Which part of the project may import which."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import DEPLOYED, DEVELOPMENT, EVERYTHING, Module, modules

ALLOWED = {
    "collectors": {"collectors"},
    "mappings": {"mappings"},
    "pipeline": {"pipeline", "collectors", "mappings"},
    "function_app": {"pipeline"},
    "local": {"local"},
    "scripts": set[str](),
}
"""What each part may import of the project; benchmarks and tests may import all of it."""

PARTS = {place.removesuffix(".py") for place in EVERYTHING}

BLOCKING_MODULES = {"http.client", "requests", "socket", "subprocess", "urllib.request", "urllib3"}

ASYNC_SDKS = ("azure.data.tables", "azure.identity", "azure.keyvault.secrets", "azure.storage.queue")


def imported(module: Module) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    """Every dotted name that a module imports, absolute, `from a import b` as `a.b`."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Import():
                yield from ((node, alias.name) for alias in node.names)
            case ast.ImportFrom():
                origin = _origin(module, node)
                yield from ((node, f"{origin}.{alias.name}") for alias in node.names)
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node, name


def _origin(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.package.split(".")
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def wrong_direction(root: Path) -> list[str]:
    """Name each import that points from one part of the project to a part it must not know."""
    return [
        module.at(node, f"{part} must not import {name}")
        for module in modules(root, *DEPLOYED, *DEVELOPMENT)
        if (part := module.name.split(".")[0]) in ALLOWED
        for node, name in imported(module)
        if (target := name.split(".")[0]) in PARTS and target not in ALLOWED[part]
    ]


def trigger_imports(root: Path) -> list[str]:
    """Name each import of pipeline.triggers by anything but the composition root and the triggers."""
    return [
        module.at(node, f"only function_app.py builds on {name}")
        for module in modules(root, *DEPLOYED, *DEVELOPMENT)
        if module.name != "function_app" and not _within(module.name, "pipeline.triggers")
        for node, name in imported(module)
        if _within(name, "pipeline.triggers")
    ]


def blocking_calls(root: Path) -> list[str]:
    """Name what would stall every trigger of the app, since all of them share one event loop."""
    return [problem for module in modules(root, "pipeline", "collectors") for problem in _blocking_in(module)]


def _blocking_in(module: Module) -> Iterator[str]:
    for node, name in imported(module):
        if any(_within(name, blocking) for blocking in BLOCKING_MODULES) or name == "time.sleep":
            yield module.at(node, f"{name} blocks the event loop")
        package, _, last = name.rpartition(".")
        if package in ASYNC_SDKS and last.endswith(("Client", "Credential")):
            yield module.at(node, f"{name} blocks the event loop: take it from {package}.aio")
    for call in ast.walk(module.tree):
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="time"), attr="sleep")):
                yield module.at(call, "time.sleep blocks the event loop")


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")
