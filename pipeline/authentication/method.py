"""What every way to authenticate has: what it accepts, what it keeps, how it becomes a credential."""

from abc import ABC, abstractmethod
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Self, override

import msgspec

from collectors.errors import ServiceUnavailable
from pipeline.authentication.claims import Principal
from pipeline.requests import Request
from pipeline.stores.records import CredentialRecord

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline.transport import AsyncHttpTransport

    from pipeline.sign_in.entra import EntraSignIn
    from pipeline.sign_in.refresh import Rotated

RETRIES = 3


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A credential as somebody entered it: tried first, kept only if Entra accepts it."""

    record: CredentialRecord
    secret: str | None = None

    def spoken_for(self, principal: Principal) -> Self:
        """Add what only a token tells: tenant and application of the app's own identity.

        Raises:
            ServiceUnavailable: neither the offer nor its token names a tenant.
        """
        tenant_id = self.record.tenant_id or principal.tenant_id
        if not tenant_id:
            raise ServiceUnavailable("The access token of the managed identity names no tenant.")
        known = msgspec.structs.replace(
            self.record, tenant_id=tenant_id, client_id=self.record.client_id or principal.client_id
        )
        return msgspec.structs.replace(self, record=known)

    @override
    def __repr__(self) -> str:
        return f"Offer(method={self.record.method!r})"


class EntraLink(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach Entra.

    Args:
        authority: the address of the cloud's authority.
        transport: the connections all credentials of this process share.
        exchange_audience: whom a managed identity's token is for that stands for an application's secret.
        identity_client_id: the app's own user-assigned identity; None for the system-assigned one.
        people: speaks to Entra about people; None where no sign-in is configured.
        rotated: keeps a new secret in the place of the one the credential was made of; None for a trial.
    """

    authority: str
    transport: "AsyncHttpTransport[Any, Any]"
    exchange_audience: str
    identity_client_id: str | None = None
    people: "EntraSignIn | None" = None
    rotated: "Rotated | None" = None

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments that every credential of azure-identity takes."""
        return {"authority": self.authority, "transport": self.transport, "retry_total": RETRIES}


class AuthMethod[Asked: Request](ABC):
    """One way to authenticate: what it accepts, what it keeps, how it becomes a credential.

    Attributes:
        name: as `auth.method` spells it.
        request_type: what a request is parsed to.
        ends: whether its credential ends on a day that a person has to know.
        listed: whether Microsoft Graph lists its secret with that day.
        rotates: whether its secret is another one after each use.
        personal: whether it speaks for a person, whose roles come and go.
    """

    name: ClassVar[str]
    request_type: ClassVar[type[Request]]
    ends: ClassVar[bool]
    listed: ClassVar[bool] = False
    rotates: ClassVar[bool] = False
    personal: ClassVar[bool] = False

    @abstractmethod
    async def accept(self, asked: Asked, *, today: date) -> Offer:
        """Check beyond the types; raises InvalidRequest naming each field as `auth.<field>`."""

    @abstractmethod
    def build(self, record: CredentialRecord, secret: str | None, link: EntraLink) -> "AsyncTokenCredential":
        """Make the credential of azure-identity."""
