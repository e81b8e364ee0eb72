"""Controls: what supports them, their state from verdicts, and what no verdict can hide."""

from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.live import LiveControls
from mappings.loader import Mappings, load
from pipeline.controls import ConnectionVerdicts, Gathered, control_states, controls_of, framework_views
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


def gathered(*standing: dict[str, VerdictCounts]) -> list[Gathered]:
    """Give the verdicts that stand in each of several connections."""
    return [Gathered(mappings(), [ConnectionVerdicts(standing=one) for one in standing])]


def state_of(
    control_id: str, *standing: dict[str, VerdictCounts], framework_id: str = "soc2_2017"
) -> ControlState:
    """Give the state of one control over connections with these verdicts."""
    return found(control_id, gathered(*standing), framework_id)


def found(control_id: str, several: list[Gathered], framework_id: str = "soc2_2017") -> ControlState:
    """Give the state of one control."""
    states = {state.id: state for state in control_states(framework_id, mappings(), several)}
    return states[control_id]


def coverage_with(named: dict[str, list[str]]) -> dict[str, str]:
    """Give the coverage of MCSB's controls where a subscription names those of some recommendations."""
    live = LiveControls.of(named, mappings())
    states = control_states("mcsb_v1", mappings(), [Gathered(live)])
    return {one.id: one.coverage for one in states}


def settled(control_id: str, framework_id: str = "soc2_2017") -> dict[str, VerdictCounts]:
    """Let every check of ours that supports a control pass."""
    every = checks_of(framework_id, control_id)
    return {one: GOOD for one in every if not one.startswith("defender_assessment:")}


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
        assert state_of("CC7.1", settled("CC7.1") | {SCORE: score}).state == state

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
        ours = settled("PV-2", framework_id="mcsb_v1")

        state = state_of("PV-2", ours, framework_id="mcsb_v1")

        assert (state.state, state.without_verdict) == ("pass", ())
        assert len(state.checks) > len(ours)

    def test_a_failing_recommendation_fails_its_control(self) -> None:
        """Defender's own verdicts count as ours do."""
        given = {"defender_assessment:f9f0eed0-f143-47bf-b856-671ea2eeed62": BAD}

        assert state_of("NS-7", given, framework_id="mcsb_v1").state == "fail"

    @given(st.fixed_dictionaries({SCORE: counts, ROWS: counts, ALERTS: counts}))
    def test_unknown_is_never_hidden(self, given: dict[str, VerdictCounts]) -> None:
        """For any verdicts: no pass with an unknown, no pass with a fail, and every verdict is counted."""
        for state in control_states("soc2_2017", mappings(), gathered(given)):
            mapped = [given[check_id] for check_id in state.checks if check_id in given]
            for field in VerdictCounts.__struct_fields__:
                assert getattr(state.verdicts, field) == sum(getattr(one, field) for one in mapped)
            if state.state == "pass":
                assert (state.verdicts.unknown, state.verdicts.failed, state.without_verdict) == (0, 0, ())
            assert (state.state == "fail") is (state.verdicts.failed > 0)


class TestSeveralConnections:
    """A check that ran in one connection did not run in another."""

    def test_what_one_never_ran_is_no_pass(self) -> None:
        """Whatever another found, and whichever of them comes first."""
        here, there = settled("CC7.1"), settled("CC7.1")
        del there[SCORE]

        for several in ((here, there), (there, here)):
            state = state_of("CC7.1", *several)
            assert (state.state, state.without_verdict) == ("partial", (SCORE,))

    def test_what_each_ran_is(self) -> None:
        """Their verdicts are counted together."""
        state = state_of("CC7.1", settled("CC7.1"), settled("CC7.1"))

        assert (state.state, state.verdicts.passed) == ("pass", 2 * len(state.checks))

    def test_a_fail_anywhere_fails(self) -> None:
        """Also where another never ran a check."""
        assert state_of("CC7.1", {}, {SCORE: BAD}).state == "fail"

    def test_without_any_connection_nothing_ran(self) -> None:
        """Every check is without a verdict."""
        state = found("CC7.1", [])

        assert (state.state, state.without_verdict) == ("no_evidence", state.checks)

    def test_names_of_their_own_do_not_hide_it(self) -> None:
        """Connections are asked one by one, whichever of them have their controls in common."""
        named = {"f9f0eed0-f143-47bf-b856-671ea2eeed62": ["NS-1"]}
        live = Gathered(LiveControls.of(named, mappings()), [ConnectionVerdicts()])
        state = found("CC7.1", [*gathered(settled("CC7.1")), live])

        assert (state.state, state.without_verdict) == ("partial", state.checks)

    @given(
        st.lists(st.fixed_dictionaries({}, optional={SCORE: counts, ROWS: counts}), min_size=1, max_size=4)
    )
    def test_a_check_ran_only_if_it_ran_in_each(self, several: list[dict[str, VerdictCounts]]) -> None:
        """For any verdicts of any connections."""
        state = state_of("CC7.1", *several)

        for check_id in (SCORE, ROWS):
            ran = all(one.get(check_id, VerdictCounts()) != VerdictCounts() for one in several)
            assert (check_id in state.without_verdict) is not ran


class TestNoLongerCollected:
    """Services that were switched off."""

    @pytest.mark.parametrize("last", [GOOD, BAD, UNREAD])
    def test_last_verdicts_are_no_state(self, last: VerdictCounts) -> None:
        """They are counted apart, and their check did not run."""
        standing = settled("CC7.1")
        del standing[SCORE]
        verdicts = ConnectionVerdicts(standing=standing, dropped={SCORE: last})
        state = found("CC7.1", [Gathered(mappings(), [verdicts])])

        assert (state.state, state.without_verdict) == ("partial", (SCORE,))
        assert (state.no_longer_collected, state.last_verdicts) == ((SCORE,), last)
        assert state.verdicts.passed == len(standing)

    def test_a_recommendation_that_was_listed_once_is_a_gap(self) -> None:
        """Whoever switches Defender off does not know what it would list today."""
        ours = settled("PV-2", framework_id="mcsb_v1")
        recommendation = checks_of("mcsb_v1", "PV-2")[0]
        verdicts = ConnectionVerdicts(
            standing=ours, dropped={recommendation: GOOD}, lists_recommendations=False
        )
        state = found("PV-2", [Gathered(mappings(), [verdicts])], "mcsb_v1")

        assert (state.state, state.no_longer_collected) == ("partial", (recommendation,))


class TestCoverage:
    """How much of a control is gathered without people: stated, not found out from verdicts."""

    @pytest.mark.parametrize("framework_id", [framework.id for framework in mappings().frameworks])
    def test_coverage_is_what_the_catalogue_states(self, framework_id: str) -> None:
        """For every control, before there is any verdict."""
        shown = {state.id: state.coverage for state in control_states(framework_id, mappings())}

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
        states = control_states("soc2_2017", mappings())

        catalogue = mappings().controls("soc2_2017")
        assert [state.id for state in states] == [one.id for one in catalogue if not one.is_group]

    def test_an_unknown_framework_is_an_error(self) -> None:
        """It has no empty list of controls."""
        with pytest.raises(KeyError):
            control_states("soc3", mappings())

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
    states = {one.id: one for one in control_states("soc2_2017", mappings(), items=items)}

    newest = {control_id: states[control_id].newest_evidence for control_id in ("CC7.1", "CC7.2", "CC1.1")}
    assert {control_id: one and one.id for control_id, one in newest.items()} == {
        "CC7.1": "new",
        "CC7.2": "old",
        "CC1.1": None,
    }
