"""Checks that Defender's recommendations answer: each by what its assessments say, absent ones too."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import Status, Verdict
from collectors.defender.assessments import ALL_HEALTHY, PART
from collectors.defender.recommendations import CHECKS, EXEMPTIONS_REVIEWED, QUESTIONS, Question
from collectors.errors import AccessDenied
from local.azure import SimulatedAzure
from mappings.loader import load
from pipeline.controls import controls_of
from tests.collectors.memory_reader import Body, MemoryReader, collected
from tests.collectors.simulated_reader import reading

SCOPE = "/subscriptions/20ff7fc3-e762-44dd-bd96-b71116dcdc23"
EVERY = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)


def row(key: str, code: str, number: int = 0, cause: str | None = None) -> Body:
    """Make an assessment of a machine."""
    machine = f"{SCOPE}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm{number}"
    properties = {"resourceDetails": {"id": machine}, "status": {"code": code, "cause": cause}}
    return {
        "id": f"{machine}/providers/Microsoft.Security/assessments/{key}",
        "name": key,
        "properties": properties,
    }


async def answers(*rows: Body) -> dict[str, Verdict]:
    """Collect these assessments, each on a page of its own; gives the verdicts on the subscription."""
    reader = MemoryReader(
        {"assessments": [[one] for one in rows] or [[]], "assessmentMetadata": [[]], "pricings": [[]]}
    )
    _, verdicts = await collected(PART, reader)
    return {one.check_id: one for one in verdicts if one.resource_id == SCOPE}


async def answer(question: Question, *rows: Body) -> Verdict:
    """Give the verdict of one check."""
    return (await answers(*rows))[question.id]


@EVERY
@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["Healthy"], Status.PASS),
        (["Healthy", "NotApplicable"], Status.PASS),
        (["Healthy", "unhealthy", "New"], Status.FAIL),
        (["Healthy", "New"], Status.UNKNOWN),
        (["NotApplicable"], Status.NOT_APPLICABLE),
        ([], Status.NOT_APPLICABLE),
    ],
)
async def test_its_assessments_decide(question: Question, codes: list[str], expected: Status) -> None:
    """One unhealthy resource fails it, a status that is not documented is never a pass."""
    rows = [row(question.keys[0].upper(), code, number) for number, code in enumerate(codes)]

    assert (await answer(question, *rows)).status is expected


@EVERY
async def test_each_recommendation_has_its_say(question: Question) -> None:
    """Whichever of its keys has an unhealthy resource, that fails the check."""
    for key in question.keys:
        healthy = [row(other, "Healthy") for other in question.keys if other != key]

        assert (await answer(question, *healthy, row(key, "Unhealthy"))).status is Status.FAIL


@pytest.mark.parametrize("question", [one for one in QUESTIONS if one.retired], ids=lambda one: one.id)
async def test_a_retired_recommendation_fails_nothing(question: Question) -> None:
    """What rested on a retired agent decides nothing, by itself or beside its successor."""
    retired = [row(key, "Unhealthy") for key in question.retired]

    alone = await answer(question, *retired)
    beside = await answer(question, *retired, row(question.keys[0], "Healthy"))
    assert (alone.status, beside.status) == (Status.NOT_APPLICABLE, Status.PASS)
    assert "retired" in alone.reason


@EVERY
async def test_an_absent_recommendation_is_said_to_be_absent(question: Question) -> None:
    """Others being assessed is no answer to this one."""
    found = await answer(question, row("another", "Unhealthy"))

    assert (found.status, "does not list" in found.reason) == (Status.NOT_APPLICABLE, True)
    assert found.observed["recommendations"] == list(question.keys)


async def test_exemptions_are_for_people_to_look_at() -> None:
    """Exempt rows are counted; what a policy switched off is no exemption."""
    found = await answers(
        row("b", "NotApplicable", 1, "Exempt"),
        row("a", "NotApplicable", 2, "exempt"),
        row("c", "NotApplicable", 3, "OffByPolicy"),
    )

    verdict = found[EXEMPTIONS_REVIEWED.id]
    assert (verdict.status, verdict.observed) == (Status.MANUAL, {"exempt": 2, "recommendations": ["a", "b"]})


async def test_without_exemptions_there_is_nothing_to_look_at() -> None:
    """No row is exempt."""
    found = await answers(row("c", "NotApplicable", 3, "OffByPolicy"), row("d", "Healthy"))

    assert found[EXEMPTIONS_REVIEWED.id].status is Status.NOT_APPLICABLE


@given(codes=st.lists(st.sampled_from(["Healthy", "Unhealthy", "NotApplicable", "Odd"]), max_size=8))
async def test_an_unhealthy_resource_is_never_lost(codes: list[str]) -> None:
    """A check fails exactly where one of its rows is unhealthy, and passes only where all are known."""
    question = QUESTIONS[0]

    found = await answer(question, *(row(question.keys[0], code, at) for at, code in enumerate(codes)))

    assert (found.status is Status.FAIL) == ("Unhealthy" in codes)
    assert found.status is not Status.PASS or set(codes) <= {"Healthy", "NotApplicable"}


async def test_a_list_that_is_refused_answers_none() -> None:
    """The part as a whole is a gap: no check is answered from half of the rows."""
    denied = AccessDenied("no", permission="p", scope=SCOPE)
    reader = MemoryReader({"assessments": denied, "assessmentMetadata": [[]], "pricings": [[]]})

    with pytest.raises(AccessDenied):
        await collected(PART, reader)


def test_the_item_stands_for_what_it_always_did() -> None:
    """The controls of the evidence item are those of the assessments, not those of the checks on the way."""
    controls = controls_of([check.id for check in PART.evidenced], load())

    assert PART.evidenced == (ALL_HEALTHY,)
    assert (controls["iso27001_2022"], controls["soc2_2017"]) == (("A.8.8", "A.8.9"), ("CC7.1",))


async def test_every_answer_is_the_truth() -> None:
    """What the simulated subscription holds of each recommendation is what its check says."""
    found: dict[str, Any] = {}

    async def keep(verdict: Verdict) -> None:
        found[verdict.check_id] = verdict.status.value

    async with SimulatedAzure("demo") as azure, reading(azure, "production") as reader:
        await PART.collect(reader, keep)
        counts = azure.subscription("production").content.assessments.by_recommendation()

    for question in QUESTIONS:
        held = {code for key in question.keys for code, number in counts.get(key, {}).items() if number}
        worst = [status for code, status in WORST.items() if code in held]
        assert found[question.id] == (worst or ["not_applicable"])[0]
    assert {check.id for check in CHECKS} <= found.keys()


WORST = {"Unhealthy": "fail", "Healthy": "pass"}
