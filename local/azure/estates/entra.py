"""Microsoft Entra ID: users, administrators, applications, policies and settings of the simulated tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.tenant_estate import NEVER, ROOT, add_user, ago

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
PASSING = (
    "ca_mfa_management_api ca_trusted_locations_defined "
    "guest_invites_restricted user_app_consent_verified_only users_cannot_register_apps "
    "users_cannot_create_m365_groups "
    "global_admins_under_five pim_eligible_assignments access_reviews_configured device_join_mfa_required "
    "guest_users_reviewed"
)
FAILING = (
    "ca_mfa_admin_portals ca_mfa_risky_sign_in user_app_consent_restricted "
    "users_cannot_create_security_groups strong_auth_methods_enforced guest_access_restricted "
    "subscription_transfer_restricted"
)
MANUAL = (
    "ca_block_legacy_authentication emergency_access_accounts admins_not_daily_accounts remember_mfa_disabled"
)


def build(estate: Estate) -> None:
    """Add what Microsoft Graph says of the tenant, and what is true of it."""
    administrators = _users(estate)
    _roles(estate, administrators)
    _conditional_access(estate)
    _settings(estate)
    _applications(estate)
    _truth(estate)


def _truth(estate: Estate) -> None:
    tenant = f"/tenants/{estate.tenant_id}"
    for status, names in (("pass", PASSING), ("fail", FAILING), ("manual", MANUAL)):
        estate.expect(tenant, status, *(f"entra_{name}" for name in names.split()))
    estate.expect(tenant, "not_applicable", "entra_security_defaults_enabled")
    # Graph does not answer the flag at all.
    estate.expect(tenant, "unknown", "entra_users_cannot_create_tenants")
    # The owners and contributors of the subscription that access control adds; groups among them.
    estate.expect(estate.scope, "manual", "entra_vm_access_users_mfa")


def _users(estate: Estate) -> list[str]:
    """Users by their second factor and their last sign-in; gives the administrators' ids."""
    for number in range(estate.copies):
        add_user(estate, f"paul.plain{number}")
        add_user(estate, f"nina.nofactor{number}", mfa=False)
    add_user(estate, "dora.disabled", mfa=False, accountEnabled=False)
    add_user(estate, "ines.inactive", active=False, signInActivity={"lastSignInDateTime": ago(200)})
    add_user(estate, "nick.never", active=False, signInActivity={"lastSignInDateTime": NEVER})
    add_user(estate, "nele.new", signInActivity=None, createdDateTime=ago(2))
    batch = {"lastSignInDateTime": NEVER, "lastNonInteractiveSignInDateTime": ago(1)}
    add_user(estate, "bodo.background", signInActivity=batch)
    return [
        add_user(estate, "anna.admin", admin=True),
        add_user(estate, "arno.admin", admin=True, mfa=False),
        add_user(estate, "alt.admin", admin=True, mfa=False, accountEnabled=False),
    ]


def _roles(estate: Estate, administrators: list[str]) -> None:
    rows = estate.list_at(f"{ROOT}/roleManagement/directory/roleAssignments")
    schedules = estate.list_at(f"{ROOT}/roleManagement/directory/roleAssignmentScheduleInstances")
    for user in administrators:
        row: JsonObject = {
            "id": estate.guid("directory-role", user),
            "principalId": user,
            "roleDefinitionId": ADMINISTRATOR,
            "directoryScopeId": "/",
        }
        rows.append({**row, "principal": {"@odata.type": "#microsoft.graph.user", "id": user}})
        activated = user == administrators[0]
        kind = {"assignmentType": "Activated" if activated else "Assigned", "endDateTime": None}
        schedules.append({**row, **kind})
    eligible = estate.list_at(f"{ROOT}/roleManagement/directory/roleEligibilityScheduleInstances")
    eligible.append(
        {"id": "e", "principalId": administrators[0], "roleDefinitionId": ADMINISTRATOR, "endDateTime": None}
    )
    review: JsonObject = {
        "id": estate.guid("review"),
        "displayName": "Guests, every quarter",
        "status": "InProgress",
        "scope": {"query": "/users?$filter=(userType eq 'Guest')", "queryType": "MicrosoftGraph"},
    }
    estate.list_at(f"{ROOT}/identityGovernance/accessReviews/definitions").append(review)


def _policy(estate: Estate, name: str, state: str, conditions: JsonObject, controls: list[str]) -> None:
    everybody: JsonObject = {"includeUsers": ["All"], "excludeUsers": ["breakglass1", "breakglass2"]}
    everybody |= {"excludeGroups": [], "excludeRoles": [], "excludeGuestsOrExternalUsers": None}
    whole: JsonObject = {
        "clientAppTypes": ["all"],
        "applications": {"includeApplications": ["All"], "excludeApplications": []},
        "users": everybody,
        **conditions,
    }
    row: JsonObject = {
        "id": estate.guid("policy", name),
        "displayName": name,
        "state": state,
        "conditions": whole,
        "grantControls": {"operator": "OR", "builtInControls": controls, "authenticationStrength": None},
    }
    estate.list_at(f"{ROOT}/identity/conditionalAccess/policies").append(row)


def _conditional_access(estate: Estate) -> None:
    management = {"includeApplications": [MANAGEMENT], "excludeApplications": []}
    _policy(estate, "MFA for management", "enabled", {"applications": management}, ["mfa"])
    # Nobody but a person knows who is in the group.
    most: JsonObject = {"includeUsers": ["All"], "excludeUsers": [], "excludeGroups": ["old-scanners"]}
    legacy: JsonObject = {"clientAppTypes": ["exchangeActiveSync", "other"], "users": most}
    _policy(estate, "No legacy", "enabled", legacy, ["block"])
    # It only reports.
    portals = {"includeApplications": ["MicrosoftAdminPortals"], "excludeApplications": []}
    _policy(estate, "Portals", "enabledForReportingButNotEnforced", {"applications": portals}, ["mfa"])
    # A compliant device is enough for it.
    risk: JsonObject = {"signInRiskLevels": ["high", "medium"]}
    _policy(estate, "Risk", "enabled", risk, ["mfa", "compliantDevice"])
    office = {
        "id": "o",
        "displayName": "Office",
        "isTrusted": True,
        "ipRanges": [{"cidrAddress": "10.0.0.0/8"}],
    }
    estate.list_at(f"{ROOT}/identity/conditionalAccess/namedLocations").append(office)


def _settings(estate: Estate) -> None:
    root = f"{ROOT}/policies"
    estate.answer_at(f"{root}/identitySecurityDefaultsEnforcementPolicy", {"id": "d", "isEnabled": False})
    consent = "ManagePermissionGrantsForSelf.microsoft-user-default-low"
    authorization: JsonObject = {
        "id": "authorizationPolicy",
        "allowInvitesFrom": "AdminsAndGuestInviters",
        "guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3",
        "defaultUserRolePermissions": {
            "allowedToCreateApps": False,
            "allowedToCreateSecurityGroups": True,
            "permissionGrantPoliciesAssigned": [consent],
        },
    }
    estate.answer_at(f"{root}/authorizationPolicy", authorization)
    methods = [{"id": "Sms", "state": "enabled"}, {"id": "Fido2", "state": "enabled"}]
    estate.answer_at(
        f"{root}/authenticationMethodsPolicy", {"id": "m", "authenticationMethodConfigurations": methods}
    )
    estate.answer_at(
        f"{root}/deviceRegistrationPolicy", {"id": "r", "multiFactorAuthConfiguration": "required"}
    )
    unified: JsonObject = {
        "id": "g",
        "templateId": "62375ab9-6b52-47ed-826b-58e47e0e304b",
        "values": [{"name": "EnableGroupCreation", "value": "False"}],
    }
    estate.list_at(f"{ROOT}/groupSettings").append(unified)


def _secret(days: float, life: float) -> JsonObject:
    return {"keyId": f"k{days:.0f}", "startDateTime": ago(life - days), "endDateTime": ago(-days)}


def _applications(estate: Estate) -> None:
    """Applications by their credentials: what is said of expiry, and of the secrets' length."""
    made = {
        "short": ([_secret(60, 90)], [], "pass", "pass"),
        "long": ([_secret(300, 730)], [], "pass", "fail"),
        "expired": ([_secret(-5, 90)], [], "fail", "pass"),
        "certified": ([], [_secret(300, 400)], "pass", "not_applicable"),
        "bare": ([], [], "not_applicable", "not_applicable"),
        "silent": ([{"keyId": "k"}], [], "unknown", "unknown"),
    }
    for name, (secrets, certificates, valid, short) in made.items():
        application = estate.guid("application", name)
        body: JsonObject = {
            "id": application,
            "appId": estate.guid("app-id", name),
            "displayName": name,
            "passwordCredentials": secrets,
            "keyCredentials": certificates,
        }
        estate.list_at(f"{ROOT}/applications").append(body)
        resource_id = f"/tenants/{estate.tenant_id}/applications/{application}"
        estate.expect(resource_id, valid, "entra_app_credential_not_expired")
        estate.expect(resource_id, short, "entra_app_secret_expiry_short")
