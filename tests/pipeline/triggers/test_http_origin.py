"""Claims about where a call comes from: what is believed, and what is only kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.triggers.http_origin import origin_of


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:49828", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7:49828", "203.0.113.7"),
        ("198.51.100.1,203.0.113.7", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:DB8::7]:49828", "2001:db8::7"),
        ("fe80::7%eth0", "fe80::7"),
        ("198.51.100.1, made up", None),
        ("203.0.113.7,", None),
        ("203.0.113.700", None),
        ("", None),
    ],
)
def test_the_last_address_is_believed(forwarded_for: str, address: str | None) -> None:
    """App Service adds it; what stands before it the caller may have made up, and is passed over."""
    assert origin_of({"x-forwarded-for": forwarded_for}).address == address


@pytest.mark.parametrize(
    "header", ["x-client-ip", "x-real-ip", "forwarded", "x-azure-clientip", "true-client-ip"]
)
def test_no_other_header_is_believed(header: str) -> None:
    """Any caller can send them."""
    assert origin_of({header: "203.0.113.7"}).address is None


def test_the_agent_is_cut() -> None:
    """Two hundred characters, none that breaks a line."""
    agent = origin_of({"user-agent": "portal\r\n\x1b[31m/" + "1" * 500}).user_agent

    assert agent is not None
    assert agent.startswith("portal[31m/111")
    assert len(agent) == 200


@given(st.text())
def test_anything_can_be_sent(text: str) -> None:
    """No header stops a call from being recorded."""
    origin = origin_of({"x-forwarded-for": text, "user-agent": text})

    assert origin.user_agent is None or origin.user_agent.isprintable()
