"""Scripts to paste: the templates beside this module, below the values of this app and of the question."""

import shlex
from collections.abc import Iterable, Mapping
from importlib import resources

import msgspec

from pipeline.connecting.guide.needs import ROLES

_END = "END_OF_SCRIPT"


class Variable(msgspec.Struct, frozen=True):
    """A line at the top of a script; `note` says when to change it."""

    name: str
    value: str | tuple[str, ...]
    note: str = ""


def script(template: str, title: str, variables: Iterable[Variable]) -> str:
    """Make a script.

    Args:
        template: the name of its file, without the ending.
        title: what it connects.
        variables: its first lines; every value is quoted for the shell, whatever it holds.

    Returns:
        A bash command that can be pasted into any shell: a script that fails closes no window.
    """
    lines = (
        f"bash <<'{_END}'",
        f"# {title}. Safe to run twice: what is there already is used again.",
        *(_line(variable) for variable in variables),
        "",
        _template("functions"),
        _template(template),
    )
    return "\n".join((*lines, _END, ""))


def places(*, cloud: Mapping[str, str], subscription_ids: tuple[str, ...]) -> tuple[Variable, ...]:
    """Give the lines that every script has: where in Azure, and which roles on what."""
    return (
        *(Variable(name, value) for name, value in cloud.items()),
        Variable("subscriptions", subscription_ids, "" if subscription_ids else "your subscription IDs"),
        Variable("roles", tuple(role.id for role in ROLES), ", ".join(role.name for role in ROLES)),
    )


def _line(variable: Variable) -> str:
    value = variable.value
    quoted = shlex.quote(value) if isinstance(value, str) else f"({' '.join(map(shlex.quote, value))})"
    return f"{variable.name}={quoted}" + (f" # {variable.note}" if variable.note else "")


def _template(name: str) -> str:
    file = resources.files("pipeline.connecting.guide") / "templates" / f"{name}.sh"
    return file.read_text("utf-8")
