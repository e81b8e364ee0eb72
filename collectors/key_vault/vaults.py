"""Key vaults: protection against loss, access model, network, logs."""

from collections.abc import Mapping

from collectors.contract import Check, JsonValue
from collectors.declarations.database_servers import WIDEST_RANGE, firewall_limited, range_of_block
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS, logs_not_sent
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judgement,
    Rule,
    bad,
    good,
    judged,
    manual,
    must_be_on,
    private_endpoint_approved,
    unknown,
)
from collectors.key_vault.reads import VAULTS

PUBLIC_ACCESS = "properties.publicNetworkAccess"
DEFAULT_ACTION = "properties.networkAcls.defaultAction"


def network(vault: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge the network: closed to the public, or open through a firewall that lets few in.

    publicNetworkAccess overrides the firewall; absent it is "enabled", and without a firewall everybody
    passes (VaultProperties and NetworkRuleSet, 2025-05-01).
    """
    access = (vault.text(PUBLIC_ACCESS) or "enabled").lower()
    observed: dict[str, JsonValue] = {name: vault.at(name) for name in (PUBLIC_ACCESS, DEFAULT_ACTION)}
    if access == "disabled":
        return good("Public network access is disabled.", **observed)
    if access == "securedbyperimeter":
        return manual("A network security perimeter decides: review its access rules.", **observed)
    action = (vault.text(DEFAULT_ACTION) or "allow").lower()
    if access != "enabled" or action not in {"allow", "deny"}:
        return unknown("The network settings have a value this version does not know.", **observed)
    if action == "allow":
        return bad("The vault is open to every network.", **observed)
    values = [rule.text("value") or "" for rule in vault.objects("properties.networkAcls.ipRules")]
    judgement = firewall_limited([(value, range_of_block(value)) for value in values], limits["addresses"])
    return judgement._replace(observed={**observed, **judgement.observed})


def logging(vault: Resource) -> Judgement:
    """Judge whether the audit events of a vault are sent anywhere, by their category or by a group."""
    settings = vault.rows("logs")
    missing = logs_not_sent(settings, ("AuditEvent",))
    return judged(
        not missing,
        "Audit events are sent.",
        "No diagnostic setting sends the audit events.",
        diagnostic_settings=len(settings),
        missing=missing,
    )


VAULT_RULES = (
    Rule(
        Check(
            id="key_vault_purge_protection_enabled",
            title="Purge protection on",
            severity="high",
            rationale="Without purge protection a deleted key can be destroyed at once, and its data with "
            "it.",
            remediation="Portal: key vault > Properties > Enable purge protection. CLI: az keyvault update "
            "-n <name> --enable-purge-protection true",
            permission=VAULTS.permission,
        ),
        # The property "does not accept false": off is absent.
        must_be_on("properties.enablePurgeProtection", "Purge protection", absent=False),
    ),
    Rule(
        Check(
            id="key_vault_soft_delete_enabled",
            title="Soft delete on",
            severity="high",
            rationale="A deleted vault, key or secret can be restored while soft delete keeps it.",
            remediation="Portal: key vault > Properties > Soft-delete > Enable recovery of this vault and "
            "its objects; only old vaults are without it. CLI: az keyvault update -n <name> "
            "--enable-soft-delete true",
            permission=VAULTS.permission,
        ),
        # VaultProperties: without a value it "will be set to true by default", and then stays so.
        must_be_on("properties.enableSoftDelete", "Soft delete", absent=True),
    ),
    Rule(
        Check(
            id="key_vault_rbac_enabled",
            title="Access decided by Azure roles",
            severity="medium",
            rationale="With access policies, whoever may change the vault can grant himself its secrets.",
            remediation="Portal: key vault > Access configuration > Azure role-based access control. CLI: az "
            "keyvault update -n <name> --enable-rbac-authorization true",
            permission=VAULTS.permission,
        ),
        # Until api-version 2026-02-01 "null or not specified" is false: access policies decide.
        must_be_on("properties.enableRbacAuthorization", "Access by Azure roles", absent=False),
    ),
    Rule(
        Check(
            id="key_vault_public_network_disabled",
            title="Public network access disabled or firewalled",
            severity="high",
            rationale="A vault that every network reaches is one leaked credential away from being read.",
            remediation="Portal: key vault > Networking > Disable public access, or selected networks. CLI: "
            "az keyvault update -n <name> --public-network-access Disabled",
            permission=VAULTS.permission,
            thresholds={"addresses": WIDEST_RANGE},
        ),
        within=network,
    ),
    Rule(
        Check(
            id="key_vault_private_endpoint_used",
            title="Private endpoint used",
            severity="medium",
            rationale="Through a private endpoint secrets travel inside the virtual network only.",
            remediation="Portal: key vault > Networking > Private endpoint connections > Create. CLI: az "
            "network private-endpoint create --group-id vault --private-connection-resource-id <id> ...",
            permission=VAULTS.permission,
        ),
        private_endpoint_approved,
    ),
    Rule(
        Check(
            id="key_vault_logging_enabled",
            title="Resource logs on",
            severity="high",
            rationale="Without audit events nobody can tell who used or read a key or secret.",
            remediation="Portal: key vault > Diagnostic settings > Add diagnostic setting > audit. CLI: az "
            "monitor diagnostic-settings create --resource <id> -n <name> --workspace <id> --logs "
            '\'[{"categoryGroup":"audit","enabled":true}]\'',
            permission=DIAGNOSTIC_SETTINGS.permission,
        ),
        logging,
        needs=("logs",),
    ),
)
