"""Client assertions: a JWT signed with an application's certificate, or the token of a federated identity.

"Microsoft identity platform application authentication certificate credentials"; "Configure an application
to trust a managed identity". Codes: the error reference that `entra_errors` names.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.types import Options

from local.azure.entra_errors import refuse
from local.azure.tokens import EXCHANGE, TokenExpiredError, TokenRefusedError

if TYPE_CHECKING:
    from local.azure.simulation import Simulation
    from local.azure.wire import Answer
    from local.azure.world import Application

ALGORITHMS = ["RS256", "PS256"]


def check_assertion(simulation: Simulation, application: Application, form: dict[str, str]) -> Answer | None:
    """Check the assertion of a token request.

    Takes the simulation, the application it speaks for and the form. Gives None, or the refusal.
    """
    assertion = form["client_assertion"]
    try:
        claims = simulation.issuer.read(assertion)
    except TokenRefusedError:
        return _check_signature(application, assertion)
    except TokenExpiredError:
        return refuse(700024)
    if claims.aud == EXCHANGE and claims.oid in application.federated_subjects:
        return None
    return refuse(700213, subject=claims.oid)


def _check_signature(application: Application, assertion: str) -> Answer | None:
    try:
        thumbprint = _thumbprint(assertion)
        key = _registered_key(application, thumbprint)
    except jwt.InvalidTokenError:
        return refuse(50027)
    if key is None:
        return refuse(700027, thumbprint=thumbprint.hex().upper())
    try:
        claims = jwt.decode(assertion, key, algorithms=ALGORITHMS, options=Options(verify_aud=False))
    except jwt.ExpiredSignatureError:
        return refuse(700024)
    except jwt.InvalidTokenError:
        return refuse(50027)
    speaker = str(claims.get("iss")).lower()
    known = speaker == application.client_id and application.tenant_id in str(claims.get("aud")).lower()
    return None if known else refuse(50027)


def _thumbprint(assertion: str) -> bytes:
    """Return the thumbprint of the certificate that an assertion's header names (`x5t#S256`)."""
    header = jwt.get_unverified_header(assertion)
    encoded = str(header.get("x5t#S256") or "")
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except binascii.Error as error:
        raise jwt.InvalidTokenError from error


def _registered_key(application: Application, thumbprint: bytes) -> RSAPublicKey | None:
    for pem in application.certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        key = certificate.public_key()
        if thumbprint == certificate.fingerprint(hashes.SHA256()) and isinstance(key, RSAPublicKey):
            return key
    return None
