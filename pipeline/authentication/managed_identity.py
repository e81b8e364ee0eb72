"""A managed identity of the app itself: no secret at all.

"How to use managed identities for App Service and Azure Functions", REST endpoint reference; "How to use
managed identities on an Azure VM to acquire an access token", error handling.
"""

from datetime import date
from typing import TYPE_CHECKING, override

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from collectors.errors import CollectionError, CredentialRejected, ServiceUnavailable, Throttled
from pipeline.authentication.errors import code_in, translate_authentication_error
from pipeline.authentication.method import AuthMethod, EntraLink, Offer
from pipeline.authentication.refusals import IDENTITIES_PAGE, REFUSALS
from pipeline.authentication.translated import TranslatedCredential
from pipeline.requests import ManagedIdentityAuth
from pipeline.stores.records import CredentialRecord

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

BAD_REQUEST, NOT_FOUND, GONE, TOO_MANY_REQUESTS, SERVER_ERRORS = 400, 404, 410, 429, 500
OK = 200


class ManagedIdentity(AuthMethod[ManagedIdentityAuth]):
    """A managed identity of the app itself; its tenant is learnt from its token."""

    name = "managed_identity"
    request_type = ManagedIdentityAuth
    ends = False

    @override
    async def accept(self, asked: ManagedIdentityAuth, *, today: date) -> Offer:
        identity = asked.client_id.lower() if asked.client_id else None
        return Offer(record=CredentialRecord(method=self.name, tenant_id="", identity_client_id=identity))

    @override
    def build(self, record: CredentialRecord, secret: str | None, link: EntraLink) -> "AsyncTokenCredential":
        return OwnIdentity(record.identity_client_id, link)


class OwnIdentity(TranslatedCredential):
    """A managed identity of the app, whose refusals arrive as errors of ours.

    Args:
        client_id: of a user-assigned identity; None for the one of the settings, else the system-assigned.
        link: the connections, and the settings' identity.
    """

    def __init__(self, client_id: str | None, link: EntraLink) -> None:
        from azure.identity.aio import ManagedIdentityCredential

        self._named = client_id or link.identity_client_id
        # Outside Azure nobody answers: one more try is enough to tell that from a hiccup.
        credential = ManagedIdentityCredential(
            client_id=self._named, transport=link.transport, retry_total=3, retry_connect=1
        )
        super().__init__(credential, self._named or "")

    @override
    def translate(self, error: AzureError) -> CollectionError:
        status = _status_of(error)
        if code_in(error.message) in REFUSALS:
            return translate_authentication_error(error, client_id=self._named or "")
        if status == TOO_MANY_REQUESTS:
            return Throttled("The managed identity's endpoint asks to wait.")
        if status is None and not isinstance(error, ClientAuthenticationError):
            return ServiceUnavailable("The managed identity's endpoint did not answer.")
        if status is not None and (status in {OK, GONE} or status >= SERVER_ERRORS):
            return ServiceUnavailable(f"The managed identity's endpoint gave no token (HTTP {status}).")
        if self._named and status in {BAD_REQUEST, NOT_FOUND}:
            return _unknown_identity(self._named)
        return _no_identity(status)


def _status_of(error: AzureError) -> int | None:
    """Give the status of the endpoint's answer; azure-identity hides some behind an error of its own."""
    for found in (error, error.__cause__):
        if isinstance(found, HttpResponseError) and found.status_code:
            return found.status_code
    return None


def _unknown_identity(client_id: str) -> CredentialRejected:
    return CredentialRejected(
        f"The app has no managed identity with the client ID {client_id}.",
        advice="Compare it with the Client ID on the overview of the managed identity (not its object ID), "
        "and assign it to the Function App under Identity > User assigned.",
        portal_page=IDENTITIES_PAGE,
        reason="unknown_identity",
    )


def _no_identity(status: int | None) -> CredentialRejected:
    told = f"HTTP {status}" if status else "nobody answers"
    return CredentialRejected(
        f"The app has no managed identity that it could use, or does not run in Azure ({told}).",
        advice="In Azure, switch it on under Identity of the Function App, or assign a user-assigned one and "
        "set AZURE_CLIENT_ID, then restart the app. Elsewhere connect with a certificate or a client secret.",
        portal_page=IDENTITIES_PAGE,
        reason="identity_not_available",
    )
