"""What is read of storage accounts, and which accounts have which service."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

import msgspec

from collectors.contract import Read
from collectors.declarations.configuration import Child
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS
from collectors.declarations.resources import Resource

ACCOUNTS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Storage/storageAccounts",
    api_version="2023-05-01",
    permission="Microsoft.Storage/storageAccounts/read",
)
BLOB_SERVICE = Read(
    path="/{id}/blobServices/default",
    api_version="2025-06-01",
    permission="Microsoft.Storage/storageAccounts/blobServices/read",
)
FILE_SERVICE = Read(
    path="/{id}/fileServices/default",
    api_version="2025-06-01",
    permission="Microsoft.Storage/storageAccounts/fileServices/read",
)
CONTAINERS = Read(
    path="/{id}/blobServices/default/containers",
    api_version="2023-05-01",
    permission="Microsoft.Storage/storageAccounts/blobServices/containers/read",
)
CLASSIC_TYPE = "Microsoft.ClassicStorage/storageAccounts"
CLASSIC_ACCOUNTS = Read(
    path="/subscriptions/{subscription_id}/resources",
    api_version="2021-04-01",
    permission="Microsoft.Resources/subscriptions/resources/read",
    query=(("$filter", f"resourceType eq '{CLASSIC_TYPE}'"),),
)

ANONYMOUS_ACCESS = "properties.allowBlobPublicAccess"
ANONYMOUS_ACCESS_OFF_SINCE = datetime(2023, 11, 1, tzinfo=UTC)
SERVICES = ("blob", "file", "queue", "table")
_BY_KIND: Mapping[str, tuple[str, ...]] = {
    "storage": SERVICES,
    "storagev2": SERVICES,
    "blobstorage": ("blob",),
    "blockblobstorage": ("blob",),
    "filestorage": ("file",),
}


def has_service(account: Resource, service: str) -> bool:
    """Tell whether an account has a service: its endpoints say so, else its kind; an unknown kind may."""
    endpoints = account.at("properties.primaryEndpoints")
    if isinstance(endpoints, Mapping):
        return bool(endpoints.get(service))
    return service in _BY_KIND.get((account.text("kind") or "").lower(), SERVICES)


def may_allow_anonymous_access(account: Resource) -> bool:
    """Tell whether containers of an account may be open to anybody: the flag allows it, or none denies it."""
    if not has_service(account, "blob"):
        return False
    return account.flag(ANONYMOUS_ACCESS) is True or leaves_anonymous_access_open(account)


def leaves_anonymous_access_open(account: Resource) -> bool:
    """Tell whether an account with blobs has no flag, and is from when that meant "allowed".

    Accounts made since November 2023 have anonymous access off by default (Microsoft Learn, "Remediate
    anonymous read access to blob data"); older ones allowed it while the flag was never set.
    """
    if account.at(ANONYMOUS_ACCESS) is not None or not has_service(account, "blob"):
        return False
    created = account.moment("properties.creationTime")
    return created is None or created < ANONYMOUS_ACCESS_OFF_SINCE


def _logs(service: str) -> Child:
    path = DIAGNOSTIC_SETTINGS.path.replace("{id}", f"{{id}}/{service}Services/default")
    read = msgspec.structs.replace(DIAGNOSTIC_SETTINGS, path=path, shared=False)
    return Child(read, many=True, when=partial(has_service, service=service))


# Each of these is asked for account by account: no list of a subscription, and no $expand of the account
# list, holds the settings of the services inside an account, its containers, or diagnostic settings.
CHILDREN: Mapping[str, Child] = {
    "blob_service": Child(BLOB_SERVICE, when=partial(has_service, service="blob")),
    "file_service": Child(FILE_SERVICE, when=partial(has_service, service="file")),
    "containers": Child(CONTAINERS, many=True, when=may_allow_anonymous_access),
    **{f"{service}_logs": _logs(service) for service in SERVICES},
}
