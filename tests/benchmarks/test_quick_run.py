"""The benchmarks run, and their arithmetic of requests holds; nothing here looks at a time."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@cache
def quick_run() -> subprocess.CompletedProcess[str]:
    """Run the self-check with two pages of assessments, once."""
    command = [sys.executable, "-m", "benchmarks", "--quick", "--assessments", "1200"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def line(name: str) -> list[str]:
    """Give the cells of a figure."""
    found = [text for text in quick_run().stdout.splitlines() if text.startswith(name)]
    return found[0].removeprefix(name).split()


def test_the_self_check_ends_well() -> None:
    """It measures everything, and no promise that size cannot blur is broken."""
    ran = quick_run()

    assert (ran.returncode, "Traceback" in ran.stderr) == (0, False), ran.stderr


@pytest.mark.parametrize("name", ["requests of a first sync", "requests of a second sync"])
def test_a_sync_reads_every_page_once(name: str) -> None:
    """Two pages of assessments and of alerts, 32 lists of benchmark controls, 17 others; four fixed calls."""
    assert line(name) == ["53", "pages", "+", "4", "fixed", "1.00", "1.00", "met"]


@pytest.mark.parametrize(
    "name",
    [
        "importing function_app",
        "first sync",
        "second sync, nothing changed",
        "first sync of these",
        "peak memory at 1,200 against 100",
        "planning 300 connections in one tick",
        "peak memory of that against 100",
        "looking for runs left behind by 300",
        "instances for 10,000 hourly connections",
        "a day of these",
    ],
)
def test_the_self_check_judges_no_time_and_no_memory(name: str) -> None:
    """They are measured, and mean nothing at this size."""
    assert line(name)[-2:] == ["not", "judged"]


@pytest.mark.parametrize(
    "name", ["floor, 1,200 rows", "a page of 100", "a sync of the day", "syncs an hour of one instance"]
)
def test_the_rest_is_told(name: str) -> None:
    """Numbers that nothing is promised about have a line too."""
    assert line(name)[-1] == "-"


@pytest.mark.parametrize(
    "name", ["finding rows of a second sync of these", "requests of a first sync of these"]
)
def test_many_resources_cost_no_row_and_no_request_too_many(name: str) -> None:
    """A second sync of them writes no finding row; each service reads its lists once a page."""
    assert line(name)[-3:] == ["1.00", "1.00", "met"]


def test_every_connection_is_planned_once() -> None:
    """One run, one slot and one message for each of 300, all of the same run."""
    cells = " ".join(line("connections planned other than once"))

    assert cells == "0; 300 runs, 300 slots, 300 messages 1.00 1.00 met"
