"""Client assertions: a JWT signed with an application's certificate, or the token of a federated identity.

"Microsoft identity platform application authentication certificate credentials"; "Configure an application
to trust a managed identity"; RFC 7523. Codes: the error reference that `entra_errors` names.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.types import Options

from local.azure.entra_errors import refuse
from local.azure.tokens import TokenExpiredError, TokenRefusedError
from local.azure.world import FederatedCredential

if TYPE_CHECKING:
    from local.azure.simulation import Simulation
    from local.azure.tokens import Claims
    from local.azure.wire import Answer
    from local.azure.world import Application

ALGORITHMS = ["RS256", "PS256"]
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def check_assertion(simulation: Simulation, application: Application, form: dict[str, str]) -> Answer | None:
    """Check the assertion of a token request.

    Takes the simulation, the application it speaks for and the form. Gives None, or the refusal.
    """
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        return refuse(900144, parameter="client_assertion_type")
    assertion = form["client_assertion"]
    try:
        claims = simulation.issuer.read(assertion)
    except TokenRefusedError:
        return _check_signed(simulation, application, assertion)
    except TokenExpiredError:
        return refuse(700024)
    return _check_federated(simulation, application, claims)


def _check_federated(simulation: Simulation, application: Application, claims: Claims) -> Answer | None:
    """Compare a managed identity's token with the federated credentials of an application."""
    identity = simulation.world.application(claims.oid, claims.tid)
    if identity is None or not identity.managed_identity:
        return refuse(700226)
    if claims.tid != (application.registered_in or application.tenant_id):
        return refuse(700236, issuer=claims.iss)
    trusted = application.federated
    if not trusted:
        return refuse(70021)
    if claims.iss not in {one.issuer for one in trusted}:
        return refuse(700211, issuer=claims.iss)
    if claims.oid not in {one.subject for one in trusted}:
        return refuse(700213, subject=claims.oid)
    presented = FederatedCredential(claims.iss, claims.oid, claims.aud)
    return None if presented in trusted else refuse(700212, audience=claims.aud)


def _check_signed(simulation: Simulation, application: Application, assertion: str) -> Answer | None:
    """Check what an application signed with its certificate (RFC 7523, section 3)."""
    try:
        thumbprint = _thumbprint(assertion)
        certificate = _registered(application, thumbprint)
        if certificate is None:
            return refuse(700027, thumbprint=thumbprint.hex().upper())
        claims = jwt.decode(
            assertion, _key(certificate), algorithms=ALGORITHMS, options=Options(verify_aud=False)
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        return refuse(700024)
    except jwt.InvalidSignatureError:
        return refuse(7000274)
    except jwt.InvalidTokenError:
        return refuse(50027)
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        return refuse(1000502)
    return _check_claims(simulation, application, claims)


def _check_claims(
    simulation: Simulation, application: Application, claims: dict[str, object]
) -> Answer | None:
    if not claims.get("jti") or "exp" not in claims:
        return refuse(50027)
    if {str(claims.get(name)).lower() for name in ("iss", "sub")} != {application.client_id}:
        return refuse(700021)
    base = f"{simulation.url}/{application.tenant_id}"
    audiences = {f"{base}/oauth2/v2.0/token", f"{base}/v2.0"}
    return (
        None
        if str(claims.get("aud")).lower() in audiences
        else refuse(700023, audience=str(claims.get("aud")))
    )


def _thumbprint(assertion: str) -> bytes:
    """Return the thumbprint of the certificate that an assertion's header names (`x5t#S256`)."""
    header = jwt.get_unverified_header(assertion)
    encoded = str(header.get("x5t#S256") or "")
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except binascii.Error as error:
        raise jwt.InvalidTokenError from error


def _registered(application: Application, thumbprint: bytes) -> x509.Certificate | None:
    for pem in application.certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        if thumbprint == certificate.fingerprint(hashes.SHA256()):
            return certificate
    return None


def _key(certificate: x509.Certificate) -> RSAPublicKey:
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise jwt.InvalidTokenError
    return key
