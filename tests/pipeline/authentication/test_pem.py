"""What is accepted as a certificate with its key, and what is said of one that is not."""

import contextlib
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from azure.identity.aio import CertificateCredential
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from pipeline.authentication.pem import KeyPair, PemFault, read_key_pair
from tests.key_pairs import DAY, certificate_of, make, pem_of, rsa_key

NOW = datetime.now(UTC)
TODAY = NOW.date()
PAIR = make()


def fault_of(text: str) -> str:
    """Give the sentence that a PEM is refused with."""
    with pytest.raises(PemFault) as refused:
        read_key_pair(text, today=TODAY)
    return refused.value.sentence


def read(text: str) -> KeyPair:
    """Read a PEM today."""
    return read_key_pair(text, today=TODAY)


def spoilt(at: int, text: str) -> str:
    """Put a text into a good PEM."""
    return PAIR.pem[:at] + text + PAIR.pem[at:]


class TestAccepted:
    """What is read of a pair that will do."""

    def test_the_day_is_the_certificates(self) -> None:
        """The last day comes from the certificate, not from a person."""
        assert read(PAIR.pem).ends_on == (NOW + 100 * DAY).date().isoformat()

    def test_the_thumbprint_is_the_portals(self) -> None:
        """SHA-1 of the certificate in capitals, as the Azure portal shows it (here by `openssl x509`)."""
        command = ["openssl", "x509", "-noout", "-fingerprint", "-sha1"]
        told = subprocess.run(command, input=PAIR.certificate, capture_output=True, text=True, check=True)

        assert (
            told.stdout.strip().lower().partition("=")[2].replace(":", "").upper()
            == read(PAIR.pem).thumbprint
        )

    @pytest.mark.parametrize(
        "text",
        [
            PAIR.key + PAIR.certificate,
            PAIR.pem.replace("\n", "\r\n"),
            f"Bag Attributes\n  friendlyName: made-up\n{PAIR.pem}",
            PAIR.certificate + make(rsa_key(1)).certificate + PAIR.key,
            make(rsa_key(1)).certificate + PAIR.pem,
            PAIR.pem.replace("-----END PRIVATE KEY-----\n", "-----END PRIVATE KEY-----"),
        ],
        ids=["key first", "Windows", "bag attributes", "chain", "chain first", "no last line break"],
    )
    def test_the_order_and_the_rest_do_not_matter(self, text: str) -> None:
        """The same two are kept, whatever stands around them."""
        assert read(text) == read(PAIR.pem)

    def test_a_key_in_the_old_form_will_do(self) -> None:
        """`BEGIN RSA PRIVATE KEY` is as good, and kept in the new form."""
        old = rsa_key(0).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )

        assert read(PAIR.certificate + old.decode()) == read(PAIR.pem)

    def test_what_is_kept_is_what_azure_identity_takes(self) -> None:
        """The kept PEM makes a credential; a second reading gives the same."""
        kept = read(make(rsa_key(1)).certificate + PAIR.pem)

        assert read(kept.pem) == kept
        assert CertificateCredential("t", "c", certificate_data=kept.pem.encode())

    def test_its_last_day_is_good(self) -> None:
        """A certificate that ends today is accepted today."""
        pair = make(ends=timedelta(seconds=1))

        assert read_key_pair(pair.pem, today=datetime.fromisoformat(read(pair.pem).ends_on).date())


class TestRefused:
    """Each fault has its sentence."""

    @pytest.mark.parametrize("text", ["", "made-up", "-----BEGIN CERTIFICATE-----\nMII", "MIIC" * 100])
    def test_no_pem(self, text: str) -> None:
        """What is no PEM is told how to become one."""
        assert "not PEM" in fault_of(text)

    def test_no_key(self) -> None:
        """A certificate alone signs nothing."""
        assert "private key is missing" in fault_of(PAIR.certificate)

    def test_no_certificate(self) -> None:
        """A key alone is registered nowhere."""
        assert "certificate is missing" in fault_of(PAIR.key)

    def test_encrypted(self) -> None:
        """A key with a password cannot be used while nobody is there."""
        protected = pem_of(rsa_key(0), serialization.BestAvailableEncryption(b"made-up"))

        assert "protected by a password" in fault_of(PAIR.certificate + protected)

    def test_encrypted_in_the_old_form(self) -> None:
        """The old form says so in a header."""
        old = rsa_key(0).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.BestAvailableEncryption(b"made-up"),
        )

        assert "protected by a password" in fault_of(PAIR.certificate + old.decode())

    def test_another_key(self) -> None:
        """A key that is not the certificate's is found out before Entra has to."""
        assert "does not belong" in fault_of(PAIR.certificate + make(rsa_key(1)).key)

    def test_several_keys(self) -> None:
        """Which of two keys was meant is not guessed."""
        assert "several private keys" in fault_of(PAIR.pem + make(rsa_key(1)).key)

    def test_weak(self) -> None:
        """A key under 2,048 bits is too short."""
        assert "1024 bits" in fault_of(make(rsa_key(0, 1024)).pem)

    def test_elliptic(self) -> None:
        """azure-identity signs with RSA only, and says so too late."""
        assert "no RSA key" in fault_of(make(ec.generate_private_key(ec.SECP256R1())).pem)

    def test_another_kind_of_certificate(self) -> None:
        """An RSA key with the certificate of an elliptic one do not belong together."""
        other = make(ec.generate_private_key(ec.SECP256R1())).certificate

        assert "does not belong" in fault_of(other + PAIR.key)

    def test_ed25519(self) -> None:
        """Any other kind of key is refused likewise."""
        key = ed25519.Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

        assert "no RSA key" in fault_of(PAIR.certificate + key.decode())

    def test_expired(self) -> None:
        """A certificate that ended is told its day."""
        ends = (NOW - DAY).date().isoformat()

        assert f"ended on {ends}" in fault_of(make(starts=-2 * DAY, ends=-DAY).pem)

    def test_not_yet_valid(self) -> None:
        """A certificate of the future is told its day."""
        starts = (NOW + 2 * DAY).date().isoformat()

        assert f"not valid before {starts}" in fault_of(make(starts=2 * DAY).pem)

    @pytest.mark.parametrize("part", ["key", "certificate"])
    def test_damaged(self, part: str) -> None:
        """A block with a part missing is named."""
        whole = getattr(PAIR, part)
        broken = "\n".join(whole.splitlines()[:4] + whole.splitlines()[-1:])

        assert "cannot be read" in fault_of(PAIR.pem.replace(whole, broken + "\n"))

    @given(
        st.text()
        | st.builds(lambda at, text: PAIR.pem[:at] + text + PAIR.pem[at:], st.integers(0, 3000), st.text())
    )
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        """No text ends in another error than a sentence, which repeats nothing of it."""
        with contextlib.suppress(PemFault):
            assert read(text).thumbprint

    def test_sentences_repeat_nothing(self) -> None:
        """Neither the sentence nor its cause holds a line of what was entered."""
        try:
            read(PAIR.certificate + make(rsa_key(1)).key)
        except PemFault as fault:
            told = f"{fault!r} {fault.__cause__!r}"
        assert not any(line in told for line in PAIR.pem.splitlines() if len(line) > 40)


def test_a_certificate_is_found_by_its_key() -> None:
    """Of two certificates of one key the first stands."""
    later = certificate_of(rsa_key(0), ends=10 * DAY).public_bytes(serialization.Encoding.PEM).decode()

    assert read(later + PAIR.pem).ends_on == (NOW + 10 * DAY).date().isoformat()
