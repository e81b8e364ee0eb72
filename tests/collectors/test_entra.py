"""Microsoft Entra ID: each check by what it passes, fails, and makes of what Graph leaves out."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from collectors.contract import POPULATION, JsonValue, Verdict
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.declarations.rules import Rule
from collectors.entra import COLLECTOR, TENANT_RULES
from collectors.entra.applications import APPLICATION_RULES
from collectors.entra.privileges import GLOBAL_ADMINISTRATOR, SUBSCRIPTION_RULES
from collectors.entra.users import ADMINISTRATOR_RULES, USER_RULES
from collectors.errors import AccessDenied, Terminal
from local.azure import SimulatedAzure
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import reading

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NEVER = "0001-01-01T00:00:00Z"
OLD = (NOW - timedelta(days=400)).isoformat()
DENIED = AccessDenied("No.", permission="AuditLog.Read.All", scope="/")
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
LISTS = (
    *("users", "sign_ins", "details", "policies", "locations", "group_settings", "roles"),
    *("schedules", "eligible", "reviews", "azure_roles"),
)
OBJECTS = ("subscription", "security_defaults", "authorization", "methods", "devices", "transfers")

type Shared = Mapping[str, list[JsonObject] | Terminal]


def verdict(check_id: str, rules: tuple[Rule, ...], raw: JsonObject, shared: Shared) -> str:
    """Judge an object of the tenant by one check."""
    known: dict[str, tuple[Resource, ...] | Terminal] = dict.fromkeys(LISTS, ())
    known.update(dict.fromkeys(OBJECTS, (Resource({}),)))
    for name, rows in shared.items():
        known[name] = rows if isinstance(rows, Terminal) else tuple(map(Resource, rows))
    found = evaluate(Resource({"id": "/tenants/t", **raw}, Surroundings(NOW, known)), rules)
    return next(one.status.value for one in found if one.check_id == f"entra_{check_id}")


def user(**more: JsonValue) -> JsonObject:
    """Make an enabled user."""
    return {"id": "u", "accountEnabled": True, "createdDateTime": OLD, **more}


def signed_in(days: float | None = None, *, background: float | None = None) -> list[JsonObject]:
    """Make the sign-ins of a user: so many days ago, or never."""

    def at(ago: float | None) -> str:
        return NEVER if ago is None else (NOW - timedelta(days=ago)).isoformat()

    activity = {"lastSignInDateTime": at(days), "lastNonInteractiveSignInDateTime": at(background)}
    return [{"id": "u", "signInActivity": activity}]


CAPABLE: list[JsonObject] = [{"id": "U", "isMfaCapable": True}]
BARE: list[JsonObject] = [{"id": "u", "isMfaCapable": False}]
NEW = user(createdDateTime=(NOW - timedelta(days=3)).isoformat())


@pytest.mark.parametrize(
    ("check_id", "raw", "shared", "expected"),
    [
        ("mfa_all_users", user(), {"details": CAPABLE}, "pass"),
        ("mfa_all_users", user(userType="Guest"), {"details": BARE}, "fail"),
        ("mfa_all_users", user(accountEnabled=False), {"details": BARE}, "not_applicable"),
        ("mfa_all_users", user(accountEnabled=None), {"details": BARE}, "unknown"),
        ("mfa_all_users", user(), {}, "unknown"),
        ("mfa_all_users", user(), {"details": [{"id": "u"}]}, "unknown"),
        ("mfa_all_users", user(), {"details": DENIED}, "unknown"),
        ("inactive_users_reviewed", user(), {"sign_ins": signed_in(89)}, "pass"),
        ("inactive_users_reviewed", user(), {"sign_ins": signed_in(91)}, "fail"),
        ("inactive_users_reviewed", user(), {"sign_ins": signed_in(91, background=1)}, "pass"),
        ("inactive_users_reviewed", user(), {"sign_ins": signed_in()}, "fail"),
        ("inactive_users_reviewed", NEW, {"sign_ins": signed_in()}, "pass"),
        ("inactive_users_reviewed", NEW, {"sign_ins": [{"id": "u"}]}, "pass"),
        ("inactive_users_reviewed", user(createdDateTime=None), {"sign_ins": signed_in()}, "unknown"),
        ("inactive_users_reviewed", user(accountEnabled=False), {"sign_ins": signed_in()}, "not_applicable"),
        ("inactive_users_reviewed", user(), {}, "unknown"),
        ("inactive_users_reviewed", user(), {"sign_ins": DENIED}, "unknown"),
    ],
)
def test_a_user_says(check_id: str, raw: JsonObject, shared: Shared, expected: str) -> None:
    """What it is there to say: disabled users are left out, and `0001-01-01` is never."""
    assert verdict(check_id, USER_RULES, raw, shared) == expected


@pytest.mark.parametrize(
    ("details", "users", "expected"),
    [
        ({"id": "u", "isMfaCapable": True}, [user()], "pass"),
        ({"id": "u", "isMfaCapable": False}, [user()], "fail"),
        ({"id": "u", "isMfaCapable": False}, [user(accountEnabled=False)], "not_applicable"),
        ({"id": "u"}, [user()], "unknown"),
        ({"id": "u", "isMfaCapable": False}, [], "unknown"),
    ],
)
def test_an_administrator_says(details: JsonObject, users: list[JsonObject], expected: str) -> None:
    """A disabled administrator is left out too."""
    assert verdict("mfa_privileged_users", ADMINISTRATOR_RULES, details, {"users": users}) == expected


def credential(end: float | None, life: float = 90) -> JsonObject:
    """Make a credential that ends in so many days."""
    if end is None:
        return {"keyId": "k"}
    start, stop = NOW + timedelta(days=end - life), NOW + timedelta(days=end)
    return {"keyId": "k", "startDateTime": start.isoformat(), "endDateTime": stop.isoformat()}


@pytest.mark.parametrize(
    ("secrets", "certificates", "valid", "short"),
    [
        ([credential(10)], [], "pass", "pass"),
        ([credential(10, 181)], [], "pass", "fail"),
        ([credential(10), credential(-1)], [], "fail", "pass"),
        ([credential(None)], [], "unknown", "unknown"),
        ([credential(None), credential(10, 400)], [], "unknown", "fail"),
        ([], [credential(10, 400)], "pass", "not_applicable"),
        ([], [credential(-1, 400)], "fail", "not_applicable"),
        ([], [], "not_applicable", "not_applicable"),
    ],
)
def test_an_application_says(
    secrets: list[JsonValue], certificates: list[JsonValue], valid: str, short: str
) -> None:
    """Secrets and certificates expire alike; only secrets are to be short-lived."""
    raw: JsonObject = {"passwordCredentials": secrets, "keyCredentials": certificates}
    names = ("app_credential_not_expired", "app_secret_expiry_short")

    assert [verdict(name, APPLICATION_RULES, raw, {}) for name in names] == [valid, short]


def policy(
    controls: tuple[str, ...] = ("mfa",), state: str = "enabled", operator: str = "OR", **more: JsonValue
) -> JsonObject:
    """Make a Conditional Access policy for everybody and everything, if `more` says nothing else."""
    conditions: JsonObject = {
        "clientAppTypes": ["all"],
        "users": {"includeUsers": ["All"]},
        "applications": {"includeApplications": ["All"]},
        **more,
    }
    grant: JsonObject = {"operator": operator, "builtInControls": list(controls)}
    return {"id": "p", "state": state, "conditions": conditions, "grantControls": grant}


MANAGEMENT: JsonObject = {"includeApplications": ["797F4846-ba00-4fd7-ba43-dac1f8f63013"]}
BUT_MANAGEMENT: JsonObject = {
    "includeApplications": ["All"],
    "excludeApplications": ["797f4846-ba00-4fd7-ba43-dac1f8f63013"],
}
PORTALS: JsonObject = {"includeApplications": ["MicrosoftAdminPortals"]}
SOME: JsonObject = {"includeUsers": ["x"]}
BUT_PHONES: JsonObject = {"includePlatforms": ["all"], "excludePlatforms": ["iOS", "android"]}
RISK: JsonValue = ["high", "medium"]
OLD_CLIENTS: JsonValue = ["exchangeActiveSync", "other"]
STRENGTH: JsonObject = {
    **policy(),
    "grantControls": {"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": "s"}},
}


@pytest.mark.parametrize(
    ("check_id", "found", "expected"),
    [
        ("ca_mfa_management_api", policy(), "pass"),
        ("ca_mfa_management_api", STRENGTH, "pass"),
        ("ca_mfa_management_api", policy(applications=MANAGEMENT), "pass"),
        ("ca_mfa_management_api", policy(applications=BUT_MANAGEMENT), "fail"),
        ("ca_mfa_management_api", policy(users=SOME), "fail"),
        ("ca_mfa_management_api", policy(state="enabledForReportingButNotEnforced"), "fail"),
        ("ca_mfa_management_api", policy(state="disabled"), "fail"),
        ("ca_mfa_management_api", policy(("mfa", "compliantDevice")), "fail"),
        ("ca_mfa_management_api", policy(("mfa", "compliantDevice"), operator="AND"), "pass"),
        ("ca_mfa_management_api", policy(signInRiskLevels=RISK), "fail"),
        ("ca_mfa_management_api", policy(locations={"excludeLocations": ["AllTrusted"]}), "fail"),
        ("ca_mfa_management_api", policy(clientAppTypes=["browser"]), "fail"),
        ("ca_mfa_management_api", policy(platforms=BUT_PHONES), "fail"),
        ("ca_mfa_management_api", policy(authenticationFlows={"transferMethods": "deviceCodeFlow"}), "fail"),
        ("ca_mfa_risky_sign_in", policy(signInRiskLevels=RISK, userRiskLevels=["high"]), "fail"),
        ("ca_mfa_risky_sign_in", policy(signInRiskLevels=RISK, platforms=BUT_PHONES), "fail"),
        (
            "ca_block_legacy_authentication",
            policy(("block",), clientAppTypes=OLD_CLIENTS, platforms=BUT_PHONES),
            "fail",
        ),
        ("ca_mfa_admin_portals", policy(applications=PORTALS), "pass"),
        ("ca_mfa_admin_portals", policy(applications=MANAGEMENT), "fail"),
        ("ca_mfa_risky_sign_in", policy(signInRiskLevels=RISK), "pass"),
        ("ca_mfa_risky_sign_in", policy(signInRiskLevels=["low"]), "fail"),
        ("ca_mfa_risky_sign_in", policy(), "fail"),
        ("ca_block_legacy_authentication", policy(("block",), clientAppTypes=OLD_CLIENTS), "pass"),
        ("ca_block_legacy_authentication", policy(("mfa",), clientAppTypes=OLD_CLIENTS), "fail"),
        ("ca_block_legacy_authentication", policy(("block",), clientAppTypes=["other"]), "fail"),
        ("security_defaults_enabled", policy(), "not_applicable"),
        ("security_defaults_enabled", policy(state="disabled"), "fail"),
    ],
)
def test_conditional_access_says(check_id: str, found: JsonObject, expected: str) -> None:
    """Only what is enforced for everybody, always, and with nothing less than MFA, counts."""
    assert verdict(check_id, TENANT_RULES, {}, {"policies": [found]}) == expected


def all_but(**excluded: JsonValue) -> JsonObject:
    """Make a policy for all users but some: Users, Groups, Roles, GuestsOrExternalUsers."""
    left_out = {f"exclude{kind}": who for kind, who in excluded.items()}
    return policy(users={"includeUsers": ["All"], **left_out})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (all_but(Users=["a", "b"], Groups=[], Roles=[], GuestsOrExternalUsers=None), "pass"),
        (all_but(Users=["a", "b", "c"]), "manual"),
        (all_but(Users=["GuestsOrExternalUsers"]), "manual"),
        (all_but(Groups=["breakglass"]), "manual"),
        (all_but(Roles=["r"]), "manual"),
        (all_but(GuestsOrExternalUsers={"guestOrExternalUserTypes": "internalGuest"}), "manual"),
        (all_but(GuestsOrExternalUsers={"guestOrExternalUserTypes": "none"}), "pass"),
        (all_but(GuestsOrExternalUsers={}), "manual"),
    ],
)
def test_whom_a_policy_leaves_out_is_for_a_person_to_say(found: JsonObject, expected: str) -> None:
    """Two accounts for emergencies are usual; a group, a role or guests may be anybody."""
    said = [
        verdict("ca_mfa_management_api", TENANT_RULES, {}, {"policies": policies})
        for policies in ([found], [found, policy()], [{**found, "state": "disabled"}])
    ]

    assert said == [expected, "pass", "fail"]


def test_the_counts_of_those_left_out_are_named() -> None:
    """Of the policy that leaves out the fewest."""
    guests: JsonObject = {"guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest"}
    wide = all_but(Users=["a"], Groups=["b", "c"], Roles=["d"], GuestsOrExternalUsers=guests)
    policies = (Resource({**wide, "displayName": "Wide"}), Resource(all_but(Groups=list("abcdefg"))))
    known = {"policies": policies, "security_defaults": (Resource({}),)}
    rules = [one for one in TENANT_RULES if one.check.id == "entra_ca_mfa_management_api"]
    said = evaluate(Resource({"id": "/tenants/t"}, Surroundings(NOW, known)), rules)[0]

    counts = "users: 1, groups: 2, roles: 1, kinds of guests and external users: 2"
    assert f"leaves out some ({counts})" in said.reason
    assert said.observed["policies"] == ["Wide", "p"]


@pytest.mark.parametrize(
    ("check_id", "expected"),
    [
        ("security_defaults_enabled", "pass"),
        ("ca_mfa_management_api", "pass"),
        ("ca_mfa_admin_portals", "pass"),
        ("ca_block_legacy_authentication", "pass"),
        ("ca_mfa_risky_sign_in", "fail"),
    ],
)
def test_security_defaults_are_an_alternative(check_id: str, expected: str) -> None:
    """They do what most of these policies do."""
    assert verdict(check_id, TENANT_RULES, {}, {"security_defaults": [{"isEnabled": True}]}) == expected


def guests_are(role: str) -> Shared:
    """Make an authorization policy by the role of guests."""
    return {"authorization": [{"guestUserRoleId": role}]}


def rights(**members: JsonValue) -> Shared:
    """Make an authorization policy by what users may."""
    return {"authorization": [{"defaultUserRolePermissions": members}]}


def consent(*policies: str) -> Shared:
    """Make an authorization policy by what users may consent to."""
    return rights(
        permissionGrantPoliciesAssigned=[f"ManagePermissionGrantsForSelf.{one}" for one in policies]
    )


def unified(value: str) -> Shared:
    """Make the setting of groups."""
    template = "62375AB9-6b52-47ed-826b-58e47e0e304b"
    return {
        "group_settings": [
            {"templateId": template, "values": [{"name": "EnableGroupCreation", "value": value}]}
        ]
    }


def methods(*on: str) -> Shared:
    """Make the policy of methods by those that are on."""
    known = ("Sms", "Voice", "Fido2", "MicrosoftAuthenticator")
    rows: list[JsonValue] = [{"id": one, "state": "enabled" if one in on else "disabled"} for one in known]
    return {"methods": [{"authenticationMethodConfigurations": rows}]}


def administrators(*kinds: str | None) -> Shared:
    """Make Global Administrators of some kinds."""
    return {
        "roles": [
            {
                "principalId": f"p{number}",
                "roleDefinitionId": GLOBAL_ADMINISTRATOR,
                "principal": {"@odata.type": f"#microsoft.graph.{kind}"} if kind else {"id": "p"},
            }
            for number, kind in enumerate(kinds)
        ]
    }


def permanent(count: int, assignment_type: str = "Assigned") -> Shared:
    """Make so many permanent administrators."""
    return {
        "schedules": [
            {
                "principalId": f"p{n}",
                "roleDefinitionId": GLOBAL_ADMINISTRATOR,
                "assignmentType": assignment_type,
            }
            for n in range(count)
        ]
    }


REGISTER: JsonObject = {"includeUserActions": ["urn:user:registerdevice"]}
GUESTS: list[JsonObject] = [{"id": "g", "userType": "guest"}]
REVIEW: list[JsonObject] = [{"id": "r", "status": "InProgress", "scope": {"query": "userType eq 'Guest'"}}]
ADMIN = administrators("user")


@pytest.mark.parametrize(
    ("check_id", "shared", "expected"),
    [
        ("guest_access_restricted", guests_are("2AF84B1E-32c8-42b7-82bc-daa82404023b"), "pass"),
        ("guest_access_restricted", guests_are("a0b1b346-4d3e-4e8b-98f8-753987be4970"), "fail"),
        ("guest_access_restricted", guests_are("other"), "unknown"),
        ("guest_access_restricted", {}, "unknown"),
        ("guest_invites_restricted", {"authorization": [{"allowInvitesFrom": "none"}]}, "pass"),
        ("guest_invites_restricted", {"authorization": [{"allowInvitesFrom": "everyone"}]}, "fail"),
        ("guest_invites_restricted", {}, "unknown"),
        ("user_app_consent_restricted", consent(), "pass"),
        ("user_app_consent_restricted", consent("microsoft-user-default-low"), "fail"),
        ("user_app_consent_restricted", {}, "unknown"),
        ("user_app_consent_verified_only", consent(), "pass"),
        ("user_app_consent_verified_only", consent("Microsoft-user-default-low"), "pass"),
        ("user_app_consent_verified_only", consent("microsoft-user-default-legacy"), "fail"),
        ("user_app_consent_verified_only", consent("our-own"), "manual"),
        ("user_app_consent_verified_only", {}, "unknown"),
        ("users_cannot_register_apps", rights(allowedToCreateApps=False), "pass"),
        ("users_cannot_register_apps", rights(allowedToCreateApps=True), "fail"),
        ("users_cannot_register_apps", rights(), "unknown"),
        ("users_cannot_create_tenants", rights(allowedToCreateTenants=False), "pass"),
        ("users_cannot_create_tenants", rights(allowedToCreateTenants=True), "fail"),
        ("users_cannot_create_tenants", rights(), "unknown"),
        ("users_cannot_create_security_groups", rights(allowedToCreateSecurityGroups=False), "pass"),
        ("users_cannot_create_security_groups", rights(allowedToCreateSecurityGroups=True), "fail"),
        ("users_cannot_create_security_groups", rights(), "unknown"),
        ("users_cannot_create_m365_groups", unified("False"), "pass"),
        ("users_cannot_create_m365_groups", unified("true"), "fail"),
        ("users_cannot_create_m365_groups", {}, "fail"),
        ("strong_auth_methods_enforced", methods("Fido2"), "pass"),
        ("strong_auth_methods_enforced", methods("Fido2", "Voice"), "fail"),
        ("strong_auth_methods_enforced", methods(), "fail"),
        ("strong_auth_methods_enforced", {}, "unknown"),
        ("device_join_mfa_required", {"devices": [{"multiFactorAuthConfiguration": "Required"}]}, "pass"),
        ("device_join_mfa_required", {"devices": [{"multiFactorAuthConfiguration": "notRequired"}]}, "fail"),
        ("device_join_mfa_required", {"policies": [policy(applications=REGISTER)]}, "pass"),
        ("device_join_mfa_required", {}, "unknown"),
        ("ca_trusted_locations_defined", {"locations": [{"isTrusted": True, "ipRanges": [{}]}]}, "pass"),
        ("ca_trusted_locations_defined", {"locations": [{"isTrusted": True, "countries": ["DE"]}]}, "fail"),
        ("ca_trusted_locations_defined", {}, "fail"),
        ("global_admins_under_five", administrators(*["user"] * 4), "pass"),
        ("global_admins_under_five", administrators(*["user"] * 5), "fail"),
        ("global_admins_under_five", administrators("user", "group"), "manual"),
        ("global_admins_under_five", administrators(None), "manual"),
        ("pim_eligible_assignments", permanent(2), "pass"),
        ("pim_eligible_assignments", permanent(3), "fail"),
        ("pim_eligible_assignments", permanent(3, "Activated"), "pass"),
        ("pim_eligible_assignments", {"eligible": DENIED}, "unknown"),
        ("emergency_access_accounts", ADMIN, "manual"),
        ("admins_not_daily_accounts", ADMIN, "manual"),
        ("admins_not_daily_accounts", {}, "not_applicable"),
        ("remember_mfa_disabled", {}, "manual"),
        ("guest_users_reviewed", {}, "not_applicable"),
        ("guest_users_reviewed", {"users": GUESTS}, "manual"),
        ("guest_users_reviewed", {"users": GUESTS, "reviews": REVIEW}, "pass"),
        ("access_reviews_configured", {"reviews": REVIEW}, "pass"),
        ("access_reviews_configured", {"reviews": [{"id": "r", "status": "Completed"}]}, "fail"),
        ("access_reviews_configured", {"reviews": DENIED}, "unknown"),
        ("subscription_transfer_restricted", {}, "fail"),
    ],
)  # fmt: skip
def test_a_tenant_says(check_id: str, shared: Shared, expected: str) -> None:
    """What it is there to say; what Graph does not answer is unknown where its absence means nothing."""
    assert verdict(check_id, TENANT_RULES, {}, shared) == expected


def machine(kind: str) -> Shared:
    """Make an owner of the subscription, and with it of its machines."""
    properties: JsonObject = {"roleDefinitionId": f"/x/{OWNER}", "principalId": "u", "principalType": kind}
    return {"azure_roles": [{"id": "/a", "properties": properties}], "users": [user()]}


@pytest.mark.parametrize(
    ("shared", "expected"),
    [
        ({**machine("User"), "details": CAPABLE}, "pass"),
        ({**machine("user"), "details": BARE}, "fail"),
        (machine("User"), "unknown"),
        (machine("Group"), "manual"),
        ({**machine("User"), "details": DENIED}, "unknown"),
        ({}, "pass"),
    ],
)
def test_users_with_access_to_machines(shared: Shared, expected: str) -> None:
    """One user without a second factor is enough to fail."""
    assert verdict("vm_access_users_mfa", SUBSCRIPTION_RULES, {}, shared) == expected


async def test_an_empty_tenant_has_one_verdict_per_check() -> None:
    """Nothing there is said once per check."""
    answers: dict[str, Answer] = {
        f"{read.path.replace('{subscription_id}', SCOPE.rpartition('/')[2])}": {"tenantId": "t"}
        if any(name in read.path for name in ("/policies/", "subscription_id}"))
        and "conditional" not in read.path
        and not read.path.endswith("roleAssignments")
        else []
        for read in COLLECTOR.reads
    }
    made, verdicts = await read_part(COLLECTOR.parts[0], PathReader(answers))

    assert (len(statuses(verdicts)), made.gaps) == (len(COLLECTOR.checks), ())


async def read_simulated(
    profile: str, name: str, application: str | None = None, *, premium: bool = True
) -> tuple[list[Verdict], int]:
    """Read a simulated subscription; gives verdicts and how many gaps there are."""
    found: list[Verdict] = []

    async def keep(one: Verdict) -> None:
        if not one.check_id.startswith(POPULATION):
            found.append(one)

    async with SimulatedAzure(profile) as azure:
        for tenant in azure.world.tenants:
            tenant.premium = premium
        async with reading(azure, name, application) as reader:
            answer = await COLLECTOR.parts[0].collect(reader, keep)
    return found, len(getattr(answer, "gaps", ()))


async def test_without_consent_each_check_names_its_permission() -> None:
    """No check fails or passes on what could not be read."""
    found, gaps = await read_simulated("small", "foreign", "other-company-app")

    asked = [one for one in found if one.observed.get("missing_permission")]
    decided = {one.check_id for one in found if one.status not in ("unknown", "manual")}
    assert gaps == 3
    assert {one.status.value for one in asked} == {"unknown"}
    assert decided == {"entra_subscription_transfer_restricted"}


async def test_without_a_licence_only_what_needs_it_is_unknown() -> None:
    """Sign-ins, the registration report, reviews and PIM need P1 or P2, and the reason says so."""
    found, _ = await read_simulated("demo", "production", premium=False)

    unlicensed = {one.check_id for one in found if "licence" in one.reason}
    assert {"entra_mfa_all_users", "entra_inactive_users_reviewed"} <= unlicensed
    assert {"entra_pim_eligible_assignments", "entra_access_reviews_configured"} <= unlicensed
    assert {one.status.value for one in found if one.check_id in unlicensed} == {"unknown"}
    assert "entra_app_credential_not_expired" not in unlicensed


async def test_official_bodies_are_read() -> None:
    """Microsoft's example lets everybody invite guests and register applications."""
    found, gaps = await read_simulated("specification", "specification")

    said = {one.check_id: one.status.value for one in found}
    assert said["entra_guest_invites_restricted"] == "fail"
    assert said["entra_users_cannot_register_apps"] == "fail"
    # Its application has no id, so nothing can be said of it.
    assert (gaps, "entra_app_credential_not_expired" in said) == (1, False)
