"""A person who signed in: a refresh token, kept and replaced at each use."""

from datetime import date
from typing import TYPE_CHECKING, Protocol, override

from pipeline.authentication.method import AuthMethod, EntraLink, Offer
from pipeline.errors import SignInNotConfigured
from pipeline.requests import SignInAuth
from pipeline.sign_in.refresh import RefreshTokenCredential
from pipeline.stores.records import CredentialRecord

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


class Granted(Protocol):
    """What people granted by signing in."""

    async def offer(self, sign_in_id: str, /) -> Offer:
        """Give the credential of a complete sign-in; raises InvalidRequest for any other."""
        ...


class SignIn(AuthMethod[SignInAuth]):
    """A person who signed in.

    Args:
        granted: the sign-ins; None where none can be made.
    """

    name = "sign_in"
    request_type = SignInAuth
    ends = False
    rotates = True
    personal = True

    def __init__(self, granted: Granted | None = None) -> None:
        self._granted = granted

    @override
    async def accept(self, asked: SignInAuth, *, today: date) -> Offer:
        if self._granted is None:
            raise SignInNotConfigured("This app has no application to sign in to.")
        return await self._granted.offer(asked.sign_in_id)

    @override
    def build(self, record: CredentialRecord, secret: str | None, link: EntraLink) -> "AsyncTokenCredential":
        return RefreshTokenCredential(
            link.people, secret or "", tenant_id=record.tenant_id, rotated=link.rotated
        )
