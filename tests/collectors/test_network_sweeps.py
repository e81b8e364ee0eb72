"""The sweep over a group's rules: held against sets, and against the slow reference of what is open."""

from time import process_time
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.declarations.resources import JsonObject, Resource
from collectors.network.exposure import openings
from collectors.network.intervals import Ranges, joined
from collectors.network.sweeps import Pieces, Winners, bits, layers
from local.azure.estates.network.groups import DEFAULTS, rule
from tests.collectors.slow_exposure import slow_openings

WHOLE = (0, 40)
SETS = st.lists(
    st.lists(st.tuples(st.integers(-5, 45), st.integers(-5, 45)), max_size=3).map(
        lambda drawn: joined((min(pair), max(pair)) for pair in drawn)
    ),
    max_size=5,
)


def numbers(ranges: Ranges) -> set[int]:
    """Give the members of a set of ranges."""
    return {number for first, last in ranges for number in range(first, last + 1)}


@given(SETS)
def test_layers_tell_which_sets_hold_each_number(sets: list[Ranges]) -> None:
    """Every number of the whole, and no other, once and in order."""
    made = layers(((1 << place, ranges) for place, ranges in enumerate(sets)), WHOLE)

    expected = [
        sum((number in numbers(one)) << place for place, one in enumerate(sets)) for number in range(41)
    ]
    assert [held for (first, last), held in made for _ in range(first, last + 1)] == expected
    assert [first for (first, _), _ in made] == [0, *(last + 1 for (_, last), _ in made[:-1])]


def test_a_range_that_ends_before_it_begins_holds_nothing() -> None:
    """A rule may say 25-20; Azure does not take it, and no port is in it."""
    assert layers([(1, ((25, 20),))], WHOLE) == [(WHOLE, 0)]


@given(SETS, st.lists(st.integers(0, 31), max_size=6), st.integers(0, 31))
def test_each_number_belongs_to_the_first_set_that_has_it(
    sets: list[Ranges], presences: list[int], counted: int
) -> None:
    """Whichever sets came and went before."""
    everything = 2 ** len(sets) - 1
    winners = Winners(Pieces(sets, WHOLE), counted)

    for present in presences:
        winners.change_to(present & everything)

        owners = [first_of(sets, number, present & everything) for number in range(41)]
        won = [one for one in owners if one is not None and counted >> one & 1]
        assert (winners.counted_taken, winners.counted()) == (len(won), sorted(set(won)))
        assert winners.taken == len(owners) - owners.count(None)


def first_of(sets: list[Ranges], number: int, present: int) -> int | None:
    """Give the first set present that has a number."""
    having = (one for one in range(len(sets)) if present >> one & 1 and number in numbers(sets[one]))
    return next(having, None)


@given(st.integers(0, 2**70))
def test_bits_are_those_that_are_set(mask: int) -> None:
    """Lowest first."""
    places = list(bits(mask))

    assert places == sorted(places)
    assert sum(1 << place for place in places) == mask


SOURCES = ["*", "Internet", "AzureCloud", "0.0.0.0/1", "128.0.0.0/1", "8.0.0.0/7", "9.0.0.0/8", "16.0.0.0/6"]
SOURCES += ["20.0.0.0/8", "2000::/3", "2400::/7", "2000::/6", "192.0.2.0/24", "::/0"]
PLACES = ["*", "VirtualNetwork", "10.0.0.0/24", "10.0.0.4", "0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/0", "Sql"]
PLACES += ["fd00::/8", "::/1", "8000::/1"]
PORT_WORDS = ["*", "22", "20-25", "25-20", "0-65535", "23-90", "80,443", "60000-70000", "1-1024"]


def some(words: list[str], most: int) -> st.SearchStrategy[list[str]]:
    """Draw some of these words."""
    return st.lists(st.sampled_from(words), min_size=1, max_size=most)


drawn_rules = st.lists(
    st.fixed_dictionaries(
        {
            "access": st.sampled_from(["Allow", "Deny"]),
            "protocol": st.sampled_from(["*", "Tcp", "Udp", "Icmp"]),
            "sourceAddressPrefixes": some(SOURCES, 3),
            "sourcePortRanges": some(["*", "*", "*", "1024", "1000-2000"], 2),
            "destinationPortRanges": some(PORT_WORDS, 2),
            "destinationAddressPrefixes": some(PLACES, 2),
        }
    ),
    max_size=8,
)


def group(drawn: list[dict[str, object]]) -> Resource:
    """Make a security group of these rules, in order of priority, and the default ones."""
    ends = ("sourceAddressPrefix", "sourcePortRange", "destinationPortRange", "destinationAddressPrefix")
    singular: dict[str, object] = dict.fromkeys(ends)
    made = [
        rule(
            100 + number,
            access=str(one["access"]),
            **{**singular, **{k: v for k, v in one.items() if k != "access"}},
        )
        for number, one in enumerate(drawn)
    ]
    properties = {"securityRules": made, "defaultSecurityRules": DEFAULTS}
    return Resource(cast("JsonObject", {"id": "/nsg", "properties": properties}))


@settings(max_examples=400, deadline=None)
@given(drawn_rules, st.sampled_from([2**24, 0, 2**26]))
def test_the_sweep_finds_what_the_slow_reference_finds(drawn: list[dict[str, object]], most: int) -> None:
    """The same ports, split at the same places, and the same rules that let the internet in."""
    nsg = group(drawn)

    assert openings(nsg, most) == slow_openings(nsg, most)


def test_a_thousand_overlapping_rules_take_no_minutes() -> None:
    """Each has its own destination, ports and source: the reference tries a billion cells of them."""
    drawn: list[dict[str, object]] = [
        {
            "access": "Allow" if number % 3 else "Deny",
            "protocol": "*",
            "sourceAddressPrefixes": [f"{1 + number % 200}.{number % 256}.0.0/16"],
            "sourcePortRanges": ["*"],
            "destinationPortRanges": [f"{1 + 5 * number}-{20_000 + 5 * number}"],
            "destinationAddressPrefixes": [f"10.0.{number // 250}.{number % 250}"],
        }
        for number in range(1_000)
    ]
    nsg, before = group(drawn), process_time()

    assert openings(nsg, 2**24) == ()
    assert process_time() - before < 2
