"""Certificates and private keys made up for a test."""

from datetime import UTC, datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

DAY = timedelta(days=1)
_PLAIN = serialization.NoEncryption()

type Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class MadeUp(msgspec.Struct, frozen=True):
    """A certificate and its private key, each PEM."""

    certificate: str
    key: str

    @property
    def pem(self) -> str:
        """Both in one."""
        return self.certificate + self.key


_KEYS: dict[tuple[int, int], rsa.RSAPrivateKey] = {}


def rsa_key(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Give a key, the same for the same number: making one takes long."""
    if (number, bits) not in _KEYS:
        _KEYS[number, bits] = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return _KEYS[number, bits]


def certificate_of(key: Key, *, starts: timedelta = -DAY, ends: timedelta = 100 * DAY) -> x509.Certificate:
    """Make a certificate of a key that is good from and until so long after now."""
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "made-up")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now + starts).not_valid_after(now + ends).sign(key, hashes.SHA256())


def pem_of(key: Key, encryption: serialization.KeySerializationEncryption = _PLAIN) -> str:
    """Write a private key."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, encryption).decode()


def make(key: Key | None = None, *, starts: timedelta = -DAY, ends: timedelta = 100 * DAY) -> MadeUp:
    """Make a certificate with its private key."""
    owner = key or rsa_key(0)
    certificate = certificate_of(owner, starts=starts, ends=ends)
    return MadeUp(certificate.public_bytes(serialization.Encoding.PEM).decode(), pem_of(owner))
