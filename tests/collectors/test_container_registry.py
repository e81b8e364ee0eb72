"""Container registries: each check by what it passes, fails, and makes of an absent value."""

import pytest

from collectors.container_registry import RULES
from collectors.contract import JsonValue
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource
from collectors.declarations.rules import private_endpoint_approved

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/r"
APPROVED = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
PENDING = {"properties": {"privateLinkServiceConnectionState": {"status": "Pending"}}}


def verdict(check_id: str, **properties: JsonValue) -> str:
    """Judge a registry with these properties by one check."""
    raw: JsonObject = {"id": ID, "properties": properties}
    found = {one.check_id: one.status.value for one in evaluate(Resource(raw), RULES)}
    return found[f"container_registry_{check_id}"]


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("admin_disabled", {"adminUserEnabled": False}, "pass"),
        ("admin_disabled", {"adminUserEnabled": True}, "fail"),
        ("admin_disabled", {}, "pass"),
        ("public_network_disabled", {"publicNetworkAccess": "disabled"}, "pass"),
        ("public_network_disabled", {"publicNetworkAccess": "Enabled"}, "fail"),
        ("public_network_disabled", {"publicNetworkAccess": "SecuredByPerimeter"}, "unknown"),
        ("public_network_disabled", {}, "fail"),
        ("private_link_used", {"privateEndpointConnections": [APPROVED]}, "pass"),
        ("private_link_used", {"privateEndpointConnections": [PENDING]}, "fail"),
        ("private_link_used", {}, "fail"),
        ("cmk_encryption", {"encryption": {"status": "enabled"}}, "pass"),
        ("cmk_encryption", {"encryption": {"status": "disabled"}}, "fail"),
        ("cmk_encryption", {}, "fail"),
        ("anonymous_pull_disabled", {"anonymousPullEnabled": False}, "pass"),
        ("anonymous_pull_disabled", {"anonymousPullEnabled": True}, "fail"),
        ("anonymous_pull_disabled", {}, "pass"),
    ],
)
def test_a_check_says(check_id: str, properties: dict[str, JsonValue], expected: str) -> None:
    """What it is there to say."""
    assert verdict(check_id, **properties) == expected


def test_a_narrowed_network_is_still_a_public_one() -> None:
    """Rules that deny by default do not make an enabled public network a disabled one."""
    rules = {"defaultAction": "Deny", "ipRules": []}

    assert verdict("public_network_disabled", publicNetworkAccess="Enabled", networkRuleSet=rules) == "fail"


@pytest.mark.parametrize("connections", [[APPROVED], [PENDING, APPROVED], [PENDING], []])
def test_private_link_is_judged_as_for_every_other_service(connections: list[JsonValue]) -> None:
    """One fact has one home: what an approved private endpoint is."""
    registry = Resource({"id": ID, "properties": {"privateEndpointConnections": connections}})
    found = {one.check_id: one for one in evaluate(registry, RULES)}
    said = found["container_registry_private_link_used"]

    assert (said.status, said.reason, said.observed) == private_endpoint_approved(registry)
