"""How often credentials may be refused, so that nobody finds a secret by trying.

A try is claimed before Entra is asked, counted over all instances, and given back unless Entra refuses the
credential. Being accepted forgives no refusal: who knows one good secret of an application could else go on
guessing others. Tries under way count too, so that many at once are no more than one after another; who
meets only such waits for them a little, in the order of time. Instances whose clocks differ by more than one
look may let so many more pass as are under way at that moment.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec
from azure.core.exceptions import AzureError

from collectors.errors import ConnectorError
from pipeline.errors import AuthenticationFailed, TooManyAttempts, UpstreamUnavailable
from pipeline.event_log import log
from pipeline.events import AttemptNotSettled, AttemptsNotSwept
from pipeline.stores.attempt_table import Try, new_try_key, try_key_at
from pipeline.times import Clock

WINDOW = timedelta(minutes=15)
PER_APPLICATION = 5
PER_CALLER = 10
ALL_KEY_HOLDERS = 30
_UNDER_WAY_AT_MOST = timedelta(minutes=2)
_LOOK_AGAIN_S = 0.2


class Trier(msgspec.Struct, frozen=True, kw_only=True):
    """Who tries a credential.

    Args:
        token_of: whom the caller's token names; None for whoever holds a Functions key.
        address: where the call comes from, as far as that can be believed.
    """

    token_of: str | None = None
    address: str | None = None


class Scope(NamedTuple):
    """Whom tries are counted for, and how many may be refused."""

    name: str
    limit: int


class AttemptStore(Protocol):
    """Counts tries over all instances."""

    async def claim(self, scope: str, key: str, /) -> None:
        """Keep that a try begins."""
        ...

    async def since(self, scope: str, at: datetime, /) -> list[Try]:
        """Give the tries from a time on, oldest first."""
        ...

    async def refuse(self, scope: str, key: str, /) -> None:
        """Mark a try as refused."""
        ...

    async def withdraw(self, scope: str, key: str, /) -> None:
        """Forget a try."""
        ...

    async def sweep(self, before: datetime, /) -> None:
        """Remove what is older."""
        ...


class AttemptLimit:
    """Lets credentials be tried, until too many were refused.

    Args:
        patience_s: how long a try waits for others that are under way.
    """

    def __init__(self, store: AttemptStore, clock: Clock, *, patience_s: float = 5.0) -> None:
        self._store = store
        self._clock = clock
        self._patience_s = patience_s

    @asynccontextmanager
    async def attempt(self, scopes: Sequence[Scope]) -> AsyncIterator[None]:
        """Try a credential in the block; AuthenticationFailed out of it is what counts.

        What ends in an error that is none of ours, or is cut off, counts too: nobody knows what Entra said.

        Raises:
            TooManyAttempts: the block was not entered.
            UpstreamUnavailable: nobody can count, so the block was not entered.
        """
        key = new_try_key(self._clock())
        await self._claim(scopes, key)
        try:
            yield
        except AuthenticationFailed:
            await self._settle(self._store.refuse, scopes, key)
            raise
        except ConnectorError:
            await self._settle(self._store.withdraw, scopes, key)
            raise
        await self._settle(self._store.withdraw, scopes, key)

    async def sweep(self) -> None:
        """Remove tries that no longer count; what fails is left to the next time."""
        try:
            await self._store.sweep(self._clock() - WINDOW)
        except AzureError as error:
            log(AttemptsNotSwept(error=type(error).__name__))

    async def _claim(self, scopes: Sequence[Scope], key: str) -> None:
        try:
            await asyncio.gather(*(self._store.claim(scope.name, key) for scope in scopes))
            await self._wait_for_room(scopes, key)
        except AzureError as error:
            await self._settle(self._store.withdraw, scopes, key)
            raise UpstreamUnavailable("Table Storage did not answer.", advice="Try again.") from error
        except TooManyAttempts:
            await self._settle(self._store.withdraw, scopes, key)
            raise

    async def _wait_for_room(self, scopes: Sequence[Scope], key: str) -> None:
        """Return once the try may be made. All scopes know it by one key, so no two wait for each other."""
        looks = max(round(self._patience_s / _LOOK_AGAIN_S), 1)
        for look in range(looks + 1):
            waits = await asyncio.gather(*(self._wait_s(scope, key, first=look == 0) for scope in scopes))
            longest = max(waits, default=0.0)
            if longest == 0:
                return
            if longest > _LOOK_AGAIN_S or look == looks:
                raise _too_many(longest)
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _wait_s(self, scope: Scope, key: str, *, first: bool) -> float:
        """Tell how many seconds a scope makes a try wait: until the next look, if only others are under way.

        The first look counts all of those; later ones, when what was written at the same moment can be seen,
        only those before it, or all would wait for each other.
        """
        now = self._clock()
        others = [one for one in await self._store.since(scope.name, now - WINDOW) if one.key != key]
        stale = try_key_at(now - _UNDER_WAY_AT_MOST)
        refused = [one for one in others if one.refused or one.key < stale]
        if len(refused) >= scope.limit:
            frees_at = _time_of(refused[-scope.limit].key) + WINDOW
            return max((frees_at - now).total_seconds(), 1.0)
        waiting = [one for one in others if one not in refused and (first or one.key < key)]
        return _LOOK_AGAIN_S if len(refused) + len(waiting) >= scope.limit else 0.0

    async def _settle(
        self, settle: Callable[[str, str], Awaitable[None]], scopes: Sequence[Scope], key: str
    ) -> None:
        """Say how a try ended; one that stays under way for that counts as refused after two minutes."""
        try:
            await asyncio.gather(*(settle(scope.name, key) for scope in scopes))
        except AzureError as error:
            log(AttemptNotSettled(error=type(error).__name__))


def scopes_of(client_id: str | None, *, guessable: bool, by: Trier | None) -> list[Scope]:
    """Say whom a try is counted for.

    Args:
        client_id: the application whose credential is tried, in whatever tenant: a multitenant application
            has the same secret in all of them.
        guessable: whether the caller gave a secret; else the application's own count is left alone.
        by: who tries; None where nobody outside does.
    """
    scopes: list[Scope] = []
    if guessable and client_id is not None:
        scopes.append(_scope("application", PER_APPLICATION, client_id))
    if by is not None and by.token_of is not None:
        scopes.append(_scope("token", PER_CALLER, by.token_of))
    elif by is not None:
        scopes += [_scope("address", PER_CALLER, by.address or ""), _scope("keys", ALL_KEY_HOLDERS)]
    return scopes


def _scope(kind: str, limit: int, name: str = "") -> Scope:
    digest = hashlib.sha256(name.lower().encode()).hexdigest()[:32]
    return Scope(f"{kind}|{digest}", limit)


def _time_of(key: str) -> datetime:
    return datetime.fromtimestamp(int(key.partition("-")[0]) / 1000, UTC)


def _too_many(wait_s: float) -> TooManyAttempts:
    if wait_s <= _LOOK_AGAIN_S:
        detail = "Many credentials of this application or of this caller are being tried at this moment."
        return TooManyAttempts(detail, retry_after_s=wait_s)
    minutes = max(round(wait_s / 60), 1)
    return TooManyAttempts(
        "Microsoft Entra refused too many credentials of this application or of this caller, so it is not"
        f" asked again for about {minutes} minute{'s' if minutes > 1 else ''}.",
        retry_after_s=wait_s,
    )
