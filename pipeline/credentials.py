"""Credentials of connections: tried before they are kept, opened once, forgotten when replaced."""

import logging
import uuid
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol, override

import msgspec

from collectors.errors import CollectionError, CredentialRejected
from pipeline.authentication.claims import Principal, principal_of
from pipeline.authentication.generations import root_of
from pipeline.authentication.method import EntraLink, Offer
from pipeline.authentication.methods import METHODS
from pipeline.authentication.sign_in import Granted, SignIn
from pipeline.authentication.translated import TranslatedCredential
from pipeline.requests import AuthRequest
from pipeline.sign_in.entra import entra_sign_in
from pipeline.stores.records import CredentialRecord

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline.transport import AsyncHttpTransport

    from pipeline.settings import Settings
    from pipeline.sign_in.refresh import Rotated
    from pipeline.stores.secrets import KeyVaultSecrets

type Announce = Callable[[CredentialRecord], Awaitable[None]]

KEPT_OPEN = 1000
HINT_LENGTH = 3
"""Microsoft Graph, "passwordCredential resource type": `hint`."""
CONNECT_WITHIN_S = 10
ANSWER_WITHIN_S = 30


class RefusedCredential(TranslatedCredential):
    """A credential that could not be opened: every request for a token ends in the same error.

    Args:
        error: why; so that each read with it says so.
    """

    def __init__(self, error: CollectionError) -> None:
        self._error = error

    @override
    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: object,
    ) -> "AccessToken":
        """Raise the error."""
        raise self._error


class Rotation(Protocol):
    """Keeps new secrets in the place of old ones."""

    def of(self, connection_id: str, secret_name: str, /) -> "Rotated":
        """Give what is told of every new secret that comes of one."""
        ...


class Credentials:
    """Credentials of connections: offered, tried, kept, opened again.

    Args:
        settings: the cloud's endpoints.
        secrets: the vault.
        connections: to Entra, which their giver closes; by default they are made and closed here.
        granted: what people granted by signing in; None where nobody can.
        rotation: keeps secrets that are other ones after each use; None where none is kept.
    """

    def __init__(
        self,
        settings: "Settings",
        secrets: "KeyVaultSecrets",
        *,
        connections: "AsyncHttpTransport[Any, Any] | None" = None,
        granted: Granted | None = None,
        rotation: Rotation | None = None,
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._connections = connections
        self._rotation = rotation
        methods = {**METHODS, SignIn.name: SignIn(granted)}
        self._method_of = {method.request_type: method for method in methods.values()}
        self._opened: dict[tuple[str | None, ...], TranslatedCredential] = {}
        self._linked: EntraLink | None = None

    async def offer(self, asked: AuthRequest, *, today: date) -> Offer:
        """Check what somebody entered; raises InvalidRequest naming each field."""
        return await self._method_of[type(asked)].accept(asked, today=today)

    def trial(self, offer: Offer) -> TranslatedCredential:
        """Make a credential of an offer without keeping anything of it."""
        return self._build(offer.record, offer.secret)

    async def keep(
        self,
        offer: Offer,
        principal: Principal,
        *,
        tags: dict[str, str],
        announce: Announce | None = None,
    ) -> CredentialRecord:
        """Put an offer's secret into the vault under a fresh name.

        Takes an offer that was tried, whom its token spoke for, tags for people who look into the vault, and
        what is told of the record before its secret is there. Gives the record to store.

        Raises:
            SecretUnavailable: Key Vault did not take it.
        """
        record = msgspec.structs.replace(offer.record, principal_id=principal.object_id)
        if offer.secret is None:
            return record
        name = f"connection-credential-{uuid.uuid4()}"
        record = msgspec.structs.replace(record, secret_name=name)
        if announce is not None:
            await announce(record)
        await self._secrets.put(name, offer.secret, expires_on=record.secret_expires_on, tags=tags)
        return record

    async def open(
        self, record: CredentialRecord, *, anew: bool = False, kept_by: str | None = None
    ) -> TranslatedCredential:
        """Give the credential of a record, with the tokens it has already; its reader must not close it.

        Takes the record; whether earlier tokens are to be dropped: they go on working for an hour after their
        secret has ended, and only a new one proves that the credential still does; and the connection that
        keeps it, for a secret that is another one after each use.

        Raises:
            SecretUnavailable: Key Vault did not answer this time.
            CredentialRejected: the secret is gone (`secret_missing`), or is none (`secret_unusable`).
        """
        version = _version(record)
        if anew:
            self._opened.pop(version, None)
        if version not in self._opened:
            secret = await self._secrets.get(record.secret_name) if record.secret_name else None
            while len(self._opened) >= KEPT_OPEN:
                del self._opened[next(iter(self._opened))]
            self._opened[version] = self._build(record, secret, self._rotated(record, kept_by))
        return self._opened[version]

    async def authenticate(self, credential: "AsyncTokenCredential") -> Principal:
        """Ask for one token for Azure Resource Manager and tell whom it speaks for.

        Raises:
            CredentialRejected: Entra refuses the credential.
            Throttled: Entra asks to wait.
            ServiceUnavailable: Entra did not answer.
        """
        return principal_of((await credential.get_token(self._settings.resource_manager_scope)).token)

    async def hint(self, record: CredentialRecord) -> str:
        """Give the first characters of a secret, by which Microsoft Graph tells secrets apart.

        Raises:
            SecretUnavailable: Key Vault did not answer this time.
            CredentialRejected: the secret is gone.
        """
        return hint_of(await self._secrets.get(record.secret_name or ""))

    def forget(self, record: CredentialRecord) -> None:
        """Drop a credential with its tokens and its secret from memory; runs that hold it go on."""
        self._opened.pop(_version(record), None)
        if record.secret_name is not None:
            self._secrets.forget(record.secret_name)

    async def close(self) -> None:
        """Close the connections to Entra and drop every token."""
        self._opened.clear()
        linked, self._linked = self._linked, None
        if linked is not None and self._connections is None:
            await linked.transport.close()

    def _rotated(self, record: CredentialRecord, kept_by: str | None) -> "Rotated | None":
        if self._rotation is None or kept_by is None or record.secret_name is None:
            return None
        return self._rotation.of(kept_by, record.secret_name)

    def _build(
        self, record: CredentialRecord, secret: str | None, rotated: "Rotated | None" = None
    ) -> TranslatedCredential:
        link = msgspec.structs.replace(self._link(), rotated=rotated)
        try:
            credential = METHODS[record.method].build(record, secret, link)
        except ValueError:  # what somebody put into the vault by hand; the message may quote it
            raise CredentialRejected(
                "What the key vault holds is no credential of this kind.",
                advice="Change the connection and enter the credential again.",
                reason="secret_unusable",
            ) from None
        return TranslatedCredential(credential, record.client_id or "")

    def _link(self) -> EntraLink:
        if self._linked is None:
            # Its warnings quote Entra's descriptions, which may name people; ours say the same without.
            logging.getLogger("azure.identity").setLevel(logging.ERROR)
            from azure.core.pipeline.transport import AioHttpTransport

            made = self._connections or AioHttpTransport(
                connection_timeout=CONNECT_WITHIN_S, read_timeout=ANSWER_WITHIN_S
            )
            self._linked = EntraLink(
                authority=self._settings.authority_host,
                transport=made,
                exchange_audience=self._settings.cloud.exchange_audience,
                identity_client_id=self._settings.client_id,
                people=entra_sign_in(self._settings),
            )
        return self._linked


def hint_of(secret: str) -> str:
    """Give the first characters of a secret, by which Microsoft Graph tells secrets apart."""
    return secret[:HINT_LENGTH]


def _version(record: CredentialRecord) -> tuple[str | None, ...]:
    """Name a credential version: what changes when another secret or application takes over."""
    return (
        record.method,
        record.tenant_id,
        record.client_id,
        record.secret_name and root_of(record.secret_name),
        record.identity_client_id,
    )
