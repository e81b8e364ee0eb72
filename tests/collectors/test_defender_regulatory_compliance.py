"""Regulatory compliance as Microsoft sees it: its numbers as they are, and never a failure for being off."""

from typing import Any

import pytest

from collectors.contract import JsonValue, Reading, Verdict
from collectors.declarations.resources import JsonObject
from collectors.defender.regulatory_compliance import PART
from collectors.errors import AccessDenied, CollectionError, ResourceAbsent, ServiceNotEnabled
from tests.collectors.path_reader import SCOPE, Answer, PathReader
from tests.collectors.simulated_reader import official_verdicts

SECURITY = "providers/Microsoft.Security"
LIST = f"{SECURITY}/regulatoryComplianceStandards"
SERVERS: JsonObject = {"name": "VirtualMachines", "properties": {"pricingTier": "Standard", "subPlan": "P2"}}


def plan(name: str, tier: str = "Standard", sub_plan: str | None = None) -> JsonObject:
    """Make a Defender plan."""
    return {"name": name, "properties": {"pricingTier": tier, "subPlan": sub_plan}}


def standard(name: str, state: str = "Failed", /, **numbers: JsonValue) -> JsonObject:
    """Make a standard."""
    return {"id": f"{SCOPE}/{LIST}/{name}", "name": name, "properties": {"state": state, **numbers}}


def control(name: str, state: str) -> JsonObject:
    """Make a control of a standard."""
    return {
        "id": f"{SCOPE}/{LIST}/s/regulatoryComplianceControls/{name}",
        "name": name,
        "properties": {"state": state},
    }


async def read(answers: dict[str, Answer]) -> tuple[dict[str, Any], list[Verdict]]:
    """Collect the part without a refusal; gives its summary and its verdicts."""
    verdicts: list[Verdict] = []

    async def keep(verdict: Verdict) -> None:
        verdicts.append(verdict)

    answer = await PART.collect(PathReader(answers, page_size=1), keep)
    assert isinstance(answer, Reading)
    assert answer.refused == ()
    return dict(answer.summary), verdicts


def subscription(*standards: JsonObject, plans: Answer = (SERVERS,), **controls: Answer) -> dict[str, Answer]:
    """Answer plans, standards and the controls of each."""
    listed: dict[str, Answer] = {f"{SECURITY}/pricings": plans, LIST: standards}
    below = {
        f"{LIST}/{one['name']}/regulatoryComplianceControls": controls.get(str(one["name"]), [])
        for one in standards
    }
    return {**listed, **below}


async def test_microsofts_numbers_stand_as_they_are() -> None:
    """Per standard what Microsoft counted, and its controls by state, over all pages."""
    numbers: JsonObject = {
        "passedControls": 1,
        "failedControls": 2,
        "skippedControls": 0,
        "unsupportedControls": 4,
    }
    controls = [
        control("1.1", "Failed"),
        control("1.2", "Passed"),
        control("2", "failed"),
        control("3", "Odd"),
    ]

    summary, _ = await read(subscription(standard("s", **numbers), s=controls))

    assert summary["standards"] == [
        {
            "name": "s",
            "state": "Failed",
            "passed": 1,
            "failed": 2,
            "skipped": 0,
            "unsupported": 4,
            "controls": {"total": 4, "passed": 1, "failed": 2, "skipped": 0, "unsupported": 0, "odd": 1},
            "failed_controls": ["1.1", "2"],
        }
    ]
    assert summary["controls"] == summary["standards"][0]["controls"]


async def test_controls_of_all_standards_are_added_up() -> None:
    """Each standard is asked for its own."""
    summary, [verdict] = await read(
        subscription(standard("a"), standard("b"), a=[control("1", "Passed")], b=[control("1", "Skipped")])
    )

    assert (summary["controls"]["total"], summary["controls"]["skipped"]) == (2, 1)
    assert (verdict.status.value, verdict.observed["standards"]) == ("pass", ["a", "b"])


async def test_a_number_that_is_not_told_is_not_made_up() -> None:
    """Absent is None and not zero."""
    summary, _ = await read(subscription(standard("s")))

    assert summary["standards"][0]["passed"] is None


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        ([SERVERS], "fail"),
        ([plan("CloudPosture")], "fail"),
        ([plan("VirtualMachines", sub_plan="P1"), plan("Api", sub_plan="P1")], "not_applicable"),
        ([plan("FoundationalCspm")], "not_applicable"),
        ([plan("VirtualMachines", "Free")], "not_applicable"),
        ([], "not_applicable"),
    ],
)
async def test_no_standard_without_a_paid_plan_is_no_failure(plans: Answer, expected: str) -> None:
    """Plans that do not bring regulatory compliance do not count either."""
    summary, [verdict] = await read(subscription(plans=plans))

    assert verdict.status.value == expected
    assert summary["standards"] == []


async def test_a_404_without_a_paid_plan_is_no_failure() -> None:
    """Azure may answer that there is no such thing."""
    absent: dict[str, Answer] = {f"{SECURITY}/pricings": [], LIST: ResourceAbsent("404")}

    _, [verdict] = await read(absent)

    assert (verdict.status.value, "paid plan" in verdict.reason) == ("not_applicable", True)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (LIST, ResourceAbsent("404")),
        (LIST, AccessDenied("no", permission="p", scope=SCOPE)),
        (f"{LIST}/s/regulatoryComplianceControls", AccessDenied("no", permission="p", scope=SCOPE)),
        (f"{SECURITY}/pricings", ServiceNotEnabled("never registered")),
    ],
)
async def test_what_is_refused_is_a_gap(path: str, error: CollectionError) -> None:
    """With a paid plan a 404 is one too; Defender that was never registered is said to be off."""
    with pytest.raises(type(error)):
        await read({**subscription(standard("s")), path: error})


async def test_the_official_bodies_have_four_standards() -> None:
    """Microsoft's own example."""
    [verdict] = await official_verdicts(PART)

    assert verdict.observed["standards"] == ["PCI-DSS-3.2", "ISO-27001", "AZURE-CIS", "SOC-TSP"]
