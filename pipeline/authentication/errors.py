"""What Microsoft Entra says when it gives no token, in words a person can act on.

Codes: "Microsoft Entra authentication and authorization error codes"
(learn.microsoft.com/entra/identity-platform/reference-error-codes). The page asks to react to `error`, to
keep the trace and correlation ids, and never to show `error_uri`. The description may name people and
applications: it never leaves this module.
"""

import re
from collections.abc import Mapping

import msgspec
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.rest import AsyncHttpResponse

from collectors.errors import CollectionError, CredentialRejected, ServiceUnavailable, Throttled

APPLICATION_BLADE = "#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~"
APPLICATIONS_PAGE = "#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade"
TENANT_PAGE = "#view/Microsoft_AAD_IAM/ActiveDirectoryMenuBlade/~/Overview"
ENTERPRISE_APPLICATIONS_PAGE = "#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview"
CONDITIONAL_ACCESS_PAGE = "#view/Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade/~/Policies"
CREDENTIALS_PAGE = APPLICATION_BLADE + "/Credentials/appId/{client_id}"
PERMISSIONS_PAGE = APPLICATION_BLADE + "/CallAnAPI/appId/{client_id}"

TOO_MANY_REQUESTS = 429
SERVER_ERRORS = 500
TENANT_THROTTLED = 90055
TRANSIENT_ERROR = "temporarily_unavailable"
CODE_IN_TEXT = re.compile(r"AADSTS(\d+)")


class Refusal(msgspec.Struct, frozen=True):
    """What one group of Entra's codes means.

    Args:
        reason: the stable cause, as in the API.
        detail: what happened, one sentence without a full stop.
        advice: what to do next.
        portal_page: where it is done; `{client_id}` is filled in.
    """

    reason: str
    detail: str
    advice: str
    portal_page: str


class TokenError(msgspec.Struct, frozen=True):
    """The error body of the token endpoint, without the fields that nobody may show."""

    error: str = ""
    error_description: str = ""
    error_codes: tuple[int, ...] = ()
    trace_id: str = ""
    correlation_id: str = ""

    @property
    def code(self) -> int | None:
        """The AADSTS number: the first declared one, else the one in the description."""
        return self.error_codes[0] if self.error_codes else code_in(self.error_description)


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
GRANT_REVOKED = Refusal(
    "grant_revoked",
    "The sign-in was revoked, or the person's password was reset",
    "Sign in again, or connect with a service principal, which does not depend on a person.",
    "",
)
SIGN_IN_EXPIRED = Refusal(
    "sign_in_expired",
    "The sign-in has expired",
    "Sign in again, or connect with a service principal, which does not depend on a person.",
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
    7000112: APPLICATION_DISABLED,
    50076: BLOCKED_BY_CONDITIONAL_ACCESS,
    50079: BLOCKED_BY_CONDITIONAL_ACCESS,
    53000: BLOCKED_BY_CONDITIONAL_ACCESS,
    53001: BLOCKED_BY_CONDITIONAL_ACCESS,
    53003: BLOCKED_BY_CONDITIONAL_ACCESS,
    530032: BLOCKED_BY_CONDITIONAL_ACCESS,
    65001: CONSENT_REQUIRED,
    90094: CONSENT_REQUIRED,
    90095: CONSENT_REQUIRED,
    50173: GRANT_REVOKED,
    70008: SIGN_IN_EXPIRED,
    70043: SIGN_IN_EXPIRED,
    700082: SIGN_IN_EXPIRED,
}


def code_in(text: str) -> int | None:
    """Find the AADSTS number in a text, or None."""
    found = CODE_IN_TEXT.search(text)
    return int(found[1]) if found else None


def translate_authentication_error(error: AzureError, *, client_id: str = "") -> CollectionError:
    """Say why Entra gave no token: refused for good, or only for now.

    Takes what azure-identity raised and the application's client id for the link to the portal. Gives
    CredentialRejected, Throttled or ServiceUnavailable; raise it `from None`, because the original holds the
    description.
    """
    body = _body(error)
    passing = _transient(error, body)
    if passing is not None:
        return passing
    code = body.code or code_in(error.message)
    refusal = REFUSALS.get(code, OTHER_REFUSAL) if code else OTHER_REFUSAL
    return CredentialRejected(
        f"{refusal.detail}{_marks(code, body)}.",
        advice=refusal.advice,
        portal_page=_page(refusal, client_id),
        reason=refusal.reason,
    )


def _body(error: AzureError) -> TokenError:
    """Read the answer's body; one that is none tells nothing."""
    response = error.response if isinstance(error, HttpResponseError) else None
    if response is None:
        return TokenError()
    try:
        return msgspec.json.decode(response.text(), type=TokenError, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return TokenError()


def _transient(error: AzureError, body: TokenError) -> CollectionError | None:
    """Tell errors that pass by themselves; whatever is no refusal in Entra's own words is one."""
    status = error.status_code or 0 if isinstance(error, HttpResponseError) else 0
    if status == TOO_MANY_REQUESTS or body.code == TENANT_THROTTLED:
        return Throttled(
            f"Microsoft Entra asks to wait{_marks(body.code, body)}.", retry_after_s=_retry_after_s(error)
        )
    answered = body.error or body.code or code_in(error.message)
    refused = isinstance(error, ClientAuthenticationError) and status < SERVER_ERRORS and answered
    if refused and body.error != TRANSIENT_ERROR:
        return None
    return ServiceUnavailable(f"Microsoft Entra did not give a token{_marks(body.code, body)}.")


def _retry_after_s(error: AzureError) -> float | None:
    """Read Retry-After in seconds; Entra sends no dates there."""
    response = error.response if isinstance(error, HttpResponseError) else None
    value = response.headers.get("Retry-After", "") if isinstance(response, AsyncHttpResponse) else ""
    return float(value) if value.isdecimal() else None


def _marks(code: int | None, body: TokenError) -> str:
    """Put what Microsoft support asks for in brackets."""
    marks = (
        f"AADSTS{code}" if code else "",
        f"trace ID {body.trace_id}" if body.trace_id else "",
        f"correlation ID {body.correlation_id}" if body.correlation_id else "",
    )
    known = ", ".join(mark for mark in marks if mark)
    return f" ({known})" if known else ""


def _page(refusal: Refusal, client_id: str) -> str:
    if "{client_id}" in refusal.portal_page and not client_id:
        return APPLICATIONS_PAGE
    return refusal.portal_page.format(client_id=client_id)
