"""The Python source of a working copy, parsed for the rules of this folder."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DEPLOYED = ("pipeline", "collectors", "mappings", "function_app.py")
DEVELOPMENT = ("local", "benchmarks", "scripts")
EVERYTHING = (*DEPLOYED, *DEVELOPMENT, "tests")

type Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file: its path in the working copy, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, self.path)

    @property
    def name(self) -> str:
        """The dotted name that an import statement uses."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        """The dotted name that relative imports start from."""
        return self.name if self.path.endswith("__init__.py") else self.name.rpartition(".")[0]

    @property
    def lines(self) -> int:
        """How long the file is."""
        return len(self.text.splitlines())

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function with its qualified name, inner ones included."""
        yield from _functions(self.tree, "")

    def at(self, node: ast.expr | ast.stmt | ast.ExceptHandler, problem: str) -> str:
        """The line that a broken rule is reported with."""
        return f"{self.path}:{node.lineno}: {problem}"


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        inner = prefix
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + child.name, child
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{prefix}{child.name}."
        yield from _functions(child, inner)


def modules(root: Path, *places: str) -> list[Module]:
    """Parse every Python file in these folders, or files, of the working copy."""
    found = [path for place in places for path in _python_files(root / place)]
    return [Module(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")) for path in found]


def _python_files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def write(root: Path, **texts: str) -> Path:
    """Make a small working copy that a rule is tried on: `pipeline__a="..."` is pipeline/a.py."""
    for name, text in texts.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
