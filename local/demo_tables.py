"""What the demo prints: tables of setup checks, sync runs, evidence and findings."""

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from local.api_client import Json, JsonValue
from local.stack import Stack

_STYLES = {
    "pass": "green",
    "succeeded": "green",
    "fresh": "green",
    "collected": "green",
    "warn": "yellow",
    "partial": "yellow",
    "stale": "yellow",
    "unavailable": "yellow",
    "unknown": "yellow",
    "fail": "red",
    "failed": "red",
}
_SHOWN_FINDINGS = 5


def setup_checks(connections: list[Json]) -> Iterator[Table]:
    """Show what each connection may read, and below it what to do about what it may not."""
    table = _table("Setup checks, each tried for real", "check", *(_name(each) for each in connections))
    columns = [{str(check["id"]): check for check in _rows(each["setup_checks"])} for each in connections]
    for check_id in dict.fromkeys(check_id for column in columns for check_id in column):
        cells = [_coloured(column[check_id]["status"]) if check_id in column else "" for column in columns]
        table.add_row(check_id, *cells)
    yield table
    advice = _table("What to do", "subscription", "check", "what is so", "advice")
    for each, column in zip(connections, columns, strict=True):
        for check in column.values():
            if check["status"] != "pass":
                words = (_name(each), check["id"], check["detail"], check["advice"])
                advice.add_row(*(escape(str(word)) for word in words))
    yield advice


def sync_runs(runs: list[Json], connections: list[Json]) -> Table:
    """Show how each run ended."""
    table = _table("Sync runs", "subscription", "status", "requests", "pages", "findings opened", "closed")
    for run in runs:
        collectors, changes = _rows(run["collectors"]), _row(run["changes"])
        table.add_row(
            _names(connections)[str(run["connection_id"])],
            _coloured(run["status"]),
            str(sum(_number(one["requests"]) for one in collectors)),
            str(sum(_number(one["pages"]) for one in collectors)),
            str(changes["opened"]),
            str(changes["closed"]),
        )
    return table


def register(evidence: list[Json], connections: list[Json]) -> Table:
    """Show the register: the newest evidence of each kind and subscription."""
    table = _table("", "subscription", "evidence", "summary", "controls", "freshness")
    for item in evidence:
        controls = _row(item["controls"])
        shown = [f"{title} {_listed(controls[key])}" for key, title in _FRAMEWORKS.items() if key in controls]
        table.add_row(
            _names(connections)[str(item["connection_id"])],
            str(item["title"]),
            escape(_summary(item)),
            "\n".join(shown),
            _coloured(item["freshness"] if item["status"] == "collected" else "unavailable"),
        )
    return table


def gaps(evidence: list[Json], connections: list[Json]) -> Iterator[str]:
    """Say what could not be read, why, and what cures it."""
    for item in evidence:
        if item["status"] == "unavailable":
            problem = _row(item["problem"])
            name = _names(connections)[str(item["connection_id"])]
            yield f"[yellow]Gap[/] in {name}, {item['title']}: {escape(str(problem['advice']))}"


def frameworks(states: dict[str, list[Json]]) -> Table:
    """Show for each framework how many of its controls are in which state."""
    names = ("pass", "fail", "partial", "unknown", "not_applicable", "no_evidence", "manual")
    table = _table("Controls by state (GET /api/frameworks/{id}/controls)", "framework", "controls", *names)
    for title, controls in states.items():
        counts = [sum(control["state"] == name for control in controls) for name in names]
        table.add_row(title, str(len(controls)), *(str(count) if count else "" for count in counts))
    return table


def findings(failing: list[Json], connections: list[Json]) -> Table:
    """Show the newest failing findings, and how many there are in all."""
    table = _table(
        f"The first {min(_SHOWN_FINDINGS, len(failing))} of {len(failing)} failing findings"
        " (GET /api/findings?status=fail)",
        "subscription",
        "finding",
        "severity",
        "resource",
    )
    for finding in failing[:_SHOWN_FINDINGS]:
        name = _names(connections)[str(finding["connection_id"])]
        words = (name, finding["title"], finding["severity"], finding["resource_name"])
        table.add_row(*(escape(str(word)) for word in words))
    return table


def reach(stack: Stack, *, keep: bool) -> str:
    """Tell how to call the API oneself."""
    if not keep:
        return "\nTo call the API yourself, run `make dev`: it leaves all of this running and prints the key."
    base, key = f"{stack.host.base_url}/api", stack.host.key
    return (
        f"\n[bold]Call it yourself:[/]\n"
        f"    curl -H 'x-functions-key: {key}' {base}/evidence\n"
        f"    curl -H 'x-functions-key: {key}' '{base}/findings?status=fail&severity=High'\n"
        f"    curl -H 'x-functions-key: {key}' {base}/openapi.json"
    )


_FRAMEWORKS = {"iso27001_2022": "ISO 27001", "soc2_2017": "SOC 2"}


def _summary(item: Json) -> str:
    if item["status"] == "unavailable":
        return f"not read: {_row(item['problem'])['code']}"
    summary = _row(item["summary"])
    match item["kind"]:
        case "secure_score":
            return f"{summary['percentage']} % ({summary['current']} of {summary['max']} points)"
        case "resource_assessments":
            high = _listed(summary["high_severity"], count_only=True)
            return f"{summary['unhealthy']} of {summary['total']} unhealthy, {high} high-severity"
        case "security_alerts":
            severities = _row(summary["by_severity"])
            shown = ", ".join(f"{count} {name}" for name, count in severities.items())
            return f"{summary['active']} active ({shown})"
    verdicts = ", ".join(
        f"{count} {name}" for name, count in _row(summary.get("verdicts", {})).items() if count
    )
    return f"{summary.get('resources', 0)} resources: {verdicts}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", show_lines=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _coloured(value: JsonValue) -> str:
    text = str(value)
    style = _STYLES.get(text)
    return f"[{style}]{text}[/]" if style else text


def _names(connections: list[Json]) -> dict[str, str]:
    return {str(each["id"]): _name(each) for each in connections}


def _name(connection: Json) -> str:
    return str(connection["subscription_name"])


def _row(value: JsonValue) -> Json:
    return value if isinstance(value, dict) else {}


def _rows(value: JsonValue) -> list[Json]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _listed(value: JsonValue, *, count_only: bool = False) -> str:
    words = [str(word) for word in value] if isinstance(value, list) else []
    return str(len(words)) if count_only else ", ".join(words)


def _number(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0
