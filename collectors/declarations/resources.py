"""One object as Azure answered it, read by path: what is absent is None, what is there is typed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from typing import cast

import msgspec

from collectors.contract import JsonValue
from collectors.errors import Terminal, UnexpectedAnswer

type JsonObject = dict[str, JsonValue]
type Keys = Callable[[Resource], Iterable[str]]

_ON = frozenset({"true", "enabled", "on", "yes", "1"})
_OFF = frozenset({"false", "disabled", "off", "no", "0"})
_NEVER = "0001-01-01"


class Surroundings(msgspec.Struct, frozen=True):
    """What a resource is judged with besides itself.

    Args:
        now: the time of the reading; ages are counted up to it.
        shared: lists of the subscription that several resources are compared with, by name; an error for one
            that could not be read.
        indexes: the same lists by the last segment of the id, each made at its first use.
        groups: the same lists by keys of their rows, each made at its first use.
    """

    now: datetime
    shared: Mapping[str, "tuple[Resource, ...] | Terminal"] = {}
    indexes: dict[str, "dict[str, Resource]"] = {}
    groups: "dict[tuple[str, str | None, Keys], dict[str, tuple[Resource, ...]]]" = {}


class Resource:
    """A resource, a child of one, or an object inside one.

    Args:
        raw: as Azure answered it.
        surroundings: what it is judged with.
        parts: objects read for this resource alone, by name: one, several, None where Azure says there is
            none, or the error that kept one from being read.
    """

    __slots__ = ("_parts", "_surroundings", "raw")

    def __init__(
        self,
        raw: JsonObject,
        surroundings: Surroundings | None = None,
        parts: "Mapping[str, Resource | tuple[Resource, ...] | Terminal | None] | None" = None,
    ) -> None:
        self.raw = raw
        self._surroundings = surroundings or Surroundings(datetime.now(UTC))
        self._parts = parts or {}

    @property
    def id(self) -> str:
        """The resource id as Azure spelled it; raises UnexpectedAnswer if there is none."""
        found = self.raw.get("id")
        if not isinstance(found, str) or not found:
            raise UnexpectedAnswer("Azure answered a resource without an id.")
        return found

    @property
    def name(self) -> str:
        """The name, or the last segment of the id."""
        found = self.raw.get("name")
        return found if isinstance(found, str) else self.id.rstrip("/").rpartition("/")[2]

    @property
    def now(self) -> datetime:
        """The time of the reading."""
        return self._surroundings.now

    def at(self, path: str) -> JsonValue:
        """Give what stands at a dotted path, such as `properties.networkAcls.bypass`; None if nothing."""
        found: JsonValue = self.raw
        for step in _steps(path):
            if not isinstance(found, dict):  # what JSON gives; asking for any Mapping costs far more
                return None
            found = found.get(step)
        return found

    def text(self, path: str) -> str | None:
        """Give a text; None for anything else."""
        found = self.at(path)
        return found if isinstance(found, str) else None

    def number(self, path: str) -> float | None:
        """Give a number, also one written as text; None for anything else, and for words such as `nan`."""
        found = self.at(path)
        try:
            number = float(found) if isinstance(found, str) else found
        except ValueError:
            return None
        if isinstance(number, bool) or not isinstance(number, int | float):
            return None
        return number if isfinite(number) else None

    def flag(self, path: str) -> bool | None:
        """Give true or false, also as Azure writes it in words (Enabled, Off); None for anything else."""
        found = self.at(path)
        if isinstance(found, bool):
            return found
        word = found.lower() if isinstance(found, str) else ""
        return True if word in _ON else False if word in _OFF else None

    def texts(self, path: str) -> tuple[str, ...]:
        """Give the texts of a list; a single text is a list of one."""
        found = self.at(path)
        if isinstance(found, str):
            return (found,)
        return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()

    def objects(self, path: str) -> "tuple[Resource, ...]":
        """Give the objects of a list."""
        found = self.at(path)
        rows = found if isinstance(found, list) else []
        return tuple(Resource(row, self._surroundings) for row in rows if isinstance(row, dict))

    def moment(self, path: str) -> datetime | None:
        """Give a time (ISO 8601, or seconds since 1970 as Key Vault writes it); None for none or never."""
        found = self.at(path)
        try:
            if isinstance(found, int) and not isinstance(found, bool):
                return datetime.fromtimestamp(found, UTC)
            if not isinstance(found, str) or found.startswith(_NEVER):
                return None
            at = datetime.fromisoformat(found)
        except (ValueError, OverflowError, OSError):  # as fromtimestamp says of years that no calendar has
            return None
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def age_days(self, path: str) -> float | None:
        """Give how many days ago a time was; negative for one to come."""
        at = self.moment(path)
        return None if at is None else (self.now - at).total_seconds() / 86_400

    def part(self, name: str) -> "Resource | None":
        """Give the one object read under a name; None where Azure says there is none."""
        return cast("Resource | None", self._read(name))

    def rows(self, name: str) -> "tuple[Resource, ...]":
        """Give the objects of a list read under a name."""
        return cast("tuple[Resource, ...]", self._read(name) or ())

    def shared(self, name: str) -> "tuple[Resource, ...]":
        """Give a list of the subscription."""
        found = self._surroundings.shared[name]
        if isinstance(found, Terminal):
            raise found
        return found

    def found(self, name: str, resource_id: str | None) -> "Resource | None":
        """Give the object of a list of the subscription by its id, of which the last segment suffices.

        Args:
            resource_id: in any casing, with or without a scope before it; None finds nothing.
        """
        indexes = self._surroundings.indexes
        if name not in indexes:
            indexes[name] = {_last_segment(row.id): row for row in self.shared(name)}
        return None if resource_id is None else indexes[name].get(_last_segment(resource_id))

    def matching(
        self, name: str, keys: "Keys", wanted: str | None, *, within: str | None = None
    ) -> "tuple[Resource, ...]":
        """Give the objects of a list of the subscription that have a key, whatever its casing.

        Args:
            keys: gives the keys of an object, such as its whole id or the ids it refers to; a function of a
                module, since what it gave is kept by it.
            wanted: the key; None finds nothing.
            within: looks among what was read under this name for each row of the list, in place of the rows;
                rows for which that was refused are passed over.
        """
        groups = self._surroundings.groups
        if (name, within, keys) not in groups:
            rows = self.shared(name)
            inner = (one for row in rows if within and not row.gap((within,)) for one in row.rows(within))
            groups[name, within, keys] = _grouped(inner if within else rows, keys)
        return () if wanted is None else groups[name, within, keys].get(wanted.lower(), ())

    def gap(self, needs: tuple[str, ...]) -> Terminal | None:
        """Give the error of the first needed part or shared list that could not be read."""
        for name in needs:
            found = self._parts[name] if name in self._parts else self._surroundings.shared.get(name)
            if isinstance(found, Terminal):
                return found
        return None

    def with_parts(
        self, parts: "Mapping[str, Resource | tuple[Resource, ...] | Terminal | None]"
    ) -> "Resource":
        """Give the same resource with what was read for it."""
        return Resource(self.raw, self._surroundings, {**self._parts, **parts})

    def with_raw(self, raw: JsonObject) -> "Resource":
        """Give another object with the same surroundings."""
        return Resource(raw, self._surroundings)

    def _read(self, name: str) -> "Resource | tuple[Resource, ...] | None":
        found = self._parts[name]
        if isinstance(found, Terminal):
            raise found
        return found


@lru_cache(4_096)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def whole_id(row: Resource) -> Iterable[str]:
    """Give the id of an object as its key."""
    return (row.id,)


def _last_segment(resource_id: str) -> str:
    return resource_id.rstrip("/").rpartition("/")[2].lower()


def _grouped(rows: Iterable[Resource], keys: Keys) -> dict[str, tuple[Resource, ...]]:
    made: dict[str, list[Resource]] = {}
    for row in rows:
        for key in {key.lower() for key in keys(row)}:
            made.setdefault(key, []).append(row)
    return {key: tuple(found) for key, found in made.items()}
