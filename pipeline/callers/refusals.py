"""What a caller who is not let in is told: problem details, and the challenge that clients read.

RFC 6750, section 3: no error code when no token was sent, `invalid_token` for one that does not hold,
`insufficient_scope` for one that does and is not enough. Nothing of a token is ever repeated.
"""

from enum import Enum

from pipeline.callers.caller import Caller
from pipeline.errors import Forbidden, Unauthenticated

REALM = 'Bearer realm="azure-evidence-connector"'
_AGAIN = "Ask Entra for a new token, and repeat the call with it."


class Fault(Enum):
    """What can be wrong with a token: the reason, what is so, what to do."""

    MALFORMED = (
        "token_malformed",
        "The Authorization header holds no access token of Microsoft Entra.",
        "Send the token as Entra gave it, once: Authorization: Bearer, one space, the token.",
    )
    UNKNOWN_KEY = (
        "unknown_key",
        "The token is signed with a key that Entra does not publish for this tenant.",
        f"{_AGAIN} It must come from the tenant in API_TENANT_ID.",
    )
    SIGNATURE = ("invalid_signature", "The token's signature is wrong.", _AGAIN)
    EXPIRED = ("token_expired", "The token has expired.", _AGAIN)
    EARLY = (
        "token_not_yet_valid",
        "The token is not valid yet.",
        "Compare the clock of whoever made the token with the true time.",
    )
    AUDIENCE = (
        "wrong_audience",
        "The token is for another API.",
        "Ask Entra for a token whose scope begins with the audience in API_AUDIENCE.",
    )
    ISSUER = (
        "wrong_issuer",
        "The token is of another issuer.",
        "Ask the tenant in API_TENANT_ID for the token; AZURE_CLOUD says in which cloud that is.",
    )
    TENANT = (
        "wrong_tenant",
        "The token is of another tenant.",
        "Ask the tenant in API_TENANT_ID for the token.",
    )
    NO_ACCESS_TOKEN = (
        "not_an_access_token",
        "The token is no access token.",
        "Send the access token, not the ID token: its scope begins with the audience in API_AUDIENCE.",
    )


def missing_token() -> Unauthenticated:
    """Refuse a call without a token."""
    return Unauthenticated(
        "This call needs a bearer token of Microsoft Entra as well as the Functions key.",
        challenge=REALM,
        reason="token_missing",
        advice="Ask Entra for a token whose scope begins with the audience in API_AUDIENCE, and send it as "
        "Authorization: Bearer.",
    )


def invalid_token(fault: Fault) -> Unauthenticated:
    """Refuse a token that does not hold."""
    reason, detail, advice = fault.value
    challenge = f'{REALM}, error="invalid_token", error_description="{detail}"'
    return Unauthenticated(detail, challenge=challenge, reason=reason, advice=advice)


def client_not_allowed(caller: Caller) -> Forbidden:
    """Refuse a good token that an application outside the list asked for."""
    detail = "The application that asked for this token may not call."
    return Forbidden(
        detail,
        challenge=f'{REALM}, error="insufficient_scope", error_description="{detail}"',
        reason="client_not_allowed",
        caller=caller,
        advice="Add its client id to API_ALLOWED_CLIENT_IDS if it is to call.",
    )


def role_missing(role: str, caller: Caller) -> Forbidden:
    """Refuse a good token without the app role that the call needs."""
    detail = f"This call needs the app role {role}."
    return Forbidden(
        detail,
        challenge=f'{REALM}, error="insufficient_scope", error_description="{detail}", scope="{role}"',
        reason="role_missing",
        caller=caller,
        advice="Have an administrator assign the role to the caller (Enterprise applications > this app's "
        "API > Users and groups, or API permissions of the calling application), then ask for a new token.",
    )
