"""What Azure takes for a resource, read off the model classes of Microsoft's own management packages.

Two generations of classes: the older carry `_attribute_map`, the newer annotations and `_RestField`.
"""

import enum
import importlib
import inspect
import re
import typing
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType, NoneType

_CONTAINER = re.compile(r"[\[{](\w+)[\]}]")
_SERIALIZED = {"str": str, "int": int, "bool": bool, "object": object, "iso-8601": str, "float": float}


@dataclass(frozen=True)
class Kind:
    """What may stand in one place.

    Args:
        properties: gives the properties by their wire names; None where anything goes.
        values: what a text may be; None where any text will do.
    """

    properties: Callable[[], Mapping[str, "Kind"]] | None = None
    values: frozenset[str] | None = None


ANYTHING = Kind()


def resource_kind(package_name: str, class_name: str) -> Kind:
    """Give what may stand in a resource.

    Args:
        package_name: the module that holds the models, such as `azure.mgmt.web.models`.
        class_name: the class of the resource.
    """
    package = importlib.import_module(package_name)
    return _of_class(getattr(package, class_name), package)


def under_properties(package_name: str, class_name: str) -> Kind:
    """Give the same for a resource whose package knows only what lies in its `properties`."""
    return Kind(lambda: {"properties": resource_kind(package_name, class_name)})


def _of_class(model: type, package: ModuleType) -> Kind:
    if hasattr(model, "_attribute_map"):
        rows: Mapping[str, Mapping[str, str]] = inspect.getattr_static(model, "_attribute_map")
        return _nested({_split(row["key"]): row["type"] for row in rows.values()}, package)
    return Kind(lambda: _annotated(model, package))


def _split(key: str) -> tuple[str, ...]:
    r"""Split a key of the older models at its dots; `\\.` is a dot inside a name."""
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", key))


def _nested(rows: Mapping[tuple[str, ...], str], package: ModuleType) -> Kind:
    """Make a tree of keys such as `properties.roleDefinitionId`."""
    below: defaultdict[str, dict[tuple[str, ...], str]] = defaultdict(dict)
    for (first, *rest), serialized in rows.items():
        below[first][tuple(rest)] = serialized
    kinds = {
        name: _of_name(found[()], package) if () in found else _nested(found, package)
        for name, found in below.items()
    }
    return Kind(lambda: kinds)


def _of_name(serialized: str, package: ModuleType) -> Kind:
    """Tell the type of an older model's attribute, which is spelled `[Name]`, `{Name}` or `Name`."""
    inner = _CONTAINER.fullmatch(serialized)
    if serialized.startswith("{"):
        return ANYTHING
    name = inner.group(1) if inner else serialized
    found = _SERIALIZED.get(name) or getattr(package, name, object)
    return _of_type(found, package)


def _annotated(model: type, package: ModuleType) -> Mapping[str, Kind]:
    return {
        vars(found)["_rest_name_input"] or name: _of_type(base.__annotations__.get(name, object), package)
        for base in reversed(model.__mro__)
        for name, found in vars(base).items()
        if type(found).__name__ == "_RestField"
    }


def _of_type(hint: object, package: ModuleType) -> Kind:
    """Tell a type hint: `Optional[...]`, `Union[str, Enum]`, lists and classes; a map takes anything."""
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        name = hint.rpartition(".")[2].rstrip('"]')
        return _of_type(getattr(package, name, object), package)
    if typing.get_origin(hint) is dict:
        return ANYTHING
    inner = [one for one in typing.get_args(hint) if one not in {NoneType, str}]
    if inner:
        return _of_type(inner[0], package)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return Kind(values=frozenset(str(one.value) for one in hint))
    known = isinstance(hint, type) and (hasattr(hint, "_attribute_map") or _is_new_model(hint))
    return _of_class(hint, package) if known and isinstance(hint, type) else ANYTHING


def _is_new_model(model: type) -> bool:
    return any(
        type(found).__name__ == "_RestField" for base in model.__mro__ for found in vars(base).values()
    )
