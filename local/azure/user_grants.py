"""The token endpoint for people: the authorization code grant with PKCE, and the refresh token grant.

"Microsoft identity platform and OAuth 2.0 authorization code flow"; "Refresh tokens in the Microsoft identity
platform"; RFC 7636 (PKCE). Codes: the error reference that `entra_errors` names.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from local.azure.entra_errors import refuse
from local.azure.people import RefreshGrant
from local.azure.signing_keys import base64url
from local.azure.tokens import ARM
from local.azure.wire import Answer, json_answer

if TYPE_CHECKING:
    from local.azure.people import People, User
    from local.azure.simulation import Simulation

SCOPES_OF_OIDC = frozenset({"openid", "profile", "offline_access", "email"})
SEVERAL_TENANTS = frozenset({"common", "organizations"})

type Form = dict[str, str]
type Grant = Callable[["Simulation", Form], Answer]


def challenge_of(verifier: str) -> str:
    """Give the S256 challenge of a code verifier (RFC 7636, 4.2)."""
    return base64url(hashlib.sha256(verifier.encode()).digest())


def resource_of(scope: str) -> str:
    """Give the resource that a scope names: `https://management.azure.com` of `.../user_impersonation`."""
    return next((one for one in scope.split() if one not in SCOPES_OF_OIDC), "").rpartition("/")[0]


def answer_for_people(simulation: Simulation, tenant: str, form: Form) -> Answer | None:
    """Answer a token request for a person; None for one of an application."""
    grant = GRANTS.get(form.get("grant_type", ""))
    if grant is None:
        return None
    if tenant not in SEVERAL_TENANTS and simulation.world.tenant(tenant) is None:
        return refuse(90002, tenant=tenant)
    return _check_application(simulation.people, form) or grant(simulation, form)


def _check_application(people: People, form: Form) -> Answer | None:
    application = people.application
    if form.get("client_id", "").lower() != application.client_id:
        return refuse(700016, app=form.get("client_id", ""), directory="common")
    if not hmac.compare_digest(application.secret.encode(), form.get("client_secret", "").encode()):
        return refuse(7000215, app=application.client_id)
    return None


def _redeem_code(simulation: Simulation, form: Form) -> Answer:
    people = simulation.people
    if form.get("code") in people.spent_codes:
        return refuse(54005)
    grant = people.take_code(form.get("code", ""))
    if grant is None:
        return refuse(70008)
    if grant.redirect_url != form.get("redirect_uri"):
        return refuse(500112)
    if not hmac.compare_digest(grant.challenge, challenge_of(form.get("code_verifier", ""))):
        return refuse(501481)
    if code := grant.user.refusals.get("redeem"):
        return refuse(code, app=grant.client_id, name="sign-in", user=grant.user.name)
    nonce = people.nonce or grant.nonce
    fresh = RefreshGrant(user=grant.user, client_id=grant.client_id, family=form["code"])
    return _tokens(simulation, fresh, " ".join(sorted(grant.scopes)), nonce)


def _refresh(simulation: Simulation, form: Form) -> Answer:
    people = simulation.people
    grant = people.refresh_tokens.get(form.get("refresh_token", ""))
    if grant is None:
        return refuse(50173)
    if code := grant.user.refusals.get("refresh"):
        return refuse(code, app=grant.client_id, name="sign-in", user=grant.user.name)
    return _tokens(simulation, replace(grant, number=grant.number + 1), form.get("scope", ""), None)


GRANTS: dict[str, Grant] = {"authorization_code": _redeem_code, "refresh_token": _refresh}


def _tokens(simulation: Simulation, grant: RefreshGrant, scope: str, nonce: str | None) -> Answer:
    resource, user = resource_of(scope), grant.user
    audience = simulation.issuer.audience_of(resource)
    if audience is None:
        return refuse(500011, resource=resource, directory=user.tenant_id)
    if audience != ARM:  # people consent to what the application asked for, and it asked for nothing else
        return refuse(65001, app=grant.client_id, name="sign-in")
    people = simulation.people
    body: dict[str, object] = {
        "token_type": "Bearer",
        "scope": f"{resource}/user_impersonation {resource}/.default",
        "expires_in": simulation.issuer.lifetime_s,
        "ext_expires_in": simulation.issuer.lifetime_s,
        "access_token": _access_token(simulation, grant, audience),
        "id_token": _id_token(simulation, user, grant.client_id, nonce),
        "client_info": base64url(msgspec.json.encode({"uid": user.object_id, "utid": user.tenant_id})),
    }
    if "offline_access" in scope.split():
        body["refresh_token"] = people.give_refresh_token(grant)
    return json_answer(body, headers={"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})


def _access_token(simulation: Simulation, grant: RefreshGrant, audience: str) -> str:
    user = grant.user
    person = {"idtyp": "user", "scp": "user_impersonation", "upn": f"{user.name}@onmicrosoft.example"}
    return simulation.issuer.issue(
        tenant_id=user.tenant_id,
        client_id=grant.client_id,
        object_id=user.object_id,
        audience=audience,
        more=person,
    )


def _id_token(simulation: Simulation, user: User, client_id: str, nonce: str | None) -> str:
    """Sign an id token ("ID token claims reference", v2.0)."""
    now = int(time.time())
    claims: dict[str, object] = {
        "aud": simulation.people.audience or client_id,
        "iss": f"{simulation.url}/{user.tenant_id}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + simulation.issuer.lifetime_s,
        "name": user.name,
        "oid": user.object_id,
        "sub": base64.urlsafe_b64encode(user.object_id.encode()).decode(),
        "tid": user.tenant_id,
        "ver": "2.0",
        **({"nonce": nonce} if nonce else {}),
    }
    return simulation.issuer.keys.newest.sign(claims)
