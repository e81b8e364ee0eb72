"""Bodies of the Key Vault secrets data plane: bundles, items and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.tokens import VAULT
from local.azure.vault import DAY_S
from local.azure.wire import Answer, json_answer

if TYPE_CHECKING:
    from local.azure.simulation import Simulation
    from local.azure.vault import Secret, SecretVersion
    from local.azure.wire import JsonObject


def _attributes(simulation: Simulation, version: SecretVersion) -> JsonObject:
    times: JsonObject = {"created": version.created, "updated": version.updated}
    if version.not_before is not None:
        times["nbf"] = version.not_before
    if version.expires is not None:
        times["exp"] = version.expires
    vault = simulation.vault
    recovery: JsonObject = {
        "recoveryLevel": vault.recovery_level.value,
        "recoverableDays": vault.retention_days,
    }
    return {"enabled": version.enabled, **times, **recovery}


def item(
    simulation: Simulation, secret: Secret, version: SecretVersion, *, versioned: bool = False
) -> JsonObject:
    """Describe a version without its value, as lists do."""
    suffix = f"/{version.version}" if versioned else ""
    described: JsonObject = {
        "id": f"{simulation.url}/secrets/{secret.name}{suffix}",
        "attributes": _attributes(simulation, version),
        "tags": version.tags,
    }
    return described | ({"contentType": version.content_type} if version.content_type else {})


def bundle(
    simulation: Simulation, secret: Secret, version: SecretVersion, *, with_value: bool = True
) -> JsonObject:
    """Describe a version, with its value where the operation gives it."""
    described = item(simulation, secret, version, versioned=True)
    return described | ({"value": version.value} if with_value else {})


def _deletion(simulation: Simulation, secret: Secret) -> JsonObject:
    deleted_at = secret.deleted_at or 0
    return {
        "recoveryId": f"{simulation.url}/deletedsecrets/{secret.name}",
        "deletedDate": deleted_at,
        "scheduledPurgeDate": deleted_at + simulation.vault.retention_days * DAY_S,
    }


def deleted_bundle(simulation: Simulation, secret: Secret) -> JsonObject:
    """Describe a deleted secret."""
    shown = bundle(simulation, secret, secret.newest, with_value=False)
    return shown | _deletion(simulation, secret)


def deleted_item(simulation: Simulation, secret: Secret) -> JsonObject:
    """Describe a deleted secret, as the list does."""
    return item(simulation, secret, secret.newest) | _deletion(simulation, secret)


def error(status: int, code: str, message: str, inner: str | None = None) -> Answer:
    """Answer with a Key Vault error (KeyVaultError in the specification)."""
    described: JsonObject = {"code": code, "message": message}
    return json_answer({"error": described | ({"innererror": {"code": inner}} if inner else {})}, status)


def challenge(authority: str, tenant_id: str) -> Answer:
    """401 that says where to get a token and for what ("Authentication, requests and responses")."""
    refused = error(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
    header = f'Bearer authorization="{authority}/{tenant_id}", resource="{VAULT}"'
    return Answer(refused.status, refused.body, {"WWW-Authenticate": header})


def forbidden(client_id: str, object_id: str) -> Answer:
    """403 for a principal without a data-plane role."""
    message = (
        "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments "
        "or role definitions were changed recently, please observe propagation time.\r\nCaller: "
        f"appid={client_id};oid={object_id}"
    )
    return error(403, "Forbidden", message, "ForbiddenByRbac")


def secret_not_found(name: str) -> Answer:
    """404 for an unknown secret."""
    message = (
        f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted this "
        "secret you may be able to recover it using the correct recovery command. For help resolving this "
        "issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"
    )
    return error(404, "SecretNotFound", message)


def disabled() -> Answer:
    """403 for reading a disabled secret."""
    return error(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")


def deleted_but_recoverable(name: str) -> Answer:
    """409 for setting a name whose secret is soft-deleted."""
    message = (
        f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in "
        "this state, the secret can only be recovered or purged."
    )
    return error(409, "Conflict", message, "ObjectIsDeletedButRecoverable")


def purge_protected() -> Answer:
    """403 for purging where the vault is protected."""
    return error(403, "Forbidden", 'Operation "purge" is not enabled for this vault.', "OperationNotAllowed")
