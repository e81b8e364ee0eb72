"""Error bodies of the Microsoft Entra token endpoint (AADSTS codes).

Form and meaning: "Microsoft Entra authentication and authorization error codes"
(learn.microsoft.com/entra/identity-platform/reference-error-codes).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from local.azure.wire import Answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.azure.wire import JsonObject

BLANK, LINES = " ", "\r\n"
CONDITIONAL_ACCESS_CLAIMS = (
    '{"access_token":{"capolids":{"essential":true,"values":["01234567-89ab-cdef-fedc-ba9876543210"]}}}'
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One AADSTS code: how Entra answers with it."""

    status: int
    error: str
    text: str
    separator: str = BLANK
    extra: Mapping[str, str] | None = None


REFUSALS: Mapping[int, Refusal] = {
    7000215: Refusal(
        401,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
        "value, not the client secret ID, for a secret added to app '{app}'.",
        LINES,
    ),
    7000222: Refusal(
        401,
        "invalid_client",
        "The provided client secret keys for app '{app}' are expired. Visit the Azure portal to create new "
        "keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for "
        "added security: https://aka.ms/certCreds.",
        LINES,
    ),
    7000216: Refusal(
        401,
        "invalid_client",
        "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant "
        "type.",
        LINES,
    ),
    700027: Refusal(
        401,
        "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered on application. "
        "[Reason - The key was not found., Thumbprint of key used by client: '{thumbprint}']",
    ),
    700024: Refusal(401, "invalid_client", "Client assertion is not within its valid time range."),
    700021: Refusal(
        401, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter."
    ),
    700023: Refusal(
        401, "invalid_client", "Client assertion audience claim '{audience}' does not match Realm issuer."
    ),
    7000274: Refusal(401, "invalid_client", "Client assertion contains an invalid signature."),
    1000502: Refusal(
        401, "invalid_client", "The provided certificate is not within its specified validity window."
    ),
    70021: Refusal(
        401, "invalid_client", "No matching federated identity record found for presented assertion."
    ),
    700211: Refusal(
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion issuer '{issuer}'.",
    ),
    700212: Refusal(
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion audience '{audience}'.",
    ),
    700226: Refusal(
        400,
        "invalid_request",
        "Only MSI tokens may be used as Federated Identity Credentials for AAD issuer.",
    ),
    700236: Refusal(
        400,
        "invalid_request",
        "Entra ID tokens issued by issuer '{issuer}' may not be used for federated identity credential "
        "flows for applications or managed identities registered in this tenant.",
    ),
    50027: Refusal(400, "invalid_request", "JWT token is invalid or malformed."),
    700213: Refusal(
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion subject '{subject}'. Check your "
        "federated identity credential Subject, Audience and Issuer against the presented assertion.",
    ),
    700016: Refusal(
        400,
        "unauthorized_client",
        "Application with identifier '{app}' was not found in the directory '{directory}'. This can happen "
        "if the application has not been installed by the administrator of the tenant or consented to by "
        "any user in the tenant. You may have sent your authentication request to the wrong tenant.",
    ),
    7000112: Refusal(400, "unauthorized_client", "Application '{app}'({name}) is disabled."),
    90002: Refusal(
        400,
        "invalid_request",
        "Tenant '{tenant}' not found. This may happen if there are no active subscriptions for the tenant. "
        "Check to make sure you have the correct tenant ID. Check with your subscription administrator.",
        LINES,
    ),
    53003: Refusal(
        400,
        "invalid_grant",
        "Access has been blocked by Conditional Access policies. The access policy does not allow token "
        "issuance.",
        BLANK,
        {"suberror": "message_only", "claims": CONDITIONAL_ACCESS_CLAIMS},
    ),
    65001: Refusal(
        400,
        "invalid_grant",
        "The user or administrator has not consented to use the application with ID '{app}' named "
        "'{name}'. Send an interactive authorization request for this user and resource.",
        LINES,
        {"suberror": "consent_required"},
    ),
    **{
        code: Refusal(400, "invalid_grant", text, LINES, {"suberror": "bad_token"})
        for code, text in {
            50173: "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
            700082: "The refresh token has expired due to inactivity.",
            50057: "The user account is disabled.",
            50053: "The account is locked because the user tried to sign in too many times.",
        }.items()
    },
    70043: Refusal(
        400,
        "invalid_grant",
        "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
        LINES,
        {"suberror": "token_expired"},
    ),
    **{
        code: Refusal(400, "interaction_required", text, LINES, {"claims": CONDITIONAL_ACCESS_CLAIMS})
        for code, text in {
            50076: "You must use multi-factor authentication to access the resource.",
            50079: "You must enroll in multi-factor authentication to access the resource.",
            50158: "External security challenge was not satisfied.",
        }.items()
    },
    65004: Refusal(400, "invalid_grant", "User '{user}' declined to consent to access the app."),
    90094: Refusal(400, "invalid_grant", "Admin consent is required for the permissions requested."),
    50105: Refusal(
        400, "invalid_grant", "The signed in user '{user}' is not assigned to a role for '{app}'."
    ),
    54005: Refusal(400, "invalid_grant", "OAuth2 Authorization code was already redeemed."),
    70008: Refusal(400, "invalid_grant", "The provided authorization code has expired."),
    50011: Refusal(400, "invalid_request", "The redirect URI does not match those of the application."),
    500112: Refusal(400, "invalid_client", "The reply address does not match the one of the request."),
    501481: Refusal(
        400, "invalid_grant", "The Code_Verifier does not match the code_challenge of the request."
    ),
    500011: Refusal(
        400,
        "invalid_resource",
        "The resource principal named {resource} was not found in the tenant named {directory}. This can "
        "happen if the application has not been installed by the administrator of the tenant or consented "
        "to by any user in the tenant. You might have sent your authentication request to the wrong tenant.",
    ),
    70003: Refusal(400, "unsupported_grant_type", "The app requested an unsupported grant type '{grant}'."),
    900144: Refusal(
        400, "invalid_request", "The request body must contain the following parameter: '{parameter}'."
    ),
}


class _Values(dict[str, str]):
    """The values of a text; one that nobody gave stands for itself."""

    def __missing__(self, name: str) -> str:
        return name


def refuse(code: int, **values: str) -> Answer:
    """Answer as Entra does for one AADSTS code.

    Takes the code and the values its text names. Gives the answer, with fresh trace and correlation ids.
    """
    refusal = REFUSALS[code]
    ids = {
        "trace_id": str(uuid.uuid4()),
        "correlation_id": str(uuid.uuid4()),
        "timestamp": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z",
    }
    labels = (
        f"Trace ID: {ids['trace_id']}",
        f"Correlation ID: {ids['correlation_id']}",
        f"Timestamp: {ids['timestamp']}",
    )
    text = f"AADSTS{code}: {refusal.text.format_map(_Values(values))}"
    body: JsonObject = {
        "error": refusal.error,
        "error_description": refusal.separator.join((text, *labels)),
        "error_codes": [code],
        "timestamp": ids["timestamp"],
        "trace_id": ids["trace_id"],
        "correlation_id": ids["correlation_id"],
        "error_uri": f"https://login.microsoftonline.com/error?code={code}",
        **(refusal.extra or {}),
    }
    return json_answer(body, refusal.status, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})
