"""Azure Key Vault, management plane only: how vaults are protected, and how long what they hold is valid."""

from collectors.contract import Collector
from collectors.declarations.configuration import Kind, configuration
from collectors.key_vault.certificates import CERTIFICATE_RULES
from collectors.key_vault.contents import CONTENT_RULES
from collectors.key_vault.hsms import HSM_RULES, REQUIREMENT_RULES
from collectors.key_vault.reads import CHILDREN, HSMS, VAULTS
from collectors.key_vault.vaults import VAULT_RULES

RULES = (*VAULT_RULES, *CONTENT_RULES, *CERTIFICATE_RULES)

COLLECTOR = Collector(
    service="key_vault",
    title="Azure Key Vault",
    reads_what="Every key vault and managed HSM with its protection, network and logging settings, and of "
    "its keys and secrets the names and times, never a value.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "key_vault",
            "Key Vault Configuration",
            [
                Kind(noun="key vaults", read=VAULTS, rules=RULES, children=CHILDREN),
                Kind(noun="managed HSMs", read=HSMS, rules=HSM_RULES),
            ],
            shared={"hsms": HSMS},
            subscription_rules=REQUIREMENT_RULES,
        ),
    ),
)
