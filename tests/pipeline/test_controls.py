"""Controls: what supports them, their state from verdicts, and what no verdict can hide."""

from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.live import LiveControls
from mappings.loader import Mappings, load
from pipeline.controls import control_states, controls_of, framework_views
from pipeline.framework_model import ControlState
from pipeline.model import EvidenceItem, Provenance, VerdictCounts

SCORE, ROWS, ALERTS = "defender_secure_score", "defender_resource_assessments", "defender_security_alerts"
GOOD, BAD, UNREAD = VerdictCounts(passed=1), VerdictCounts(failed=1), VerdictCounts(unknown=1)
BY_HAND, ASIDE = VerdictCounts(manual=1), VerdictCounts(not_applicable=1)

counts = st.builds(
    VerdictCounts, **dict.fromkeys(VerdictCounts.__struct_fields__, st.integers(min_value=0, max_value=3))
)


@cache
def mappings() -> Mappings:
    """Load the real mappings, once."""
    return load()


@cache
def checks_of(framework_id: str, control_id: str) -> tuple[str, ...]:
    """Give the checks that the real mappings say support a control."""
    return mappings().checks_of(framework_id, control_id)


def state_of(
    control_id: str, given: dict[str, VerdictCounts], framework_id: str = "soc2_2017"
) -> ControlState:
    """Give the state of one control."""
    states = {state.id: state for state in control_states(framework_id, mappings(), given)}
    return states[control_id]


def coverage_with(named: dict[str, list[str]]) -> dict[str, str]:
    """Give the coverage of MCSB's controls where a subscription names those of some recommendations."""
    live = LiveControls.of(named, mappings())
    states = control_states("mcsb_v1", mappings(), {}, live=[(live, {})])
    return {one.id: one.coverage for one in states}


def settled(control_id: str, **others: VerdictCounts) -> dict[str, VerdictCounts]:
    """Let every check of a SOC 2 control pass, but those that are given otherwise."""
    return dict.fromkeys(checks_of("soc2_2017", control_id), GOOD) | others


class TestControlsOf:
    """From checks to the controls they support."""

    @pytest.mark.parametrize(
        ("check_id", "iso", "soc"),
        [
            (SCORE, {"A.8.8", "A.5.36"}, {"CC7.1"}),
            (ROWS, {"A.8.8", "A.8.9"}, {"CC7.1"}),
            (ALERTS, {"A.8.16", "A.5.25"}, {"CC7.2"}),
        ],
    )
    def test_the_three_items_have_their_controls(self, check_id: str, iso: set[str], soc: set[str]) -> None:
        """The mappings that the API promises for ISO 27001 and SOC 2."""
        controls = controls_of([check_id], mappings())

        assert (set(controls["iso27001_2022"]), set(controls["soc2_2017"])) == (iso, soc)

    def test_several_checks_name_each_control_once_in_catalogue_order(self) -> None:
        """The checks of a part are merged, and sorted as the standard prints its controls."""
        controls = controls_of([ALERTS, ROWS, SCORE], mappings())

        assert controls["iso27001_2022"] == ("A.5.25", "A.5.36", "A.8.8", "A.8.9", "A.8.16")
        assert list(controls) == [one.id for one in mappings().frameworks if one.id in controls]

    @pytest.mark.parametrize("check_ids", [[], ["nobody_maps_this"], ["a", "b"]])
    def test_what_nothing_maps_supports_nothing(self, check_ids: list[str]) -> None:
        """A check without mappings is no error."""
        assert controls_of(check_ids, mappings()) == {}

    def test_a_recommendation_has_its_benchmark_control(self) -> None:
        """Defender's own recommendations come with their control of Microsoft's benchmark."""
        check_id = "defender_assessment:f9f0eed0-f143-47bf-b856-671ea2eeed62"

        assert controls_of([check_id], mappings())["mcsb_v1"] == ("NS-1", "NS-7")

    @given(check_ids=st.lists(st.sampled_from([SCORE, ROWS, ALERTS, "nobody_maps_this"])))
    def test_merging_loses_and_adds_nothing(self, check_ids: list[str]) -> None:
        """The controls of several checks are those of each, whatever their number and order."""
        together = controls_of(check_ids, mappings())

        apart = [mappings().controls_of(check_id).items() for check_id in check_ids]
        expected = {(framework, one) for items in apart for framework, ids in items for one in ids}
        assert {(framework, one) for framework, ids in together.items() for one in ids} == expected
        assert sum(map(len, together.values())) == len(expected)


class TestStates:
    """The precedence of verdicts, on CC7.1 of SOC 2."""

    @pytest.mark.parametrize(
        ("score", "state"),
        [
            (GOOD, "pass"),
            (BAD, "fail"),
            (VerdictCounts(failed=1, passed=9, unknown=5), "fail"),
            (UNREAD, "partial"),
            (BY_HAND, "partial"),
            (ASIDE, "pass"),
            (VerdictCounts(), "partial"),
        ],
    )
    def test_among_passing_checks(self, score: VerdictCounts, state: str) -> None:
        """One fail fails; what is unknown, manual or missing makes a pass partial."""
        assert state_of("CC7.1", settled("CC7.1", **{SCORE: score})).state == state

    @pytest.mark.parametrize(
        ("all_of_them", "state"),
        [
            (GOOD, "pass"),
            (BAD, "fail"),
            (UNREAD, "unknown"),
            (BY_HAND, "manual"),
            (ASIDE, "not_applicable"),
            (VerdictCounts(unknown=1, manual=1, not_applicable=1), "unknown"),
            (VerdictCounts(manual=1, not_applicable=1), "manual"),
            (VerdictCounts(), "no_evidence"),
        ],
    )
    def test_where_every_check_says_the_same(self, all_of_them: VerdictCounts, state: str) -> None:
        """A control nobody could read is unknown, and one without a verdict has no evidence."""
        checks = checks_of("soc2_2017", "CC7.1")

        assert state_of("CC7.1", dict.fromkeys(checks, all_of_them)).state == state

    def test_not_applicable_is_said_only_when_all_ran(self) -> None:
        """A check that did not run could still apply."""
        state = state_of("CC7.1", {SCORE: ASIDE})

        assert (state.state, SCORE in state.without_verdict) == ("no_evidence", False)
        assert state.without_verdict == tuple(one for one in state.checks if one != SCORE)

    def test_a_control_without_checks_is_for_people(self) -> None:
        """Nothing here gathers its evidence, and nothing claims to."""
        state = state_of("CC1.1", {})

        assert (state.state, state.coverage, state.checks) == ("manual", "none", ())

    def test_a_recommendation_that_defender_does_not_list_is_no_gap(self) -> None:
        """Hundreds of recommendations are mapped; the few that concern the subscription decide."""
        ours = {
            one: GOOD for one in checks_of("mcsb_v1", "PV-2") if not one.startswith("defender_assessment:")
        }

        state = state_of("PV-2", ours, "mcsb_v1")

        assert (state.state, state.without_verdict) == ("pass", ())
        assert len(state.checks) > len(ours)

    def test_a_failing_recommendation_fails_its_control(self) -> None:
        """Defender's own verdicts count as ours do."""
        given = {"defender_assessment:f9f0eed0-f143-47bf-b856-671ea2eeed62": BAD}

        assert state_of("NS-7", given, "mcsb_v1").state == "fail"

    @given(st.fixed_dictionaries({SCORE: counts, ROWS: counts, ALERTS: counts}))
    def test_unknown_is_never_hidden(self, given: dict[str, VerdictCounts]) -> None:
        """For any verdicts: no pass with an unknown, no pass with a fail, and every verdict is counted."""
        for state in control_states("soc2_2017", mappings(), given):
            mapped = [given[check_id] for check_id in state.checks if check_id in given]
            for field in VerdictCounts.__struct_fields__:
                assert getattr(state.verdicts, field) == sum(getattr(one, field) for one in mapped)
            if state.state == "pass":
                assert (state.verdicts.unknown, state.verdicts.failed, state.without_verdict) == (0, 0, ())
            assert (state.state == "fail") is (state.verdicts.failed > 0)


class TestCoverage:
    """How much of a control is gathered without people: stated, not found out from verdicts."""

    @pytest.mark.parametrize("framework_id", [framework.id for framework in mappings().frameworks])
    def test_coverage_is_what_the_catalogue_states(self, framework_id: str) -> None:
        """For every control, before there is any verdict."""
        shown = {state.id: state.coverage for state in control_states(framework_id, mappings(), {})}

        catalogue = mappings().controls(framework_id)
        assert shown == {one.id: one.coverage for one in catalogue if not one.is_group}

    @pytest.mark.parametrize("verdict", [GOOD, BAD, BY_HAND, ASIDE, UNREAD])
    def test_verdicts_do_not_change_it(self, verdict: VerdictCounts) -> None:
        """What a control asks for is the same on a good day and on a bad one."""
        given = dict.fromkeys(checks_of("soc2_2017", "CC7.1"), verdict)

        assert state_of("CC7.1", given).coverage == "partial"

    def test_a_control_of_a_person_is_shown_as_one(self) -> None:
        """Its only check never decides; once it ran, the control waits for somebody to look."""
        before, after = state_of("A1.3", {}), state_of("A1.3", {"recovery_restore_tested": BY_HAND})

        assert [(one.coverage, one.state) for one in (before, after)] == [
            ("manual", "no_evidence"),
            ("manual", "manual"),
        ]

    def test_a_subscription_may_give_a_control_its_first_check(self) -> None:
        """What its regulatory compliance names counts, where the catalogue knows of none, or of people."""
        named = {"f9f0eed0-f143-47bf-b856-671ea2eeed62": ["GS-1", "BR-4"]}

        states = coverage_with(named)

        assert [states[one] for one in ("GS-1", "BR-4", "GS-4")] == ["partial", "partial", "none"]

    def test_a_subscription_may_take_a_controls_last_check(self) -> None:
        """A control whose only recommendation is named under another one is covered by nothing."""
        named = {"f9f0eed0-f143-47bf-b856-671ea2eeed62": ["NS-1"]}

        states = coverage_with(named)

        assert (states["NS-1"], states["NS-7"]) == ("partial", "none")


class TestCatalogue:
    """Which controls there are."""

    def test_every_control_and_no_group_has_a_state(self) -> None:
        """In the order of the catalogue."""
        states = control_states("soc2_2017", mappings(), {})

        catalogue = mappings().controls("soc2_2017")
        assert [state.id for state in states] == [one.id for one in catalogue if not one.is_group]

    def test_an_unknown_framework_is_an_error(self) -> None:
        """It has no empty list of controls."""
        with pytest.raises(KeyError):
            control_states("soc3", mappings(), {})

    def test_every_framework_is_shown_with_its_numbers(self) -> None:
        """The coverage counts add up to the controls."""
        views = framework_views(mappings())

        assert [view.id for view in views] == [one.id for one in mappings().frameworks]
        assert all(sum(view.coverage.values()) == view.controls > 0 for view in views)
        assert [view.id for view in views if view.coverage.get("automated")] == ["cis_azure_6_0_0"]

    def test_counts_are_answered_under_the_names_of_the_verdicts(self) -> None:
        """In JSON the counts are called pass and fail."""
        answer = msgspec.to_builtins(state_of("CC7.1", {SCORE: BAD}))

        assert answer["verdicts"] == {"pass": 0, "fail": 1, "manual": 0, "not_applicable": 0, "unknown": 0}


def evidence(at: str, *, controls: tuple[str, ...], item_id: str = "e") -> EvidenceItem:
    """Make an evidence item that supports controls of SOC 2."""
    return EvidenceItem(
        id=item_id,
        connection_id="c",
        subscription_id="s",
        sync_run_id="r",
        service="defender",
        kind="secure_score",
        title="Secure Score",
        status="collected",
        collected_at=at,
        summary={},
        controls={"soc2_2017": controls},
        provenance=Provenance(
            principal="p",
            started_at=at,
            finished_at=at,
            requests=(),
            collector_version="1",
            mapping_version="1",
        ),
        digest="",
        previous_digest=None,
    )


@pytest.fixture
def items() -> list[EvidenceItem]:
    """Two items for CC7.1, the newer one first."""
    return [
        evidence("2026-03-02T00:00:00Z", controls=("CC7.1",), item_id="new"),
        evidence("2026-03-01T00:00:00Z", controls=("CC7.1", "CC7.2"), item_id="old"),
    ]


def test_a_control_is_told_its_newest_evidence(items: list[EvidenceItem]) -> None:
    """Of all items that support it, in whatever order they come."""
    states = {one.id: one for one in control_states("soc2_2017", mappings(), {}, items=items)}

    newest = {control_id: states[control_id].newest_evidence for control_id in ("CC7.1", "CC7.2", "CC1.1")}
    assert {control_id: one and one.id for control_id, one in newest.items()} == {
        "CC7.1": "new",
        "CC7.2": "old",
        "CC1.1": None,
    }
