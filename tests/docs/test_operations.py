"""Queries, alerts, workbook and runbook speak of events, fields and functions that there are."""

import json
import re
from collections.abc import Mapping
from typing import get_args

import pytest

from pipeline.event_log import line_of, name_of
from pipeline.events import SyncAttemptFailed
from pipeline.triggers.surface import FUNCTIONS
from pipeline.watching.old_evidence import MOST_CONNECTIONS
from tests.docs.markdown import blocks, section, text_of
from tests.docs.operations_pages import (
    INSIGHTS,
    PAGE,
    WORKBOOK,
    declared,
    queries,
    with_made_parts,
    workbook,
)

ALERTS = "infra/modules/alerts.bicep"
EVENTS = {name_of(event): event for event in declared()}
KUSTO: Mapping[str, set[type]] = {"string": {str}, "int": {int}, "long": {int}, "real": {float, int}}


def rules() -> dict[str, str]:
    """Give the query of each alert rule, with what it has in common with others put in."""
    text = text_of(ALERTS)
    [common] = re.findall(r"^var events = '(.*)'$", text, re.MULTILINE)
    found = re.findall(r"^    name: '([\w-]+)'.*?^    query: '(.*?)'$", text, re.MULTILINE | re.DOTALL)
    return {name: query.replace("${events}", common) for name, query in found}


ALL = {query.name: query.kql for query in queries()} | {f"alert {name}": kql for name, kql in rules().items()}
EACH = pytest.mark.parametrize("kql", ALL.values(), ids=ALL)


def named(kql: str, column: str) -> set[str]:
    """Give the texts that a column is compared with."""
    one = re.findall(rf'\b{column} == "([^"]+)"', kql)
    lists = re.findall(rf"\b{column} in \(([^)]+)\)", kql)
    return {*one, *(text for each in lists for text in re.findall(r'"([^"]+)"', each))}


def test_there_is_something_to_hold() -> None:
    """Rules and queries are found."""
    assert len(rules()) == text_of(ALERTS).count("query: '") >= 6
    assert len(queries()) >= 6


@EACH
def test_it_asks_for_what_there_is(kql: str) -> None:
    """Every event is declared and every function is one that the host finds; it asks for at least one."""
    events, functions = named(kql, "event"), named(kql, "name")

    assert events <= set(EVENTS)
    assert functions <= set(FUNCTIONS)
    assert events or kql.startswith("requests\n") or functions


@EACH
def test_events_are_told_by_the_name_that_a_line_begins_with(kql: str) -> None:
    """All alike, so that no query misses a change of how lines are written."""
    found = 'extend event = extract("^([a-z_]+)", 1, message)' in kql

    assert found == bool(named(kql, "event"))


@EACH
def test_its_fields_are_those_of_its_events(kql: str) -> None:
    """Every field that is read off a line stands in an event that is asked for, and has that type."""
    for listed in re.findall(r"parse-kv message as \((.*?)\)", kql):
        for name, kind in re.findall(r"(\w+): (\w+)", listed):
            owners = [EVENTS[event] for event in named(kql, "event")]
            kinds = [event.__annotations__[name] for event in owners if name in event.__struct_fields__]
            assert kinds, name
            assert all(KUSTO[kind] & {one, *get_args(one)} for one in kinds), name


@EACH
def test_a_text_that_is_looked_for_is_a_field(kql: str) -> None:
    """`message has "status=failed"` looks for a field of its event."""
    for name in re.findall(r'message has "(\w+)=', kql):
        assert any(name in EVENTS[event].__struct_fields__ for event in named(kql, "event"))


@EACH
def test_it_reads_lines_as_they_are_written(kql: str) -> None:
    """The pattern of a query takes every field off a line: the first after the name, and empty ones, too."""
    line = line_of(SyncAttemptFailed(sync_run_id="", connection_id="c 1", attempt=2, problem="a=b", error=""))

    for pattern in re.findall(r"parse-kv .* with \((.*)\)$", kql, re.MULTILINE):
        assert (regex := re.fullmatch(r'regex=@"(.*)"', pattern)), pattern
        assert re.findall(regex[1], line) == [
            ("sync_run_id", ""),
            ("connection_id", "c%201"),
            ("attempt", "2"),
            ("problem", "a%3Db"),
            ("error", ""),
        ]


def test_the_page_shows_the_present_events_and_queries() -> None:
    """Both are made from the code: `python -m tests.docs.operations_pages`."""
    text = PAGE.read_text("utf-8")

    assert with_made_parts(text) == text
    assert blocks(text, "kusto") == [f"{query.kql}\n" for query in queries()]


def test_the_workbook_is_the_present_one() -> None:
    """Valid JSON, with the same queries, and one place for the resource that they ask."""
    text = WORKBOOK.read_text("utf-8")
    items = json.loads(text)["items"]

    assert text == workbook()
    assert [one["content"]["query"] for one in items if one["type"] == 3] == [one.kql for one in queries()]
    assert text.count(INSIGHTS) == text_of("infra/modules/workbook.bicep").count(INSIGHTS) == 1


def test_every_rule_has_its_entry() -> None:
    """And every entry its rule, in the order of the rules, with cause, check and cure."""
    entries = re.split(r"^### ", section("docs/operations.md", "Runbook"), flags=re.MULTILINE)[1:]

    assert [entry.partition("\n")[0] for entry in entries] == list(rules())
    for entry in entries:
        assert re.findall(r"^\*\*(\w+)\.\*\* ", entry, re.MULTILINE) == ["Cause", "Check", "Do"]


def test_events_are_not_sampled() -> None:
    """Neither they nor the records of functions, which alerts rest on; and the host's mode is as told."""
    host = json.loads(text_of("host.json"))
    sampling = host["logging"]["applicationInsights"]["samplingSettings"]

    assert {"Request", "Exception", "Trace"} <= set(sampling["excludedTypes"].split(";"))
    assert "telemetryMode" not in host
    assert "leaves the host in its Application Insights mode" in text_of("docs/operations.md")


def test_numbers_are_those_of_the_code() -> None:
    """How far the health details look, and what an instance has."""
    page = " ".join(text_of("docs/operations.md").split())

    assert f"looks at {MOST_CONNECTIONS:,} connections" in page
    assert "instanceMemoryMB: 2048" in text_of("infra/modules/function-app.bicep")
    assert "at 2 GB an instance" in page
    assert "seconds * 2" in ALL["executions"]
