"""What a sync says of itself in the log of the host: declared events with all their fields, and no more."""

import re
import time
from collections.abc import Iterator

from local.api_client import Json
from local.stack import Stack
from pipeline import events
from pipeline.event_log import Event, name_of
from tests.end_to_end.conftest import Connect
from tests.end_to_end.reading import synced

ALERTS = "*/providers/Microsoft.Security/alerts"
DECLARED = {
    name_of(one): one.__struct_fields__
    for one in vars(events).values()
    if isinstance(one, type) and issubclass(one, Event)
}


def _lines(stack: Stack) -> Iterator[tuple[str, dict[str, str]]]:
    """Give every event of the host's log with its fields."""
    for line in re.findall(r" events(?: \[[\w-]+\])?: (.*)$", stack.host.output, re.MULTILINE):
        name, *fields = line.split(" ")
        yield name, dict(field.split("=", 1) for field in fields)


def _of_run(stack: Stack, run: Json) -> dict[str, dict[str, str]]:
    """Give the events of a run by name, once its end is logged: just after everybody can see it."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = {name: fields for name, fields in _lines(stack) if fields.get("sync_run_id") == run["id"]}
        if "sync_run_finished" in found:
            return found
        time.sleep(0.1)
    raise TimeoutError


def test_a_throttled_sync_says_so(stack: Stack, connect: Connect) -> None:
    """Throttled, then finished: its service and the whole, under the run's id; no address has a query."""
    connection = connect("production")
    stack.azure.control({"operation": "add_fault", "fault": {"kind": "throttle", "path": ALERTS}})

    run = synced(stack.api, connection)

    mine = _of_run(stack, run)
    assert mine["sync_run_finished"]["status"] == mine["collector_finished"]["status"] == "succeeded"
    assert mine["collector_finished"]["throttled"] == "1"
    [throttled] = [fields for name, fields in _lines(stack) if name == "throttled"]
    assert throttled["path"].endswith("/providers/Microsoft.Security/alerts")
    assert throttled["retry_after_s"] == "1.0"
    assert "?" not in stack.host.output.partition("throttled ")[2].partition("\n")[0]


def test_every_line_is_a_declared_event(stack: Stack, connect: Connect) -> None:
    """With exactly its fields, in their order."""
    _of_run(stack, synced(stack.api, connect("production")))

    logged = [*_lines(stack)]
    assert logged
    assert [(name, tuple(fields)) for name, fields in logged] == [
        (name, DECLARED[name]) for name, _ in logged
    ]
