"""The secure score: its percentage, its controls, the verdict against the target, its gaps."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import Status
from collectors.defender.secure_score import ABOVE_TARGET, ENVIRONMENT_SETTINGS, PART, percentage_of
from collectors.errors import (
    AccessDenied,
    NotComputedYet,
    ResourceAbsent,
    ServiceNotEnabled,
    UnexpectedAnswer,
)
from tests.collectors.memory_reader import Body, MemoryReader, Pages, collected, official

SCOPE = "/subscriptions/20ff7fc3-e762-44dd-bd96-b71116dcdc23"
numbers = st.floats(allow_nan=True, allow_infinity=True) | st.integers()


def score(points: Mapping[str, object], name: str = "ascScore") -> Body:
    """Make a score in the shape of the specification; points that are not given are absent."""
    return {
        "id": f"{SCOPE}/providers/Microsoft.Security/secureScores/{name}",
        "name": name,
        "properties": {"displayName": name, "score": dict(points), "weight": 1},
    }


def reader(scores: Pages, controls: Pages = ()) -> MemoryReader:
    """Read these scores and controls."""
    return MemoryReader({"secureScores": scores, "secureScoreControls": controls})


class TestOfficialExample:
    """Microsoft's own example bodies."""

    async def test_the_summary_has_the_score_as_a_percentage(self) -> None:
        """23.53 of 39 points, which Azure calls 0.6033, are 60.33 percent."""
        azure = reader([official("secureScores_list")], [official("secureScoreControls_list")])

        summary, _ = await collected(PART, azure)

        assert {name: summary[name] for name in ("percentage", "current", "max")} == {
            "percentage": 60.33,
            "current": 23.53,
            "max": 39,
        }

    async def test_every_control_is_in_the_summary(self) -> None:
        """The controls stand as Azure lists them, by the name people see, with their unhealthy resources."""
        azure = reader([official("secureScores_list")], [official("secureScoreControls_list")])

        summary, _ = await collected(PART, azure)

        controls = summary["controls"]
        assert isinstance(controls, list)
        assert len(controls) == 12
        assert controls[4] == {
            "name": "Enable auditing and logging",
            "current": 0.2,
            "max": 1,
            "unhealthy": 4,
        }

    async def test_the_verdict_is_about_the_subscription(self) -> None:
        """One verdict, on the subscription, with the values that decided it."""
        azure = reader([official("secureScores_list")], [official("secureScoreControls_list")])

        _, verdicts = await collected(PART, azure)

        assert verdicts == [
            ABOVE_TARGET.verdict(
                SCOPE,
                Status.FAIL,
                "The secure score is 60.33 %, below the target of 80 %.",
                percentage=60.33,
                target_percentage=80,
            )
        ]


class TestVerdict:
    """The score against its target."""

    @pytest.mark.parametrize(
        ("points", "status"),
        [
            ({"current": 40, "max": 50, "percentage": 0.8}, Status.PASS),
            ({"current": 50, "max": 50, "percentage": 1}, Status.PASS),
            ({"current": 39.99, "max": 50, "percentage": 0.7998}, Status.FAIL),
            ({"current": 0, "max": 50, "percentage": 0}, Status.FAIL),
            ({"current": 40, "max": 50}, Status.PASS),
            ({"current": 0, "max": 0, "percentage": 0}, Status.NOT_APPLICABLE),
        ],
        ids=["at target", "full", "just below", "zero", "no fraction", "no points to win"],
    )
    async def test_the_target_is_met_from_the_target_on(
        self, points: dict[str, float], status: Status
    ) -> None:
        """80 percent pass, less fail; where no point can be won there is nothing to fail."""
        _, verdicts = await collected(PART, reader([[score(points)]]))

        assert [verdict.status for verdict in verdicts] == [status]

    @pytest.mark.parametrize("points", [{}, {"current": 1}, {"max": 1}, {"percentage": 0.5}])
    async def test_a_score_without_points_is_no_score(self, points: dict[str, float]) -> None:
        """Absent points are never taken for zero."""
        with pytest.raises(UnexpectedAnswer):
            await collected(PART, reader([[score(points)]]))

    @given(current=numbers, maximum=numbers, fraction=st.none() | numbers)
    def test_a_percentage_is_one_for_any_numbers(
        self, current: float, maximum: float, fraction: float | None
    ) -> None:
        """Whatever Azure answers, the percentage lies between 0 and 100 and has two decimals at most."""
        percentage = percentage_of(current, maximum, fraction)

        assert 0 <= percentage <= 100
        assert percentage == round(percentage, 2)

    def test_a_fraction_out_of_range_is_not_believed(self) -> None:
        """60.33 in the place of 0.6033 does not become full marks: the points decide."""
        assert percentage_of(23.53, 39, 60.33) == 60.33


class TestSeveralScores:
    """More than one initiative with a score."""

    async def test_the_score_of_defender_is_preferred(self) -> None:
        """The score named ascScore is the subscription's score wherever it stands in the list."""
        others = [score({"current": 1, "max": 10}, "other")]
        own = [score({"current": 9, "max": 10}, "ASCSCORE")]

        summary, _ = await collected(PART, reader([others, own]))

        assert summary["percentage"] == 90

    async def test_another_score_is_better_than_none(self) -> None:
        """Without ascScore the first score stands."""
        summary, _ = await collected(PART, reader([[score({"current": 1, "max": 10}, "other")]]))

        assert summary["percentage"] == 10

    async def test_controls_of_other_scores_are_left_out(self) -> None:
        """A control belongs to the score in its id; one without a score in its id belongs to all."""
        controls = [
            {"id": f"{SCOPE}/providers/Microsoft.Security/{path}/{name}", "name": name}
            for name, path in (
                ("ours", "SecureScores/ascscore/secureScoreControls"),
                ("theirs", "secureScores/other/secureScoreControls"),
                ("general", "secureScoreControls"),
            )
        ]

        summary, _ = await collected(PART, reader([[score({"current": 1, "max": 2})]], [controls]))

        assert [one["name"] for one in summary["controls"]] == ["ours", "general"]


class TestGaps:
    """What there is when there is no score."""

    @pytest.mark.parametrize(
        "scores", [[], [[]], ResourceAbsent("404")], ids=["no page", "empty list", "not found"]
    )
    async def test_no_score_means_not_computed_yet(self, scores: Pages) -> None:
        """An empty list and a 404 are the same answer, and are no score of zero."""
        with pytest.raises(NotComputedYet) as caught:
            await collected(PART, reader(scores))

        assert "free tier" in caught.value.advice
        assert "24 hours" in caught.value.advice
        assert caught.value.portal_page == ENVIRONMENT_SETTINGS

    async def test_controls_that_are_not_found_mean_the_same(self) -> None:
        """The score can vanish between its read and that of its controls."""
        with pytest.raises(NotComputedYet):
            await collected(PART, reader([[score({"current": 1, "max": 2})]], ResourceAbsent("404")))

    @pytest.mark.parametrize(
        "error",
        [
            AccessDenied("no", permission="Microsoft.Security/secureScores/read", scope=SCOPE),
            ServiceNotEnabled("off"),
        ],
        ids=["denied", "never registered"],
    )
    async def test_other_errors_go_up_as_they_are(self, error: AccessDenied | ServiceNotEnabled) -> None:
        """A missing permission is not taken for a missing score."""
        with pytest.raises(type(error)) as caught:
            await collected(PART, reader(error))

        assert caught.value is error

    @pytest.mark.parametrize(
        "scores",
        ["no list", [[{"id": "x"}]], [[score({"current": "a", "max": 2})]], [[7]]],
        ids=["value is no list", "no name", "points are no number", "row is no object"],
    )
    async def test_an_answer_of_another_shape_is_said_to_be_one(self, scores: Pages) -> None:
        """What the specification does not describe never passes for a score."""
        with pytest.raises(UnexpectedAnswer):
            await collected(PART, reader(scores))


async def test_every_page_of_the_controls_is_read() -> None:
    """A second page is followed, at the pinned api-version."""
    pages = [[{"id": f"c{number}", "name": f"c{number}"}] for number in range(3)]
    azure = reader([[score({"current": 1, "max": 2})]], pages)

    summary, _ = await collected(PART, azure)

    assert len(summary["controls"]) == 3
    assert [(sent.list_name, sent.api_version) for sent in azure.sent] == [
        ("secureScores", "2020-01-01"),
        *[("secureScoreControls", "2020-01-01")] * 3,
    ]
