"""Judges that several services share."""

import pytest

from collectors.contract import JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import private_endpoint_approved


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
