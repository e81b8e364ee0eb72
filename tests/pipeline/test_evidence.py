"""Evidence items: what is sealed, what a chain gives away, what a pointer keeps, what is fresh."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import JsonValue
from pipeline.evidence import Stamp, append, digest_of, first_broken_of, freshness, point
from pipeline.model import Changes, EvidenceItem, Frequency, ItemStatus, PartRun, ProblemView, VerdictCounts
from pipeline.stores.records import Head, PartOutcome, Pointer
from pipeline.times import rfc3339
from tests.pipeline.sync_rig import NOON

replace = msgspec.structs.replace
SAID_AT_READING = {"digest", "freshness", "newest_try", "no_longer_collected"}
"""All that an item does not seal; whatever is added to it is sealed unless it is named here too."""
PROBLEM = ProblemView(code="permission_missing", detail="No.")
STAMP = Stamp(connection_id="c", subscription_id="s", sync_run_id="r", principal="p", mapping_version="m")
scalars: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
summaries = st.dictionaries(st.text(max_size=4), json_values, max_size=3)


def outcome(
    status: ItemStatus = "collected", summary: dict[str, JsonValue] | None = None, **changes: object
) -> PartOutcome:
    """Describe how a part ended."""
    ended = PartOutcome(
        service="things",
        kind="colour",
        title="Colour",
        status=status,
        started_at=rfc3339(NOON),
        finished_at=rfc3339(NOON),
        summary=summary or {},
        problem=None if status == "collected" else PROBLEM,
        requests=(),
        collector_version="1",
        resources=1,
        counts={"colour": VerdictCounts(passed=1)},
        changes=Changes(),
        manifest=1,
        requests_sent=1,
        pages_read=1,
        throttled=0,
        duration_ms=1,
    )
    return replace(ended, **changes)


def chain(*summaries: dict[str, JsonValue]) -> tuple[Head, list[EvidenceItem]]:
    """Make a chain of items, the oldest first."""
    head, items = Head(), []
    for summary in summaries:
        head, item = append(head, outcome(summary=summary), STAMP, {"soc2_2017": ("CC7.1",)})
        items.append(item)
    return head, items


def first_broken(head: Head, items: list[EvidenceItem], places: list[int] | None = None) -> str | None:
    """Walk a chain whose items are given oldest first, at their own places unless told."""

    async def newest_first() -> AsyncIterator[tuple[int, EvidenceItem]]:
        for place, item in reversed(list(zip(places or range(len(items)), items, strict=True))):
            yield place, item

    return asyncio.run(first_broken_of("c", head, newest_first()))


@given(st.lists(summaries, max_size=5))
def test_an_untouched_chain_is_intact(summaries: list[dict[str, JsonValue]]) -> None:
    """Of any length, of any content, also after a round trip through storage."""
    head, items = chain(*summaries)
    kept = [msgspec.json.decode(msgspec.json.encode(item), type=EvidenceItem) for item in items]

    assert first_broken(head, items) is None
    assert first_broken(head, kept) is None


@cache
def sealed_fields() -> list[str]:
    """Give every field that an item seals."""
    return sorted({*EvidenceItem.__struct_fields__} - SAID_AT_READING)


@given(st.data())
def test_any_tampering_with_any_field_of_any_item_is_found(data: st.DataObject) -> None:
    """By the id of the item, whatever it is changed to."""
    head, items = chain({"a": 1}, {"a": 2}, {"a": 3})
    place = data.draw(st.integers(0, 2))
    field = data.draw(st.sampled_from(sealed_fields()))
    value = data.draw(st.sampled_from([None, "x", {}, {"a": 9}, ("x",), 5]))
    raw = msgspec.to_builtins(items[place])
    tampered = {**raw, field: value}
    if msgspec.to_builtins(items[place]).get(field) == value:
        return
    items[place] = EvidenceItem(**tampered)

    assert first_broken(head, items) is not None


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_resealed_item_is_found(place: int) -> None:
    """A digest computed anew does not fit into the item after it, or into the head."""
    head, items = chain({"a": 1}, {"a": 2}, {"a": 3})
    forged = replace(items[place], summary={"a": 9})
    items[place] = replace(forged, digest=digest_of(forged))

    assert first_broken(head, items) == f"c-{place}"


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_removed_item_is_found(gone: int) -> None:
    """Also the oldest and the newest."""
    head, items = chain({"a": 1}, {"a": 2}, {"a": 3})
    left = [place for place in range(3) if place != gone]

    assert first_broken(head, [items[place] for place in left], left) == f"c-{gone}"


@pytest.mark.parametrize("moved", [True, False], ids=["with their places", "in their places"])
@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 2), (0, 2)])
def test_swapped_items_are_found(one: int, other: int, *, moved: bool) -> None:
    """Whether their rows or their contents were swapped."""
    head, items = chain({"a": 1}, {"a": 2}, {"a": 3})
    places = [0, 1, 2]
    items[one], items[other] = items[other], items[one]
    if moved:
        places[one], places[other] = places[other], places[one]

    assert first_broken(head, items, places) is not None


def test_an_added_item_is_found() -> None:
    """One that the head does not know."""
    head, items = chain({"a": 1})
    _, more = chain({"a": 1}, {"a": 2})

    assert first_broken(head, [*items, more[1]]) is not None


@pytest.mark.parametrize(
    "said_at_reading",
    [
        {"freshness": "stale"},
        {"newest_try": PartRun(kind="colour", status="unavailable")},
        {"digest": "x"},
        {"no_longer_collected": True},
    ],
)
def test_what_is_said_at_reading_is_not_sealed(said_at_reading: dict[str, Any]) -> None:
    """It changes while the item does not."""
    _, (item,) = chain({"a": 1})

    assert digest_of(item) == digest_of(replace(item, **said_at_reading))


def test_equal_content_has_an_equal_digest_whatever_the_order_of_its_names() -> None:
    """Canonical JSON."""
    _, (one,) = chain({"a": 1, "b": 2.0})
    _, (other,) = chain({"b": 2, "a": 1})

    assert one.digest == other.digest


class TestPoint:
    """Moving a kind's pointer."""

    def test_the_first_good_item_is_pointed_at(self) -> None:
        """And its manifest."""
        moved = point(None, outcome(), 7)

        assert (moved.index, moved.newest_index, moved.manifest) == (7, 7, 1)

    def test_a_failed_first_try_points_at_no_good_item(self) -> None:
        """There is none."""
        moved = point(None, outcome("unavailable"), 0)

        assert moved.index is None
        assert moved.collected_at is None

    def test_a_failed_try_never_replaces_a_good_item(self) -> None:
        """It is noted beside it, with its problem."""
        moved = point(point(None, outcome(), 0), outcome("unavailable", finished_at="later"), 3)

        assert (moved.index, moved.newest_index) == (0, 3)
        assert moved.collected_at == rfc3339(NOON)
        assert (moved.tried_at, moved.newest_try.problem) == ("later", PROBLEM)
        assert moved.counts == {"colour": VerdictCounts(passed=1)}

    def test_a_failed_try_names_the_checks_that_never_had_a_verdict(self) -> None:
        """A good try found nothing to judge; the gap must still show in its controls."""
        nothing_there = point(None, outcome(counts={}), 0)
        moved = point(nothing_there, outcome("unavailable", counts={"colour": VerdictCounts(unknown=1)}), 1)

        assert moved.counts == {"colour": VerdictCounts()}

    def test_what_a_good_try_kept_counts_with_what_it_saw(self) -> None:
        """Findings of a list that was refused are still open, and so they still count."""
        kept = {"colour": VerdictCounts(failed=1), "shape": VerdictCounts(passed=3)}
        moved = point(None, outcome(kept=kept), 0)

        assert moved.counts == {
            "colour": VerdictCounts(passed=1, failed=1),
            "shape": VerdictCounts(passed=3),
        }

    def test_an_unchanged_part_keeps_the_manifest(self) -> None:
        """Nothing was written, the old list still holds."""
        assert point(point(None, outcome(manifest=4), 0), outcome(manifest=None), 1).manifest == 4


class TestFreshness:
    """Whether an item still speaks for the present."""

    @staticmethod
    def of(item: EvidenceItem, pointer: Pointer | None, frequency: Frequency = "daily", **age: float) -> str:
        """Judge an item after a while."""
        return freshness(item, pointer, frequency, NOON + timedelta(**age))

    @pytest.mark.parametrize(
        ("frequency", "age", "expected"),
        [
            ("daily", {"days": 2}, "fresh"),
            ("daily", {"days": 2, "seconds": 1}, "stale"),
            ("hourly", {"hours": 2}, "fresh"),
            ("hourly", {"hours": 2, "seconds": 1}, "stale"),
        ],
    )
    def test_it_lasts_two_intervals(self, frequency: Frequency, age: dict[str, float], expected: str) -> None:
        """To the second."""
        _, (item,) = chain({})

        assert expected == self.of(item, point(None, outcome(), 0), frequency, **age)

    def test_a_failed_newest_try_makes_the_good_item_stale(self) -> None:
        """At once."""
        _, (item,) = chain({})

        assert self.of(item, point(point(None, outcome(), 0), outcome("unavailable"), 1)) == "stale"

    @pytest.mark.parametrize(
        "change", [lambda item: replace(item, status="unavailable"), lambda item: replace(item, id="c-5")]
    )
    def test_what_is_not_the_newest_good_item_is_stale(
        self, change: Callable[[EvidenceItem], EvidenceItem]
    ) -> None:
        """A gap, or an older item."""
        _, (item,) = chain({})

        assert self.of(change(item), point(None, outcome(), 0)) == "stale"

    def test_without_a_pointer_it_is_stale(self) -> None:
        """Nothing vouches for it."""
        _, (item,) = chain({})

        assert self.of(item, None) == "stale"
