"""Judges that several services share."""

import pytest

from collectors.contract import JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import must_be_one_of, private_endpoint_approved


def connection(status: str) -> JsonValue:
    """Make a private endpoint connection in a state."""
    return {"properties": {"privateLinkServiceConnectionState": {"status": status}}}


@pytest.mark.parametrize(
    ("connections", "expected"),
    [
        ([connection("Approved")], "pass"),
        ([connection("Pending"), connection("approved")], "pass"),
        ([connection("Pending")], "fail"),
        ([connection("Rejected"), connection("Disconnected")], "fail"),
        ([], "fail"),
        (None, "fail"),
    ],
)
def test_only_an_approved_private_endpoint_counts(connections: JsonValue, expected: str) -> None:
    """A connection that waits or was refused carries no traffic."""
    resource = Resource({"id": "r", "properties": {"privateEndpointConnections": connections}})

    assert private_endpoint_approved(resource).status.value == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("deny", "pass"),
        ("Allow", "fail"),
        ("Maybe", "unknown"),
        ("", "unknown"),
        (None, "pass"),
        (0, "unknown"),
        (False, "unknown"),
        ([], "unknown"),
        ({"name": "Deny"}, "unknown"),
    ],
)
def test_only_what_is_absent_means_what_absence_means(value: JsonValue, expected: str) -> None:
    """A value that is no text is one that this version does not know."""
    judge = must_be_one_of("action", "The action", allowed=["Deny"], others=["Allow"], absent="Deny")

    assert judge(Resource({"id": "r", "action": value})).status.value == expected
