"""CONTRIBUTING's example dropped into the app's folder: one file and its mappings are served everywhere."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.api_client import Json
from local.stack import Stack
from tests.architecture.source import ROOT
from tests.deployment.package import copy_app
from tests.docs.markdown import blocks, text_of
from tests.end_to_end.conftest import QUICK
from tests.end_to_end.reading import evidence, findings, row, rows, synced, words

SERVICE, CHECK, KIND = "resource_group", "resource_group_owner_named", "resource_group_configuration"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The app as it is with the new file, run from a folder of its own."""
    app, alone = tmp_path_factory.mktemp("app"), tmp_path_factory.mktemp("host")
    copy_app(ROOT, app)
    (app / "collectors" / f"{SERVICE}.py").write_text(example("python"), "utf-8")
    (app / "mappings" / "controls" / f"{SERVICE}.csv").write_text(example("csv"), "utf-8")
    for catalogue, old, new in (("iso27001_2022", "A.5.9", "manual"), ("nist_csf_2_0", "GV.RR-02", "none")):
        state_coverage(app / "mappings" / "catalogues" / f"{catalogue}.csv", old, new)
    shutil.copytree(ROOT / "local" / "host", alone / "local" / "host")
    program = (sys.executable, "-P", "-m", "local.host")
    settings = {**QUICK, "PYTHONPATH": str(alone), "PYTHONDONTWRITEBYTECODE": "1"}
    with Stack("small", tmp_path_factory.mktemp("stack"), settings=settings, app=app, program=program) as run:
        yield run


@pytest.fixture(scope="module")
def connection(stack: Stack) -> Json:
    """A connection without a choice of services, synced once."""
    request = {
        "name": "Production",
        "auth": stack.connector(),
        "subscription_ids": [stack.subscription_id("production")],
        "sync_now": False,
    }
    (made,) = rows(stack.api.call("POST", "/connections", request).document["connections"])
    synced(stack.api, made)
    return row(stack.api.get(f"/connections/{made['id']}"))


def example(language: str) -> str:
    """Give the first block of CONTRIBUTING's example in a language."""
    return blocks(text_of("CONTRIBUTING.md"), language)[0]


def state_coverage(catalogue: Path, control_id: str, before: str) -> None:
    """State in a catalogue that a control is covered in part, as the example does."""
    lines = catalogue.read_text("utf-8").splitlines()
    stated = [
        f"{line.removesuffix(before)}partial" if line.startswith(f"{control_id},") else line for line in lines
    ]
    assert stated != lines
    catalogue.write_text("\n".join(stated) + "\n", "utf-8")


def test_services_and_checks_list_it(stack: Stack) -> None:
    """With its title, permission and controls."""
    (service,) = [one for one in stack.api.items("/services") if one["name"] == SERVICE]
    (check,) = stack.api.items(f"/checks?service={SERVICE}")

    assert service["title"] == "Resource groups"
    assert (check["id"], check["controls"]) == (
        CHECK,
        {"iso27001_2022": ["A.5.9"], "nist_csf_2_0": ["GV.RR-02"]},
    )


def test_a_connection_tries_and_syncs_it(connection: Json) -> None:
    """Its first read is a setup check, and the run says how it went."""
    tried = {str(one["id"]): one["status"] for one in rows(connection["setup_checks"])}
    collectors = {
        str(one["service"]): one["status"] for one in rows(row(connection["last_sync_run"])["collectors"])
    }

    assert tried[f"service:{SERVICE}"] == "pass"
    assert collectors[SERVICE] == "succeeded"


def test_evidence_and_findings_hold_it(stack: Stack, connection: Json) -> None:
    """Sealed like any other evidence, with a finding for each group."""
    item = evidence(stack.api, connection)[KIND]
    found = findings(stack.api, connection, f"&check_id={CHECK}")

    assert row(item["controls"])["iso27001_2022"] == ["A.5.9"]
    assert found
    assert len(found) == row(item["summary"])["resources"]
    assert {row(one["controls"])["nist_csf_2_0"] == ["GV.RR-02"] for one in found} == {True}


def test_its_control_has_a_state(stack: Stack, connection: Json) -> None:
    """The control that nothing answered before now counts its verdicts."""
    states = stack.api.items(f"/frameworks/nist_csf_2_0/controls?connection_id={connection['id']}&limit=1000")
    (state,) = [one for one in states if one["id"] == "GV.RR-02"]

    assert (words(state["checks"]), state["coverage"]) == ([CHECK], "partial")
    assert state["state"] in {"pass", "fail"}
