"""What is logged, and by whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import DEPLOYED, Module, modules

EVENT_LOG = "pipeline/event_log.py"
EVENTS = "pipeline/events.py"


def loose_logging(root: Path) -> list[str]:
    """Name each use of `logging`, `print` or `warnings.warn` outside the one module that logs.

    Declaring an event's level is no logging, nor is silencing the logger of a package.
    """
    return [
        module.at(node, f"{ast.unparse(node)} is no declared event")
        for module in modules(root, *DEPLOYED)
        if module.path not in {EVENT_LOG, EVENTS}
        for node in _uses(module)
    ]


def _uses(module: Module) -> Iterator[ast.expr | ast.stmt]:
    silencing = {inner for node in ast.walk(module.tree) if _silences(node) for inner in ast.walk(node)}
    for node in ast.walk(module.tree):
        match node:
            case ast.ImportFrom(module="logging"):
                yield node
            case ast.Attribute(value=ast.Name(id="logging")) if node not in silencing:
                yield node
            case ast.Call(
                func=ast.Name(id="print") | ast.Attribute(value=ast.Name(id="warnings"), attr="warn")
            ):
                yield node


def _silences(node: ast.AST) -> bool:
    """Recognise `logging.getLogger("package").setLevel(...)`."""
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(
                    func=ast.Attribute(value=ast.Name(id="logging"), attr="getLogger"),
                    args=[ast.Constant(value=str())],
                ),
                attr="setLevel",
            )
        ):
            return True
    return False


def unused_events(root: Path) -> list[str]:
    """Name each declared event that nothing logs."""
    [declarations] = modules(root, EVENTS)
    declared = {node.name for node in declarations.tree.body if isinstance(node, ast.ClassDef)}
    made = {
        node.func.id
        for module in modules(root, *DEPLOYED)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return sorted(declared - made)
