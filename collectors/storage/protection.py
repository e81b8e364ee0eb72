"""Storage: how data is encrypted, copied and got back after a loss."""

from collectors.contract import Check
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judge,
    Judgement,
    Rule,
    good,
    judged,
    manual,
    must_be_on,
    must_be_one_of,
)
from collectors.declarations.rules import not_applicable as does_not_apply
from collectors.declarations.shared_reads import LOCKS
from collectors.storage.reads import ACCOUNTS, BLOB_SERVICE, FILE_SERVICE

_GEO_REDUNDANT = ("Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS")
_IN_ONE_REGION = ("Standard_LRS", "Standard_ZRS", "Premium_LRS", "Premium_ZRS")
# SkuName of 2024-01-01 adds the provisioned v2 accounts of Azure Files.
_GEO_REDUNDANT_V2 = ("StandardV2_GRS", "StandardV2_GZRS")
_IN_ONE_REGION_V2 = ("StandardV2_LRS", "StandardV2_ZRS", "PremiumV2_LRS", "PremiumV2_ZRS")
_LOCK = "/providers/microsoft.authorization/locks/"
_LEVELS = ("cannotdelete", "readonly")


def of_service(part: str, judge: Judge) -> Judge:
    """Judge a service inside an account; an account without it has nothing to judge."""

    def judge_account(account: Resource) -> Judgement:
        service = account.part(part)
        if service is None:
            return does_not_apply(f"The account has no {part.replace('_', ' ')}.", kind=account.text("kind"))
        return judge(service)

    return judge_account


def versioning(account: Resource) -> Judgement:
    """Judge blob versions, which accounts with a hierarchical namespace cannot keep."""
    path = "properties.isVersioningEnabled"
    service = account.part("blob_service")
    if account.flag("properties.isHnsEnabled") and not (service and service.flag(path)):
        return does_not_apply("Blobs in a hierarchical namespace cannot have versions.", isHnsEnabled=True)
    return of_service("blob_service", must_be_on(path, "Blob versioning", absent=False))(account)


def locked_scope(lock: Resource) -> tuple[str, ...]:
    """Give the id of what a lock stands on."""
    return (lock.id.lower().rpartition(_LOCK)[0],)


def locks_on(account: Resource) -> dict[str, list[str]]:
    """Give the names of the locks on an account, its group or its subscription, by lower-cased level."""
    subscription, group = account.id.split("/")[:3], account.id.split("/")[:5]
    scopes = ("/".join(subscription), "/".join(group), account.id)
    locks = [lock for scope in scopes for lock in account.matching("locks", locked_scope, scope)]
    return {
        level: [one.name for one in locks if (one.text("properties.level") or "").lower() == level]
        for level in _LEVELS
    }


def delete_lock(account: Resource) -> Judgement:
    """Judge whether a lock keeps an account from being deleted; a read-only lock does so too."""
    held = locks_on(account)
    locks = [*held["cannotdelete"], *held["readonly"]]
    return judged(
        locks,
        "A lock keeps the account from being deleted.",
        "No lock keeps the account from being deleted.",
        locks=locks,
    )


def read_only_lock(account: Resource) -> Judgement:
    """Judge whether a read-only lock was considered: one that is there was, else a person has to say."""
    locks = locks_on(account)["readonly"]
    if locks:
        return good("A read-only lock holds on the account.", locks=locks)
    return manual(
        "No read-only lock holds: confirm that one was considered and why it is not needed.", locks=[]
    )


PROTECTION_RULES = (
    Rule(
        Check(
            id="storage_cmk_encryption",
            title="Encrypted with a customer-managed key",
            severity="low",
            rationale="With a key of one's own the data can be made unreadable without Microsoft's help.",
            remediation="Portal: storage account > Encryption > Customer-managed keys. CLI: az storage "
            "account "
            "update -n <name> -g <group> --encryption-key-source Microsoft.Keyvault --encryption-key-vault "
            "<uri> "
            "--encryption-key-name <key>",
            permission=ACCOUNTS.permission,
        ),
        # Encryption.keySource: default Microsoft.Storage.
        must_be_one_of(
            "properties.encryption.keySource",
            "The source of the encryption key",
            allowed=["Microsoft.Keyvault"],
            others=["Microsoft.Storage"],
            absent="Microsoft.Storage",
        ),
    ),
    Rule(
        Check(
            id="storage_infrastructure_encryption_enabled",
            title="Infrastructure encryption on",
            severity="low",
            rationale="A second layer of encryption protects the data should the first one fail.",
            remediation="Portal: Storage accounts > Create > Encryption > Enable infrastructure encryption; "
            "an account gets it at creation. CLI: az storage account create -n <name> -g <group> "
            "--require-infrastructure-encryption true",
            permission=ACCOUNTS.permission,
        ),
        must_be_on(
            "properties.encryption.requireInfrastructureEncryption", "Infrastructure encryption", absent=False
        ),
    ),
    Rule(
        Check(
            id="storage_blob_soft_delete_enabled",
            title="Soft delete of blobs on",
            severity="medium",
            rationale="Deleted or overwritten blobs can be restored while soft delete keeps them.",
            remediation="Portal: storage account > Data protection > Enable soft delete for blobs. CLI: az "
            "storage account blob-service-properties update -n <name> --enable-delete-retention true "
            "--delete-retention-days 7",
            permission=BLOB_SERVICE.permission,
        ),
        of_service(
            "blob_service",
            must_be_on("properties.deleteRetentionPolicy.enabled", "Soft delete of blobs", absent=False),
        ),
        needs=("blob_service",),
    ),
    Rule(
        Check(
            id="storage_container_soft_delete_enabled",
            title="Soft delete of containers on",
            severity="medium",
            rationale="A deleted container can be restored with all its blobs while soft delete keeps it.",
            remediation="Portal: storage account > Data protection > Enable soft delete for containers. CLI: "
            "az storage account blob-service-properties update -n <name> --enable-container-delete-retention "
            "true --container-delete-retention-days 7",
            permission=BLOB_SERVICE.permission,
        ),
        of_service(
            "blob_service",
            must_be_on(
                "properties.containerDeleteRetentionPolicy.enabled", "Soft delete of containers", absent=False
            ),
        ),
        needs=("blob_service",),
    ),
    Rule(
        Check(
            id="storage_file_soft_delete_enabled",
            title="Soft delete of file shares on",
            severity="medium",
            rationale="A deleted file share can be restored while soft delete keeps it.",
            remediation="Portal: storage account > File shares > Soft delete > Enabled. CLI: az storage "
            "account "
            "file-service-properties update -n <name> --enable-delete-retention true "
            "--delete-retention-days 7",
            permission=FILE_SERVICE.permission,
        ),
        of_service(
            "file_service",
            must_be_on(
                "properties.shareDeleteRetentionPolicy.enabled", "Soft delete of file shares", absent=False
            ),
        ),
        needs=("file_service",),
    ),
    Rule(
        Check(
            id="storage_blob_versioning_enabled",
            title="Blob versioning on",
            severity="low",
            rationale="Earlier versions of a blob survive an overwriting by mistake or by ransomware.",
            remediation="Portal: storage account > Data protection > Enable versioning for blobs. CLI: az "
            "storage account blob-service-properties update -n <name> --enable-versioning true",
            permission=BLOB_SERVICE.permission,
        ),
        versioning,
        needs=("blob_service",),
    ),
    Rule(
        Check(
            id="storage_geo_redundant",
            title="Geo-redundant storage",
            severity="low",
            rationale="A copy in a second region outlives the loss of the first.",
            remediation="Portal: storage account > Redundancy > Geo-redundant storage. CLI: az storage "
            "account "
            "update -n <name> -g <group> --sku Standard_GRS",
            permission=ACCOUNTS.permission,
        ),
        must_be_one_of(
            "sku.name",
            "The redundancy",
            allowed=(*_GEO_REDUNDANT, *_GEO_REDUNDANT_V2),
            others=(*_IN_ONE_REGION, *_IN_ONE_REGION_V2),
            absent=None,
        ),
    ),
    Rule(
        Check(
            id="storage_delete_lock_set",
            title="Delete lock set",
            severity="low",
            rationale="A lock keeps an account and its data from being deleted by mistake.",
            remediation="Portal: storage account > Locks > Add > Delete. CLI: az lock create --lock-type "
            "CanNotDelete -n <lock> --resource <id>",
            permission=LOCKS.permission,
        ),
        delete_lock,
        needs=("locks",),
    ),
    Rule(
        Check(
            id="storage_readonly_lock_considered",
            title="Read-only lock considered",
            severity="low",
            rationale="A read-only lock keeps the settings of an account from being changed; it also stops "
            "the "
            "listing of keys, so it does not suit every account.",
            remediation="Portal: storage account > Locks > Add > Read-only. CLI: az lock create --lock-type "
            "ReadOnly -n <lock> --resource <id>",
            permission=LOCKS.permission,
        ),
        read_only_lock,
        needs=("locks",),
    ),
)
