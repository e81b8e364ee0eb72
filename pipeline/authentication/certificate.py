"""A service principal with a certificate."""

import asyncio
from datetime import date
from typing import TYPE_CHECKING, override

from pipeline.authentication.method import AuthMethod, EntraLink, Offer
from pipeline.errors import InvalidRequest
from pipeline.requests import CertificateAuth
from pipeline.stores.records import CredentialRecord

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from pipeline.authentication.pem import KeyPair
    from pipeline.model import EndSource

_ITSELF: "EndSource" = "certificate"


class Certificate(AuthMethod[CertificateAuth]):
    """A service principal with a certificate, whose private key is kept in Key Vault only."""

    name = "certificate"
    request_type = CertificateAuth
    ends = True

    @override
    async def accept(self, asked: CertificateAuth, *, today: date) -> Offer:
        pair = await asyncio.to_thread(_key_pair, asked.certificate_pem, today)  # large keys take a while
        record = CredentialRecord(
            method=self.name,
            tenant_id=asked.tenant_id.lower(),
            client_id=asked.client_id.lower(),
            secret_expires_on=pair.ends_on,
            secret_expires_on_source=_ITSELF,
            certificate_thumbprint=pair.thumbprint,
        )
        return Offer(record=record, secret=pair.pem)

    @override
    def build(self, record: CredentialRecord, secret: str | None, link: EntraLink) -> "AsyncTokenCredential":
        from azure.identity.aio import CertificateCredential

        return CertificateCredential(
            record.tenant_id, record.client_id or "", certificate_data=(secret or "").encode(), **link.options
        )


def _key_pair(pem: str, today: date) -> "KeyPair":
    from pipeline.authentication.pem import PemFault, read_key_pair

    try:
        return read_key_pair(pem, today=today)
    except PemFault as fault:
        errors = [("auth.certificate_pem", fault.sentence)]
        raise InvalidRequest("The certificate is not valid.", errors=errors) from None
