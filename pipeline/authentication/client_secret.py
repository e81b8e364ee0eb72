"""A service principal with a client secret."""

from datetime import date
from typing import TYPE_CHECKING, override

import msgspec

from pipeline.authentication.method import AuthMethod, EntraLink, Offer
from pipeline.errors import InvalidRequest
from pipeline.requests import ClientSecretAuth, Guid
from pipeline.stores.records import CredentialRecord

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


class ClientSecret(AuthMethod[ClientSecretAuth]):
    """A service principal with a client secret."""

    name = "client_secret"
    request_type = ClientSecretAuth
    ends = True
    listed = True

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
            secret_expires_on_source="entered" if asked.secret_expires_on else None,
        )
        return Offer(record=record, secret=asked.client_secret)

    @override
    def build(self, record: CredentialRecord, secret: str | None, link: EntraLink) -> "AsyncTokenCredential":
        from azure.identity.aio import ClientSecretCredential

        return ClientSecretCredential(record.tenant_id, record.client_id or "", secret or "", **link.options)


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
