"""What each of Microsoft Entra's codes means, in words a person can act on.

Codes: "Microsoft Entra authentication and authorization error codes"
(learn.microsoft.com/entra/identity-platform/reference-error-codes). The page asks to react to `error` first;
codes may change, so one that is not here is still a refusal, with the advice to look it up.
"""

from collections.abc import Mapping

import msgspec

APPLICATION_BLADE = "#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~"
APPLICATIONS_PAGE = "#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade"
TENANT_PAGE = "#view/Microsoft_AAD_IAM/ActiveDirectoryMenuBlade/~/Overview"
ENTERPRISE_APPLICATIONS_PAGE = "#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview"
IDENTITIES_PAGE = "#browse/Microsoft.ManagedIdentity%2FuserAssignedIdentities"
CONDITIONAL_ACCESS_PAGE = "#view/Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade/~/Policies"
CREDENTIALS_PAGE = APPLICATION_BLADE + "/Credentials/appId/{client_id}"
PERMISSIONS_PAGE = APPLICATION_BLADE + "/CallAnAPI/appId/{client_id}"


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """What a managed identity's token says, and a federated credential must say too, letter by letter."""

    issuer: str = "https://login.microsoftonline.com/TENANT-ID-OF-THE-IDENTITY/v2.0"
    subject: str = "the Object (principal) ID of the managed identity"
    audience: str = "api://AzureADTokenExchange"


class Refusal(msgspec.Struct, frozen=True):
    """What one group of Entra's codes means.

    Args:
        reason: the stable cause, as in the API.
        detail: what happened, one sentence without a full stop.
        advice: what to do next; `{issuer}`, `{subject}` and `{audience}` are filled in.
        portal_page: where it is done; `{client_id}` is filled in.
    """

    reason: str
    detail: str
    advice: str
    portal_page: str


INVALID_CLIENT_SECRET = Refusal(
    "invalid_client_secret",
    "Microsoft Entra does not accept this client secret",
    "Enter the secret's Value, not its Secret ID, without leading or trailing spaces. The value is shown "
    "only once: if it is lost, create a new client secret under Certificates & secrets.",
    CREDENTIALS_PAGE,
)
EXPIRED_CLIENT_SECRET = Refusal(
    "expired_client_secret",
    "The client secret has expired",
    "Create a new client secret under Certificates & secrets and enter its Value here.",
    CREDENTIALS_PAGE,
)
UNKNOWN_APPLICATION = Refusal(
    "unknown_application",
    "The tenant has no application with this client ID",
    "Compare the client ID with the Application (client) ID on the app registration's overview, and the "
    "tenant ID with its Directory (tenant) ID. If the application was deleted, register it again.",
    APPLICATIONS_PAGE,
)
UNKNOWN_TENANT = Refusal(
    "unknown_tenant",
    "There is no tenant with this tenant ID",
    "Compare the tenant ID with the Directory (tenant) ID on the overview page of Microsoft Entra ID, and "
    "check that this connector is set up for the right cloud.",
    TENANT_PAGE,
)
APPLICATION_DISABLED = Refusal(
    "application_disabled",
    "The application is disabled",
    "Open the application under Enterprise applications, Properties, and set 'Enabled for users to sign in' "
    "to Yes.",
    ENTERPRISE_APPLICATIONS_PAGE,
)
BLOCKED_BY_CONDITIONAL_ACCESS = Refusal(
    "blocked_by_conditional_access",
    "A Conditional Access policy does not let this credential in",
    "Ask a Conditional Access administrator to exclude this application, or to allow the address it comes "
    "from. The sign-in log names the policy.",
    CONDITIONAL_ACCESS_PAGE,
)
CONSENT_REQUIRED = Refusal(
    "consent_required",
    "Nobody has consented to this application in the tenant yet",
    "Ask an administrator of the tenant to grant consent under API permissions, or connect with a service "
    "principal.",
    PERMISSIONS_PAGE,
)
UNKNOWN_CERTIFICATE = Refusal(
    "unknown_certificate",
    "The application does not know this certificate",
    "Upload the certificate, without its private key, under Certificates & secrets > Certificates of the app "
    "registration, and compare the thumbprint shown there. A new one can take a few minutes.",
    CREDENTIALS_PAGE,
)
EXPIRED_CERTIFICATE = Refusal(
    "expired_certificate",
    "The certificate has ended, is not valid yet, or was revoked",
    "Create a new certificate, upload it under Certificates & secrets > Certificates, and enter it here with "
    "its private key.",
    CREDENTIALS_PAGE,
)
ASSERTION_REFUSED = Refusal(
    "assertion_refused",
    "Microsoft Entra does not accept what was signed in the place of a secret",
    "Compare tenant ID and client ID with the app registration. If they are right, the clock of the machine "
    "that runs this app may be wrong.",
    CREDENTIALS_PAGE,
)
FEDERATED_CREDENTIAL_MISSING = Refusal(
    "federated_credential_missing",
    "The application has no federated credential for this managed identity",
    "Under Certificates & secrets > Federated credentials of the app registration add one of the scenario "
    "Other issuer, letter by letter: Issuer {issuer}, Subject identifier {subject}, Audience {audience}. It "
    "can take a few minutes.",
    CREDENTIALS_PAGE,
)
IDENTITY_NOT_TRUSTED = Refusal(
    "identity_not_trusted",
    "The application cannot trust this managed identity",
    "The app registration must be in the tenant of the managed identity, be multitenant, and have a service "
    "principal in the tenant to be read; the identity must be user-assigned. Name it by identity_client_id.",
    APPLICATIONS_PAGE,
)
GRANT_REVOKED = Refusal(
    "grant_revoked",
    "The sign-in was revoked, or the person's password was reset",
    "Sign in again, or connect with a service principal, which does not depend on a person.",
    "",
)
GRANT_REFUSED = Refusal(
    "grant_refused",
    "Microsoft Entra does not accept the sign-in any more",
    "Sign in again, or connect with a service principal, which does not depend on a person.",
    "",
)
SIGN_IN_EXPIRED = Refusal(
    "sign_in_expired",
    "The sign-in has expired",
    "Sign in again, or connect with a service principal, which does not depend on a person.",
    "",
)
INTERACTION_REQUIRED = Refusal(
    "interaction_required",
    "Microsoft Entra asks the person for another step, such as multi-factor authentication",
    "Sign in again, and take the step that you are asked for. Where that happens often, connect with a "
    "service principal, which is asked for none.",
    "",
)
PERSON_BLOCKED = Refusal(
    "person_blocked",
    "The account of the person who signed in is disabled, locked, or its password has expired",
    "Ask an administrator of the tenant to unlock the account, and sign in again; or connect with a service "
    "principal, which does not depend on a person.",
    "",
)
PERSON_NOT_ASSIGNED = Refusal(
    "person_not_assigned",
    "The application is not assigned to this person",
    "Ask an administrator of the tenant to assign it under Enterprise applications > Users and groups, "
    "or connect with a service principal.",
    ENTERPRISE_APPLICATIONS_PAGE,
)
CONSENT_DECLINED = Refusal(
    "consent_declined",
    "The sign-in was cancelled, or consent to the application was declined",
    "Sign in again and accept, or connect with a service principal.",
    "",
)
OTHER_REFUSAL = Refusal(
    "authentication_rejected",
    "Microsoft Entra refuses this credential",
    "Check the tenant ID, the client ID and the credential. If they are right, look the code up in the "
    "sign-in log of Microsoft Entra ID, or give the trace ID to Microsoft support.",
    APPLICATIONS_PAGE,
)

REFUSALS: Mapping[int, Refusal] = {
    7000215: INVALID_CLIENT_SECRET,
    7000222: EXPIRED_CLIENT_SECRET,
    700016: UNKNOWN_APPLICATION,
    7000229: UNKNOWN_APPLICATION,
    90002: UNKNOWN_TENANT,
    900023: UNKNOWN_TENANT,
    700027: UNKNOWN_CERTIFICATE,
    700030: UNKNOWN_CERTIFICATE,
    1000502: EXPIRED_CERTIFICATE,
    7000214: EXPIRED_CERTIFICATE,
    7000277: EXPIRED_CERTIFICATE,
    50027: ASSERTION_REFUSED,
    700021: ASSERTION_REFUSED,
    700023: ASSERTION_REFUSED,
    700024: ASSERTION_REFUSED,
    7000274: ASSERTION_REFUSED,
    70021: FEDERATED_CREDENTIAL_MISSING,
    700211: FEDERATED_CREDENTIAL_MISSING,
    700212: FEDERATED_CREDENTIAL_MISSING,
    700213: FEDERATED_CREDENTIAL_MISSING,
    7002121: FEDERATED_CREDENTIAL_MISSING,
    700222: IDENTITY_NOT_TRUSTED,
    700226: IDENTITY_NOT_TRUSTED,
    700236: IDENTITY_NOT_TRUSTED,
    7000112: APPLICATION_DISABLED,
    50072: INTERACTION_REQUIRED,
    50074: INTERACTION_REQUIRED,
    50076: INTERACTION_REQUIRED,
    50078: INTERACTION_REQUIRED,
    50079: INTERACTION_REQUIRED,
    50158: INTERACTION_REQUIRED,
    50053: PERSON_BLOCKED,
    50055: PERSON_BLOCKED,
    50057: PERSON_BLOCKED,
    50144: PERSON_BLOCKED,
    50105: PERSON_NOT_ASSIGNED,
    65004: CONSENT_DECLINED,
    50131: BLOCKED_BY_CONDITIONAL_ACCESS,
    53000: BLOCKED_BY_CONDITIONAL_ACCESS,
    53001: BLOCKED_BY_CONDITIONAL_ACCESS,
    53002: BLOCKED_BY_CONDITIONAL_ACCESS,
    53003: BLOCKED_BY_CONDITIONAL_ACCESS,
    53004: BLOCKED_BY_CONDITIONAL_ACCESS,
    530032: BLOCKED_BY_CONDITIONAL_ACCESS,
    65001: CONSENT_REQUIRED,
    90094: CONSENT_REQUIRED,
    90095: CONSENT_REQUIRED,
    50132: GRANT_REVOKED,
    50133: GRANT_REVOKED,
    50173: GRANT_REVOKED,
    70008: SIGN_IN_EXPIRED,
    70043: SIGN_IN_EXPIRED,
    700081: SIGN_IN_EXPIRED,
    700082: SIGN_IN_EXPIRED,
}
REFUSALS_BY_ERROR: Mapping[str, Refusal] = {
    "access_denied": CONSENT_DECLINED,
    "consent_required": CONSENT_REQUIRED,
    "interaction_required": INTERACTION_REQUIRED,
    "login_required": INTERACTION_REQUIRED,
}
"""What `error` means where the code is not known."""
REFUSALS_OF_PEOPLE: Mapping[str, Refusal] = {**REFUSALS_BY_ERROR, "invalid_grant": GRANT_REFUSED}
"""The same for a person's code or refresh token, which is what a grant is then (RFC 6749, section 5.2)."""
