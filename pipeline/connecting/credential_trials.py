"""Trying a credential for real before anything of it is kept: a token, the subscription, the setup checks."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from collectors.contract import Collector, Reader
from collectors.errors import AccessDenied, CollectionError, CredentialRejected, SubscriptionNotVisible
from pipeline.authentication.claims import Principal
from pipeline.authentication.generations import is_same
from pipeline.authentication.methods import METHODS
from pipeline.authentication.translated import TranslatedCredential
from pipeline.connecting.attempt_limit import AttemptLimit, Scope, Trier, scopes_of
from pipeline.connecting.graph_expiry import EndRemark, Learnt, learn_end
from pipeline.credentials import Credentials, RefusedCredential, hint_of
from pipeline.errors import AuthenticationFailed, SubscriptionRejected
from pipeline.model import Attention, SetupCheck
from pipeline.requests import AuthRequest
from pipeline.setup_checks import Subscription, check_setup, read_subscription
from pipeline.stores.records import ConnectionRecord, CredentialRecord
from pipeline.times import Clock

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from pipeline.authentication.method import Offer


class OpensReaders(Protocol):
    """Opens Azure, one subscription at a time."""

    def reader(self, *, credential: "AsyncTokenCredential", tenant_id: str, subscription_id: str) -> Reader:
        """Give a reader of one subscription."""
        ...


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A credential that Entra accepts, nothing of it kept yet; `remark` tells of its end."""

    offer: "Offer"
    credential: TranslatedCredential
    principal: Principal
    remark: EndRemark | None = None


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection's stored credential does today.

    Args:
        credential: with what was learnt of its end.
        attention: why it is refused; None if it is not, or nobody can tell.
        answered: whether Entra answered at all; without it the attention stays as it was.
    """

    credential: CredentialRecord
    checks: tuple[SetupCheck, ...]
    attention: Attention | None
    answered: bool

    def onto(self, current: ConnectionRecord) -> ConnectionRecord:
        """Write it on the connection, whatever else has changed there since."""
        known = current.credential
        if is_same(msgspec.structs.replace(self.credential, **_end_of(known)), known):
            known = msgspec.structs.replace(known, **_end_of(self.credential))
        attention = self.attention if self.answered else current.attention
        return msgspec.structs.replace(
            current, credential=known, setup_checks=self.checks, attention=attention
        )


class CredentialTrials:
    """Tries credentials.

    Args:
        attempts: holds tries back once too many credentials were refused.
        collectors: every collector there is, by service.
        portal_url: completes a page of the portal to its address.
        at_once: how many subscriptions are tried at one time.
    """

    def __init__(
        self,
        credentials: Credentials,
        azure: OpensReaders,
        attempts: AttemptLimit,
        *,
        collectors: Mapping[str, Collector],
        portal_url: Callable[[str], str | None],
        clock: Clock,
        at_once: int = 8,
    ) -> None:
        self._credentials = credentials
        self._azure = azure
        self._attempts = attempts
        self._collectors = collectors
        self._portal_url = portal_url
        self._clock = clock
        self._turn = asyncio.Semaphore(at_once)

    async def offer(self, asked: AuthRequest, *, by: Trier | None = None) -> Tried:
        """Check what somebody entered and ask Entra for a token with it.

        Takes also who tries it; None where nobody outside does.

        Raises:
            InvalidRequest: names each field that is wrong.
            TooManyAttempts: too many credentials were refused; Entra was not asked.
            AuthenticationFailed: Entra refuses it; `reason` says how.
            Transient: Entra did not answer.
        """
        offer = await self._credentials.offer(asked, today=self._clock().date())
        credential = self._credentials.trial(offer)
        async with self._attempts.attempt(_scopes(offer, by)):
            try:
                principal = await self._credentials.authenticate(credential)
            except CredentialRejected as error:
                raise AuthenticationFailed(
                    error.detail, advice=error.advice, portal_page=error.portal_page, reason=error.reason
                ) from None
        offer = offer.spoken_for(principal)
        learnt = await self._learnt(offer.record, credential, hint_of(offer.secret or ""))
        return Tried(
            offer=msgspec.structs.replace(offer, record=learnt.credential),
            credential=credential,
            principal=principal,
            remark=learnt.remark,
        )

    async def subscription(self, tried: Tried, subscription_id: str) -> Subscription:
        """Read a subscription with a credential that was accepted.

        Raises:
            SubscriptionRejected: it does not see the subscription.
            CollectionError: nobody can tell.
        """
        reader = self._reader(tried.credential, tried.offer.record, subscription_id)
        try:
            async with self._turn:
                return await read_subscription(reader)
        except (SubscriptionNotVisible, AccessDenied, CredentialRejected) as error:
            raise SubscriptionRejected(
                f"The credential does not see the subscription {subscription_id}.",
                advice=error.advice,
                portal_page=error.portal_page,
                reason=error.reason,
            ) from error

    async def checks(self, record: ConnectionRecord, tried: Tried) -> tuple[SetupCheck, ...]:
        """Run the setup checks of a connection that is to be, with a credential that was accepted."""
        return await self._check(record, tried.credential, tried.principal, tried.remark)

    async def verify(self, record: ConnectionRecord) -> Verified:
        """Run the setup checks with the stored credential, its secret read and its token asked for anew."""
        self._credentials.forget(record.credential)
        try:
            credential = await self._credentials.open(record.credential, kept_by=record.id)
            principal = await self._credentials.authenticate(credential)
            hint = await self._credentials.hint(record.credential) if _is_listed(record.credential) else ""
        except CollectionError as error:
            checks = await self._check(record, RefusedCredential(error), None)
            answered = isinstance(error, CredentialRejected)
            return Verified(
                credential=record.credential,
                checks=checks,
                attention=attention_of(error) if answered else None,
                answered=answered,
            )
        learnt = await self._learnt(record.credential, credential, hint)
        record = msgspec.structs.replace(record, credential=learnt.credential)
        checks = await self._check(record, credential, principal, learnt.remark)
        return Verified(credential=learnt.credential, checks=checks, attention=None, answered=True)

    async def _learnt(
        self, record: CredentialRecord, credential: "AsyncTokenCredential", hint: str
    ) -> Learnt:
        if not _is_listed(record):
            return Learnt(credential=record)
        return await learn_end(self._reader(credential, record, ""), record, hint=hint, now=self._clock())

    async def _check(
        self,
        record: ConnectionRecord,
        credential: "AsyncTokenCredential",
        principal: Principal | None,
        remark: EndRemark | None = None,
    ) -> tuple[SetupCheck, ...]:
        async with self._turn:
            return await check_setup(
                self._reader(credential, record.credential, record.subscription_id),
                connection=record,
                principal=principal,
                remark=remark,
                collectors=self._chosen(record),
                now=self._clock(),
                portal_url=self._portal_url,
            )

    def _chosen(self, record: ConnectionRecord) -> Mapping[str, Collector]:
        if record.services is None:
            return self._collectors
        return {name: self._collectors[name] for name in record.services if name in self._collectors}

    def _reader(
        self, credential: "AsyncTokenCredential", record: CredentialRecord, subscription_id: str
    ) -> Reader:
        return self._azure.reader(
            credential=credential, tenant_id=record.tenant_id, subscription_id=subscription_id
        )


def _is_listed(record: CredentialRecord) -> bool:
    return METHODS[record.method].listed


def _end_of(record: CredentialRecord) -> dict[str, str | None]:
    return {
        "secret_expires_on": record.secret_expires_on,
        "secret_expires_on_source": record.secret_expires_on_source,
    }


def _scopes(offer: "Offer", by: Trier | None) -> Sequence[Scope]:
    """Say whom a try is counted for: the application too, where the caller gave its secret or certificate."""
    record = offer.record
    guessable = offer.secret is not None and not METHODS[record.method].personal
    return scopes_of(record.client_id, guessable=guessable, by=by)


def attention_of(error: CollectionError) -> Attention:
    """Say on a connection that its credential is refused."""
    return Attention(code=error.reason or error.code, detail=error.detail, advice=error.advice)
