"""Finds the collectors: whatever stands in this package and is not listed as something else is one."""

import collections
import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from types import MappingProxyType, ModuleType

from collectors.contract import Collector

NOT_COLLECTORS = frozenset({"contract", "declarations", "errors", "registry"})
# What the body of a module raises when it is broken; anything else is not about the module.
_BROKEN = (ImportError, SyntaxError, NameError, AttributeError, TypeError, ValueError, LookupError)


class RegistryError(Exception):
    """A collector cannot be used as it stands; the message begins with its module's name."""


def load(package: ModuleType | None = None) -> Mapping[str, Collector]:
    """Import every collector and give them by service name, in the order of their names.

    Args:
        package: another package to search; by default `collectors` itself.

    Raises:
        RegistryError: a module does not import, declares no collector, declares one under another name, or
            uses a check id or an evidence kind that is taken.
    """
    package = package or importlib.import_module("collectors")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    loaded = {name: _load_one(package, name) for name in names if name not in NOT_COLLECTORS}
    _demand_unique("check", ((check.id, name) for name, one in loaded.items() for check in one.checks))
    _demand_unique("evidence kind", ((part.kind, name) for name, one in loaded.items() for part in one.parts))
    return MappingProxyType(loaded)


def _load_one(package: ModuleType, name: str) -> Collector:
    try:
        module = importlib.import_module(f"{package.__name__}.{name}")
    except _BROKEN as error:
        raise RegistryError(f"{name}: does not import: {type(error).__name__}: {error}") from error
    collector = getattr(module, "COLLECTOR", None)
    if not isinstance(collector, Collector):
        raise RegistryError(f"{name}: has no COLLECTOR, and is not listed in NOT_COLLECTORS")
    if collector.service != name:
        raise RegistryError(f"{name}: its COLLECTOR is of the service {collector.service!r}")
    return collector


def _demand_unique(what: str, uses: Iterable[tuple[str, str]]) -> None:
    users: collections.defaultdict[str, list[str]] = collections.defaultdict(list)
    for used, name in uses:
        users[used].append(name)
    for used, names in users.items():
        if len(names) > 1:
            raise RegistryError(f"{names[-1]}: the {what} {used} is declared before, by {names[0]}")
