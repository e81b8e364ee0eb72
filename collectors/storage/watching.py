"""Storage: whether access is logged, and whether accounts outside Azure Resource Manager are left."""

from collectors.contract import Check, JsonValue
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS, logs_not_sent
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, judged, not_applicable
from collectors.storage.reads import CLASSIC_ACCOUNTS, CLASSIC_TYPE, SERVICES, has_service

CATEGORIES = ("StorageRead", "StorageWrite", "StorageDelete")


def logging(account: Resource) -> Judgement:
    """Judge whether reads, writes and deletes of every service that the account has are logged."""
    services = [service for service in SERVICES if has_service(account, service)]
    if not services:
        return not_applicable("The account has no blob, file, queue or table service.", services=[])
    missing: dict[str, JsonValue] = {}
    for service in services:
        categories = logs_not_sent(account.rows(f"{service}_logs"), CATEGORIES)
        if categories:
            missing[service] = categories
    return judged(
        not missing,
        "Reads, writes and deletes are logged for every service.",
        f"Not everything is logged for these services: {', '.join(missing)}.",
        services=services,
        missing=missing,
    )


def classic_accounts(subscription: Resource) -> Judgement:
    """Judge whether the subscription still has storage accounts of the classic deployment model."""
    found = [row for row in subscription.shared("classic") if _is_classic(row)]
    return judged(
        not found,
        "The subscription has no classic storage accounts.",
        f"The subscription has classic storage accounts: {len(found)}.",
        classic_accounts=[row.id for row in found],
    )


def _is_classic(row: Resource) -> bool:
    return (row.text("type") or "").lower() == CLASSIC_TYPE.lower()


WATCHING_RULES = (
    Rule(
        Check(
            id="storage_logging_enabled",
            title="Logging of reads, writes and deletes on",
            severity="medium",
            rationale="Without logs nobody can tell who read or deleted data.",
            remediation="Portal: storage account > Diagnostic settings > blob, file, queue, table > Add "
            "diagnostic setting. CLI: az monitor diagnostic-settings create --resource "
            "<id>/blobServices/default "
            '--logs \'[{"categoryGroup":"allLogs","enabled":true}]\' --workspace <id> -n <name>',
            permission=DIAGNOSTIC_SETTINGS.permission,
        ),
        logging,
        needs=tuple(f"{service}_logs" for service in SERVICES),
    ),
)
CLASSIC_RULES = (
    Rule(
        Check(
            id="storage_classic_absent",
            title="No classic storage accounts",
            severity="medium",
            rationale="Classic accounts know neither roles nor policies of Azure Resource Manager, and are "
            "retired.",
            remediation="Portal: classic storage account > Migrate to ARM. CLI: az resource "
            "delete --ids <id>, once it was migrated or is not needed",
            permission=CLASSIC_ACCOUNTS.permission,
        ),
        classic_accounts,
        needs=("classic",),
    ),
)
