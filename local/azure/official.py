"""The example bodies of Microsoft's REST API specification, found by request path.

Each file under `specification/` keeps the path template, the api-version and the source it was taken from. A
file that is put there is served: nothing else has to be edited.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from local.azure.wire import JsonObject

FOLDER = Path(__file__).with_name("specification")
SUBSCRIPTION_ID = "20ff7fc3-e762-44dd-bd96-b71116dcdc23"
# Parameters of the specification that stand for several path segments.
LONG_PARAMETERS = {"scope", "scopeId", "resourceId", "resourceUri", "parentResourcePath"}


class ExampleResponse(Struct):
    """What the example answers."""

    status: int
    body: dict[str, object]


class Example(Struct):
    """One example file."""

    method: str
    path: str
    api_version: str
    source: str
    response: ExampleResponse


@dataclass(frozen=True, slots=True)
class OfficialBody:
    """An example body and the paths it answers."""

    pattern: re.Pattern[str]
    api_version: str
    body: JsonObject

    @property
    def is_list(self) -> bool:
        """Whether the body is a list of resources."""
        return isinstance(self.body.get("value"), list)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    for index in range(1, len(parts), 2):
        parts[index] = ".+?" if parts[index] in LONG_PARAMETERS else "[^/]+"
    for index in range(0, len(parts), 2):
        parts[index] = re.escape(parts[index])
    return re.compile("".join(parts) + "/?", re.IGNORECASE)


@cache
def official_bodies() -> tuple[OfficialBody, ...]:
    """Load all example bodies; the more of a template is literal, the earlier it stands."""
    loaded: list[tuple[int, OfficialBody]] = []
    for file in sorted(FOLDER.rglob("*.json")):
        example = msgspec.json.decode(file.read_bytes(), type=Example)
        literal = len(re.sub(r"\{\w+\}", "", example.path))
        body = OfficialBody(_pattern(example.path), example.api_version, example.response.body)
        loaded.append((literal, body))
    return tuple(body for _, body in sorted(loaded, key=lambda pair: -pair[0]))


def find_official(path: str, version: str) -> OfficialBody | None:
    """Return the example for a path, the one of the asked api-version if there are several."""
    found = [body for body in official_bodies() if body.pattern.fullmatch(path)]
    return next((body for body in found if body.api_version == version), found[0] if found else None)
