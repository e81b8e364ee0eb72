"""README: its commands work, its tables are the code's, what it tells people to look for exists."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import msgspec
import pytest

from collectors import registry
from local.stack import Stack
from pipeline.configuration.table import SETTINGS
from pipeline.connecting import setup_probes
from pipeline.evidence import Stamp, append
from pipeline.model import Changes, EvidenceItem
from pipeline.stores.records import Head, PartOutcome
from pipeline.triggers.http_routes import ROUTES
from tests.docs.markdown import ROOT, blocks, code_words, rows, section, text_of
from tests.docs.settings_table import with_table

README = "README.md"
PROBES = (
    setup_probes.VISIBLE,
    *setup_probes.ROLE_PROBES,
    setup_probes.DEFENDER,
    setup_probes.PRIVILEGE,
)


def words_of_the_code() -> set[str]:
    """Give every string constant and every field of what is deployed."""
    trees = [ast.parse(path.read_text("utf-8")) for part in DEPLOYED for path in (ROOT / part).rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    fields = {
        node.target.id
        for node in nodes
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    return texts | fields | {text.partition(":")[0] for text in texts}


DEPLOYED = ("pipeline", "collectors")


def test_every_word_of_the_troubleshooting_table_exists() -> None:
    """Each code, reason, check and field that the table tells people to look for is one of the code."""
    table = rows(section(README, "Troubleshooting"))
    named = {word for _, says, _ in table for word in code_words(says)}

    assert len(named) > 30
    assert named - words_of_the_code() == set()


def test_every_refusal_of_entra_is_in_the_troubleshooting_table() -> None:
    """A reason that a client secret can be refused for is one that people can look up."""
    from pipeline.authentication.refusals import GRANT_REVOKED, OTHER_REFUSAL, REFUSALS, SIGN_IN_EXPIRED

    of_sign_in = {GRANT_REVOKED.reason, SIGN_IN_EXPIRED.reason}
    reasons = {refusal.reason for refusal in (*REFUSALS.values(), OTHER_REFUSAL)} - of_sign_in
    named = {word for _, says, _ in rows(section(README, "Troubleshooting")) for word in code_words(says)}

    assert reasons - named == set()


def test_the_roles_are_those_the_setup_checks_ask_for() -> None:
    """Role by role, the checks that try it; those of single services follow from their collectors."""
    table = {role: code_words(checks) for role, _, checks in rows(section(README, "What a connection needs"))}
    general = {role: {check for check in checks if ":" not in check} for role, checks in table.items()}

    assert general == {
        role: {probe.id for probe in PROBES if probe.role == role}
        for role in {probe.role for probe in PROBES}
    }


def test_a_services_check_stands_beside_its_role() -> None:
    """`service:<name>` is named for a service there is, with the role that its check would advise."""
    advised = {f"service:{one.service}": one.roles[0] for one in registry.load().values()}
    table = rows(section(README, "What a connection needs"))
    named = {check: role for role, _, checks in table for check in code_words(checks) if ":" in check}

    assert named.items() <= advised.items()


def test_the_settings_table_is_the_codes() -> None:
    """Generated anew, it is what stands there; every setting has its row."""
    assert with_table(text_of(README)) == text_of(README)
    assert [name for name, *_ in rows(section(README, "Settings"))] == [f"`{one.name}`" for one in SETTINGS]


def test_every_curl_line_calls_a_route() -> None:
    """Method and path of each curl command, wherever it stands, are in the table of routes."""
    known = [(route.method, re.sub(r"{\w+}", "[^/]+", route.path)) for route in ROUTES]
    lines = [line for line in text_of(README).splitlines() if "call " in line and "$API/" in line]

    assert len(lines) == 6
    for line in lines:
        chosen = re.search(r"-X (\w+)", line)
        method = chosen[1] if chosen else "POST" if " -d " in line else "GET"
        [path] = re.findall(r"\$API/([^?\"]+)", line)
        assert any(method == of and re.fullmatch(pattern, path) for of, pattern in known), line


def an_item() -> EvidenceItem:
    """Make the second item of a chain, with numbers and letters that canonical JSON has rules for."""
    outcome = PartOutcome(
        service="defender",
        kind="secure_score",
        title="Secure Score",
        status="collected",
        started_at="2026-11-21T23:20:10.562737Z",
        finished_at="2026-11-21T23:20:11.187975Z",
        summary={"percentage": 92.57, "max": 56.0, "small": 1e-7, "controls": ["Zugänge", '"', "\u20ac"]},
        problem=None,
        requests=(),
        collector_version="1",
        resources=1,
        counts={},
        changes=Changes(),
        manifest=None,
        requests_sent=2,
        pages_read=2,
        throttled=0,
        duration_ms=17,
    )
    stamp = Stamp(connection_id="c", subscription_id="s", sync_run_id="r", principal="p", mapping_version="m")
    head, _ = append(Head(), outcome, stamp, {"iso27001_2022": ("A.8.8",)})
    return append(head, outcome, stamp, {"iso27001_2022": ("A.8.8",)})[1]


def verified(item: EvidenceItem) -> str:
    """Hand an item to README's program, as the API answers it, and give the first word it prints."""
    [program] = blocks(section(README, "Verify it yourself"), "python")
    done = subprocess.run(
        [sys.executable, "-c", program], input=msgspec.json.encode(item), capture_output=True, check=True
    )
    return done.stdout.decode().split()[0]


def test_a_digest_can_be_recomputed() -> None:
    """The program agrees with the app on an item as it was sealed."""
    assert verified(an_item()) == "intact"


def test_what_is_said_at_reading_does_not_break_the_seal() -> None:
    """An item that went stale meanwhile is still the item that was sealed."""
    assert verified(msgspec.structs.replace(an_item(), freshness="stale")) == "intact"


@pytest.mark.parametrize("change", [{"title": "Better"}, {"summary": {}}, {"previous_digest": None}])
def test_a_changed_item_is_found(change: dict[str, object]) -> None:
    """The program sees whatever was changed, also the link to the item before."""
    assert verified(msgspec.structs.replace(an_item(), **change)) == "changed"


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Stack]:
    """What `make dev` leaves running, in a folder that looks like the working copy."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with Stack("demo", tmp_path / ".local" / "dev") as stack:
        names = ("specification", "production", "staging", "sandbox")
        ids = [stack.subscription_id(name) for name in names]
        demo = {"name": "Demo", "auth": stack.connector(), "subscription_ids": ids, "sync_now": False}
        assert stack.api.call("POST", "/connections", demo).status == HTTPStatus.CREATED
        yield stack


def shell(commands: str, folder: Path) -> list[str]:
    """Run commands as somebody who pastes them does; gives the lines they print."""
    done = subprocess.run(
        ["/bin/sh", "-euc", commands],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return done.stdout.splitlines()


def test_the_curl_lines_connect_and_read(dev: Stack, tmp_path: Path) -> None:
    """Pasted in order on what `make dev` leaves running, they connect a subscription and read it."""
    request, commands = blocks(section(README, "Connect a subscription"), "sh")
    first, _, rest = commands.partition("\n")
    assert first.startswith("API=")
    here = f"API={dev.host.base_url}/api KEY={dev.host.key}\n{rest}"
    patient = re.sub(r"^sleep 5.*$", UNTIL_ENDED, here, flags=re.MULTILINE)

    shell(request, tmp_path)
    _, runs, evidence = shell(patient, tmp_path)

    assert [run["trigger"] for run in msgspec.json.decode(runs)["items"]] == ["connect"]
    kinds = [item["kind"] for item in msgspec.json.decode(evidence)["items"]]
    assert {"resource_assessments", "secure_score", "security_alerts"} <= set(kinds)


UNTIL_ENDED = """
until call $API/connections/$ID/sync-runs | grep -qE '"status":"(succeeded|partial)","queued_at"'
do sleep 0.2; done
"""
