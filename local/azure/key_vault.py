"""The Key Vault secrets data plane (Key Vault REST API 7.4 and later), as azure-keyvault-secrets calls it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from local.azure import key_vault_bodies as bodies
from local.azure.paging import BadSkipTokenError, next_link, page, start_of
from local.azure.routing import RouteTable
from local.azure.tokens import VAULT, Claims, TokenExpiredError, TokenRefusedError
from local.azure.vault import RecoveryLevel
from local.azure.wire import Answer, json_answer

if TYPE_CHECKING:
    from local.azure.simulation import Simulation
    from local.azure.vault import Secret, SecretVersion, Vault
    from local.azure.wire import Request, Rows

NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
API_VERSION = re.compile(r"7\.[0-6](-preview\.\d)?|20\d\d-\d\d-\d\d(-preview)?")
LARGEST_VALUE = 25_600


@dataclass(slots=True)
class VaultCall:
    """One request to the vault."""

    simulation: Simulation
    request: Request
    parameters: dict[str, str]
    principal: str | None = None

    @property
    def vault(self) -> Vault:
        """The vault."""
        return self.simulation.vault

    @property
    def name(self) -> str:
        """The secret's name in the path."""
        return self.parameters["name"]


type Handler = Callable[[VaultCall], Answer]

ROUTES: RouteTable[Handler, None] = RouteTable()
SECRET, DELETED = "/secrets/{name}", "/deletedsecrets/{name}"


def answer(call: VaultCall) -> Answer | None:
    """Answer a request to the vault; None when the path is not the vault's."""
    top = call.request.path.split("/", 2)[1].lower()
    if top not in {"secrets", "deletedsecrets"}:
        return None
    refused = _refuse(call)
    if refused:
        return refused
    found = ROUTES.find(call.request.method, call.request.path)
    if found is None:
        return bodies.error(405, "MethodNotAllowed", f"{call.request.method} is not allowed here.")
    route, call.parameters = found
    return route.handler(call)


def _refuse(call: VaultCall) -> Answer | None:
    claims = _claims(call)
    if claims is None:
        return bodies.challenge(call.simulation.url, call.simulation.world.identity.tenant_id)
    call.principal = claims.appid
    if claims.oid not in call.vault.owners:
        return bodies.forbidden(claims.appid, claims.oid)
    if not API_VERSION.fullmatch(call.request.query.get("api-version") or ""):
        return bodies.error(400, "BadParameter", "api-version must be specified and known")
    return None


def _claims(call: VaultCall) -> Claims | None:
    if call.request.bearer is None:
        return None
    try:
        claims = call.simulation.issuer.read(call.request.bearer)
    except (TokenExpiredError, TokenRefusedError):
        return None
    return claims if claims.aud == VAULT else None


class Attributes(msgspec.Struct):
    """The attributes a client may set."""

    enabled: bool | None = None
    exp: int | None = None
    nbf: int | None = None


class SecretChange(msgspec.Struct, rename="camel"):
    """The body of set (with a value) and update (without one)."""

    value: str | None = None
    content_type: str | None = None
    tags: dict[str, str] | None = None
    attributes: Attributes = msgspec.field(default_factory=Attributes)


def _apply(change: SecretChange, version: SecretVersion) -> None:
    given = change.attributes
    version.enabled = version.enabled if given.enabled is None else given.enabled
    version.expires = given.exp or version.expires
    version.not_before = given.nbf or version.not_before
    version.content_type = change.content_type or version.content_type
    version.tags = version.tags if change.tags is None else change.tags
    version.updated = int(time.time())


def _decode(call: VaultCall) -> SecretChange | None:
    try:
        return msgspec.json.decode(call.request.body, type=SecretChange)
    except msgspec.DecodeError:
        return None


@ROUTES.add("PUT", SECRET, None)
def set_secret(call: VaultCall) -> Answer:
    """Add a version; a name whose secret is soft-deleted cannot be used."""
    change = _decode(call)
    if change is None or change.value is None or len(change.value) > LARGEST_VALUE:
        return bodies.error(400, "BadParameter", "Property  has invalid value\r\n")
    if not NAME.fullmatch(call.name):
        return bodies.error(400, "BadParameter", f"The request URI contains an invalid name: {call.name}")
    if call.vault.find_deleted(call.name):
        return bodies.deleted_but_recoverable(call.name)
    secret, version = call.vault.add_version(call.name, change.value)
    _apply(change, version)
    return json_answer(bodies.bundle(call.simulation, secret, version))


@ROUTES.add("GET", SECRET, None)
@ROUTES.add("GET", SECRET + "/{version}", None)
def get_secret(call: VaultCall) -> Answer:
    """Read a version, the newest without one; a disabled one is refused."""
    if call.parameters.get("version", "").lower() == "versions":
        return list_versions(call)
    found = _find(call)
    if isinstance(found, Answer):
        return found
    secret, version = found
    if not version.enabled:
        return bodies.disabled()
    return json_answer(bodies.bundle(call.simulation, secret, version))


def _find(call: VaultCall) -> tuple[Secret, SecretVersion] | Answer:
    secret = call.vault.find(call.name)
    version = secret.version(call.parameters.get("version", "")) if secret else None
    if secret is None or version is None:
        return bodies.secret_not_found(call.name)
    return secret, version


@ROUTES.add("PATCH", SECRET, None)
@ROUTES.add("PATCH", SECRET + "/{version}", None)
def update_secret(call: VaultCall) -> Answer:
    """Change attributes, tags or content type of a version."""
    change, found = _decode(call), _find(call)
    if isinstance(found, Answer):
        return found
    if change is None:
        return bodies.error(400, "BadParameter", "Property  has invalid value\r\n")
    secret, version = found
    _apply(change, version)
    return json_answer(bodies.bundle(call.simulation, secret, version, with_value=False))


@ROUTES.add("DELETE", SECRET, None)
def delete_secret(call: VaultCall) -> Answer:
    """Soft-delete a secret."""
    secret = call.vault.find(call.name)
    if secret is None:
        return bodies.secret_not_found(call.name)
    call.vault.delete(secret)
    return json_answer(bodies.deleted_bundle(call.simulation, secret))


@ROUTES.add("GET", "/secrets", None)
def list_secrets(call: VaultCall) -> Answer:
    """List secrets without their values."""
    secrets = sorted(call.vault.secrets.values(), key=lambda secret: secret.name)
    return _page(call, [bodies.item(call.simulation, secret, secret.newest) for secret in secrets])


def list_versions(call: VaultCall) -> Answer:
    """List the versions of a secret without their values."""
    secret = call.vault.find(call.name)
    versions = secret.versions if secret else []
    rows = [bodies.item(call.simulation, secret, version, versioned=True) for version in versions if secret]
    return _page(call, rows)


@ROUTES.add("GET", "/deletedsecrets", None)
def list_deleted(call: VaultCall) -> Answer:
    """List deleted secrets."""
    return _page(
        call, [bodies.deleted_item(call.simulation, secret) for secret in call.vault.deleted.values()]
    )


@ROUTES.add("GET", DELETED, None)
def get_deleted(call: VaultCall) -> Answer:
    """Read a deleted secret, without its value."""
    secret = call.vault.find_deleted(call.name)
    if secret is None:
        return bodies.secret_not_found(call.name)
    return json_answer(bodies.deleted_bundle(call.simulation, secret))


@ROUTES.add("DELETE", DELETED, None)
def purge(call: VaultCall) -> Answer:
    """Remove a deleted secret for good, where the vault allows it."""
    secret = call.vault.find_deleted(call.name)
    if secret is None:
        return bodies.secret_not_found(call.name)
    if call.vault.recovery_level is not RecoveryLevel.PURGEABLE:
        return bodies.purge_protected()
    call.vault.purge(secret)
    return Answer(204)


@ROUTES.add("POST", DELETED + "/recover", None)
def recover(call: VaultCall) -> Answer:
    """Undo a soft delete."""
    secret = call.vault.find_deleted(call.name)
    if secret is None:
        return bodies.secret_not_found(call.name)
    call.vault.recover(secret)
    return json_answer(bodies.bundle(call.simulation, secret, secret.newest, with_value=False))


def _page(call: VaultCall, rows: Rows) -> Answer:
    """Answer with one page; `maxresults` asks for at most 25 (Key Vault REST API, Get Secrets)."""
    wanted = call.request.query.get("maxresults") or "25"
    try:
        start = start_of(call.request.query)
    except BadSkipTokenError:
        return bodies.error(400, "BadParameter", "The skip token is not valid.")
    size = min(int(wanted), 25) if wanted.isdecimal() and int(wanted) else 25
    shown, following = page(rows, start, size)
    link = None
    if following is not None:
        link = next_link(call.simulation.url, call.request.path, call.request.query, following)
    return json_answer({"value": shown, "nextLink": link})
