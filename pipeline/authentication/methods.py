"""The ways to authenticate: what each accepts, what it keeps, how it becomes a credential.

A further method is one class with the members of `AuthMethod` and one entry in `METHODS`; nothing that
connects, syncs or rotates knows which method it deals with.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, override

import msgspec

from pipeline.errors import InvalidRequest
from pipeline.requests import AuthRequest, ClientSecretAuth, Guid, Request
from pipeline.stores.records import CredentialRecord

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline.transport import AsyncHttpTransport

RETRIES = 3


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A credential as somebody entered it: tried first, kept only if Entra accepts it."""

    record: CredentialRecord
    secret: str | None = None

    @override
    def __repr__(self) -> str:
        return f"Offer(method={self.record.method!r})"


class EntraLink(msgspec.Struct, frozen=True):
    """How to reach Entra.

    Args:
        authority: the address of the cloud's authority.
        transport: the connections all credentials of this process share.
    """

    authority: str
    transport: "AsyncHttpTransport[Any, Any]"

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
    """

    name: ClassVar[str]
    request_type: ClassVar[type[Request]]
    ends: ClassVar[bool]

    @abstractmethod
    async def accept(self, asked: Asked, *, today: date) -> Offer:
        """Check beyond the types; raises InvalidRequest naming each field as `auth.<field>`."""

    @abstractmethod
    def build(self, record: CredentialRecord, secret: str | None, link: EntraLink) -> "AsyncTokenCredential":
        """Make the credential of azure-identity."""


class ClientSecret(AuthMethod[ClientSecretAuth]):
    """A service principal with a client secret."""

    name = "client_secret"
    request_type = ClientSecretAuth
    ends = True

    @override
    async def accept(self, asked: ClientSecretAuth, *, today: date) -> Offer:
        faults = (
            *_secret_faults(asked.client_secret),
            *_expiry_faults(asked.secret_expires_on, today),
        )
        if faults:
            raise InvalidRequest("The credential is not valid.", errors=faults)
        record = CredentialRecord(
            method=self.name,
            tenant_id=asked.tenant_id.lower(),
            client_id=asked.client_id.lower(),
            secret_expires_on=asked.secret_expires_on,
        )
        return Offer(record=record, secret=asked.client_secret)

    @override
    def build(self, record: CredentialRecord, secret: str | None, link: EntraLink) -> "AsyncTokenCredential":
        from azure.identity.aio import ClientSecretCredential

        return ClientSecretCredential(record.tenant_id, record.client_id or "", secret or "", **link.options)


METHODS: Mapping[str, AuthMethod[Any]] = {method.name: method for method in (ClientSecret(),)}
_METHOD_OF = {method.request_type: method for method in METHODS.values()}


def method_of(asked: AuthRequest) -> AuthMethod[Any]:
    """Give the method that a request asks for."""
    return _METHOD_OF[type(asked)]


def _secret_faults(secret: str) -> tuple[tuple[str, str], ...]:
    try:
        msgspec.convert(secret, Guid)
    except msgspec.ValidationError:
        return ()
    message = (
        "This is the Secret ID, not the secret: enter what stands in the column Value under Certificates & "
        "secrets. It is shown only once; if it is lost, create a new client secret."
    )
    return (("auth.client_secret", message),)


def _expiry_faults(day: str | None, today: date) -> tuple[tuple[str, str], ...]:
    if day is None:
        return ()
    try:
        ends = date.fromisoformat(day)
    except ValueError:
        return (("auth.secret_expires_on", f"{day} is not a date in the calendar. Write YYYY-MM-DD."),)
    if ends < today:
        message = f"{day} has passed. Enter the day this secret ends, or leave it out."
        return (("auth.secret_expires_on", message),)
    return ()
