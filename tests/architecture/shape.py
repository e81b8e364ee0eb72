"""How large, how named and how careful each module is."""

import ast
import io
import math
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.architecture.source import DEPLOYED, DEVELOPMENT, EVERYTHING, Function, Module, modules

LONGEST_FUNCTION = 60
LONGEST_MODULE = 300
LONGEST_TEST_MODULE = 500
NAMES_THAT_SAY_NOTHING = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}

_SUPPRESSION = re.compile(
    r"noqa(: ?[A-Z]+\d+(, ?[A-Z]+\d+)*)?|type: ?ignore(\[[\w, -]+\])?|pragma: no \w+|pyright: ?\w+"
)

type Exceptions = Mapping[tuple[str, str], str]


def long_functions(root: Path) -> list[str]:
    """Name each function that is longer than a page."""
    return [
        module.at(function, f"{name} has {size} lines, {LONGEST_FUNCTION} at most")
        for module in modules(root, *EVERYTHING)
        for name, function in module.functions()
        if (size := lines_of(function)) > LONGEST_FUNCTION
    ]


def function_length(root: Path, share: float, *places: str) -> int:
    """Return the length that this share of the functions does not exceed; 0 if there are none."""
    sizes = sorted(
        lines_of(function) for module in modules(root, *places) for _, function in module.functions()
    )
    return sizes[math.ceil(share * len(sizes)) - 1] if sizes else 0


def lines_of(function: Function) -> int:
    """Count the lines from `def` to the end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def long_modules(root: Path) -> list[str]:
    """Name each module that should be two."""
    return [
        f"{module.path}: {module.lines} lines, {limit} at most"
        for module in modules(root, *EVERYTHING)
        if module.lines
        > (limit := LONGEST_TEST_MODULE if module.path.startswith("tests/") else LONGEST_MODULE)
    ]


def empty_names(root: Path) -> list[str]:
    """Name each module or package whose name does not say what it does."""
    return [
        f"{module.path}: name it by what it does"
        for module in modules(root, *EVERYTHING)
        if NAMES_THAT_SAY_NOTHING.intersection(re.split(r"[._]", module.name))
    ]


def broad_excepts(root: Path, allowed: Exceptions) -> list[str]:
    """Name each handler of Exception or more that is not allowed, and each allowance that nothing needs.

    One that ends by raising the same again only cleans up, and hides nothing.
    """
    found = {
        (module.path, name): module.at(node, f"{name} catches everything")
        for module in modules(root, *DEPLOYED, *DEVELOPMENT)
        for name, node in _broad_handlers(module)
    }
    return _compare(found, allowed)


def _broad_handlers(module: Module) -> Iterator[tuple[str, ast.ExceptHandler | ast.Call]]:
    owners = {node: name for name, function in module.functions() for node in ast.walk(function)}
    for node in ast.walk(module.tree):
        match node:
            case ast.ExceptHandler(body=[*_, ast.Raise(exc=None)]):
                continue
            case ast.ExceptHandler(type=None):
                yield owners.get(node, "module"), node
            case ast.ExceptHandler(type=caught) if caught and _is_broad(caught):
                yield owners.get(node, "module"), node
            case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=caught_types):
                if any(_is_broad(caught) for caught in caught_types):
                    yield owners.get(node, "module"), node


def _is_broad(caught: ast.expr) -> bool:
    types = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(type_, ast.Name) and type_.id in {"Exception", "BaseException"} for type_ in types)


def suppressions(root: Path, allowed: Exceptions) -> list[str]:
    """Name each silenced warning that is not allowed, and each allowance that nothing needs."""
    found = {
        (module.path, comment): f"{module.path}:{line}: # {comment}"
        for module in modules(root, *EVERYTHING)
        for line, comment in _suppressing_comments(module)
    }
    return _compare(found, allowed)


def _suppressing_comments(module: Module) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT and (found := _SUPPRESSION.search(token.string)):
            yield token.start[0], found.group().strip()


def _compare(found: Mapping[tuple[str, str], str], allowed: Exceptions) -> list[str]:
    broken = [problem for place, problem in found.items() if place not in allowed]
    stale = [f"{': '.join(place)} is allowed and not there" for place in allowed if place not in found]
    return broken + stale
