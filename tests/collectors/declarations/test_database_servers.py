"""What database services share: how much of the internet a firewall lets in, and parameters."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.declarations.database_servers import (
    Range,
    addresses_in,
    azure_services_refused,
    parameter,
    parameter_lists_only,
    parameter_on,
    range_between,
    range_of_block,
)
from collectors.declarations.resources import JsonObject, Resource

LAST = 2**32 - 1
AZURE = str(IPv4Address(0))
RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))))


def with_parameters(**values: str) -> Resource:
    """Make a server with these parameters."""
    rows = [Resource({"name": name, "properties": {"value": value}}) for name, value in values.items()]
    return Resource({"id": "/s"}).with_parts({"parameters": tuple(rows)})


@given(RANGES)
def test_each_address_is_counted_once(ranges: list[Range]) -> None:
    """However ranges overlap, touch or are split."""
    expected = {address for first, last in ranges for address in range(first, last + 1)}

    assert addresses_in(ranges) == len(expected)


@given(st.lists(st.integers(1, LAST), unique=True))
def test_the_internet_in_pieces_is_the_internet(cuts: list[int]) -> None:
    """No way of splitting it hides it."""
    starts = [0, *sorted(cuts)]
    ends = [*(cut - 1 for cut in sorted(cuts)), LAST]

    assert addresses_in(zip(starts, ends, strict=True)) == 2**32


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("0.0.0.0/0", (0, LAST)),
        ("1.2.3.4", (0x01020304, 0x01020304)),
        ("1.2.3.4/24", (0x01020300, 0x010203FF)),
        ("::/0", None),
        ("1.2.3.4/99", None),
        ("", None),
    ],
)
def test_blocks_are_ranges(block: str, expected: Range | None) -> None:
    """What is no IPv4 block is not guessed."""
    assert range_of_block(block) == expected


def test_a_range_without_a_beginning_or_an_end_cannot_be_read() -> None:
    """Azure gives both, so how far such a rule reaches is not guessed."""
    assert range_between("1.2.3.4", None) is None
    assert range_between(AZURE, "") is None
    assert range_between(None, "1.2.3.4") is None


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"startIpAddress": AZURE, "endIpAddress": AZURE}, "fail"),
        ({"startIpAddress": "1.2.3.4", "endIpAddress": "1.2.3.4"}, "pass"),
        ({"startIpAddress": "1.2.3.4"}, "unknown"),
        ({"startIpAddress": AZURE}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_a_rule_without_an_end_closes_nothing(rule: JsonObject, expected: str) -> None:
    """Whether it lets Azure in is not known."""
    server = Resource({"id": "/s"}).with_parts({"firewall": (Resource({"name": "r", "properties": rule}),)})

    assert azure_services_refused(server).status == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("on", "pass"), ("ON", "pass"), ("1", "pass"), ("off", "fail"), ("OFF", "fail"), ("maybe", "unknown")],
)
def test_a_parameter_is_on_in_any_case(value: str, expected: str) -> None:
    """MySQL writes ON, PostgreSQL writes on."""
    assert parameter_on("audit")(with_parameters(Audit=value)).status == expected


def test_a_parameter_that_is_not_there_is_unknown() -> None:
    """A name of Single Server asked of Flexible Server is not an off."""
    judge = parameter_on("log_retention_days")

    assert judge(with_parameters(other="on")).status == "unknown"
    assert parameter(with_parameters(), "log_retention_days") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("TLSv1.2", "pass"),
        ("tlsv1.2, TLSv1.3", "pass"),
        ("TLSv1.1,TLSv1.2", "fail"),
        ("TLSv9,TLSv1", "fail"),
        ("TLSv9", "unknown"),
        ("", "unknown"),
    ],
)
def test_every_value_of_a_list_must_be_good(value: str, expected: str) -> None:
    """One old version among new ones is still accepted from clients."""
    judge = parameter_lists_only("tls", ["TLSv1.2", "TLSv1.3"], ["TLSv1", "TLSv1.1"])
    raw: JsonObject = {"name": "tls", "properties": {"value": value}}

    assert judge(Resource({}).with_parts({"parameters": (Resource(raw),)})).status == expected
