"""Microsoft Entra: the v2.0 token endpoint and discovery.

"OAuth 2.0 client credentials flow on the Microsoft identity platform".
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from local.azure.assertions import check_assertion
from local.azure.entra_errors import refuse
from local.azure.routing import RouteTable
from local.azure.user_grants import SEVERAL_TENANTS, answer_for_people
from local.azure.wire import Answer, json_answer

if TYPE_CHECKING:
    from local.azure.simulation import Simulation
    from local.azure.wire import Request
    from local.azure.world import Application, Tenant


@dataclass(slots=True)
class EntraCall:
    """One request to Entra. The handler notes who asked, for the request log."""

    simulation: Simulation
    request: Request
    parameters: dict[str, str]
    principal: str | None = None


type Handler = Callable[[EntraCall], Answer]
type CredentialCheck = Callable[["Simulation", "Application", dict[str, str]], Answer | None]

ROUTES: RouteTable[Handler, None] = RouteTable()


def answer(call: EntraCall) -> Answer | None:
    """Answer a request to Entra; None when the path is not Entra's."""
    found = ROUTES.find(call.request.method, call.request.path)
    if found is None:
        return None
    route, call.parameters = found
    return route.handler(call)


@ROUTES.add("POST", "/{tenant}/oauth2/v2.0/token", None)
def token(call: EntraCall) -> Answer:
    """Issue an access token for client credentials, or refuse as Entra does."""
    form = dict(parse_qsl(call.request.body.decode(errors="replace"), keep_blank_values=True))
    call.principal = form.get("client_id")
    if found := answer_for_people(call.simulation, call.parameters["tenant"].lower(), form):
        return found
    tenant = call.simulation.world.tenant(call.parameters["tenant"])
    if tenant is None:
        return refuse(90002, tenant=call.parameters["tenant"])
    for parameter in ("grant_type", "client_id", "scope"):
        if not form.get(parameter):
            return refuse(900144, parameter=parameter)
    if form["grant_type"] != "client_credentials":
        return refuse(70003, grant=form["grant_type"])
    return _client_credentials(call.simulation, tenant, form)


def _client_credentials(simulation: Simulation, tenant: Tenant, form: dict[str, str]) -> Answer:
    application = simulation.world.application(form["client_id"], tenant.tenant_id)
    if application is None or application.client_id != form["client_id"].lower():
        return refuse(700016, app=form["client_id"], directory=tenant.name)
    refused = _check_credential(simulation, application, form) or _check_standing(application)
    if refused:
        return refused
    resource = form["scope"].removesuffix("/.default")
    if api := simulation.world.api(resource):
        return _token_answer(simulation, simulation.issuer.issue_for_api(api, application, simulation.url))
    audience = simulation.issuer.audience_of(resource)
    if audience is None:
        return refuse(500011, resource=resource, directory=tenant.name)
    return _token_answer(simulation, _issue(simulation, application, audience))


def _token_answer(simulation: Simulation, token: str) -> Answer:
    return json_answer(
        {
            "token_type": "Bearer",
            "expires_in": simulation.issuer.lifetime_s,
            "ext_expires_in": simulation.issuer.lifetime_s,
            "access_token": token,
        }
    )


def _issue(simulation: Simulation, application: Application, audience: str) -> str:
    return simulation.issuer.issue(
        tenant_id=application.tenant_id,
        client_id=application.client_id,
        object_id=application.object_id,
        audience=audience,
    )


def _check_secret(simulation: Simulation, application: Application, form: dict[str, str]) -> Answer | None:
    """Compare a secret; the secret's id is as wrong as any other value."""
    del simulation
    for secret in application.secrets:
        if hmac.compare_digest(secret.value.encode(), form["client_secret"].encode()):
            return refuse(7000222, app=application.client_id) if secret.expired else None
    return refuse(7000215, app=application.client_id)


# A further kind of credential is one more line here: the form field that carries it, and its check.
CREDENTIALS: dict[str, CredentialCheck] = {
    "client_secret": _check_secret,
    "client_assertion": check_assertion,
}


def _check_credential(
    simulation: Simulation, application: Application, form: dict[str, str]
) -> Answer | None:
    for name, check in CREDENTIALS.items():
        if name in form:
            return check(simulation, application, form)
    return refuse(7000216)


def _check_standing(application: Application) -> Answer | None:
    if not application.enabled:
        return refuse(7000112, app=application.client_id, name=application.name)
    if application.blocked:
        return refuse(53003)
    if not application.consented:
        return refuse(65001, app=application.client_id, name=application.name)
    return None


@ROUTES.add("GET", "/{tenant}/v2.0/.well-known/openid-configuration", None)
def discovery(call: EntraCall) -> Answer:
    """Describe the endpoints of a tenant, or of all that `common` stands for."""
    named = call.parameters["tenant"].lower()
    tenant = call.simulation.world.tenant(named)
    if tenant is None and named not in SEVERAL_TENANTS:
        return refuse(90002, tenant=call.parameters["tenant"])
    base = f"{call.simulation.url}/{tenant.tenant_id if tenant else named}"
    issuer = f"{call.simulation.url}/{tenant.tenant_id if tenant else '{tenantid}'}/v2.0"
    return json_answer(
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "issuer": issuer,
            "response_types_supported": ["code", "id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "subject_types_supported": ["pairwise"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        }
    )


@ROUTES.add("GET", "/{tenant}/discovery/v2.0/keys", None)
def keys(call: EntraCall) -> Answer:
    """Serve the keys that tokens are signed with."""
    tenant = call.simulation.world.tenant(call.parameters["tenant"])
    if tenant is None:
        return refuse(90002, tenant=call.parameters["tenant"])
    return json_answer(call.simulation.issuer.keys.document(f"{call.simulation.url}/{tenant.tenant_id}/v2.0"))
