"""The trigger surface: what the Functions host finds in function_app.py, name by name.

`get_functions` may be called once in a process, and importing the app sets it up: hence the processes.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local.host.ncrontab import parse_schedule
from pipeline.triggers.surface import FUNCTIONS

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "KEY_VAULT_URL": "https://127.0.0.1:1"}
HTTP = (
    ("connect_subscriptions", "POST", "connections", "FUNCTION"),
    ("get_connect_guide", "GET", "connect/guide", "FUNCTION"),
    ("list_connections", "GET", "connections", "FUNCTION"),
    ("get_connection", "GET", "connections/{connection_id}", "FUNCTION"),
    ("change_connection", "PATCH", "connections/{connection_id}", "FUNCTION"),
    ("disconnect_subscription", "DELETE", "connections/{connection_id}", "FUNCTION"),
    ("verify_connection", "POST", "connections/{connection_id}/verify", "FUNCTION"),
    ("rotate_credentials", "POST", "credentials/rotate", "FUNCTION"),
    ("start_sign_in", "POST", "sign-in", "FUNCTION"),
    ("finish_sign_in", "GET", "sign-in/callback", "ANONYMOUS"),
    ("get_sign_in", "GET", "sign-in/{sign_in_id}", "FUNCTION"),
    ("start_sync_run", "POST", "connections/{connection_id}/sync-runs", "FUNCTION"),
    ("start_all_sync_runs", "POST", "sync-runs", "FUNCTION"),
    ("list_sync_runs", "GET", "connections/{connection_id}/sync-runs", "FUNCTION"),
    ("get_sync_run", "GET", "connections/{connection_id}/sync-runs/{sync_run_id}", "FUNCTION"),
    ("list_evidence", "GET", "evidence", "FUNCTION"),
    ("get_evidence_item", "GET", "evidence/{evidence_id}", "FUNCTION"),
    ("verify_evidence_chain", "GET", "connections/{connection_id}/evidence/verify", "FUNCTION"),
    ("list_service_states", "GET", "connections/{connection_id}/services", "FUNCTION"),
    ("list_findings", "GET", "findings", "FUNCTION"),
    ("list_resources", "GET", "resources", "FUNCTION"),
    ("list_control_states", "GET", "frameworks/{framework_id}/controls", "FUNCTION"),
    ("list_frameworks", "GET", "frameworks", "FUNCTION"),
    ("list_checks", "GET", "checks", "FUNCTION"),
    ("list_services", "GET", "services", "FUNCTION"),
    ("describe_api", "GET", "openapi.json", "FUNCTION"),
    ("export_configuration", "GET", "export/configuration", "FUNCTION"),
    ("list_audit_log", "GET", "audit-log", "FUNCTION"),
    ("get_health", "GET", "health", "ANONYMOUS"),
    ("get_health_details", "GET", "health/details", "FUNCTION"),
    ("preflight", "OPTIONS", "{*path}", "ANONYMOUS"),
)
TIMERS = (
    ("plan_daily_syncs", "0 30 2 * * *"),
    ("plan_hourly_syncs", "0 5 * * * *"),
    ("resume_sync_runs", "0 * * * * *"),
)
QUEUES = (("run_sync", "sync-runs"), ("give_up_sync", "sync-runs-poison"))

PROBE = """
import json, sys
import function_app
modules = sorted(sys.modules)
functions = [
    {"name": function.get_function_name(), **json.loads(function.get_function_json())}
    for function in function_app.app.get_functions()
]
print(json.dumps({"modules": modules, "functions": functions}))
"""

type Binding = dict[str, Any]


def imported(program: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a program where the app stands, with these app settings and none of this process's."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env={**environment, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@cache
def surface() -> dict[str, Any]:
    """What an import of the app shows: its functions with their bindings, and the modules it loaded."""
    ended = imported(PROBE, **SETTINGS)
    assert ended.returncode == 0, ended.stderr
    shown: dict[str, Any] = json.loads(ended.stdout)
    return shown


def triggers(kind: str) -> list[tuple[str, Binding]]:
    """Give every function with a trigger of a kind, in the order of the app."""
    found = [(one["name"], binding) for one in surface()["functions"] for binding in one["bindings"]]
    return [(name, binding) for name, binding in found if binding["type"] == kind]


def test_every_http_function_is_the_expected_one() -> None:
    """Name, method, route and key of each; only the health of the app is told to anybody."""
    found = [
        (name, *(str(method) for method in binding["methods"]), binding["route"], str(binding["authLevel"]))
        for name, binding in triggers("httpTrigger")
    ]

    assert found == list(HTTP)


def test_every_timer_is_the_expected_one() -> None:
    """Name and schedule of each; none runs at every start, scale-out and deployment."""
    found = triggers("timerTrigger")

    assert [(name, binding["schedule"]) for name, binding in found] == list(TIMERS)
    assert not any(binding["runOnStartup"] for _, binding in found)


def test_missed_plans_are_caught_up() -> None:
    """The two timers that plan remember their last run; the one that resumes comes again soon anyway."""
    found = {name: binding["useMonitor"] for name, binding in triggers("timerTrigger")}

    assert found == {"plan_daily_syncs": True, "plan_hourly_syncs": True, "resume_sync_runs": False}


def test_every_queue_function_is_the_expected_one() -> None:
    """The queue of sync runs and its poison queue, both in the host's storage."""
    found = triggers("queueTrigger")

    assert [(name, binding["queueName"]) for name, binding in found] == list(QUEUES)
    assert {binding["connection"] for _, binding in found} == {"AzureWebJobsStorage"}


def test_the_surface_is_what_health_tells() -> None:
    """`/health/details` lists exactly the functions that the host finds."""
    assert tuple(one["name"] for one in surface()["functions"]) == FUNCTIONS


def test_no_function_has_another_kind_of_trigger() -> None:
    """The three lists above leave nothing out."""
    expected = {name for name, *_ in (*HTTP, *TIMERS, *QUEUES)}

    assert {one["name"] for one in surface()["functions"]} == expected


@pytest.mark.parametrize(("name", "schedule"), TIMERS)
def test_every_schedule_can_be_read(name: str, schedule: str) -> None:
    """A schedule that the host cannot read would never fire."""
    assert parse_schedule(schedule).text == schedule, name


def test_schedules_come_from_the_settings() -> None:
    """Who sets a schedule gets it; the one that resumes is not theirs to set."""
    chosen = {"DAILY_SCHEDULE": "0 0 4 * * *", "HOURLY_SCHEDULE": "0 17 * * * *"}
    shown = json.loads(imported(PROBE, **SETTINGS, **chosen).stdout)

    schedules = [
        binding["schedule"]
        for one in shown["functions"]
        for binding in one["bindings"]
        if binding["type"] == "timerTrigger"
    ]
    assert schedules == ["0 0 4 * * *", "0 17 * * * *", "0 * * * * *"]


@pytest.mark.parametrize("package", ["aiohttp", "azure.data.tables", "azure.mgmt", "azure.storage.queue"])
def test_nothing_is_opened_at_import(package: str) -> None:
    """No client and no transport is even imported: a cold start pays for the table of functions only."""
    assert [name for name in surface()["modules"] if f"{name}.".startswith(f"{package}.")] == []


def test_missing_settings_are_named_together() -> None:
    """Without settings the import stops, in one message that names every one that is missing."""
    ended = imported("import function_app")

    assert ended.returncode != 0
    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith("pipeline.errors.SettingsError: The app cannot start: ")
    assert {"AzureWebJobsStorage", "KEY_VAULT_URL"} <= set(last.replace(";", " ").split())


def test_malformed_settings_are_named_together() -> None:
    """Missing and malformed ones stand in the same message, without their values."""
    ended = imported("import function_app", KEY_VAULT_URL="ftp://made-up", DAILY_SCHEDULE="at dawn")

    last = ended.stderr.strip().splitlines()[-1]
    assert all(name in last for name in ("AzureWebJobsStorage", "KEY_VAULT_URL", "DAILY_SCHEDULE"))
    assert "made-up" not in last
    assert "at dawn" not in last
