"""The Defender collector through the real reader against the simulated Azure."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from collectors.contract import Part, Read, Reading, Status, Verdict
from collectors.defender import COLLECTOR
from collectors.errors import (
    AccessDenied,
    CollectionError,
    NotComputedYet,
    ServiceNotEnabled,
)
from local.azure import SimulatedAzure
from local.azure.faults import Fault, Kind
from local.azure.simulation import PageSizes
from local.azure.standards import STANDARDS, controls_of
from local.azure.world import Defender
from mappings.loader import load
from pipeline.azure.errors import action_of
from pipeline.azure_reader import AzureReader
from tests.collectors.simulated_reader import reading

SCORE, ASSESSMENTS, ALERTS, CONFIGURATION, COMPLIANCE = COLLECTOR.parts
PARTS = pytest.mark.parametrize("part", COLLECTOR.parts, ids=lambda part: part.kind)


@pytest.fixture
async def azure() -> AsyncIterator[SimulatedAzure]:
    """Run a simulated Azure whose lists have many pages."""
    async with SimulatedAzure("small") as running:
        running.simulation.pages = PageSizes(default=4, assessments=90)
        yield running


async def collected(part: Part, reader: AzureReader) -> tuple[dict[str, Any], list[Verdict]]:
    """Collect a part; gives its summary and its verdicts."""
    verdicts: list[Verdict] = []

    async def keep(verdict: Verdict) -> None:
        verdicts.append(verdict)

    answer = await part.collect(reader, keep)
    return dict(answer.summary if isinstance(answer, Reading) else answer), verdicts


def paths_of(read: Read, reader: AzureReader) -> set[str]:
    """Give the paths of a read, one for each standard or control where it is asked of each."""
    return {
        read.path.format(subscription_id=reader.subscription_id, standard=standard, control=control)
        for standard in STANDARDS
        for control in controls_of(standard)
    }


class TestHealthySubscription:
    """A subscription in which everything can be read."""

    async def test_the_score_is_a_percentage(self, azure: SimulatedAzure) -> None:
        """The points and the percentage agree, and the controls came over two pages."""
        async with reading(azure, "production") as reader:
            summary, verdicts = await collected(SCORE, reader)

        assert summary["percentage"] == pytest.approx(100 * summary["current"] / summary["max"], abs=0.01)
        assert len(summary["controls"]) == 6
        assert len(verdicts) == 1

    async def test_every_assessment_of_every_page_is_counted(self, azure: SimulatedAzure) -> None:
        """The numbers are those the simulated Azure made, and each row is a verdict on its own resource."""
        truth = azure.subscription("production").content.assessments.counts()
        async with reading(azure, "production") as reader:
            summary, verdicts = await collected(ASSESSMENTS, reader)

        assert {name: summary[name] for name in ("healthy", "unhealthy", "not_applicable")} == {
            "healthy": truth.healthy,
            "unhealthy": truth.unhealthy,
            "not_applicable": truth.not_applicable,
        }
        rows = [verdict for verdict in verdicts if verdict.check_id.startswith("defender_assessment:")]
        assert Counter(verdict.status for verdict in rows) == {
            Status.PASS: truth.healthy,
            Status.FAIL: truth.unhealthy,
            Status.NOT_APPLICABLE: truth.not_applicable,
        }
        assert len(verdicts) == len(rows) + len(ASSESSMENTS.checks)
        assert len({(verdict.check_id, verdict.resource_id.lower()) for verdict in verdicts}) == len(verdicts)

    async def test_alerts_of_every_page_are_counted(self, azure: SimulatedAzure) -> None:
        """All alerts are in the counts, at most ten active ones are shown."""
        rows = msgspec.convert(azure.subscription("production").content.alerts, list[dict[str, Any]])
        async with reading(azure, "production") as reader:
            summary, _ = await collected(ALERTS, reader)

        assert summary["by_status"] == Counter(row["properties"]["status"] for row in rows)
        assert len(summary["samples"]) == min(summary["active"], 10)

    async def test_severities_are_joined(self, azure: SimulatedAzure) -> None:
        """Each unhealthy row has the severity of its recommendation: the simulated Azure knows them all."""
        async with reading(azure, "production") as reader:
            summary, _ = await collected(ASSESSMENTS, reader)

        assert sum(summary["by_severity"].values()) == summary["unhealthy"] > 0


@PARTS
async def test_the_official_bodies_can_be_read(azure: SimulatedAzure, part: Part) -> None:
    """Microsoft's own examples yield a summary and a verdict of every check."""
    async with reading(azure, "specification") as reader:
        summary, verdicts = await collected(part, reader)

    assert summary
    assert {check.id for check in part.checks} <= {verdict.check_id for verdict in verdicts}


class TestReads:
    """What goes out is what is declared."""

    @PARTS
    async def test_nothing_undeclared_is_read(self, azure: SimulatedAzure, part: Part) -> None:
        """Each request of a part is one of its declared reads, at the declared api-version, and a GET."""
        async with reading(azure, "production") as reader:
            await collected(part, reader)
            declared = {
                ("GET", path, read.api_version) for read in part.reads for path in paths_of(read, reader)
            }

        made = {
            (entry.method, entry.path, entry.query["api-version"]) for entry in azure.simulation.log.entries
        }
        assert made
        assert made <= declared

    @pytest.mark.parametrize(
        "part", [ASSESSMENTS, ALERTS, CONFIGURATION, COMPLIANCE], ids=lambda part: part.kind
    )
    async def test_every_declared_read_is_needed(self, azure: SimulatedAzure, part: Part) -> None:
        """Where the list is empty the plans are asked too: then every declared read was made, once."""
        azure.subscription("production").defender = Defender.COMPUTING
        async with reading(azure, "production") as reader:
            await collected(part, reader)

        paths = {entry.path.rpartition("/")[2] for entry in azure.simulation.log.entries}
        assert paths == {read.path.rpartition("/")[2] for read in part.reads}

    @pytest.mark.parametrize("how", [Defender.ON, Defender.COMPUTING])
    async def test_parts_together_read_nothing_twice(self, azure: SimulatedAzure, how: Defender) -> None:
        """At the same time and on one memory, no page is asked for twice, not even the plans."""
        azure.subscription("production").defender = how
        parts = [part for part in COLLECTOR.parts if part is not SCORE or how is Defender.ON]
        async with reading(azure, "production") as reader:
            await asyncio.gather(*(collected(part, reader.part()) for part in parts))

        asked = Counter((entry.path, str(entry.query)) for entry in azure.simulation.log.entries)
        assert set(asked.values()) == {1}

    @pytest.mark.parametrize("read", COLLECTOR.reads, ids=lambda read: read.permission)
    def test_the_declared_permission_is_arms(self, read: Read) -> None:
        """An action is the provider, its types and the verb, formed from the path as ARM forms it."""
        assert read.permission == action_of(read.path.format(subscription_id="s", standard="t", control="c"))

    def test_every_check_says_how_it_is_cured(self) -> None:
        """A portal path and a line of code, the permission of a declared read, and a known control."""
        for part in COLLECTOR.parts:
            for check in part.checks:
                assert "Portal: " in check.remediation
                assert "CLI: az " in check.remediation or "Bicep: Microsoft.Security/" in check.remediation
                assert check.permission in {read.permission for read in part.reads}
                assert {"iso27001_2022", "soc2_2017"} <= load().controls_of(check.id).keys()


class TestGaps:
    """What Azure refuses."""

    @pytest.mark.parametrize("part", [ASSESSMENTS, ALERTS], ids=lambda part: part.kind)
    async def test_a_missing_role_is_named(self, azure: SimulatedAzure, part: Part) -> None:
        """Reader without Defender's findings: the advice is Security Reader, at the subscription."""
        async with reading(azure, "staging") as reader:
            with pytest.raises(AccessDenied) as caught:
                await collected(part, reader)

        assert caught.value.permission == part.checks[0].permission
        assert "Security Reader" in caught.value.advice

    @PARTS
    async def test_defender_that_was_never_registered_is_said_to_be_off(
        self, azure: SimulatedAzure, part: Part
    ) -> None:
        """Empty lists of such a subscription are never evidence; no score of it is told as not computed."""
        async with reading(azure, "sandbox") as reader:
            with pytest.raises((ServiceNotEnabled, NotComputedYet)) as caught:
                await collected(part, reader)

        assert "24 hours" in caught.value.advice

    @pytest.mark.parametrize("how", [Defender.COMPUTING, Defender.COMPUTING_MISSING])
    async def test_a_score_that_is_not_there_yet(self, azure: SimulatedAzure, how: Defender) -> None:
        """An empty list, and a 404 whose body is spelled with capitals."""
        azure.subscription("production").defender = how
        async with reading(azure, "production") as reader:
            with pytest.raises(NotComputedYet):
                await collected(SCORE, reader)

    @pytest.mark.parametrize(
        ("part", "path"),
        [(SCORE, "*secureScoreControls"), (ASSESSMENTS, "*assessments"), (ALERTS, "*alerts")],
        ids=[part.kind for part in COLLECTOR.parts[:3]],
    )
    @pytest.mark.parametrize("first_page", [True, False], ids=["first page", "later page"])
    @pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.DELAY])
    async def test_no_fault_looks_like_an_answer(
        self, azure: SimulatedAzure, kind: Kind, part: Part, path: str, *, first_page: bool
    ) -> None:
        """Whatever breaks for good, and on whichever page, the part fails with an error of ours."""
        azure.add_fault(Fault(kind=kind, path=path, skip=0 if first_page else 1, count=None))
        async with reading(azure, "production") as reader:
            with pytest.raises(CollectionError):
                await collected(part, reader)

    async def test_a_service_that_recovers_costs_nothing(self, azure: SimulatedAzure) -> None:
        """Two failures and a throttling later the numbers are the same."""
        truth = azure.subscription("production").content.assessments.counts()
        azure.add_fault(Fault(kind=Kind.STATUS, path="*assessments", skip=1, count=2))
        azure.add_fault(Fault(kind=Kind.THROTTLE, path="*assessments", skip=2, count=1))
        async with reading(azure, "production") as reader:
            summary, _ = await collected(ASSESSMENTS, reader)

        assert (summary["healthy"], summary["unhealthy"]) == (truth.healthy, truth.unhealthy)
