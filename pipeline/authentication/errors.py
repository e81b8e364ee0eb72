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
from pipeline.authentication.refusals import (
    APPLICATIONS_PAGE,
    OTHER_REFUSAL,
    REFUSALS,
    REFUSALS_BY_ERROR,
    REFUSALS_OF_PEOPLE,
    Presented,
    Refusal,
)

TOO_MANY_REQUESTS = 429
SERVER_ERRORS = 500
TENANT_THROTTLED = 90055
TRANSIENT_ERROR = "temporarily_unavailable"
PASSING_ERRORS = {TRANSIENT_ERROR, "server_error"}
ANY_IDENTITY = Presented()
CODE_IN_TEXT = re.compile(r"AADSTS(\d+)")


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


def code_in(text: str) -> int | None:
    """Find the AADSTS number in a text, or None."""
    found = CODE_IN_TEXT.search(text)
    return int(found[1]) if found else None


def translate_authentication_error(
    error: AzureError, *, client_id: str = "", presented: Presented = ANY_IDENTITY
) -> CollectionError:
    """Say why Entra gave no token: refused for good, or only for now.

    Takes what azure-identity raised, the application's client id for the link to the portal, and what was
    presented in the place of a secret, for the advice. Gives CredentialRejected, Throttled or
    ServiceUnavailable; raise it `from None`, because the original holds the description.
    """
    body = _body(error)
    passing = _transient(error, body)
    if passing is not None:
        return passing
    return _rejected(body, body.code or code_in(error.message), client_id, presented)


def explain(body: TokenError, *, client_id: str = "") -> CollectionError:
    """Say why Entra gave no token to a person, of whom only the body of its answer is known.

    Takes the body and the application's client id for the link to the portal. Gives CredentialRejected,
    Throttled or ServiceUnavailable.
    """
    if body.code == TENANT_THROTTLED:
        return Throttled(f"Microsoft Entra asks to wait{_marks(body.code, body)}.")
    if body.error in PASSING_ERRORS:
        return ServiceUnavailable(f"Microsoft Entra did not give a token{_marks(body.code, body)}.")
    return _rejected(body, body.code, client_id, ANY_IDENTITY, REFUSALS_OF_PEOPLE)


def _rejected(
    body: TokenError,
    code: int | None,
    client_id: str,
    presented: Presented,
    by_error: Mapping[str, Refusal] = REFUSALS_BY_ERROR,
) -> CredentialRejected:
    """Explain a refusal by its code, else by `error`."""
    refusal = REFUSALS.get(code or 0) or by_error.get(body.error, OTHER_REFUSAL)
    return CredentialRejected(
        f"{refusal.detail}{_marks(code, body)}.",
        advice=refusal.advice.format(**msgspec.structs.asdict(presented)),
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
