"""The app's managed identity as a federated credential of an application, which may be in another tenant.

"Configure an application to trust a managed identity": the registration is in the identity's own tenant; as a
multitenant application it has a service principal in each tenant that it reads.
"""

from datetime import date
from typing import TYPE_CHECKING, override

from azure.core.exceptions import AzureError

from collectors.errors import CollectionError
from pipeline.authentication.claims import issuer_of, principal_of
from pipeline.authentication.errors import translate_authentication_error
from pipeline.authentication.managed_identity import OwnIdentity
from pipeline.authentication.method import AuthMethod, EntraLink, Offer
from pipeline.authentication.refusals import Presented
from pipeline.authentication.translated import TranslatedCredential
from pipeline.requests import FederatedAuth
from pipeline.stores.records import CredentialRecord

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.core.credentials_async import AsyncTokenCredential


class Federated(AuthMethod[FederatedAuth]):
    """An application that trusts a managed identity of the app in the place of a secret."""

    name = "federated"
    request_type = FederatedAuth
    ends = False

    @override
    async def accept(self, asked: FederatedAuth, *, today: date) -> Offer:
        identity = asked.identity_client_id
        record = CredentialRecord(
            method=self.name,
            tenant_id=asked.tenant_id.lower(),
            client_id=asked.client_id.lower(),
            identity_client_id=identity.lower() if identity else None,
        )
        return Offer(record=record)

    @override
    def build(self, record: CredentialRecord, secret: str | None, link: EntraLink) -> "AsyncTokenCredential":
        return FederatedCredential(record, link)


class FederatedCredential(TranslatedCredential):
    """An application's credential that presents a token of the app's identity.

    Args:
        record: tenant and client id of the application, and which identity.
        link: the connections, and whom the identity's token is for.
    """

    def __init__(self, record: CredentialRecord, link: EntraLink) -> None:
        from azure.identity.aio import ClientAssertionCredential

        self._assertion = ""
        self._audience = link.exchange_audience
        self._identity = OwnIdentity(record.identity_client_id, link)
        client_id = record.client_id or ""
        credential = ClientAssertionCredential(
            record.tenant_id, client_id, lambda: self._assertion, **link.options
        )
        super().__init__(credential, client_id)

    @override
    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: object,
    ) -> "AccessToken":
        """Request an access token; the identity's own comes from memory while it is good."""
        self._assertion = (await self._identity.get_token(f"{self._audience}/.default")).token
        return await super().get_token(
            *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae, **kwargs
        )

    @override
    def translate(self, error: AzureError) -> CollectionError:
        presented = Presented(
            issuer=issuer_of(self._assertion) or "",
            subject=principal_of(self._assertion).object_id or "",
            audience=self._audience,
        )
        return translate_authentication_error(error, client_id=self._client_id, presented=presented)
