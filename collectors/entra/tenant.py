"""Settings of the tenant: what users and guests may do, and which methods they sign in with."""

from collectors.contract import Check, CheckSeverity
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judgement,
    Rule,
    bad,
    good,
    judged,
    manual,
    must_be_off,
    must_be_one_of,
    unknown,
)
from collectors.entra import remedies
from collectors.entra.consent import no_consent, verified_consent
from collectors.entra.objects import on
from collectors.entra.policies import demands_mfa, enabled
from collectors.entra.reads import (
    AUTHORIZATION,
    DEVICES,
    GROUP_SETTINGS,
    METHODS,
    TRANSFERS,
)

_UNIFIED = "62375ab9-6b52-47ed-826b-58e47e0e304b"
"""Template of the setting Group.Unified (Microsoft Graph, "groupSetting resource type")."""

_OWN_ENTRY = "2af84b1e-32c8-42b7-82bc-daa82404023b"
"""Restricted guest: the role of guests who see their own entry only."""

_WEAK = {"sms", "voice"}
_STRONG = {"fido2", "microsoftauthenticator", "x509certificate"}
_REGISTER = "urn:user:registerdevice"


def group_creation(tenant: Resource) -> Judgement:
    """Judge `EnableGroupCreation`; without the setting Group.Unified everybody may create groups.

    Nobody restricted it then (Microsoft, "Manage who can create Microsoft 365 Groups").
    """
    settings = [
        one for one in tenant.shared("group_settings") if (one.text("templateId") or "").lower() == _UNIFIED
    ]
    values = {value.text("name"): value.text("value") for one in settings for value in one.objects("values")}
    found = values.get("EnableGroupCreation")
    yes, no = "Users cannot create Microsoft 365 groups.", "Users can create Microsoft 365 groups."
    return judged((found or "true").lower() == "false", yes, no, EnableGroupCreation=found)


def strong_methods(policy: Resource) -> Judgement:
    """Judge whether a strong method is on, and text messages and calls are off."""
    methods = policy.objects("authenticationMethodConfigurations")
    on_ = {(one.text("id") or "").lower() for one in methods if one.flag("state") is True}
    if not methods:
        return unknown("Graph lists no authentication methods.")
    yes, no = "Only strong methods are on.", "A weak method is on, or no strong one."
    return judged(not on_ & _WEAK and on_ & _STRONG, yes, no, enabled=sorted(on_))


def device_join(tenant: Resource) -> Judgement:
    """Judge whether joining a device demands MFA, by the device settings or by Conditional Access."""
    found = tenant.shared("devices")[0].text("multiFactorAuthConfiguration")
    actions = "conditions.applications.includeUserActions"
    policies = [
        one.text("displayName") or one.id
        for one in enabled(tenant.shared("policies"))
        if demands_mfa(one) and _REGISTER in {action.lower() for action in one.texts(actions)}
    ]
    if (found or "").lower() == "required" or policies:
        return good("Joining a device demands multifactor authentication.", setting=found, policies=policies)
    if found is None:
        return unknown("Graph does not say whether joining a device demands multifactor authentication.")
    return bad("Joining a device demands no multifactor authentication.", setting=found, policies=[])


def transfers_blocked(policy: Resource) -> Judgement:
    """Judge whether subscriptions can leave the tenant or enter it.

    Absent, they can: "the default behavior of these two policies is set to Allow Everyone" (Microsoft,
    "Manage Azure subscription policies").
    """
    leaving = policy.flag("properties.blockSubscriptionsLeavingTenant")
    entering = policy.flag("properties.blockSubscriptionsIntoTenant")
    yes, no = "Subscriptions can neither leave nor enter the tenant.", "Subscriptions can be moved."
    return judged(leaving and entering, yes, no, leaving_blocked=leaving, entering_blocked=entering)


def remember_mfa(_tenant: Resource) -> Judgement:
    """Leave to a person what no API of Microsoft tells."""
    return manual("Look at Entra ID > Multifactor authentication > Service settings > Remember.")


def _check(name: str, title: str, severity: CheckSeverity, rationale: str, path: str, command: str) -> Check:
    return Check(
        id=f"entra_{name}",
        title=title,
        severity=severity,
        rationale=rationale,
        remediation=f"Portal: Entra ID > {path}. {command}",
        permission=AUTHORIZATION.permission,
    )


_USER_SETTINGS = "Users > User settings"
_AUTHORIZATION = ("authorization",)

RULES = (
    Rule(
        _check(
            "guest_access_restricted",
            "Guests see their own entries only",
            "medium",
            "A guest who can list the directory knows whom to attack.",
            "External Identities > External collaboration settings > Guest user access: most restrictive",
            remedies.authorization(guestUserRoleId=_OWN_ENTRY),
        ),
        on(
            "authorization",
            # Role templates of guest access (Microsoft Graph, "authorizationPolicy resource type").
            must_be_one_of(
                "guestUserRoleId",
                "The guests' role",
                allowed=[_OWN_ENTRY],
                others=["10dae51f-b6af-4016-8d66-8c2a99b929b3", "a0b1b346-4d3e-4e8b-98f8-753987be4970"],
                absent=None,
            ),
        ),
        _AUTHORIZATION,
    ),
    Rule(
        _check(
            "guest_invites_restricted",
            "Only administrators invite guests",
            "medium",
            "Whoever may invite decides who is inside.",
            "External Identities > External collaboration settings > Guest invite settings: only admins",
            remedies.authorization(allowInvitesFrom="adminsAndGuestInviters"),
        ),
        on(
            "authorization",
            must_be_one_of(
                "allowInvitesFrom",
                "Who may invite guests",
                allowed=["none", "adminsAndGuestInviters"],
                others=["adminsGuestInvitersAndAllMembers", "everyone"],
                absent=None,
            ),
        ),
        _AUTHORIZATION,
    ),
    Rule(
        _check(
            "user_app_consent_restricted",
            "Users cannot consent to applications",
            "high",
            "One click on a consent page gives a stranger's application the user's mail.",
            "Enterprise applications > Consent and permissions > Do not allow user consent",
            remedies.consent(),
        ),
        on("authorization", no_consent),
        _AUTHORIZATION,
    ),
    Rule(
        _check(
            "user_app_consent_verified_only",
            "Users consent to verified publishers only",
            "medium",
            "An unverified publisher can be anybody.",
            "Enterprise applications > Consent and permissions > Allow for verified publishers",
            remedies.consent("ManagePermissionGrantsForSelf.microsoft-user-default-low"),
        ),
        on("authorization", verified_consent),
        _AUTHORIZATION,
    ),
    Rule(
        _check(
            "users_cannot_register_apps",
            "Users cannot register applications",
            "medium",
            "An application nobody approved is a way in nobody watches.",
            f"{_USER_SETTINGS} > Users can register applications: No",
            remedies.members_may(allowedToCreateApps=False),
        ),
        on(
            "authorization",
            must_be_off(
                "defaultUserRolePermissions.allowedToCreateApps", "Creating applications", absent=None
            ),
        ),
        _AUTHORIZATION,
    ),
    Rule(
        _check(
            "users_cannot_create_tenants",
            "Users cannot create tenants",
            "low",
            "A tenant of one's own is outside every policy of this one.",
            f"{_USER_SETTINGS} > Restrict non-admin users from creating tenants: Yes",
            remedies.members_may(allowedToCreateTenants=False),
        ),
        on(
            "authorization",
            must_be_off("defaultUserRolePermissions.allowedToCreateTenants", "Creating tenants", absent=None),
        ),
        _AUTHORIZATION,
    ),
    Rule(
        _check(
            "users_cannot_create_security_groups",
            "Users cannot create security groups",
            "low",
            "Groups give access, so who makes them decides who has it.",
            "Groups > General > Users can create security groups: No",
            remedies.members_may(allowedToCreateSecurityGroups=False),
        ),
        on(
            "authorization",
            must_be_off(
                "defaultUserRolePermissions.allowedToCreateSecurityGroups",
                "Creating security groups",
                absent=None,
            ),
        ),
        _AUTHORIZATION,
    ),
    Rule(
        Check(
            id="entra_users_cannot_create_m365_groups",
            title="Users cannot create Microsoft 365 groups",
            severity="low",
            rationale="Each group is a mailbox and a site that somebody has to look after.",
            remediation="Portal: Entra ID > Groups > General > Users can create Microsoft 365 groups: No. "
            + remedies.unified_groups(),
            permission=GROUP_SETTINGS.permission,
        ),
        group_creation,
        ("group_settings",),
    ),
    Rule(
        Check(
            id="entra_strong_auth_methods_enforced",
            title="Strong authentication methods only",
            severity="high",
            rationale="Text messages and calls can be taken over with the number.",
            remediation="Portal: Entra ID > Authentication methods > Policies: SMS and Voice call off, "
            "passkey or Microsoft Authenticator on. " + remedies.no_text_messages(),
            permission=METHODS.permission,
        ),
        on("methods", strong_methods),
        ("methods",),
    ),
    Rule(
        Check(
            id="entra_device_join_mfa_required",
            title="Multifactor authentication to join devices",
            severity="medium",
            rationale="A joined device is trusted, so joining one is worth stealing a password for.",
            remediation="Portal: Entra ID > Conditional Access > New policy > User actions: Register or join "
            "devices > Require multifactor authentication. "
            + remedies.policy_for_all(
                "MFA to join devices", {"applications": {"includeUserActions": [_REGISTER]}}
            ),
            permission=DEVICES.permission,
        ),
        device_join,
        ("devices", "policies"),
    ),
    Rule(
        Check(
            id="entra_subscription_transfer_restricted",
            title="Subscription transfer between tenants blocked",
            severity="medium",
            rationale="A subscription that leaves takes its data out of every control.",
            remediation="Portal: Subscriptions > Manage policies > Subscription leaving and entering: Permit "
            "no one. " + remedies.no_transfers(),
            permission=TRANSFERS.permission,
        ),
        on("transfers", transfers_blocked),
        ("transfers",),
    ),
    Rule(
        Check(
            id="entra_remember_mfa_disabled",
            title="Remember MFA on devices off",
            severity="medium",
            rationale="A remembered device needs only the password.",
            remediation="Portal: Entra ID > Multifactor authentication > Service settings > Remember: off. "
            + remedies.sign_in_frequencies(),
            permission="none: no Microsoft API tells it",
            manual=True,
        ),
        remember_mfa,
    ),
)
