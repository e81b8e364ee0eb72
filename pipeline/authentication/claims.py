"""What an access token says of itself, unverified: for display and look-ups, never for a decision."""

import base64

import msgspec


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who a token speaks for, by its own words."""

    object_id: str | None = None
    client_id: str | None = None
    tenant_id: str | None = None


class _Claims(msgspec.Struct, frozen=True):
    """The claims of an access token that name who it speaks for (v1.0: appid, v2.0: azp) and who gave it."""

    oid: str | None = None
    appid: str | None = None
    azp: str | None = None
    tid: str | None = None
    iss: str | None = None


def principal_of(token: str) -> Principal:
    """Read whom a token speaks for, unverified; a token that is no JWT tells nothing."""
    claims = _claims_of(token)
    return Principal(object_id=claims.oid, client_id=claims.appid or claims.azp, tenant_id=claims.tid)


def issuer_of(token: str) -> str | None:
    """Read who gave a token, unverified; None for a token that is no JWT."""
    return _claims_of(token).iss


def _claims_of(token: str) -> _Claims:
    parts = token.split(".")
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(payload, type=_Claims)
    except (IndexError, ValueError, msgspec.DecodeError):
        return _Claims()
