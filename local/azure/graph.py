"""Microsoft Graph v1.0: application permissions, licences, `$select`, pages by `@odata.nextLink`.

What a tenant holds is in the estate of its first subscription that has one, under `/v1.0/...`; a tenant
without any is answered for with the examples of Microsoft's reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.azure.official import find_official
from local.azure.paging import BadSkipTokenError, next_link, page, start_of
from local.azure.tokens import GRAPH, Claims, TokenExpiredError, TokenRefusedError
from local.azure.wire import json_answer

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.simulation import Simulation
    from local.azure.wire import Answer, JsonObject, Request
    from local.azure.world import ClientSecret, Tenant

ROOT = "/v1.0/"
LARGEST_PAGE = 999
SIGN_IN_PAGE = 120
USER_DEFAULTS = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
]
"""What a user has without `$select` (Microsoft Graph, "List users")."""

PERMISSIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"users(/.*)?", ("User.Read.All", "Directory.Read.All")),
    (r"groups(/.*)?", ("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")),
    (r"(applications|servicePrincipals)([/(].*)?", ("Application.Read.All", "Directory.Read.All")),
    (r"roleManagement/directory/.*", ("RoleManagement.Read.Directory", "Directory.Read.All")),
    (r"policies/deviceRegistrationPolicy", ("Policy.Read.DeviceConfiguration",)),
    (r"policies/.*|identity/conditionalAccess/.*", ("Policy.Read.All",)),
    (r"reports/authenticationMethods/.*", ("AuditLog.Read.All",)),
    (r"groupSettings", ("GroupSettings.Read.All", "Directory.Read.All")),
    (r"identityGovernance/accessReviews/.*", ("AccessReview.Read.All",)),
    (r"organization(/.*)?", ("Organization.Read.All", "Directory.Read.All")),
)
"""Application permissions of which one suffices, by path (Microsoft Graph permissions reference)."""

LICENSED = re.compile(r"reports/authenticationMethods/.*|identityGovernance/.*", re.IGNORECASE)
SCHEDULES = re.compile(r"roleManagement/directory/role(Assignment|Eligibility)Schedule.*", re.IGNORECASE)
BY_CLIENT_ID = re.compile(r"applications\(appId='([^']*)'\)", re.IGNORECASE)
EQUALS = re.compile(r"(\w+) eq '([^']*)'")


@dataclass(frozen=True, slots=True)
class GraphCall:
    """One authenticated request."""

    simulation: Simulation
    request: Request
    caller: Claims

    @property
    def below(self) -> str:
        """The path below the version."""
        return self.request.path.rstrip("/")[len(ROOT) :]

    @property
    def selected(self) -> list[str]:
        """The members asked for with `$select`."""
        return [name for name in (self.request.query.get("$select") or "").split(",") if name]

    @property
    def tenant(self) -> Tenant | None:
        """The tenant of the token."""
        return self.simulation.world.tenant(self.caller.tid)

    @property
    def estate(self) -> Estate | None:
        """Where what the tenant holds is written down."""
        here = (one.estate for one in self.simulation.world.subscriptions if one.tenant_id == self.caller.tid)
        return next((one for one in here if one is not None and f"{ROOT}users" in one.lists), None)


def holds(path: str) -> bool:
    """Tell whether a path is one of Graph's."""
    return path.lower().startswith(ROOT)


def error(status: int, code: str, message: str) -> Answer:
    """Answer with an error in the shape of Graph."""
    return json_answer({"error": {"code": code, "message": message}}, status)


def authenticate(simulation: Simulation, request: Request) -> Claims | Answer:
    """Read the caller's token; gives its claims, or the 401 that refuses it."""
    code = "InvalidAuthenticationToken"
    if request.bearer is None:
        return error(401, code, "Access token is empty.")
    try:
        claims = simulation.issuer.read(request.bearer)
    except TokenExpiredError:
        return error(401, code, "Lifetime validation failed, the token is expired.")
    except TokenRefusedError:
        return error(401, code, "CompactToken parsing failed with error code: 80049217")
    wrong = error(401, code, "Access token validation failure. Invalid audience.")
    return claims if claims.aud == GRAPH else wrong


def answer(simulation: Simulation, request: Request, caller: Claims) -> Answer:
    """Answer an authenticated request, errors included."""
    call = GraphCall(simulation, request, caller)
    if request.method != "GET":
        return error(
            405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."
        )
    return _denied(call) or _unlicensed(call) or _found(call)


def _denied(call: GraphCall) -> Answer | None:
    """Refuse what the application has no permission for, in Graph's own words."""
    application = call.simulation.world.application(call.caller.appid)
    granted = application.graph_permissions if application else frozenset()
    needed = [allowed for pattern, allowed in PERMISSIONS if re.fullmatch(pattern, call.below, re.IGNORECASE)]
    wanted = needed[:1]
    if "signInActivity" in call.selected:
        wanted = [*wanted, ("AuditLog.Read.All",)]
    if wanted and all(granted & set(allowed) for allowed in wanted):
        return None
    return error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _unlicensed(call: GraphCall) -> Answer | None:
    """Refuse what the tenant has no licence for."""
    if call.tenant is None or call.tenant.premium:
        return None
    if SCHEDULES.fullmatch(call.below):
        return error(
            400, "AadPremiumLicenseRequired", "The tenant needs to have Microsoft Entra ID P2 license."
        )
    if LICENSED.fullmatch(call.below) or "signInActivity" in call.selected:
        code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
        message = "Neither tenant is B2C or tenant doesn't have premium license"
        return error(403, code, message)
    return None


def _found(call: GraphCall) -> Answer:
    path, estate = call.request.path.lower().rstrip("/"), call.estate
    rows = _rows(call, path)
    if rows is not None:
        return _list(call, rows)
    if estate and path in estate.objects:
        return json_answer(_chosen(call, estate.objects[path]))
    parent, _, name = path.rpartition("/")
    for row in _rows(call, parent) or ():
        if str(row.get("id")).lower() == name:
            return json_answer(_chosen(call, row))
    if registered := _registered(call):
        return json_answer(_chosen(call, registered))
    official = None if estate else find_official(f"{GRAPH}{call.request.path}", "v1.0")
    if official:
        return json_answer(official.body)
    message = (
        f"Resource '{name}' does not exist or one of its queried reference-property objects are not present."
    )
    return error(404, "Request_ResourceNotFound", message)


def _registered(call: GraphCall) -> JsonObject | None:
    """Give a simulated application by its client id, where it is registered in the caller's tenant."""
    asked = BY_CLIENT_ID.fullmatch(call.below)
    for one in call.simulation.world.applications if asked else ():
        home = (one.registered_in or one.tenant_id) == call.caller.tid
        if asked and home and one.client_id == asked[1].lower() and not one.managed_identity:
            return {
                "id": one.object_id,
                "appId": one.client_id,
                "displayName": one.name,
                "passwordCredentials": [_password(secret) for secret in one.secrets],
            }
    return None


def _password(secret: ClientSecret) -> JsonObject:
    """Show a secret as Graph lists it: never its value, only its first three characters."""
    ends = secret.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"keyId": secret.secret_id, "hint": secret.value[:3], "endDateTime": ends, "secretText": None}


def _rows(call: GraphCall, path: str) -> list[JsonObject] | None:
    """Give the rows of a list; the service principals are also those of the simulated applications."""
    listed = call.estate.lists.get(path) if call.estate else None
    if path != f"{ROOT}serviceprincipals":
        return listed.rows if listed else None
    principals: list[JsonObject] = [
        {"id": one.object_id, "appId": one.client_id, "accountEnabled": one.enabled, "displayName": one.name}
        for one in call.simulation.world.applications
        if one.tenant_id == call.caller.tid
    ]
    return [*(listed.rows if listed else ()), *principals]


def _list(call: GraphCall, rows: list[JsonObject]) -> Answer:
    query = call.request.query
    try:
        start = start_of(query)
    except BadSkipTokenError:
        return error(400, "Request_BadRequest", "The skip token is not valid.")
    kept = [row for row in rows if all(_text(row, name) == text for name, text in _filters(call))]
    largest = SIGN_IN_PAGE if "signInActivity" in call.selected else LARGEST_PAGE
    asked = int(query.get("$top") or call.simulation.pages.default)
    some, following = page(kept, start, min(asked, largest, call.simulation.pages.default))
    body: JsonObject = {
        "@odata.context": f"{GRAPH}/v1.0/$metadata#{call.below}",
        "value": [_chosen(call, row) for row in some],
    }
    if following is not None:
        body["@odata.nextLink"] = next_link(call.simulation.url, call.request.path, query, following)
    return json_answer(body)


def _filters(call: GraphCall) -> list[tuple[str, str]]:
    return EQUALS.findall(call.request.query.get("$filter") or "")


def _text(row: JsonObject, name: str) -> str:
    return str(row.get(name))


def _chosen(call: GraphCall, row: JsonObject) -> JsonObject:
    """Give the members that `$select` names, or those that Graph gives by itself."""
    wanted = call.selected
    if not wanted and call.below.lower().partition("/")[0] == "users":
        wanted = USER_DEFAULTS
    return (
        {name: value for name, value in row.items() if name in {"id", "@odata.type", *wanted}}
        if wanted
        else row
    )
