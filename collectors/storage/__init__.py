"""Azure Storage: who may read an account's data, over which network, and whether it can be got back."""

from collectors.contract import Collector
from collectors.declarations.configuration import Kind, configuration
from collectors.declarations.shared_reads import LOCKS
from collectors.storage.access import ACCESS_RULES
from collectors.storage.files import FILE_RULES
from collectors.storage.network import NETWORK_RULES
from collectors.storage.protection import PROTECTION_RULES
from collectors.storage.reads import ACCOUNTS, CHILDREN, CLASSIC_ACCOUNTS
from collectors.storage.watching import CLASSIC_RULES, WATCHING_RULES

RULES = (*NETWORK_RULES, *ACCESS_RULES, *PROTECTION_RULES, *FILE_RULES, *WATCHING_RULES)

COLLECTOR = Collector(
    service="storage",
    title="Azure Storage",
    reads_what="Every storage account with its network, sign-in, encryption, recovery and logging settings, "
    "its locks, and its containers where anonymous access may be allowed.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "storage",
            "Storage Configuration",
            [Kind(noun="storage accounts", read=ACCOUNTS, rules=RULES, children=CHILDREN)],
            shared={"locks": LOCKS, "classic": CLASSIC_ACCOUNTS},
            subscription_rules=CLASSIC_RULES,
        ),
    ),
)
