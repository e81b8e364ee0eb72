"""The made parts of docs/operations.md, and docs/workbook.json: `python -m tests.docs.operations_pages`.

Queries stand in docs/queries, one file each, its title in the first line; events in pipeline/events.py.
"""

import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from collectors.contract import JsonValue
from pipeline import events
from pipeline.event_log import Event, name_of

ROOT = Path(__file__).resolve().parents[2]
PAGE, WORKBOOK = ROOT / "docs" / "operations.md", ROOT / "docs" / "workbook.json"
MARKS = "<!-- {}: made by `.venv/bin/python -m tests.docs.operations_pages` -->", "<!-- end of {} -->"
INSIGHTS = "APPLICATION_INSIGHTS_ID"
"""Stands in the workbook for the resource that the deployment puts there."""
_RESOURCE = "microsoft.insights/components"
_HOUR_MS = 3_600_000


class Query(NamedTuple):
    """A question and the KQL that answers it."""

    name: str
    title: str
    kql: str


def queries() -> list[Query]:
    """Give the queries of docs/queries, by title."""
    found = [_query(path) for path in (ROOT / "docs" / "queries").glob("*.kql")]
    return sorted(found, key=lambda query: query.title)


def _query(path: Path) -> Query:
    title, _, kql = path.read_text("utf-8").partition("\n")
    return Query(path.stem, title.removeprefix("// "), kql.strip())


def declared() -> list[type[Event]]:
    """Give every declared event, in the order of its module."""
    types = [one for one in vars(events).values() if isinstance(one, type) and issubclass(one, Event)]
    return [one for one in types if one is not Event]


def with_made_parts(text: str) -> str:
    """Give the page with the present events and queries between their marks."""
    for name, lines in {"events": _event_rows(), "queries": _questions()}.items():
        begin, end = (mark.format(name) for mark in MARKS)
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n\n{'\n'.join(lines)}\n\n{end}{rest.partition(end)[2]}"
    return text


def _event_rows() -> Iterator[str]:
    yield from ("| event | level | fields | meaning |", "|---|---|---|---|")
    for event in declared():
        fields = " ".join(f"`{field}`" for field in event.__struct_fields__)
        level = logging.getLevelName(event.level).lower()
        yield f"| `{name_of(event)}` | {level} | {fields} | {event.__doc__} |"


def _questions() -> Iterator[str]:
    blocks = (f"### {query.title}\n\n```kusto\n{query.kql}\n```" for query in queries())
    yield "\n\n".join(blocks)


def workbook() -> str:
    """Give the workbook: a time range, and a table for each query."""
    items = [_time_range(), *map(_table, queries())]
    document: JsonValue = {
        "version": "Notebook/1.0",
        "items": items,
        "fallbackResourceIds": [INSIGHTS],
        "$schema": "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
    }
    return json.dumps(document, indent=2) + "\n"


def _time_range() -> JsonValue:
    choices: list[JsonValue] = [{"durationMs": hours * _HOUR_MS} for hours in (1, 24, 168, 720)]
    parameter: JsonValue = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, "TimeRange")),
        "version": "KqlParameterItem/1.0",
        "name": "TimeRange",
        "label": "Time range",
        "type": 4,
        "isRequired": True,
        "value": {"durationMs": 168 * _HOUR_MS},
        "typeSettings": {"selectableValues": choices, "allowCustom": True},
    }
    content: JsonValue = {
        "version": "KqlParameterItem/1.0",
        "parameters": [parameter],
        "style": "pills",
        "queryType": 0,
        "resourceType": _RESOURCE,
    }
    return {"type": 9, "content": content, "name": "time-range"}


def _table(query: Query) -> JsonValue:
    content: JsonValue = {
        "version": "KqlItem/1.0",
        "query": query.kql,
        "size": 0,
        "title": query.title,
        "timeContextFromParameter": "TimeRange",
        "queryType": 0,
        "resourceType": _RESOURCE,
        "visualization": "table",
    }
    return {"type": 3, "content": content, "name": query.name}


if __name__ == "__main__":
    PAGE.write_text(with_made_parts(PAGE.read_text("utf-8")), "utf-8")
    WORKBOOK.write_text(workbook(), "utf-8")
