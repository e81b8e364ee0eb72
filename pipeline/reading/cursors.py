"""Seals the position in a list into a cursor: opaque, tamper-evident, good for one list and its filters.

What is sealed is a position in key order, so a cursor survives new rows. HMAC-SHA256 truncated to 128 bits
(RFC 2104, section 5).
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from collectors.errors import CredentialRejected
from pipeline.errors import InvalidRequest

KEY_NAME = "cursor-signing-key"
_KEY_BYTES = 32
_SEAL_BYTES = 16
_MAX_LENGTH = 4096
_SETTLE_S = 2.0
_REFRESH_AFTER_S = 60.0


class SigningSecrets(Protocol):
    """What is needed of the vault; `pipeline.stores.secrets` fulfils it."""

    async def put(self, name: str, value: str, *, expires_on: str | None, tags: dict[str, str]) -> None:
        """Keep a secret; the newest value of a name wins."""
        ...

    async def get(self, name: str) -> str:
        """Give a secret; raises CredentialRejected(secret_missing) if there is none."""
        ...

    def forget(self, name: str) -> None:
        """Make the next `get` ask the vault itself."""
        ...


class Cursors:
    """Seals and opens cursors with one key for all instances of the app, kept in Key Vault.

    Args:
        vault: keeps the key under a fixed name.
        settle_s: after making the key, how long until it is read back: instances that raced then agree.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        vault: SigningSecrets,
        *,
        settle_s: float = _SETTLE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._vault = vault
        self._settle_s = settle_s
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._key: bytes | None = None
        self._read_at = 0.0

    async def seal(self, position: str, *, bound_to: str) -> str:
        """Seal a position.

        Args:
            position: where the next page begins.
            bound_to: names the list and its filters.

        Returns:
            The cursor, safe in an address.

        Raises:
            SecretUnavailable: Key Vault did not give the key.
        """
        payload = position.encode()
        return _text(_mac(await self._signing_key(), payload, bound_to) + payload)

    async def open(self, cursor: str, *, bound_to: str) -> str:
        """Give the position that was sealed.

        Args:
            cursor: as the caller gave it back.
            bound_to: names the list and its filters.

        Raises:
            InvalidRequest: it is no cursor of this list with these filters, or it was altered.
            SecretUnavailable: Key Vault did not give the key.
        """
        raw = _bytes(cursor)
        mac, payload = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(mac, _mac(await self._signing_key(), payload, bound_to)):
            refreshed = await self._refreshed_key()
            if not hmac.compare_digest(mac, _mac(refreshed, payload, bound_to)):
                raise refused()
        return payload.decode()

    async def _signing_key(self) -> bytes:
        async with self._lock:
            if self._key is None:
                self._key = await self._get_or_create()
                self._read_at = self._monotonic()
            return self._key

    async def _refreshed_key(self) -> bytes:
        """Read the key again, at most once a minute: another instance may have sealed with a newer one."""
        async with self._lock:
            if self._monotonic() - self._read_at >= _REFRESH_AFTER_S:
                self._vault.forget(KEY_NAME)
                self._key = None
        return await self._signing_key()

    async def _get_or_create(self) -> bytes:
        try:
            return _key(await self._vault.get(KEY_NAME))
        except CredentialRejected:
            made = secrets.token_hex(_KEY_BYTES)
        await self._vault.put(KEY_NAME, made, expires_on=None, tags={"purpose": "seals list cursors"})
        await asyncio.sleep(self._settle_s)
        self._vault.forget(KEY_NAME)
        return _key(await self._vault.get(KEY_NAME))


def refused() -> InvalidRequest:
    """Make the error of a cursor that is none."""
    return InvalidRequest(
        "The cursor is not one of this list with these filters.",
        advice="Ask for the list again without a cursor, and keep the filters from page to page.",
        errors=[("cursor", "must be the next_cursor of the same list, asked with the same filters")],
    )


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _mac(key: bytes, payload: bytes, bound_to: str) -> bytes:
    scope = hashlib.sha256(bound_to.encode()).digest()
    return hmac.digest(key, scope + payload, "sha256")[:_SEAL_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(cursor: str) -> bytes:
    """Decode strictly: a cursor has one spelling, so that no altered one is taken for it."""
    if len(cursor) > _MAX_LENGTH:
        raise refused()
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused() from error
    if _text(raw) != cursor or len(raw) < _SEAL_BYTES:
        raise refused()
    return raw
