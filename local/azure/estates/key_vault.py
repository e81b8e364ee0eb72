"""Key vaults and managed HSMs: good, bad, silent, and those that other tools judge wrongly."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.KeyVault/vaults"
HSM_TYPE = "Microsoft.KeyVault/managedHSMs"
RBAC_CHECKS = ("key_expiration_rbac", "secret_expiration_rbac")
POLICY_CHECKS = ("key_expiration_access_policy", "secret_expiration_access_policy")
CERTIFICATE_CHECKS = ("certificate_validity_max", "certificate_not_expiring")
CHECKS = (
    "purge_protection_enabled",
    "soft_delete_enabled",
    "rbac_enabled",
    "public_network_disabled",
    "private_endpoint_used",
    "logging_enabled",
    *RBAC_CHECKS,
    *POLICY_CHECKS,
    "key_rotation_enabled",
    *CERTIFICATE_CHECKS,
)
DAY_S = 86_400
ROTATE: JsonObject = {
    "attributes": {"expiryTime": "P1Y"},
    "lifetimeActions": [
        {"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "notify"}},
        {"trigger": {"timeAfterCreate": "P90D"}, "action": {"type": "rotate"}},
    ],
}
NOTIFY: JsonObject = {"lifetimeActions": [{"trigger": {}, "action": {"type": "Notify"}}]}
PFX = "application/x-pkcs12"


def build(estate: Estate) -> None:
    """Add the vaults, the managed HSMs, and what is true of them."""
    for number in range(estate.copies):
        _good(estate, f"goodvault{number}")
        _bad(estate, f"badvault{number}")
    _silent(estate)
    _private(estate)
    _firewall_for_everybody(estate)
    _certificates(estate)
    _endless_key(estate)
    _hsms(estate)


def _in_days(days: float) -> int:
    """Give the time in so many days as Key Vault writes it: seconds since 1970."""
    return int(datetime.now(UTC).timestamp() + days * DAY_S)


def _connection(status: str) -> JsonObject:
    return {"properties": {"privateLinkServiceConnectionState": {"status": status}}}


def _vault(estate: Estate, name: str, **properties: object) -> str:
    sku = {"family": "A", "name": "premium"}
    vault = estate.add(TYPE, name, {"sku": sku, "tenantId": estate.guid("tenant"), **properties})
    for below in ("keys", "secrets"):
        estate.list_at(f"{vault}/{below}")
    return vault


def _logs(estate: Estate, vault: str, *logs: JsonObject) -> None:
    root = f"{vault}/providers/Microsoft.Insights/diagnosticSettings"
    rows = estate.list_at(root, paged=False)
    if logs:
        properties = {"workspaceId": f"{estate.scope}/w", "logs": list(logs), "metrics": []}
        rows.append({"id": f"{root}/audit", "name": "audit", "properties": properties})


def _item(estate: Estate, vault: str, kind: str, name: str, **properties: object) -> JsonObject:
    """Add a key or secret to its list, and give it; attributes are given without their own object."""
    attributes: JsonObject = {"enabled": True, "created": _in_days(-100)}
    for member in ("enabled", "nbf", "exp"):
        if member in properties:
            attributes[member] = properties.pop(member)
    body: JsonObject = {
        "id": f"{vault}/{kind}/{name}",
        "name": name,
        "type": f"{TYPE}/{kind}",
        "location": "westeurope",
        "properties": {"attributes": attributes, **properties},
    }
    estate.list_at(f"{vault}/{kind}").append(body)
    return body


def _key(estate: Estate, vault: str, name: str, policy: JsonObject | None = None, **more: object) -> None:
    """Add a key whose list entry leaves out what the key itself says of its rotation."""
    body = _item(estate, vault, "keys", name, **more)
    detail = {**body["properties"], "kty": "RSA"} if isinstance(body["properties"], dict) else {}
    if policy is not None:
        detail["rotationPolicy"] = policy
    estate.answer_at(f"{vault}/keys/{name}", {**body, "properties": detail})


def _expect(estate: Estate, vault: str, default: str, **others: tuple[str, ...]) -> None:
    """Write down the default for every check but those named under another status."""
    differing = {check: status for status, checks in others.items() for check in checks}
    for check in CHECKS:
        estate.expect(vault, differing.get(check, default), f"key_vault_{check}")


def _good(estate: Estate, name: str) -> None:
    vault = _vault(
        estate,
        name,
        enablePurgeProtection=True,
        enableSoftDelete=True,
        enableRbacAuthorization=True,
        publicNetworkAccess="Disabled",
        privateEndpointConnections=[_connection("Approved")],
    )
    _logs(estate, vault, {"categoryGroup": "allLogs", "enabled": True})
    _key(estate, vault, "key", ROTATE, exp=_in_days(90))
    _key(estate, vault, "unused", enabled=False)
    _item(estate, vault, "secrets", "password", exp=_in_days(90))
    _key(estate, vault, "site", exp=_in_days(200), nbf=_in_days(-100))
    _item(estate, vault, "secrets", "Site", exp=_in_days(200), nbf=_in_days(-100), contentType=PFX)
    _expect(estate, vault, "pass", not_applicable=POLICY_CHECKS)


def _bad(estate: Estate, name: str) -> None:
    vault = _vault(
        estate,
        name,
        enableSoftDelete=False,
        enableRbacAuthorization=False,
        publicNetworkAccess="Enabled",
        networkAcls={"defaultAction": "Allow", "bypass": "AzureServices"},
        privateEndpointConnections=[_connection("Pending")],
    )
    _logs(estate, vault, {"category": "AzurePolicyEvaluationDetails", "enabled": True})
    _key(estate, vault, "key", NOTIFY)
    _item(estate, vault, "secrets", "password")
    _key(estate, vault, "site", exp=_in_days(9), nbf=_in_days(-600))
    _item(estate, vault, "secrets", "site", exp=_in_days(9), nbf=_in_days(-600), contentType=PFX)
    _expect(estate, vault, "fail", not_applicable=RBAC_CHECKS)


def _silent(estate: Estate) -> None:
    """A vault that answers none of the flags and holds nothing."""
    vault = _vault(estate, "silentvault")
    _logs(estate, vault)
    _expect(
        estate,
        vault,
        "fail",
        not_applicable=(*RBAC_CHECKS, *POLICY_CHECKS, "key_rotation_enabled", *CERTIFICATE_CHECKS),
        **{"pass": ("soft_delete_enabled",)},
    )


def _private(estate: Estate) -> None:
    """A firewalled vault with access policies, logged by category, whose list holds a rotation policy."""
    vault = _vault(
        estate,
        "firewalledvault",
        enablePurgeProtection=True,
        networkAcls={"defaultAction": "deny", "ipRules": [{"value": "203.0.113.0/24"}]},
        privateEndpointConnections=[_connection("approved")],
    )
    _logs(estate, vault, {"category": "auditevent", "enabled": True})
    _item(estate, vault, "keys", "key", rotationPolicy=ROTATE, exp=_in_days(9))
    _item(estate, vault, "secrets", "password", exp=_in_days(9))
    nothing = (*RBAC_CHECKS, *CERTIFICATE_CHECKS)
    _expect(estate, vault, "pass", fail=("rbac_enabled",), not_applicable=nothing)


def _firewall_for_everybody(estate: Estate) -> None:
    """A firewall that lets in the internet in two halves; one secret that does not expire, no keys."""
    vault = _vault(
        estate,
        "halvesvault",
        enablePurgeProtection=True,
        enableRbacAuthorization=True,
        networkAcls={
            "defaultAction": "Deny",
            "ipRules": [{"value": "0.0.0.0/1"}, {"value": "128.0.0.0/1"}],
        },
        privateEndpointConnections=[_connection("Approved")],
    )
    _logs(estate, vault, {"categoryGroup": "audit", "enabled": True})
    _item(estate, vault, "secrets", "old", exp=_in_days(-9))
    _item(estate, vault, "secrets", "endless")
    fails = ("public_network_disabled", "secret_expiration_rbac")
    none = (*POLICY_CHECKS, "key_expiration_rbac", "key_rotation_enabled", *CERTIFICATE_CHECKS)
    _expect(estate, vault, "pass", fail=fails, not_applicable=none)


def _endless_key(estate: Estate) -> None:
    """A vault of roles with a key that neither expires nor is rotated."""
    vault = _vault(
        estate,
        "endlessvault",
        enablePurgeProtection=True,
        enableRbacAuthorization=True,
        publicNetworkAccess="Disabled",
        privateEndpointConnections=[_connection("Approved")],
    )
    _logs(estate, vault, {"categoryGroup": "audit", "enabled": True})
    _key(estate, vault, "endless", NOTIFY)
    fails = ("key_expiration_rbac", "key_rotation_enabled")
    none = (*POLICY_CHECKS, "secret_expiration_rbac", *CERTIFICATE_CHECKS)
    _expect(estate, vault, "pass", fail=fails, not_applicable=none)


def _certificates(estate: Estate) -> None:
    """A vault behind a perimeter: is a secret a certificate's, and when does another one expire?"""
    vault = _vault(
        estate,
        "perimetervault",
        enablePurgeProtection=True,
        enableRbacAuthorization=True,
        publicNetworkAccess="SecuredByPerimeter",
        privateEndpointConnections=[_connection("Approved")],
    )
    _logs(estate, vault, {"categoryGroup": "audit", "enabled": True})
    _key(estate, vault, "site", exp=_in_days(9))
    _item(estate, vault, "secrets", "site", exp=_in_days(9))
    _item(estate, vault, "secrets", "strange", exp="soon", contentType="text/plain")
    manual = ("public_network_disabled", *CERTIFICATE_CHECKS)
    unknown = ("key_rotation_enabled", "secret_expiration_rbac")
    _expect(estate, vault, "pass", not_applicable=POLICY_CHECKS, manual=manual, unknown=unknown)


def _hsms(estate: Estate) -> None:
    sku = {"family": "B", "name": "Standard_B1"}
    for name, properties, status in (
        ("goodhsm", {"enablePurgeProtection": True, "enableSoftDelete": True}, "pass"),
        ("badhsm", {"enablePurgeProtection": False, "enableSoftDelete": True}, "fail"),
        ("silenthsm", {"provisioningState": "Succeeded"}, "unknown"),
    ):
        hsm = estate.add(HSM_TYPE, name, dict[str, object](properties), sku=sku)
        estate.expect(hsm, status, "key_vault_hsm_purge_protection_enabled")
    estate.expect(estate.scope, "manual", "key_vault_hsm_used_when_required")
