"""Makes pages of docs/ and a role of the collectors: `python -m tests.docs.catalogue_pages`."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from collectors import registry
from collectors.contract import Check, Collector, Read
from pipeline.connecting import setup_probes

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = ROOT / "mappings" / "left_out"
_FIELD, _GIVEN = re.compile(r"\{(\w+)\}"), {"subscription_id", "tenant_id"}
MADE = "Made from the code by `.venv/bin/python -m tests.docs.catalogue_pages`; do not edit."


def pages() -> dict[str, str]:
    """Give each page's text by its path from the repository's root."""
    collectors = tuple(registry.load().values())
    return {
        "docs/permissions.md": _page("Permissions", PERMISSIONS, map(_permissions, collectors)),
        "docs/checks.md": _page("Checks", CHECKS, map(_checks, collectors)),
        "docs/requests.md": _page("Requests", REQUESTS, map(_requests, collectors)),
        "infra/reader-role-actions.json": json.dumps(_actions(collectors), indent=2) + "\n",
    }


def _actions(collectors: Iterable[Collector]) -> list[str]:
    """List the actions of Azure Resource Manager; permissions of Microsoft Graph have no slash."""
    probes = [read for read in vars(setup_probes).values() if isinstance(read, Read)]
    reads = [read for collector in collectors for read in collector.reads] + probes
    actions = {read.permission for read in reads if "/" in read.permission}
    by_action = {action.lower(): action for action in sorted(actions, reverse=True)}
    return sorted(by_action.values(), key=str.lower)


PERMISSIONS = """What reading each service needs, as Azure spells it. Reader on the subscription covers the
actions of Azure Resource Manager; Security Reader suffices for Defender alone. Permissions of Microsoft
Graph are application permissions with admin consent."""

CHECKS = """Every check, by service. A check that was left out stands below its service with the reason why no
read-only API can tell. A check that a person answers never passes or fails: it shows what is there."""

REQUESTS = """What one sync asks of Azure: the least that answers the enabled checks. A list costs one request
a page; what no list holds is asked once for each resource that has it. A sync asks nothing twice: what
several services need, the first of them asks, and the others are given."""


def _page(title: str, introduction: str, sections: Iterable[str]) -> str:
    return "\n\n".join((f"# {title}", introduction, MADE, *sections)) + "\n"


def _permissions(collector: Collector) -> str:
    wanted = sorted({read.permission for read in collector.reads})
    lines = (f"- `{permission}`" for permission in wanted)
    return "\n".join(
        (f"## {collector.title} (`{collector.service}`)\n", f"Roles: {', '.join(collector.roles)}.\n", *lines)
    )


def _checks(collector: Collector) -> str:
    columns = "| check | good state | severity | thresholds |\n|---|---|---|---|"
    head = f"## {collector.title} (`{collector.service}`)\n\n{columns}"
    return "\n".join((head, *map(_check_row, collector.checks), *_left_out(collector.service)))


def _check_row(check: Check) -> str:
    thresholds = ", ".join(f"{name} {value:.15g}" for name, value in check.thresholds.items())
    also = f" (also {', '.join(f'`{alias}`' for alias in check.aliases)})" if check.aliases else ""
    person = " (answered by a person)" if check.manual else ""
    return f"| `{check.id}`{also} | {check.title}{person} | {check.severity} | {thresholds} |"


def _left_out(service: str) -> Iterator[str]:
    file = LEFT_OUT / f"{service}.csv"
    if file.exists():
        yield "\nLeft out:\n"
        with file.open(encoding="utf-8", newline="") as lines:
            yield from (f"- `{row['check_id']}`: {row['reason']}" for row in csv.DictReader(lines))


def _requests(collector: Collector) -> str:
    head = f"## {collector.title} (`{collector.service}`)\n\n| request | api-version | asked |\n|---|---|---|"
    return "\n".join((head, *map(_request_row, collector.reads)))


def _request_row(read: Read) -> str:
    asked = "once for each resource" if set(_FIELD.findall(read.path)) - _GIVEN else "once a page"
    given = ", for all services that need it" if read.shared else ""
    return f"| `{read.path}` | {read.api_version or 'v1.0'} | {asked}{given} |"


if __name__ == "__main__":
    for path, text in pages().items():
        (ROOT / path).write_text(text, "utf-8")
