"""Which controls of the benchmark each recommendation supports: as the subscription's own compliance says."""

import pytest

from collectors.contract import JsonValue, Reading, Verdict
from collectors.declarations.resources import JsonObject
from collectors.defender.recommendation_controls import printed
from collectors.defender.regulatory_compliance import PART
from collectors.errors import AccessDenied, ResourceAbsent
from local.azure import SimulatedAzure
from local.azure.recommendations import recommendations
from local.azure.standards import BENCHMARK, NOT_ASSESSED, STANDARDS, controls_of
from mappings.loader import load
from tests.collectors.path_reader import Answer, PathReader
from tests.collectors.simulated_reader import reading

SECURITY = "providers/Microsoft.Security"
LIST = f"{SECURITY}/regulatoryComplianceStandards"
FIRST, SECOND = "968548cb-02b3-8cd2-11f8-0cf64ab1a347", "3bcd234d-c9c7-c2a2-89e0-c01f419c1a8a"
DENIED = AccessDenied("no", permission="p", scope="s")


def row(name: str, **properties: JsonValue) -> JsonObject:
    """Make a row of one of the lists."""
    return {"name": name, "properties": properties}


def control(name: str, failed: int = 1, state: str = "Failed") -> JsonObject:
    """Make a control of which so many assessments have failed."""
    return row(name, state=state, passedAssessments=0, failedAssessments=failed, skippedAssessments=0)


class Benchmark:
    """A subscription that has one standard with these controls, and under each these assessments."""

    def __init__(self, *controls: JsonObject, standard: str = BENCHMARK, **assessments: Answer) -> None:
        below = f"{LIST}/{standard}/regulatoryComplianceControls"
        self._asked = f"{below}/"
        answers: dict[str, Answer] = {
            f"{SECURITY}/pricings": [],
            LIST: [row(standard, state="Failed")],
            below: controls,
        }
        for name, answer in assessments.items():
            answers[f"{below}/{name.replace('_', '.')}/regulatoryComplianceAssessments"] = answer
        self._reader = PathReader(answers, page_size=1)

    async def read(self) -> Reading:
        """Collect the part."""

        async def forget(verdict: Verdict) -> None:
            del verdict

        answer = await PART.collect(self._reader, forget)
        assert isinstance(answer, Reading)
        return answer

    @property
    def asked(self) -> list[str]:
        """The controls whose assessments were asked for."""
        sent = [path.removeprefix(self._asked) for path in self._reader.sent if path.startswith(self._asked)]
        return [path.partition("/")[0] for path in sent]


async def test_each_recommendation_has_the_controls_it_is_listed_under() -> None:
    """Over all pages of all controls, under the ids that Microsoft prints."""
    found = Benchmark(
        control("LT.2"), control("NS.10"), LT_2=[row(FIRST.upper()), row(SECOND)], NS_10=[row(SECOND)]
    )

    summary = (await found.read()).summary

    assert summary["controls_source"] == "live"
    assert summary["recommendation_controls"] == {SECOND: ["LT-2", "NS-10"], FIRST: ["LT-2"]}


@pytest.mark.parametrize(
    "without",
    [
        control("GS.1", failed=0, state="Passed"),
        control("GS.1", state="Unsupported"),
        row("GS.1", state="unsupported"),
        control("GS"),
        control("9.1"),
    ],
    ids=["nothing assessed", "unsupported", "no numbers", "domain", "no control"],
)
async def test_a_control_without_assessments_is_not_asked(without: JsonObject) -> None:
    """One request for each control that has any, and no more."""
    found = Benchmark(without, control("LT.2"), row("NS.1", state="Passed"), LT_2=[], NS_1=[row(FIRST)])

    summary = (await found.read()).summary

    assert (found.asked, summary["recommendation_controls"]) == (["LT.2", "NS.1"], {FIRST: ["NS-1"]})


async def test_what_is_no_control_of_the_benchmark_is_named() -> None:
    """Ignored, but not in silence; a domain only holds controls together."""
    found = Benchmark(control("GS"), control("9.1"), control("LT.2"), LT_2=[row(FIRST)])

    assert (await found.read()).summary["unknown_controls"] == ("9.1",)


@pytest.mark.parametrize("error", [DENIED, ResourceAbsent("404")])
async def test_one_refusal_leaves_the_catalogue(error: Answer) -> None:
    """Half of the controls would look like all of them; the standards are told, and the refusal too."""
    found = Benchmark(control("LT.2"), control("NS.1"), LT_2=[row(FIRST)], NS_1=error)

    summary, _, refused, _ = await found.read()

    assert (summary["controls_source"], summary["recommendation_controls"]) == ("catalogue", {})
    assert (refused, summary["controls"]) == (
        (error,),
        {"total": 2, "passed": 0, "failed": 2, "skipped": 0, "unsupported": 0},
    )


async def test_the_same_refusal_is_told_once() -> None:
    """However many controls meet it."""
    found = Benchmark(control("LT.2"), control("NS.1"), LT_2=DENIED, NS_1=DENIED)

    assert (await found.read()).refused == (DENIED,)


@pytest.mark.parametrize("standard", ["ISO-27001", "Azure-Security-Benchmark"])
async def test_other_standards_say_nothing_of_the_benchmark(standard: str) -> None:
    """Also the one that had its name before, of which a version gave the same ids to other controls."""
    found = Benchmark(control("LT.2"), standard=standard, LT_2=[row(FIRST)])

    summary = (await found.read()).summary

    assert (summary["controls_source"], found.asked) == ("catalogue", [])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("LT.2", "LT-2"),
        ("LT-2", "LT-2"),
        ("ns.10", "NS-10"),
        ("NS", ""),
        ("1.1", ""),
        ("LT.02", ""),
        ("", ""),
    ],
)
def test_a_control_is_written_as_printed(name: str, expected: str) -> None:
    """The live service writes a dot."""
    assert printed(name) == expected


def test_every_control_of_the_catalogue_can_be_named() -> None:
    """None of its ids has another form."""
    ids = [one.id for one in load().controls("mcsb_v1") if not one.is_group]

    assert [printed(one.replace("-", ".")) for one in ids] == ids


async def test_the_simulated_azure_is_read_as_it_is() -> None:
    """One request for each standard and each control that has assessments; every recommendation is named."""

    async def forget(verdict: Verdict) -> None:
        del verdict

    async with SimulatedAzure("small") as azure, reading(azure, "production") as reader:
        answer = await PART.collect(reader, forget)

        assert isinstance(answer, Reading)
        assert answer.summary["recommendation_controls"] == {
            rule.key: sorted(map(printed, rule.benchmark))
            for rule in sorted(recommendations(), key=lambda rule: rule.key)
            if rule.benchmark
        }
        controls = len(controls_of(BENCHMARK)) - len(NOT_ASSESSED)
        assert reader.requests_sent == 2 + len(STANDARDS) + controls
