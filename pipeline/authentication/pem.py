"""A certificate and its private key in PEM: checked as a person entered them, encoded anew to be kept.

Rules: RFC 7468 (PEM); azure-identity signs with RSA only and uses the first certificate of a PEM; Entra takes
RSA keys of 2,048 bits and more ("Certificate credentials for application authentication").
"""

import hashlib
from collections.abc import Iterator
from datetime import date

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

SMALLEST_KEY = 2048
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)
_BEGIN, _DASHES = "-----BEGIN ", "-----"


class PemFault(Exception):
    """What is wrong with a PEM, in a sentence that repeats nothing of it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate with its private key.

    Args:
        pem: both, the certificate first, nothing else: what is kept.
        ends_on: the certificate's last day (YYYY-MM-DD, UTC).
        thumbprint: as the Azure portal shows it, 40 hexadecimal digits.
    """

    pem: str
    ends_on: str
    thumbprint: str


def read_key_pair(text: str, *, today: date) -> KeyPair:
    """Read a certificate and its private key, in any order, with or without the rest of the chain.

    Takes the PEM and the present day in UTC. Gives what is to be kept: the chain and whatever a tool wrote
    between the blocks is left out.

    Raises:
        PemFault: says what is wrong.
    """
    blocks = tuple(_blocks(text))
    key = _only_key([block for label, block in blocks if label.endswith("PRIVATE KEY")], found=bool(blocks))
    certificate = _certificate_of(key, [block for label, block in blocks if label == "CERTIFICATE"])
    _check_days(certificate, today)
    encoding = serialization.Encoding
    private = key.private_bytes(encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    identifier = hashlib.sha1(certificate.public_bytes(encoding.DER), usedforsecurity=False)
    return KeyPair(
        pem=(certificate.public_bytes(encoding.PEM) + private).decode(),
        ends_on=certificate.not_valid_after_utc.date().isoformat(),
        thumbprint=identifier.hexdigest().upper(),
    )


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Give each complete block with its label; one that does not end is none."""
    for part in text.split(_BEGIN)[1:]:
        label, _, body = part.partition(_DASHES)
        end = f"-----END {label}-----"
        if end in body:
            yield label, f"{_BEGIN}{label}{_DASHES}{body.partition(end)[0]}{end}\n"


def _only_key(blocks: list[str], *, found: bool) -> RSAPrivateKey:
    if not found:
        raise PemFault(
            "This is not PEM: enter the text from -----BEGIN to the last -----END line with its line breaks. "
            "A .pfx file becomes PEM with: openssl pkcs12 -in FILE -nodes"
        )
    if not blocks:
        raise PemFault("The private key is missing: enter the certificate and its private key in one PEM.")
    if len(blocks) > 1:
        raise PemFault("This PEM holds several private keys: enter the certificate's own only.")
    if "ENCRYPTED" in blocks[0]:
        raise PemFault(
            "The private key is protected by a password: enter it without one (openssl pkey -in FILE). It is "
            "kept in the key vault only."
        )
    return _strong(_loaded_key(blocks[0]))


def _loaded_key(block: str) -> object:
    try:
        return serialization.load_pem_private_key(block.encode(), password=None)
    except _UNREADABLE:
        raise PemFault("The private key cannot be read: a part of it may be missing.") from None


def _strong(key: object) -> RSAPrivateKey:
    if not isinstance(key, RSAPrivateKey):
        raise PemFault("The private key is no RSA key. Microsoft Entra is signed in to with RSA keys here.")
    if key.key_size < SMALLEST_KEY:
        raise PemFault(
            f"The RSA key has {key.key_size} bits; create a certificate with {SMALLEST_KEY} bits or more."
        )
    return key


def _certificate_of(key: RSAPrivateKey, blocks: list[str]) -> x509.Certificate:
    if not blocks:
        raise PemFault("The certificate is missing: enter it and its private key in one PEM.")
    public = key.public_key().public_numbers()
    try:
        certificates = [x509.load_pem_x509_certificate(block.encode()) for block in blocks]
    except _UNREADABLE:
        raise PemFault("A certificate cannot be read: a part of it may be missing.") from None
    for certificate in certificates:
        theirs = _public_key(certificate)
        if isinstance(theirs, RSAPublicKey) and theirs.public_numbers() == public:
            return certificate
    raise PemFault("The private key does not belong to the certificate: their public keys differ.")


def _public_key(certificate: x509.Certificate) -> object:
    """Give the public key of a certificate, None for a kind that is not known here."""
    try:
        return certificate.public_key()
    except _UNREADABLE:
        return None


def _check_days(certificate: x509.Certificate, today: date) -> None:
    starts, ends = certificate.not_valid_before_utc.date(), certificate.not_valid_after_utc.date()
    if ends < today:
        raise PemFault(f"The certificate ended on {ends.isoformat()}: create a new one.")
    if starts > today:
        raise PemFault(f"The certificate is not valid before {starts.isoformat()}.")
