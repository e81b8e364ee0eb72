"""Managed HSMs: whether they are protected, and whether they are used where they have to be."""

from collectors.contract import Check
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, manual, must_be_on
from collectors.key_vault.reads import HSMS


def used_when_required(subscription: Resource) -> Judgement:
    """Judge nothing: which keys need an HSM of one's own is a requirement that stands outside Azure."""
    hsms = subscription.shared("hsms")
    return manual(
        f"Managed HSMs found: {len(hsms)}. Compare with the keys that law, contract or policy require to be "
        "kept in an HSM of one's own.",
        managed_hsms=[hsm.name for hsm in hsms],
    )


HSM_RULES = (
    Rule(
        Check(
            id="key_vault_hsm_purge_protection_enabled",
            title="Managed HSM purge protection on",
            severity="medium",
            rationale="Without purge protection a deleted HSM can be destroyed at once, with all keys in it.",
            remediation="Portal: managed HSM > Properties > Purge protection. CLI: az keyvault update-hsm "
            "--hsm-name <name> --enable-purge-protection true",
            permission=HSMS.permission,
        ),
        # The schema's default (true) and Microsoft Learn ("off by default") disagree on an absent flag.
        must_be_on("properties.enablePurgeProtection", "Purge protection", absent=None),
    ),
)
REQUIREMENT_RULES = (
    Rule(
        Check(
            id="key_vault_hsm_used_when_required",
            title="Managed HSM used when required",
            severity="low",
            rationale="Some laws and contracts demand keys in an HSM that nobody else shares.",
            remediation="Portal: Create a resource > Azure Key Vault Managed HSM. CLI: az keyvault create "
            "--hsm-name <name> --administrators <object id> ...",
            permission=HSMS.permission,
            manual=True,
        ),
        used_when_required,
        needs=("hsms",),
    ),
)
