"""A tenant where everything is as it should be, one where nothing is, and one with security defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.estates.entra import ADMINISTRATOR, MANAGEMENT
from local.azure.estates.monitor.tenant import WORKSPACE
from local.azure.tenant_estate import ROOT, add_user

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

POLICIES = (
    "ca_mfa_management_api ca_mfa_admin_portals ca_mfa_risky_sign_in ca_block_legacy_authentication "
    "ca_trusted_locations_defined device_join_mfa_required"
)
SETTINGS = (
    "guest_access_restricted guest_invites_restricted user_app_consent_restricted "
    "user_app_consent_verified_only users_cannot_register_apps users_cannot_create_tenants "
    "users_cannot_create_security_groups users_cannot_create_m365_groups strong_auth_methods_enforced "
    "subscription_transfer_restricted access_reviews_configured"
)
PEOPLE = "global_admins_under_five pim_eligible_assignments"
BY_DEFAULTS = "ca_mfa_management_api ca_mfa_admin_portals ca_block_legacy_authentication"
MANUAL = "emergency_access_accounts admins_not_daily_accounts remember_mfa_disabled"
CONSENT = "ManagePermissionGrantsForSelf.microsoft-user-default-"
LISTS = (
    *("users", "groups", "reports/authenticationMethods/userRegistrationDetails"),
    *("identity/conditionalAccess/policies", "identity/conditionalAccess/namedLocations"),
    *("applications", "servicePrincipals", "groupSettings", "identityGovernance/accessReviews/definitions"),
    *("roleManagement/directory/roleAssignments",),
    *("roleManagement/directory/roleAssignmentScheduleInstances",),
    *("roleManagement/directory/roleEligibilityScheduleInstances",),
)


def build(estate: Estate, *, kept: bool, defaults: bool = False) -> None:
    """Fill the tenant, and write down what is true of it.

    Args:
        kept: whether everything in it is as it should be.
        defaults: whether security defaults are on, in place of policies.
    """
    for name in LISTS:
        estate.list_at(f"{ROOT}/{name}")
    _people(estate, kept=kept)
    _settings(estate, kept=kept, defaults=defaults)
    if kept:
        _policies(estate)
    _truth(estate, kept=kept, defaults=defaults)


def diagnostic_settings(*, kept: bool) -> dict[str, list[JsonObject]]:
    """Give the tenant's diagnostic settings: all logs are sent on, or none and those of Intune half."""
    everything = {"categoryGroup": "allLogs", "enabled": True}
    half = {"category": "AuditLogs", "enabled": True}
    row: JsonObject = {"id": "providers/x/diagnosticSettings/all", "name": "all"}
    sent: JsonObject = {**row, "properties": {"workspaceId": WORKSPACE, "logs": [everything]}}
    partly: JsonObject = {**row, "properties": {"workspaceId": WORKSPACE, "logs": [half]}}
    if kept:
        return {"microsoft.aadiam": [sent], "microsoft.intune": [sent]}
    return {"microsoft.aadiam": [], "microsoft.intune": [partly]}


def _truth(estate: Estate, *, kept: bool, defaults: bool) -> None:
    tenant, same = f"/tenants/{estate.tenant_id}", "pass" if kept else "fail"
    names = f"{POLICIES} {SETTINGS} {PEOPLE}".split()
    estate.expect(tenant, same, *(f"entra_{name}" for name in names))
    estate.expect(tenant, "manual", *(f"entra_{name}" for name in MANUAL.split()))
    # A tenant without guests is not asked about them; without a review only a person knows of another.
    estate.expect(tenant, "not_applicable" if kept else "manual", "entra_guest_users_reviewed")
    estate.expect(tenant, "not_applicable" if kept else "fail", "entra_security_defaults_enabled")
    if defaults:
        found = ("security_defaults_enabled", *BY_DEFAULTS.split())
        estate.expect(tenant, "pass", *(f"entra_{name}" for name in found))


def _people(estate: Estate, *, kept: bool) -> None:
    """Administrators by activation, or five for ever; a guest whom nobody reviews."""
    rows = estate.list_at(f"{ROOT}/roleManagement/directory/roleAssignments")
    schedules = estate.list_at(f"{ROOT}/roleManagement/directory/roleAssignmentScheduleInstances")
    for number in range(1 if kept else 5):
        user = add_user(estate, f"admin{number}", mfa=kept, admin=True)
        row: JsonObject = {"id": user, "principalId": user, "roleDefinitionId": ADMINISTRATOR}
        rows.append({**row, "principal": {"@odata.type": "#microsoft.graph.user", "id": user}})
        kind = "Activated" if kept else "Assigned"
        schedules.append({**row, "assignmentType": kind, "endDateTime": None})
    if not kept:
        add_user(estate, "guest", userType="Guest")


def _settings(estate: Estate, *, kept: bool, defaults: bool) -> None:
    root = f"{ROOT}/policies"
    estate.answer_at(f"{root}/identitySecurityDefaultsEnforcementPolicy", {"id": "d", "isEnabled": defaults})
    rights = ("allowedToCreateApps", "allowedToCreateTenants", "allowedToCreateSecurityGroups")
    members: JsonObject = dict.fromkeys(rights, not kept)
    authorization: JsonObject = {
        "id": "authorizationPolicy",
        "allowInvitesFrom": "none" if kept else "everyone",
        "guestUserRoleId": (
            "2af84b1e-32c8-42b7-82bc-daa82404023b" if kept else "a0b1b346-4d3e-4e8b-98f8-753987be4970"
        ),
        "defaultUserRolePermissions": {
            **members,
            "permissionGrantPoliciesAssigned": [] if kept else [f"{CONSENT}legacy"],
        },
    }
    estate.answer_at(f"{root}/authorizationPolicy", authorization)
    methods = [{"id": "Sms", "state": "disabled" if kept else "enabled"}, {"id": "Fido2", "state": "enabled"}]
    estate.answer_at(
        f"{root}/authenticationMethodsPolicy", {"id": "m", "authenticationMethodConfigurations": methods}
    )
    device: JsonObject = {"id": "r", "multiFactorAuthConfiguration": "required" if kept else "notRequired"}
    estate.answer_at(f"{root}/deviceRegistrationPolicy", device)
    if kept:
        groups = [{"name": "EnableGroupCreation", "value": "false"}]
        unified: JsonObject = {"id": "g", "templateId": "62375ab9-6b52-47ed-826b-58e47e0e304b"}
        estate.list_at(f"{ROOT}/groupSettings").append({**unified, "values": groups})
        review: JsonObject = {"id": "v", "displayName": "Members", "status": "InProgress", "scope": {}}
        estate.list_at(f"{ROOT}/identityGovernance/accessReviews/definitions").append(review)


def _policies(estate: Estate) -> None:
    """Conditional Access for everybody, and a place that is known."""
    made: tuple[tuple[str, JsonObject, str], ...] = (
        ("Management", {"applications": {"includeApplications": [MANAGEMENT]}}, "mfa"),
        ("Portals", {"applications": {"includeApplications": ["MicrosoftAdminPortals"]}}, "mfa"),
        ("Risk", {"signInRiskLevels": ["high", "medium"]}, "mfa"),
        ("Legacy", {"clientAppTypes": ["exchangeActiveSync", "other"]}, "block"),
    )
    rows = estate.list_at(f"{ROOT}/identity/conditionalAccess/policies")
    for name, narrower, control in made:
        conditions: JsonObject = {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "users": {"includeUsers": ["All"]},
            **narrower,
        }
        grant = {"operator": "OR", "builtInControls": [control]}
        row: JsonObject = {"id": name, "displayName": name, "state": "enabled"}
        rows.append({**row, "conditions": conditions, "grantControls": grant})
    office: JsonObject = {"id": "o", "displayName": "Office", "isTrusted": True}
    place = {**office, "ipRanges": [{"cidrAddress": "203.0.113.0/24"}]}
    estate.list_at(f"{ROOT}/identity/conditionalAccess/namedLocations").append(place)
