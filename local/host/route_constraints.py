"""Constraints on route parameters, such as `{id:guid}`."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from local.host.errors import StartRefusedError

_GUID = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_PATTERNS = {
    "guid": _GUID,
    "bool": re.compile(r"true|false", re.IGNORECASE),
    "alpha": re.compile(r"[a-z]*", re.IGNORECASE),
    "decimal": re.compile(r"[+-]?\d+(\.\d+)?"),
    "double": re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE),
    "float": re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE),
    "required": re.compile(r".+", re.DOTALL),
}
_INTEGER_BITS = {"int": 32, "long": 64}
# No longer than any 64-bit number: Python refuses to convert endless digits.
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_PAIR = 2


@dataclass(frozen=True)
class Constraint:
    """A condition on the text of a parameter; `text` is how the template spells it."""

    text: str
    accepts: Callable[[str], bool]


def parse_constraint(name: str, arguments: str, *, where: str) -> Constraint:
    """Read one constraint.

    Source: learn.microsoft.com/aspnet/core/fundamentals/routing, "Route constraints".

    Args:
        name: Such as `guid` or `range`.
        arguments: What stands between its brackets.
        where: What to name in the message when it is not known.

    Returns:
        The constraint.

    Raises:
        StartRefusedError: It is unknown, or its arguments do not fit.
    """
    text = f"{name}({arguments})" if arguments else name
    try:
        return Constraint(text, _condition(name, arguments))
    except (ValueError, KeyError, re.error) as error:
        message = f"{where}: this host does not know the constraint {text!r}."
        raise StartRefusedError(message) from error


def _condition(name: str, arguments: str) -> Callable[[str], bool]:
    if name == "regex":
        pattern = re.compile(arguments.replace("{{", "{").replace("}}", "}"), re.IGNORECASE)
        return lambda text: pattern.search(text) is not None
    if name in _INTEGER_BITS and not arguments:
        limit = 2 ** (_INTEGER_BITS[name] - 1)
        return lambda text: _INTEGER.fullmatch(text) is not None and -limit <= int(text) < limit
    if arguments:
        return _bounds(name, [int(argument) for argument in arguments.split(",")])
    whole = _PATTERNS[name]
    return lambda text: whole.fullmatch(text) is not None


def _bounds(name: str, limits: list[int]) -> Callable[[str], bool]:
    low, high = limits[0], limits[-1]
    if len(limits) > (_PAIR if name in {"length", "range"} else 1):
        raise ValueError(name)
    conditions: dict[str, Callable[[str], bool]] = {
        "length": lambda text: low <= len(text) <= high,
        "minlength": lambda text: low <= len(text),
        "maxlength": lambda text: len(text) <= high,
        "min": lambda text: _INTEGER.fullmatch(text) is not None and low <= int(text),
        "max": lambda text: _INTEGER.fullmatch(text) is not None and int(text) <= high,
        "range": lambda text: _INTEGER.fullmatch(text) is not None and low <= int(text) <= high,
    }
    return conditions[name]
