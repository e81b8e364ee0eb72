"""What checkov finds in the templates: nothing, and it really looked at all of them."""

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.infra.bicep import FILES, INFRA, Template

SCANNED = 82
"""Resources, parameters, variables and outputs that checkov counts: fewer means a file was not understood."""


@cache
def _report() -> Mapping[str, Mapping[str, object]]:
    checkov = Path(sys.executable).with_name("checkov")
    config = INFRA / ".checkov.yaml"
    done = subprocess.run(
        [checkov, "--config-file", config, "--output", "json", "--soft-fail"],
        cwd=INFRA.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    report: Mapping[str, Mapping[str, object]] = json.loads(done.stdout)
    return report


def test_no_check_fails() -> None:
    """Every finding is mended, or skipped where it stands with the reason beside it."""
    failed = _report()["results"]["failed_checks"]
    assert isinstance(failed, list)

    assert [(one["check_id"], one["file_path"], one["resource"]) for one in failed] == []


def test_every_file_is_understood() -> None:
    """A file that does not parse would pass unseen: none is left out, and all resources are counted."""
    summary = _report()["summary"]

    assert (summary["parsing_errors"], summary["resource_count"]) == (0, SCANNED)


def test_every_skip_has_a_reason() -> None:
    """A skip without a sentence beside it explains nothing to the next reader."""
    skips = [line for file in FILES for line in file.read_text().splitlines() if "checkov:skip=" in line]

    assert [line for line in skips if len(line.partition("checkov:skip=")[2].partition(":")[2]) < 20] == []


def test_every_template_is_in_the_subset_that_can_be_checked() -> None:
    """The parser that the scanner uses understands every file."""
    assert [Template.read(file).file for file in FILES] == FILES
