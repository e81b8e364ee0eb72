"""What is read of key vaults: Azure Resource Manager alone, so that no vault has to open its network."""

from collections.abc import Mapping

from collectors.contract import Read
from collectors.declarations.configuration import Child
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS
from collectors.declarations.resources import Resource

VAULTS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.KeyVault/vaults",
    api_version="2025-05-01",
    permission="Microsoft.KeyVault/vaults/read",
)
HSMS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.KeyVault/managedHSMs",
    api_version="2025-05-01",
    permission="Microsoft.KeyVault/managedHSMs/read",
)
KEYS = Read(
    path="/{id}/keys",
    api_version="2023-07-01",
    permission="Microsoft.KeyVault/vaults/keys/read",
)
KEY = Read(
    path="/{id}",
    api_version="2023-07-01",
    permission="Microsoft.KeyVault/vaults/keys/read",
)
SECRETS = Read(
    path="/{id}/secrets",
    api_version="2023-07-01",
    permission="Microsoft.KeyVault/vaults/secrets/read",
)
ROTATION_POLICY = "properties.rotationPolicy"


def is_enabled(item: Resource) -> bool:
    """Tell whether a key or secret can be used: it can unless it was disabled."""
    return item.flag("properties.attributes.enabled") is not False


def lacks_policy(key: Resource) -> bool:
    """Tell whether the list left out the rotation policy of a key that needs one."""
    return is_enabled(key) and key.at(ROTATION_POLICY) is None


CHILDREN: Mapping[str, Child] = {
    # No list of the subscription holds the keys, secrets or diagnostic settings of its vaults. The list of
    # keys does not always hold their rotation policies (prowler#12655): a key without one is read by itself.
    "keys": Child(KEYS, many=True, children={"detail": Child(KEY, when=lacks_policy)}),
    "secrets": Child(SECRETS, many=True),
    "logs": Child(DIAGNOSTIC_SETTINGS, many=True),
}
