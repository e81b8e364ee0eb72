"""Controls that a subscription names itself: over the published ones, and never less sound."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.live import LiveControls
from mappings.loader import Mappings, load

PREFIX, MCSB = "defender_assessment:", "mcsb_v1"


@cache
def mappings() -> Mappings:
    """Load the real mappings, once."""
    return load()


def known() -> str:
    """Give the key of a recommendation that is published under one control."""
    return next(key for key, one in sorted(mappings().assessments.items()) if one.controls == ("DP-8",))


def live(**named: list[str]) -> LiveControls:
    """Lay names over the mappings; `known` stands for the published recommendation."""
    return LiveControls.of(
        {known() if key == "known" else key: ids for key, ids in named.items()}, mappings()
    )


def test_what_is_named_counts() -> None:
    """Instead of what is published, in catalogue order and however the key is spelled."""
    overlay = LiveControls.of({known().upper(): ["BR-3", "NS-1"]}, mappings())
    check_id = PREFIX + known()

    assert overlay.controls_of(check_id) == {MCSB: ("NS-1", "BR-3")}
    assert overlay.source_of(check_id) == "live"
    assert [check_id in overlay.checks_of(MCSB, one) for one in ("NS-1", "BR-3", "DP-8")] == [
        True,
        True,
        False,
    ]


def test_a_recommendation_that_nobody_published_has_controls() -> None:
    """Named by the subscription alone."""
    overlay = live(new=["NS-9"])

    assert (overlay.controls_of(PREFIX + "new"), overlay.checks_of(MCSB, "NS-9")) == (
        {MCSB: ("NS-9",)},
        (PREFIX + "new",),
    )


@pytest.mark.parametrize("ids", [[], ["AI-1"], ["NS"]], ids=["none", "not in the catalogue", "a group"])
def test_without_a_control_of_the_catalogue_the_published_hold(ids: list[str]) -> None:
    """Microsoft may name a control that is newer than the catalogue."""
    overlay = live(known=ids)

    assert overlay.controls_of(PREFIX + known()) == {MCSB: ("DP-8",)}
    assert overlay.source_of(PREFIX + known()) == "catalogue"


def test_a_control_that_is_new_is_passed_over_beside_a_known_one() -> None:
    """The known one is named."""
    assert live(known=["AI-1", "NS-2"]).controls_of(PREFIX + known()) == {MCSB: ("NS-2",)}


def test_other_frameworks_and_checks_stay() -> None:
    """The subscription names controls of the benchmark only, and of recommendations only."""
    overlay = live(known=["NS-1"])

    assert overlay.controls_of("defender_secure_score") == mappings().controls_of("defender_secure_score")
    assert overlay.checks_of("soc2_2017", "CC7.1") == mappings().checks_of("soc2_2017", "CC7.1")


@given(
    st.dictionaries(
        st.sampled_from([*sorted(load().assessments)[:20], "new", "newer"]),
        st.lists(st.sampled_from(["NS-1", "NS-9", "DP-8", "BR-3", "AI-1", "NS"]), max_size=4),
    )
)
def test_both_ways_tell_the_same(named: dict[str, list[str]]) -> None:
    """A check stands under a control if and only if the control is one of its own."""
    overlay = LiveControls.of(named, mappings())
    ids = [one.id for one in mappings().controls(MCSB) if not one.is_group]
    by_control = {(one, check_id) for one in ids for check_id in overlay.checks_of(MCSB, one)}

    checks = {check_id for _, check_id in by_control} | {PREFIX + key for key in named}
    assert by_control == {
        (one, check_id) for check_id in checks for one in overlay.controls_of(check_id).get(MCSB, ())
    }


def test_the_same_content_is_equal() -> None:
    """In whatever order it was read."""
    assert LiveControls.of({"b": ["NS-1"], "a": ["NS-2"]}, mappings()) == LiveControls.of(
        {"a": ["NS-2", "AI-1"], "b": ["NS-1"]}, mappings()
    )
