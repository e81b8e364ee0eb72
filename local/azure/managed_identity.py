"""The managed identity endpoint of App Service: `/msi/token`, which serves the connector's own identities.

"How to use managed identities for App Service and Azure Functions", REST endpoint reference. In Azure it is
plain http on the machine that runs the app.
"""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING

from local.azure.entra import ROUTES
from local.azure.wire import Answer, json_answer

if TYPE_CHECKING:
    from local.azure.entra import EntraCall
    from local.azure.world import Application, World

PATH = "/msi/token"


@ROUTES.add("GET", PATH, None)
def managed_identity_token(call: EntraCall) -> Answer:
    """Issue a token to a managed identity of the connector (App Service, api-version 2019-08-01)."""
    simulation, query = call.simulation, call.request.query
    given = call.request.headers.get("X-IDENTITY-HEADER", "")
    if not hmac.compare_digest(given, simulation.identity_header):
        return _refuse(401, "Invalid X-IDENTITY-HEADER")
    if query.get("api-version") != "2019-08-01":
        return _refuse(400, "Unsupported api-version")
    identity = _assigned(simulation.world, query.get("client_id"))
    if identity is None:
        return _refuse(
            400, "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId."
        )
    audience = simulation.issuer.audience_of((query.get("resource") or "").removesuffix("/.default"))
    if audience is None:
        return _refuse(400, "The resource principal was not found")
    call.principal = identity.client_id
    token = simulation.issuer.issue(
        tenant_id=identity.tenant_id,
        client_id=identity.client_id,
        object_id=identity.object_id,
        audience=audience,
    )
    return json_answer(
        {
            "access_token": token,
            "client_id": identity.client_id,
            "expires_on": str(int(time.time()) + simulation.issuer.lifetime_s),
            "resource": query.get("resource"),
            "token_type": "Bearer",
        }
    )


def _assigned(world: World, client_id: str | None) -> Application | None:
    """Find an identity that the Function App has; the first one answers to whoever names none."""
    wanted = (client_id or world.identity.client_id).lower()
    found = world.application(wanted)
    if found is None or found.client_id != wanted:
        return None
    return found if found.managed_identity and found.assigned else None


def _refuse(status: int, message: str) -> Answer:
    return json_answer({"statusCode": status, "message": message}, status)
