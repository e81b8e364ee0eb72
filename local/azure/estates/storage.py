"""Storage accounts: good, bad, silent, and those that other tools judge wrongly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from local.azure.generator import timestamp

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.Storage/storageAccounts"
LOCKED_GROUP = "rg-storage-locked"
OPEN_GROUP = "rg-storage"
"""A group of their own for accounts without a lock: other services lock theirs."""
SERVICES = ("blob", "file", "queue", "table")
CHECKS = (
    "https_only",
    "min_tls_12",
    "blob_anonymous_access_disabled",
    "public_network_disabled",
    "default_network_deny",
    "private_endpoint_used",
    "trusted_services_allowed",
    "shared_key_access_disabled",
    "default_entra_authorization",
    "key_rotation_90_days",
    "key_rotation_reminders_enabled",
    "sas_expiration_policy_set",
    "cmk_encryption",
    "infrastructure_encryption_enabled",
    "blob_soft_delete_enabled",
    "container_soft_delete_enabled",
    "file_soft_delete_enabled",
    "blob_versioning_enabled",
    "cross_tenant_replication_disabled",
    "geo_redundant",
    "smb_version_311",
    "smb_channel_encryption",
    "delete_lock_set",
    "readonly_lock_considered",
    "logging_enabled",
)
OF_BLOBS = ("blob_soft_delete_enabled", "container_soft_delete_enabled", "blob_versioning_enabled")
OF_FILES = ("file_soft_delete_enabled", "smb_version_311", "smb_channel_encryption")
ALL_LOGS: JsonObject = {"categoryGroup": "allLogs", "enabled": True}
GOOD_BLOBS: JsonObject = {
    "deleteRetentionPolicy": {"enabled": True, "days": 30},
    "containerDeleteRetentionPolicy": {"enabled": True, "days": 30},
    "isVersioningEnabled": True,
}
GOOD_FILES: JsonObject = {
    "shareDeleteRetentionPolicy": {"enabled": True, "days": 30},
    "protocolSettings": {"smb": {"versions": "SMB3.1.1;", "channelEncryption": "AES-256-GCM;"}},
}
BAD_BLOBS: JsonObject = {
    "deleteRetentionPolicy": {"enabled": False},
    "containerDeleteRetentionPolicy": {"enabled": False},
    "isVersioningEnabled": False,
}
BAD_FILES: JsonObject = {
    "shareDeleteRetentionPolicy": {"enabled": False, "days": 0},
    "protocolSettings": {
        "smb": {"versions": "SMB3.0;SMB3.1.1", "channelEncryption": "AES-128-GCM;AES-256-GCM"}
    },
}


def build(estate: Estate) -> None:
    """Add the accounts and what is true of them."""
    locks = estate.list_at(f"{estate.scope}/providers/Microsoft.Authorization/locks")
    group = f"{estate.scope}/resourceGroups/{LOCKED_GROUP}"
    locks.append(_lock(group.upper().replace("/SUBSCRIPTIONS", "/subscriptions"), "ReadOnly"))
    for number in range(estate.copies):
        _good(estate, f"goodstorage{number}")
        _bad(estate, f"badstorage{number}")
    _silent(estate, "silentstorage", "None", anonymous="manual")
    _silent(estate, "oldstorage", "Blob", anonymous="fail")
    _files_only(estate)
    _blobs_only(estate)
    _behind_a_perimeter(estate)
    _closed_but_allowing(estate)
    _split_logs(estate, locks)
    estate.expect(estate.scope, "pass", "storage_classic_absent")


def _ago(days: int) -> str:
    return timestamp(datetime.now(UTC) - timedelta(days=days))


def _lock(scope: str, level: str) -> JsonObject:
    lock_id = f"{scope}/providers/Microsoft.Authorization/locks/keep"
    kind = "Microsoft.Authorization/locks"
    return {"id": lock_id, "name": "keep", "type": kind, "properties": {"level": level}}


def _connection(status: str) -> JsonObject:
    return {"properties": {"privateLinkServiceConnectionState": {"status": status}}}


def _endpoints(name: str, *services: str) -> JsonObject:
    return {service: f"https://{name}.{service}.core.windows.net/" for service in services}


def _inside(
    estate: Estate, account_id: str, *, blobs: JsonObject | None = None, files: JsonObject | None = None
) -> None:
    for service, properties in (("blob", blobs), ("file", files)):
        if properties is not None:
            path = f"{account_id}/{service}Services/default"
            kind = f"{TYPE}/{service}Services"
            body: JsonObject = {"id": path, "name": "default", "type": kind, "properties": properties}
            estate.answer_at(path, body)


def _container(estate: Estate, account_id: str, level: str) -> None:
    containers = estate.list_at(f"{account_id}/blobServices/default/containers")
    containers.append({"id": f"{account_id}/c", "name": "c", "properties": {"publicAccess": level}})


def _log(estate: Estate, account_id: str, services: tuple[str, ...], *settings: list[JsonObject]) -> None:
    for service in services:
        root = f"{account_id}/{service}Services/default/providers/Microsoft.Insights/diagnosticSettings"
        rows = estate.list_at(root, paged=False)
        for number, logs in enumerate(settings):
            properties: JsonObject = {"workspaceId": f"{estate.scope}/w", "logs": logs, "metrics": []}
            rows.append({"id": f"{root}/s{number}", "name": f"s{number}", "properties": properties})


def _expect(estate: Estate, account_id: str, default: str, **others: tuple[str, ...]) -> None:
    """Write down the default for every check but those named under another status."""
    differing = {check: status for status, checks in others.items() for check in checks}
    for check in CHECKS:
        estate.expect(account_id, differing.get(check, default), f"storage_{check}")


def _good_properties(name: str) -> JsonObject:
    return {
        "creationTime": _ago(900),
        "supportsHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
        "publicNetworkAccess": "Disabled",
        "networkAcls": {"defaultAction": "Deny", "bypass": "Logging, Metrics, AzureServices"},
        "privateEndpointConnections": [_connection("Approved")],
        "allowSharedKeyAccess": False,
        "defaultToOAuthAuthentication": True,
        "keyCreationTime": {"key1": _ago(5), "key2": _ago(80)},
        "keyPolicy": {"keyExpirationPeriodInDays": 90},
        "sasPolicy": {"sasExpirationPeriod": "1.00:00:00", "expirationAction": "Log"},
        "encryption": {"keySource": "Microsoft.Keyvault", "requireInfrastructureEncryption": True},
        "allowCrossTenantReplication": False,
        "primaryEndpoints": _endpoints(name, *SERVICES),
    }


def _good(estate: Estate, name: str) -> None:
    """As it should be; the lock stands on its group, written in another case."""
    account = estate.add(
        TYPE,
        name,
        _good_properties(name),
        group=LOCKED_GROUP,
        sku={"name": "Standard_RAGRS", "tier": "Standard"},
        kind="StorageV2",
    )
    _inside(estate, account, blobs=GOOD_BLOBS, files=GOOD_FILES)
    _log(estate, account, SERVICES, [ALL_LOGS])
    _expect(estate, account, "pass")


def _bad(estate: Estate, name: str) -> None:
    properties: JsonObject = {
        "creationTime": "2019-05-24T13:28:53.4540398Z",
        "supportsHttpsTrafficOnly": False,
        "minimumTlsVersion": "TLS1_0",
        "allowBlobPublicAccess": True,
        "publicNetworkAccess": "Enabled",
        "networkAcls": {"defaultAction": "Allow", "bypass": "None", "ipRules": []},
        "privateEndpointConnections": [_connection("Pending")],
        "allowSharedKeyAccess": True,
        "defaultToOAuthAuthentication": False,
        "keyCreationTime": {"key1": _ago(5), "key2": _ago(91)},
        "encryption": {"keySource": "Microsoft.Storage", "requireInfrastructureEncryption": False},
        "allowCrossTenantReplication": True,
        "primaryEndpoints": _endpoints(name, *SERVICES),
    }
    account = estate.add(
        TYPE, name, properties, sku={"name": "Standard_LRS"}, kind="StorageV2", group=OPEN_GROUP
    )
    _inside(estate, account, blobs=BAD_BLOBS, files=BAD_FILES)
    _container(estate, account, "Container")
    _log(estate, account, SERVICES, [{**ALL_LOGS, "enabled": False}])
    _expect(estate, account, "fail", manual=("readonly_lock_considered",))


def _silent(estate: Estate, name: str, level: str, *, anonymous: str) -> None:
    """An account that answers none of the flags: each means what Azure documents for its absence.

    It was made when anonymous access was on by default, so that its container has to tell whether it is used.
    """
    created: JsonObject = {"creationTime": "2022-01-01T00:00:00Z"}
    account = estate.add(
        TYPE, name, created, sku={"name": "Standard_ZRS"}, kind="StorageV2", group=OPEN_GROUP
    )
    _inside(estate, account, blobs={}, files={})
    _container(estate, account, level)
    _log(estate, account, SERVICES)
    passing = ("https_only", "trusted_services_allowed")
    _expect(estate, account, "fail", manual=("readonly_lock_considered",), **{"pass": passing})
    estate.expect(account, anonymous, "storage_blob_anonymous_access_disabled")


def _files_only(estate: Estate) -> None:
    """A premium account for files: it has no blobs to protect, and one service to log."""
    properties = {**_good_properties("x"), "primaryEndpoints": _endpoints("filestorage", "file")}
    sku = {"name": "Premium_ZRS", "tier": "Premium"}
    account = estate.add(TYPE, "filestorage", properties, sku=sku, kind="FileStorage", group=LOCKED_GROUP)
    _inside(estate, account, files=GOOD_FILES)
    _log(estate, account, ("file",), [{"categoryGroup": "audit", "enabled": True}])
    _expect(estate, account, "pass", not_applicable=OF_BLOBS, fail=("geo_redundant",))


def _blobs_only(estate: Estate) -> None:
    """A hierarchical account for blobs, made when replication and anonymous access were off already."""
    properties: JsonObject = {**_good_properties("x"), "isHnsEnabled": True, "creationTime": _ago(30)}
    flags = ("allowCrossTenantReplication", "allowBlobPublicAccess")
    for absent in ("primaryEndpoints", "keyCreationTime", *flags):
        del properties[absent]
    sku = {"name": "standard_ragzrs"}
    account = estate.add(TYPE, "blobstorage", properties, sku=sku, kind="BlobStorage", group=LOCKED_GROUP)
    _inside(estate, account, blobs={**GOOD_BLOBS, "isVersioningEnabled": False})
    _log(estate, account, ("blob",), [ALL_LOGS])
    _expect(estate, account, "pass", not_applicable=(*OF_FILES, "blob_versioning_enabled"))


def _behind_a_perimeter(estate: Estate) -> None:
    """An account whose network a perimeter decides, with values that no version of the API has yet."""
    properties: JsonObject = {
        **_good_properties("perimeterstorage"),
        "publicNetworkAccess": "SecuredByPerimeter",
        "minimumTlsVersion": "TLS9_0",
        "networkAcls": {"defaultAction": "Perhaps", "bypass": "Friends"},
        "encryption": {"keySource": "Elsewhere", "requireInfrastructureEncryption": True},
    }
    sku = {"name": "Galactic_GRS"}
    account = estate.add(TYPE, "perimeterstorage", properties, sku=sku, kind="StorageV2", group=LOCKED_GROUP)
    files: JsonObject = {**GOOD_FILES, "protocolSettings": {"smb": {"versions": "SMB3.1.1;SMB4.0"}}}
    _inside(estate, account, blobs=GOOD_BLOBS, files=files)
    _log(estate, account, SERVICES, [ALL_LOGS])
    unknown = (
        "min_tls_12",
        "trusted_services_allowed",
        "cmk_encryption",
        "geo_redundant",
        "smb_version_311",
    )
    watched = ("public_network_disabled", "default_network_deny")
    others = {"manual": watched, "fail": ("smb_channel_encryption",)}
    _expect(estate, account, "pass", unknown=unknown, **others)


def _closed_but_allowing(estate: Estate) -> None:
    """Anonymous access that no container uses yet, and an open default that a closed network overrules."""
    properties: JsonObject = {
        **_good_properties("closedstorage"),
        "allowBlobPublicAccess": True,
        "networkAcls": {"defaultAction": "Allow", "bypass": "AzureServices"},
    }
    sku = {"name": "Standard_GZRS"}
    account = estate.add(TYPE, "closedstorage", properties, sku=sku, kind="StorageV2", group=LOCKED_GROUP)
    _inside(estate, account, blobs=GOOD_BLOBS, files=GOOD_FILES)
    _container(estate, account, "None")
    _log(estate, account, SERVICES, [ALL_LOGS])
    _expect(estate, account, "pass", fail=("blob_anonymous_access_disabled",))


def _split_logs(estate: Estate, locks: list[JsonObject]) -> None:
    """Logs by explicit categories of two settings; a delete lock of its own, and one on its namesake."""
    sku = {"name": "Standard_GRS"}
    properties = _good_properties("storage1")
    account = estate.add(TYPE, "storage1", properties, sku=sku, kind="StorageV2", group=OPEN_GROUP)
    _inside(estate, account, blobs=GOOD_BLOBS, files=GOOD_FILES)
    first: list[JsonObject] = [
        {"category": "StorageRead", "enabled": True},
        {"category": "StorageWrite", "enabled": True},
    ]
    _log(estate, account, SERVICES, first, [{"category": "storagedelete", "enabled": True}])
    locks.append(_lock(account, "CanNotDelete"))
    locks.append(_lock(estate.resource_id(TYPE, "storage", group=OPEN_GROUP), "ReadOnly"))
    _expect(estate, account, "pass", manual=("readonly_lock_considered",))
