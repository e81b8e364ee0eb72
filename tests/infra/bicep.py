"""The Bicep files as trees, with what pycep makes of loops, conditions and functions told apart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pycep import BicepParser

INFRA = Path(__file__).parents[2] / "infra"
FILES = sorted(INFRA.rglob("*.bicep"))

type Node = Mapping[str, Node] | list[Node] | str | int | bool | None


@dataclass(frozen=True)
class Resource:
    """One resource as it is written: its symbol, type, api-version, and what may stand for its body."""

    file: Path
    symbol: str
    type: str
    api_version: str
    body: Mapping[str, Node]


@dataclass(frozen=True)
class Template:
    """One file.

    Args:
        symbols: every name that an expression may refer to; pycep keeps no quotes, so a text that equals one
            counts as a reference.
    """

    file: Path
    tree: Mapping[str, Mapping[str, Mapping[str, Node]]]
    symbols: frozenset[str]

    @classmethod
    def read(cls, file: Path) -> "Template":
        """Parse a file; raises what pycep raises."""
        tree = BicepParser().parse(file_path=file)
        kinds = ("parameters", "variables", "resources", "modules")
        symbols = frozenset(name for kind in kinds for name in tree.get(kind, {}))
        return cls(file, tree, symbols | frozenset(_loop_names(tree)))

    @property
    def resources(self) -> Iterator[Resource]:
        """Give the resources that the file makes, those it only refers to left out."""
        for symbol, found in self.tree.get("resources", {}).items():
            if not found["existing"]:
                body = _unwrapped(found["config"])
                yield Resource(self.file, symbol, str(found["type"]), str(found["api_version"]), body)


def _unwrapped(config: Node) -> Mapping[str, Node]:
    """Take a body out of its loop or condition."""
    body = _object(config)
    inner = body.get("config")
    wrapped = isinstance(inner, dict) and ("loop_type" in body or "condition" in body)
    return _unwrapped(inner) if wrapped else body


def _loop_names(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (str(value) for key, value in node.items() if key in {"item_name", "index_name"})
        for value in node.values():
            yield from _loop_names(value)
    elif isinstance(node, list):
        for value in node:
            yield from _loop_names(value)


def written(node: Node) -> Iterator[Node]:
    """Give every object, list or text that an expression may come to: both ends of a choice, all of a union.

    What comes of anything else (references, other functions) is not written in the file, so nothing is given.
    """
    operator, function = _of_pycep(node, "operator"), _of_pycep(node, "function")
    if operator is not None:
        operands = _object(operator["operands"])
        # pycep binds `a == b ? c : d` as `a == (b ? c : d)`.
        ends = {"conditional": ("true_value", "false_value"), "equals": ("operand_2",)}
        for name in ends.get(str(operator["type"]), ()):
            yield from written(operands[name])
    elif function is not None:
        for part in _object(function["parameters"]).values() if function["type"] == "union" else ():
            yield from written(part)
    elif isinstance(node, dict) and "loop_type" in node:
        yield from written(node["config"])
    else:
        yield node


def _of_pycep(node: Node, key: str) -> Mapping[str, Node] | None:
    """Give what pycep says of an expression; a property of Azure may bear the same name."""
    inner = node.get(key) if isinstance(node, dict) and len(node) == 1 else None
    return inner if isinstance(inner, dict) and "type" in inner else None


def _object(node: Node) -> Mapping[str, Node]:
    if not isinstance(node, dict):
        raise TypeError(f"{node!r} is no object")
    return node
