"""The sign-in flow: started by a caller, finished by a browser, shown to the caller who started it.

The state, made up here, comes back through a browser that shows no key, so it is all that the callback
believes: 256 random bits, kept as a hash, good for ten minutes and once.
"""

import hashlib
import hmac
import secrets
import uuid
from datetime import timedelta

import msgspec
from azure.core.exceptions import AzureError

from collectors.errors import CollectionError, CredentialRejected
from pipeline.authentication.errors import TokenError, explain
from pipeline.connecting.discarded_secrets import NO_CONNECTION, DiscardedSecrets
from pipeline.credentials import Credentials
from pipeline.errors import (
    Conflict,
    NotFound,
    SecretUnavailable,
    SignInNotConfigured,
    SignInRefused,
)
from pipeline.event_log import log
from pipeline.events import SignInNotSwept
from pipeline.model import ProblemView
from pipeline.requests import CallbackQuery, SignInRequest
from pipeline.sign_in.addresses import allowed_return_url
from pipeline.sign_in.entra import EntraSignIn
from pipeline.sign_in.grants import credential_of, discarded_of
from pipeline.sign_in.records import SignInRecord
from pipeline.sign_in.subscriptions import Person, SubscriptionList
from pipeline.sign_in.table import SignInTable
from pipeline.sign_in.views import SignInStarted, SignInView, failed, problem_of, shown
from pipeline.stores.protocols import SecretStore
from pipeline.times import Clock, rfc3339

LIFE = timedelta(minutes=10)
SWEPT_AFTER = timedelta(minutes=2)
"""Later than any callback that began in time is still at work."""


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How a browser's return ended.

    Args:
        problem: why the sign-in failed; None if it did not.
        tenant_id, principal_id: where the person signed in to, and the person's object id; None if it failed.
    """

    sign_in_id: str
    return_url: str | None
    problem: ProblemView | None
    tenant_id: str | None = None
    principal_id: str | None = None


class SignIns:
    """Every step of a sign-in.

    Args:
        entra: speaks to Entra; None where no sign-in is configured.
        credentials: opens what people granted.
        subscriptions: lists what a person sees.
        discarded: deletes what a sign-in kept in the vault, and tells of what the vault keeps.
    """

    def __init__(
        self,
        table: SignInTable,
        vault: SecretStore,
        entra: EntraSignIn | None,
        credentials: Credentials,
        subscriptions: SubscriptionList,
        discarded: DiscardedSecrets,
        *,
        clock: Clock,
    ) -> None:
        self._table = table
        self._vault = vault
        self._entra = entra
        self._credentials = credentials
        self._subscriptions = subscriptions
        self._discarded = discarded
        self._clock = clock

    async def start(self, asked: SignInRequest, *, by: str | None) -> SignInStarted:
        """Start a sign-in for a caller, named by what the caller's token says; None for a key alone.

        Raises:
            SignInNotConfigured: the settings name no application to sign in to.
            InvalidRequest: the browser may not be sent to that address.
            Transient: Entra or Key Vault did not answer.
        """
        entra = self._configured()
        return_url = allowed_return_url(asked.return_url, entra.application.return_urls)
        state = secrets.token_urlsafe(32)
        authorization = await entra.begin(state)
        now = self._clock()
        record = SignInRecord(
            id=secrets.token_urlsafe(32),
            state_hash=_hash(state),
            progress="pending",
            created_at=rfc3339(now),
            expires_at=rfc3339(now + LIFE),
            flow_secret=f"sign-in-flow-{uuid.uuid4()}",
            grant_secret=f"sign-in-grant-{uuid.uuid4()}",
            started_by=by,
            return_url=return_url,
        )
        await self._table.create(record)
        await self._vault.put(
            record.flow_secret, authorization.flow, expires_on=None, tags={"use": "sign-in"}
        )
        return SignInStarted(
            sign_in_id=record.id, authorization_url=authorization.url, expires_at=record.expires_at
        )

    async def finish(self, came: CallbackQuery) -> Finished:
        """Finish the sign-in that a browser comes back from.

        Raises:
            SignInRefused: its state is missing, unknown, used or expired; which of these is not told.
        """
        entra = self._configured()
        state = came.state or ""
        record = await self._claimed(state)
        try:
            done = await self._redeemed(entra, record, came)
        except CollectionError as error:
            done = msgspec.structs.replace(record, progress="failed", problem=problem_of(error))
        await self._ended(done)
        return Finished(
            sign_in_id=done.id,
            return_url=done.return_url,
            problem=done.problem,
            tenant_id=done.tenant_id,
            principal_id=done.principal_id,
        )

    async def show(self, sign_in_id: str, *, by: str | None) -> SignInView:
        """Show a sign-in, and once it is complete, what can be connected with it.

        Raises:
            NotFound: there is none of that id, it has expired, or somebody else started it.
            Transient: Azure did not answer.
        """
        record = await self.demand(sign_in_id, by=by)
        if record.progress == "failed":
            return failed(record, record.problem)
        if record.progress != "complete":
            return shown(record, "pending")
        try:
            subscriptions = await self._subscriptions.of(await self._person(record))
        except CredentialRejected as error:
            return failed(record, problem_of(error))
        return msgspec.structs.replace(shown(record, "complete"), subscriptions=subscriptions)

    async def demand(self, sign_in_id: str, *, by: str | None) -> SignInRecord:
        """Give a sign-in to the caller who started it; raises NotFound for everybody else."""
        self._configured()
        record = await self._table.find(sign_in_id)
        if record is None or record.started_by != by or self._expired(record):
            raise NotFound(
                "There is no such sign-in, or it has expired.",
                advice="Start another one. A sign-in is good for ten minutes.",
            )
        return record

    async def sweep(self) -> None:
        """Remove what has expired, secrets first; what fails is left to the next minute."""
        before = rfc3339(self._clock() - SWEPT_AFTER)
        async for record in self._table.expired(before):
            try:
                await self._forget(record)
                await self._table.remove(record)
            except (SecretUnavailable, AzureError) as error:
                log(SignInNotSwept(error=type(error).__name__))

    async def _claimed(self, state: str) -> SignInRecord:
        """Claim a state: whoever replaces the row first is let in, and nobody after."""
        hashed = _hash(state)
        record = await self._table.find_by_state(hashed) if state else None
        if record is None or not hmac.compare_digest(record.state_hash, hashed):
            raise _refused()
        if record.progress != "pending" or self._expired(record):
            raise _refused()
        mine = msgspec.structs.replace(record, progress="redeeming", claim=secrets.token_urlsafe(16))
        try:
            return await self._table.replace(mine)
        except Conflict:
            raise _refused() from None

    async def _redeemed(self, entra: EntraSignIn, record: SignInRecord, came: CallbackQuery) -> SignInRecord:
        if came.error or not came.code:
            told = TokenError(error=came.error or "", error_description=came.error_description or "")
            raise explain(told, client_id=entra.application.client_id)
        flow = await self._vault.get(record.flow_secret)
        grant = await entra.redeem(flow, {"code": came.code, "state": came.state or ""})
        await self._vault.put(
            record.grant_secret, grant.refresh_token, expires_on=None, tags={"use": "sign-in"}
        )
        return msgspec.structs.replace(
            record,
            progress="complete",
            expires_at=rfc3339(self._clock() + LIFE),
            tenant_id=grant.tenant_id,
            principal_id=grant.object_id,
        )

    async def _ended(self, record: SignInRecord) -> None:
        """Keep how it ended; without a row that says so, what was granted must not stay."""
        try:
            await self._table.replace(record)
        except (Conflict, AzureError):
            await self._forget(record)
            raise
        await self._discarded.drop(NO_CONNECTION, discarded_of(record, record.flow_secret))

    async def _person(self, record: SignInRecord) -> Person:
        credential = await self._credentials.open(credential_of(record, self._configured().application))
        return Person(
            credential=credential, tenant_id=record.tenant_id or "", principal_id=record.principal_id or ""
        )

    async def _forget(self, record: SignInRecord) -> None:
        if self._entra is not None:
            self._credentials.forget(credential_of(record, self._entra.application))
        for name in (record.flow_secret, record.grant_secret):
            await self._discarded.delete(NO_CONNECTION, discarded_of(record, name))

    def _configured(self) -> EntraSignIn:
        if self._entra is None:
            raise SignInNotConfigured("This app has no application to sign in to.")
        return self._entra

    def _expired(self, record: SignInRecord) -> bool:
        return record.expires_at <= rfc3339(self._clock())


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()


def _refused() -> SignInRefused:
    return SignInRefused("This sign-in is not known, was finished before, or took too long.")
