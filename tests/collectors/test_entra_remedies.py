"""Microsoft Entra ID: what the line for Azure CLI sends is what the check then passes."""

import json
import re
from datetime import UTC, datetime

import pytest

from collectors.declarations.judging import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.entra import COLLECTOR, OBJECTS, SHARED, TENANT_RULES

BODY = re.compile(r"--body '(?P<json>[^']*)'")
NOBODY: JsonObject = {"id": "g", "userType": "Guest"}
BARE: dict[str, list[JsonObject]] = {"users": [NOBODY], "security_defaults": [{"isEnabled": False}]}


def sent(check_id: str) -> JsonObject:
    """Give what the remediation of a check sends."""
    text = next(check.remediation for check in COLLECTOR.checks if check.id == check_id)
    found = BODY.search(text)
    assert found is not None, text
    body: JsonObject = json.loads(found["json"])
    return body


def judged(check_id: str, shared: dict[str, list[JsonObject]]) -> str:
    """Judge a tenant of which nothing else is known."""
    nothing = dict.fromkeys((*SHARED, *OBJECTS), ())
    known = {
        **nothing,
        **{name: (Resource({}),) for name in OBJECTS},
        **{name: tuple(map(Resource, rows)) for name, rows in {**BARE, **shared}.items()},
    }
    tenant = Resource({"id": "/tenants/t"}, Surroundings(datetime(2026, 6, 1, tzinfo=UTC), known))
    [verdict] = evaluate(tenant, [rule for rule in TENANT_RULES if rule.check.id == check_id])
    return verdict.status.value


@pytest.mark.parametrize(
    ("check_id", "name"),
    [
        ("entra_security_defaults_enabled", "security_defaults"),
        ("entra_ca_mfa_management_api", "policies"),
        ("entra_ca_mfa_admin_portals", "policies"),
        ("entra_ca_mfa_risky_sign_in", "policies"),
        ("entra_ca_block_legacy_authentication", "policies"),
        ("entra_device_join_mfa_required", "policies"),
        ("entra_ca_trusted_locations_defined", "locations"),
        ("entra_guest_access_restricted", "authorization"),
        ("entra_guest_invites_restricted", "authorization"),
        ("entra_user_app_consent_restricted", "authorization"),
        ("entra_user_app_consent_verified_only", "authorization"),
        ("entra_users_cannot_register_apps", "authorization"),
        ("entra_users_cannot_create_tenants", "authorization"),
        ("entra_users_cannot_create_security_groups", "authorization"),
        ("entra_subscription_transfer_restricted", "transfers"),
        ("entra_guest_users_reviewed", "reviews"),
        ("entra_access_reviews_configured", "reviews"),
    ],
)
def test_what_is_sent_cures(check_id: str, name: str) -> None:
    """A tenant that did not pass does once the body was sent."""
    before = judged(check_id, {})
    after = judged(check_id, {name: [sent(check_id)]})

    assert (before == "pass", after) == (False, "pass")


def test_a_change_of_groups_names_their_template() -> None:
    """The setting is one of the values of Group.Unified."""
    row: JsonObject = {"templateId": "62375ab9-6b52-47ed-826b-58e47e0e304b"}
    row |= sent("entra_users_cannot_create_m365_groups")

    assert judged("entra_users_cannot_create_m365_groups", {"group_settings": [row]}) == "pass"
