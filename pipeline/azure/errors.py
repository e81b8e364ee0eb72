"""What a refusal of Azure means: by status and error code, never by the text of a message.

Bodies come as `{"error": {"code"}}` (Azure Resource Manager, Microsoft Graph), with capital letters, or flat
(Microsoft.Insights): ErrorResponse of azure-rest-api-specs common-types v5, and the services' own specs.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec

from collectors.errors import (
    AccessDenied,
    CollectionError,
    CredentialRejected,
    ResourceAbsent,
    ServiceNotEnabled,
    ServiceUnavailable,
    SubscriptionNotVisible,
    Throttled,
    UnexpectedAnswer,
)

WRONG_TENANT = "invalidauthenticationtokentenant"
FAILING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
"""Statuses of a service that may do better next time ("Transient fault handling", Azure)."""

_NEVER_REGISTERED = {"subscriptionnotregistered", "missingsubscriptionregistration"}
_BESIDE = {"microsoft.aadiam", "microsoft.intune"}
"""Providers whose settings lie beside the subscriptions (https://github.com/Azure/azure-rest-api-specs/issues/11085)."""
_NO_LICENCE = "authentication_requestfromnonpremiumtenantorb2ctenant"
_NO_PREMIUM_LICENCE = "aadpremiumlicenserequired"
_LONGEST_CODE = 100
_DEFENDER_PAGE = "#view/Microsoft_Azure_Security/SecurityMenuBlade/~/EnvironmentSettings"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of Azure, for the words of an error.

    Args:
        path: without host and query.
        graph: whether Microsoft Graph was asked, whose permissions are no actions on paths.
        permission: what the read declares it needs; used for Microsoft Graph.
    """

    method: str
    path: str
    tenant_id: str
    subscription_id: str
    graph: bool = False
    permission: str = ""

    @property
    def missing(self) -> str:
        """The permission that would allow it."""
        return self.permission if self.graph else action_of(self.path, self.method)

    @property
    def provider(self) -> str:
        """The resource provider asked."""
        return action_of(self.path, self.method).partition("/")[0]

    @property
    def blade(self) -> str:
        """The portal's page of the subscription, to which the blade's name is added."""
        return f"#@{self.tenant_id}/resource/subscriptions/{self.subscription_id}"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is none.

    Args:
        asked: what was asked.
        status: HTTP status.
        code: the body's error code, "" if it has none.
        retry_after_s: the seconds it asks to wait, if it does.
    """

    asked: Asked
    status: int
    code: str
    retry_after_s: float | None = None

    @property
    def said(self) -> str:
        """What happened, in one sentence."""
        code = f" {self.code}" if self.code else ""
        return f"{self.asked.method} {self.asked.path} was answered with HTTP {self.status}{code}."

    @property
    def known_as(self) -> str:
        """The code without blanks and capitals: the same one is spelled in several ways."""
        return self.code.replace(" ", "").lower()


def error_code(body: bytes) -> str:
    """Give the code of an error body, "" if it has none.

    Takes the body as it came, in any of the shapes above and any casing.
    """
    try:
        answer = _lowered(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    error = answer.get("error", answer)
    code = _lowered(error).get("code", error)
    return code[:_LONGEST_CODE] if isinstance(code, str) else ""


def _lowered(value: object) -> Mapping[str, object]:
    return {str(key).lower(): member for key, member in value.items()} if isinstance(value, dict) else {}


def action_of(path: str, method: str = "GET") -> str:
    """Derive the RBAC action that allows a request: provider, every resource type, verb.

    Takes the path without host and query, and the method. Gives `Microsoft.Sql/servers/databases/read` for
    `/subscriptions/x/providers/Microsoft.Sql/servers/y/databases`; a POST ends in the name of its operation
    and `/action`. Source: "Azure permissions", format of an action.
    """
    segments = [segment for segment in path.split("/") if segment]
    named = [at for at in range(0, len(segments) - 2, 2) if segments[at].lower() == "providers"]
    verb = "action" if method == "POST" else "read"
    if named:
        provider, *rest = segments[named[-1] + 1 :]
        return "/".join((provider, *rest[::2], verb))
    return "/".join(("Microsoft.Resources", *segments[::2], verb))


def role_for(permission: str) -> str:
    """Give the built-in role to add for a missing action ("Azure built-in roles")."""
    provider = permission.partition("/")[0].lower()
    special = {"microsoft.security": "Security Reader", "microsoft.insights": "Monitoring Reader"}
    return special.get(provider, "Reader")


def error_of(refusal: Refusal) -> CollectionError:
    """Say what a refusal means and what to do about it: the error to raise."""
    if refusal.status in FAILING:
        return ServiceUnavailable(refusal.said)
    return _MEANINGS.get(refusal.status, _unexpected)(refusal)


def _throttled(refusal: Refusal) -> CollectionError:
    return Throttled(refusal.said, retry_after_s=refusal.retry_after_s)


def _unauthorised(refusal: Refusal) -> CollectionError:
    if refusal.known_as == WRONG_TENANT:
        advice = "The subscription belongs to another tenant: connect it with a credential of that tenant."
        return CredentialRejected(refusal.said, advice=advice, reason="wrong_tenant")
    advice = "Verify the connection. If it fails again, give it a new credential."
    return CredentialRejected(refusal.said, advice=advice, reason="token_rejected")


def _forbidden(refusal: Refusal) -> CollectionError:
    asked = refusal.asked
    if refusal.known_as == _NO_LICENCE:
        advice = "This needs a Microsoft Entra ID P1 or P2 licence in the tenant."
        return ServiceNotEnabled(refusal.said, advice=advice, reason="licence_missing")
    if asked.graph:
        advice = f"Give the application the Microsoft Graph permission {asked.missing}, with admin consent."
        return AccessDenied(refusal.said, permission=asked.missing, scope="/", advice=advice)
    if asked.provider.lower() in _BESIDE:
        scope = f"/providers/{asked.provider}"
        advice = (
            f"{asked.missing} is missing. No role in a subscription gives it: add the role Reader to the"
            f" application at the scope {scope} (az role assignment create --role Reader --scope {scope}),"
            " as a Global Administrator with elevated access."
        )
        return AccessDenied(refusal.said, permission=asked.missing, scope=scope, advice=advice)
    advice = (
        f"{asked.missing} is missing. Add the role {role_for(asked.missing)} to the application on"
        f" subscription {asked.subscription_id} (Access control (IAM) > Add role assignment)."
        " A new role can take up to 30 minutes."
    )
    return AccessDenied(
        refusal.said,
        permission=asked.missing,
        scope=f"/subscriptions/{asked.subscription_id}",
        advice=advice,
        portal_page=f"{asked.blade}/users",
    )


def _not_found(refusal: Refusal) -> CollectionError:
    if refusal.known_as in _NEVER_REGISTERED:
        return _not_enabled(refusal)
    if refusal.known_as != "subscriptionnotfound":
        return ResourceAbsent(refusal.said)
    asked = refusal.asked
    advice = (
        f"Check the subscription id {asked.subscription_id}, and add the role Reader to the application on"
        " that subscription. A new role can take up to 30 minutes."
    )
    return SubscriptionNotVisible(refusal.said, advice=advice, portal_page=f"{asked.blade}/users")


def _conflict(refusal: Refusal) -> CollectionError:
    if refusal.known_as in _NEVER_REGISTERED:
        return _not_enabled(refusal)
    if refusal.known_as != "readonlydisabledsubscription":
        return _unexpected(refusal)
    return ServiceNotEnabled(
        refusal.said,
        advice="The subscription is disabled. Re-enable it in the Azure portal, or disconnect it here.",
        portal_page=f"{refusal.asked.blade}/overview",
        reason="subscription_disabled",
    )


def _not_enabled(refusal: Refusal) -> CollectionError:
    asked = refusal.asked
    if asked.provider.lower() == "microsoft.security":
        advice = (
            "Enable Microsoft Defender for Cloud on the subscription; the free tier suffices."
            " First data may take 24 hours."
        )
        return ServiceNotEnabled(refusal.said, advice=advice, portal_page=_DEFENDER_PAGE)
    advice = (
        f"Register the resource provider {asked.provider} in the subscription, or leave this service out of"
        " the connection."
    )
    return ServiceNotEnabled(refusal.said, advice=advice, portal_page=f"{asked.blade}/resourceproviders")


def _unexpected(refusal: Refusal) -> CollectionError:
    if refusal.known_as == _NO_PREMIUM_LICENCE:
        advice = "This needs a Microsoft Entra ID P2 or Microsoft Entra ID Governance licence in the tenant."
        return ServiceNotEnabled(refusal.said, advice=advice, reason="licence_missing")
    redirected = HTTPStatus.MULTIPLE_CHOICES <= refusal.status < HTTPStatus.BAD_REQUEST
    advice = "Azure answered with a redirect, which is never followed." if redirected else ""
    return UnexpectedAnswer(refusal.said, advice=advice)


_MEANINGS: Mapping[int, Callable[[Refusal], CollectionError]] = {
    HTTPStatus.TOO_MANY_REQUESTS: _throttled,
    HTTPStatus.UNAUTHORIZED: _unauthorised,
    HTTPStatus.FORBIDDEN: _forbidden,
    HTTPStatus.NOT_FOUND: _not_found,
    HTTPStatus.CONFLICT: _conflict,
}
