"""Microsoft Entra's sign-in page: signs a person in without asking, and sends the browser back.

The person is the one that `login_hint` names, else the first. "Microsoft identity platform and OAuth 2.0
authorization code flow", Request an authorization code.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from local.azure.entra import ROUTES, EntraCall
from local.azure.entra_errors import REFUSALS, refuse
from local.azure.people import CODE_LIFE_S, CodeGrant, settle
from local.azure.wire import Answer

if TYPE_CHECKING:
    from local.azure.people import User

DECLINED = 65004
OUTSIDE = {DECLINED: "access_denied", 50105: "interaction_required", 90094: "consent_required"}
"""What `error` says here of codes that the token endpoint never answers with."""


@ROUTES.add("GET", "/{tenant}/oauth2/v2.0/authorize", None)
def authorize(call: EntraCall) -> Answer:
    """Sign a person in, or send the browser back with the refusal that is set."""
    query, people = call.request.query, call.simulation.people
    application = people.application
    if (query.get("client_id") or "").lower() != application.client_id:
        return refuse(700016, app=query.get("client_id") or "", directory=call.parameters["tenant"])
    if query.get("redirect_uri") not in application.redirect_urls:
        return refuse(50011)  # shown, never sent to an address that nobody registered
    if query.get("code_challenge_method") != "S256" or query.get("response_type") != "code":
        return refuse(900144, parameter="code_challenge_method")
    user = people.user(query.get("login_hint") or "") or people.users[0]
    call.principal = user.object_id
    if code := user.refusals.get("authorize"):
        return _back(call, _refusal(code, user))
    settle(call.simulation.world, user)
    return _back(call, {"code": _code(call, user), "session_state": str(uuid.uuid4())})


def _code(call: EntraCall, user: User) -> str:
    query = call.request.query
    grant = CodeGrant(
        user=user,
        client_id=call.simulation.people.application.client_id,
        redirect_url=query.get("redirect_uri") or "",
        scopes=frozenset((query.get("scope") or "").split()),
        nonce=query.get("nonce") or "",
        challenge=query.get("code_challenge") or "",
        expires_at=time.time() + CODE_LIFE_S,
    )
    return call.simulation.people.give_code(grant)


def _refusal(code: int, user: User) -> dict[str, str]:
    refusal = REFUSALS[code]
    text = refusal.text.format(app="sign-in", name="sign-in", user=user.name)
    error = OUTSIDE.get(code, refusal.error)
    return {"error": error, "error_description": f"AADSTS{code}: {text}", "error_subcode": "cancel"}


def _back(call: EntraCall, found: dict[str, str]) -> Answer:
    query = call.request.query
    answer = urlencode({**found, "state": query.get("state") or ""})
    return Answer(302, headers={"Location": f"{query.get('redirect_uri')}?{answer}"})
