"""A person's sign-in as a credential: buys access tokens with a refresh token, and hands on the new one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from collectors.errors import CredentialRejected
from pipeline.authentication.borrowing import BorrowingCredential
from pipeline.errors import SignInNotConfigured

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

    from pipeline.sign_in.entra import EntraSignIn

RENEWED_BEFORE_S = 300

type Rotated = Callable[[str], Awaitable[None]]
"""Keeps a new secret in the place of the old one."""


class RefreshTokenCredential(BorrowingCredential):
    """Gives access tokens of a person; fulfils azure-core's AsyncTokenCredential.

    Args:
        entra: to ask; None where no sign-in is configured any more.
        refresh_token: of the sign-in.
        tenant_id: that the person signed in to.
        rotated: told of every new refresh token before anything is done with the access token beside it.
    """

    def __init__(
        self, entra: "EntraSignIn | None", refresh_token: str, *, tenant_id: str, rotated: Rotated | None
    ) -> None:
        self._entra = entra
        self._refresh_token = refresh_token
        self._tenant_id = tenant_id
        self._rotated = rotated
        self._known: dict[str, AccessToken] = {}
        self._one_at_a_time = asyncio.Lock()

    async def get_token(self, *scopes: str, claims: str | None = None, **_: object) -> "AccessToken":
        """Give an access token, from memory while it is good for five minutes more.

        Takes one scope, and claims: with any, Entra is asked.

        Raises:
            CredentialRejected: Entra refuses the sign-in; `reason` says how.
            Transient: Entra did not answer.
        """
        scope = scopes[0]
        async with self._one_at_a_time:
            known = self._known.get(scope)
            if claims is None and known and known.expires_on - time.time() > RENEWED_BEFORE_S:
                return known
            self._known[scope] = await self._bought(scope, claims)
            return self._known[scope]

    async def _bought(self, scope: str, claims: str | None) -> "AccessToken":
        from azure.core.credentials import AccessToken

        if self._entra is None:
            raise CredentialRejected(
                "Sign-in with Microsoft is not set up any more.",
                advice=SignInNotConfigured.default_advice,
                reason=SignInNotConfigured.code,
            )
        asked_at = int(time.time())
        tokens = await self._entra.refresh(
            self._refresh_token, scope, tenant_id=self._tenant_id, claims=claims
        )
        if tokens.refresh_token is not None and tokens.refresh_token != self._refresh_token:
            self._refresh_token = tokens.refresh_token
            if self._rotated is not None:
                await self._rotated(tokens.refresh_token)
        return AccessToken(tokens.access_token, asked_at + tokens.expires_in)
