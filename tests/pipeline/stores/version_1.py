"""Tables as they were before findings were laid out anew, and what was read from them then."""

import base64
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from azure.data.tables import TableServiceClient

from collectors.contract import Status, Verdict
from tests.pipeline.sync_rig import Rig, verdict

FIXTURE = Path(__file__).resolve().parents[2] / "fixtures" / "tables_version_1.json"
TABLES = ("connections", "evidence", "findings", "audit", "attempts")


class Cursor(msgspec.Struct, frozen=True):
    """Where a list was left, and the ids that were still to come."""

    position: str
    rest: list[str]


class Expected(msgspec.Struct, frozen=True):
    """What the app of that time read: of its first connection, unless it says otherwise."""

    connection_id: str
    other_id: str
    first_run_at: str
    findings: list[dict[str, object]]
    open_then: dict[str, str]
    open: dict[str, str]
    items: list[dict[str, object]]
    chain: dict[str, object]
    runs: list[dict[str, object]]
    cursor: Cursor


class Version1(msgspec.Struct, frozen=True):
    """The fixture."""

    tables: dict[str, list[dict[str, bool | int | str | dict[str, str]]]]
    expected: Expected


@cache
def version_1() -> Version1:
    """Read the fixture."""
    return msgspec.convert(json.loads(FIXTURE.read_text("utf-8")), Version1)


def restore(storage: str) -> None:
    """Make the tables of a storage anew, and fill them with the rows of the fixture."""
    with TableServiceClient.from_connection_string(storage) as service:
        for name in TABLES:
            service.delete_table(name)
        for name, rows in version_1().tables.items():
            table = service.create_table(name)
            for row in rows:
                table.create_entity(_entity(row))


def world_of_first_run(rig: Rig) -> None:
    """Let the collectors see what they saw in the first run of either connection."""
    rig.world.seen["colour"] = [
        verdict("colour", f"r{number}", list(Status)[number % 5]) for number in range(12)
    ]
    rig.world.seen["shape"] = [verdict("shape", f"r{number}") for number in range(5)]


def world_of_then(rig: Rig) -> None:
    """Let the collectors see what they saw when the last committed run of the first connection looked."""
    world_of_first_run(rig)
    colours = rig.world.seen["colour"]
    colours[0] = verdict("colour", "r0", Status.FAIL, "Turned.")
    del colours[1]
    colours.append(verdict("colour", "r12"))


def turned(seen: list[Verdict], resource: str, verdict_now: Verdict) -> list[Verdict]:
    """Give what is seen, with another verdict on one resource."""
    return [verdict_now if one.resource_id.endswith(f"/{resource}") else one for one in seen]


def _entity(row: Mapping[str, bool | int | str | dict[str, str]]) -> dict[str, object]:
    return {
        name: base64.b64decode(value["base64"]) if isinstance(value, dict) else value
        for name, value in row.items()
    }
