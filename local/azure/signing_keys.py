"""The keys that tokens are signed with: real RSA keys, published as a JWK Set, replaced on request.

"Signing key rollover in the Microsoft identity platform": keys may change at any time, and what is no longer
published is no longer to be trusted. RFC 7515 (JWS), RFC 7517 (JWK).
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256


@cache
def signing_key() -> RSAPrivateKey:
    """Return this process's first signing key, made at first use: making one takes long."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def base64url(raw: bytes) -> str:
    """Encode without padding, as RFC 7515 wants it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _of_number(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8))


@dataclass(frozen=True)
class SigningKey:
    """A key with the id that it is published under."""

    private: RSAPrivateKey

    @cached_property
    def key_id(self) -> str:
        """The id, which depends on the key alone."""
        numbers = self.private.public_key().public_numbers()
        return base64url(hashlib.sha256(_of_number(numbers.n).encode()).digest()[:20])

    def published(self, issuer: str) -> dict[str, object]:
        """Give the key as a JWK; Entra adds whose tokens it signs."""
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.key_id,
            "x5t": self.key_id,
            "n": _of_number(numbers.n),
            "e": _of_number(numbers.e),
            "issuer": issuer,
        }

    def sign(self, claims: Mapping[str, object], headers: Mapping[str, object] | None = None) -> str:
        """Sign claims.

        Takes the claims, and header parameters that replace or join Entra's own. Gives the JWT; nothing in it
        is checked, so that tests can have any.
        """
        own = {"typ": "JWT", "alg": "RS256", "x5t": self.key_id, "kid": self.key_id}
        header = {name: value for name, value in {**own, **(headers or {})}.items() if value is not None}
        signed = f"{base64url(msgspec.json.encode(header))}.{base64url(msgspec.json.encode(claims))}"
        return f"{signed}.{base64url(self.private.sign(signed.encode(), PKCS1v15(), SHA256()))}"


@dataclass(slots=True)
class SigningKeys:
    """The keys of one Entra: the newest published one signs."""

    published: list[SigningKey] = field(default_factory=lambda: [SigningKey(signing_key())])
    withdrawn: list[SigningKey] = field(default_factory=list)

    @property
    def newest(self) -> SigningKey:
        """The key that signs now."""
        return self.published[-1]

    def find(self, key_id: str) -> SigningKey | None:
        """Find a key by its id, also one that is no longer published."""
        return next((key for key in (*self.published, *self.withdrawn) if key.key_id == key_id), None)

    def rotate(self, *, keep_old: bool) -> SigningKey:
        """Sign with a new key from now on; the others stay published only if they are kept."""
        if not keep_old:
            self.withdrawn += self.published
            self.published = []
        self.published.append(SigningKey(generate_private_key(public_exponent=65537, key_size=2048)))
        return self.newest

    def document(self, issuer: str) -> dict[str, object]:
        """Give the JWK Set that `jwks_uri` serves."""
        return {"keys": [key.published(issuer) for key in self.published]}
