"""Credentials of azure-identity whose refusals arrive as errors of ours."""

from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError

from collectors.errors import CollectionError, ServiceUnavailable
from pipeline.authentication.borrowing import BorrowingCredential
from pipeline.authentication.errors import translate_authentication_error

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.core.credentials_async import AsyncTokenCredential

_NO_OBJECT = (TypeError, ValueError, LookupError, AttributeError)
"""What azure-identity stumbles over where a proxy's page stands in for the JSON object it expects."""


class TranslatedCredential(BorrowingCredential):
    """A credential whose refusals arrive as errors of ours.

    Args:
        credential: of azure-identity; keeps its tokens in memory.
        client_id: for the link to the portal.
    """

    def __init__(self, credential: "AsyncTokenCredential", client_id: str) -> None:
        self._credential = credential
        self._client_id = client_id

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: object,
    ) -> "AccessToken":
        """Request an access token.

        Raises:
            CredentialRejected: Entra refuses the credential.
            Throttled: Entra asks to wait.
            ServiceUnavailable: Entra did not answer.
        """
        try:
            return await self._credential.get_token(
                *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae, **kwargs
            )
        except AzureError as error:
            raise self.translate(error) from None
        except _NO_OBJECT:
            raise ServiceUnavailable("Microsoft Entra answered something that is no token.") from None

    def translate(self, error: AzureError) -> CollectionError:
        """Say why there was no token."""
        return translate_authentication_error(error, client_id=self._client_id)
