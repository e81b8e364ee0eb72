"""Identities: newest first by text order, stable where they must be."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ids import (
    evidence_id,
    finding_id,
    is_id,
    item_key,
    new_connection_id,
    new_run_id,
    newest_first,
    parse_evidence_id,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.integers(0, 10**13 - 1).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
places = st.integers(0, 10**12 - 1)


@given(moments, moments)
def test_later_times_sort_first(one: datetime, other: datetime) -> None:
    """At any time until the year 2286."""
    assert (one > other) == (newest_first(one) < newest_first(other))


@given(places, places)
def test_later_items_sort_first(one: int, other: int) -> None:
    """Whatever the number of digits."""
    assert (one > other) == (item_key(one) < item_key(other))


@given(moments)
def test_new_ids_are_ids_and_differ(at: datetime) -> None:
    """Two of one millisecond too."""
    made = {new(at) for new in (new_connection_id, new_run_id) for _ in range(2)}

    assert len(made) == 4
    assert all(map(is_id, made))


@given(moments, places)
def test_an_evidence_id_splits_into_what_it_names(at: datetime, place: int) -> None:
    """Connection and place."""
    connection_id = new_connection_id(at)

    assert (connection_id, place) == parse_evidence_id(evidence_id(connection_id, place))


@pytest.mark.parametrize("text", ["", "c", "c-", "-1", "c-x", "c--1x", "c-²", "c-1234567890123"])
def test_what_is_no_evidence_id_is_none(text: str) -> None:
    """Nothing is guessed."""
    assert parse_evidence_id(text) is None


@pytest.mark.parametrize("text", ["", "-", "a/b", "a'b", "a b", "é", "a" * 65])
def test_what_a_table_may_refuse_as_a_key_is_no_id(text: str) -> None:
    """It is not even asked for."""
    assert not is_id(text)


@given(st.text(st.characters(codec="ascii"), max_size=50), st.text("abc_", max_size=10))
def test_a_finding_is_one_whatever_the_casing_of_its_resource(resource: str, check: str) -> None:
    """Azure compares its ids without casing."""
    assert finding_id("c", check, resource.upper()) == finding_id("c", check, resource.lower())


@given(st.lists(st.tuples(st.text("ab", max_size=4), st.text("ab", max_size=4)), unique=True, max_size=8))
def test_different_findings_have_different_ids(pairs: list[tuple[str, str]]) -> None:
    """Check and resource do not run into each other."""
    assert len({finding_id("c", check, resource) for check, resource in pairs}) == len(pairs)
