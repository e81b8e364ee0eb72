"""Auditing of a SQL server: where its log goes, and that it arrives there."""

import pytest

from collectors.declarations.resources import JsonObject
from collectors.errors import AccessDenied
from collectors.sql import COLLECTOR
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses

PART = COLLECTOR.parts[0]
SERVERS = "providers/Microsoft.Sql/servers"
GROUP = "resourceGroups/g/providers/Microsoft.Sql/servers"
MASTER = "databases/master/providers/Microsoft.Insights/diagnosticSettings"
MONITORED: JsonObject = {"state": "Enabled", "isAzureMonitorTargetEnabled": True}
STORED: JsonObject = {
    "state": "Enabled",
    "storageEndpoint": "https://a.blob.core.windows.net",
    "retentionDays": 0,
}
DENIED = AccessDenied("No.", permission="Microsoft.Insights/diagnosticSettings/read", scope=SCOPE)


def subscription(*names: str, auditing: JsonObject, **settings: Answer) -> dict[str, Answer]:
    """Make servers with this auditing, and by name what the diagnostic settings of their `master` answer."""
    rows: list[JsonObject] = [{"id": f"{SCOPE}/{GROUP}/{name}", "name": name} for name in names]
    answers: dict[str, Answer] = {SERVERS: rows, "providers/Microsoft.Sql/managedInstances": []}
    for name in names:
        answers[f"{GROUP}/{name}/auditingSettings/default"] = {"properties": auditing}
    return answers | {f"{GROUP}/{name}/{MASTER}": answer for name, answer in settings.items()}


def sending(**log: str | bool) -> list[JsonObject]:
    """Make diagnostic settings, the second of which sends this log."""
    return [
        {"name": "other", "properties": {"logs": [{"category": "Errors", "enabled": True}]}},
        {"name": "audit", "properties": {"logs": [{"enabled": True, **log}]}},
    ]


async def said(answers: dict[str, Answer], check: str = "enabled") -> dict[str, str]:
    """Give the status of an auditing check by server."""
    _, verdicts = await read_part(PART, PathReader(answers))
    wanted = "sql_auditing_enabled" if check == "enabled" else "sql_auditing_retention_90_days"
    return {name: status for (check_id, name), status in statuses(verdicts).items() if check_id == wanted}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (sending(category="SQLSecurityAuditEvents"), "pass"),
        (sending(category="sqlsecurityauditevents"), "pass"),
        (sending(categoryGroup="audit"), "pass"),
        (sending(categoryGroup="allLogs"), "pass"),
        (sending(category="SQLSecurityAuditEvents", enabled=False), "fail"),
        (sending(category="DevOpsOperationsAudit"), "fail"),
        ([], "fail"),
    ],
    ids=["category", "casing", "audit group", "all logs", "switched off", "another", "none"],
)
async def test_a_log_for_azure_monitor_needs_a_diagnostic_setting_of_master(
    settings: list[JsonObject], expected: str
) -> None:
    """Without one the audit log is written nowhere, although auditing is on (REST specification)."""
    assert await said(subscription("a", auditing=MONITORED, a=settings)) == {"a": expected}


async def test_a_log_sent_nowhere_is_not_kept() -> None:
    """Else how long it is kept is a question about its workspace, for a person."""
    sent = sending(category="SQLSecurityAuditEvents")
    answers = subscription("a", "b", "c", auditing=MONITORED, a=sent, b=[], c=DENIED)

    assert await said(answers, "kept") == {"a": "manual", "b": "fail", "c": "manual"}


async def test_refused_diagnostic_settings_are_unknown_of_that_server_only() -> None:
    """The others are judged."""
    answers = subscription("a", "b", auditing=MONITORED, a=sending(categoryGroup="audit"), b=DENIED)

    assert await said(answers) == {"a": "pass", "b": "unknown"}


@pytest.mark.parametrize(
    "auditing", [STORED, STORED | {"isAzureMonitorTargetEnabled": True}, {"state": "Disabled"}]
)
async def test_where_storage_has_the_log_diagnostic_settings_are_not_asked_for(auditing: JsonObject) -> None:
    """They would decide nothing; their refusal would make the run partial."""
    reader = PathReader(subscription("a", auditing=auditing, a=DENIED))
    reading, _ = await read_part(PART, reader)

    assert [path for path in reader.sent if "diagnosticSettings" in path] == []
    assert reading.refused == ()


async def test_refused_auditing_asks_no_further() -> None:
    """Nobody knows then whether there is anything to ask."""
    answers = subscription("a", auditing=MONITORED) | {f"{GROUP}/a/auditingSettings/default": DENIED}
    reader = PathReader(answers)
    _, verdicts = await read_part(PART, reader)

    assert statuses(verdicts)["sql_auditing_enabled", "a"] == "unknown"
    assert [path for path in reader.sent if "diagnosticSettings" in path] == []
