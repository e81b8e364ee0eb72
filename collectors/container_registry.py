"""Azure Container Registry: who may pull and push, over which network, encrypted with whose key."""

from collectors.contract import Check, Collector, Read
from collectors.declarations.configuration import Kind, configuration
from collectors.declarations.rules import (
    Rule,
    must_be_off,
    must_be_on,
    must_be_one_of,
    private_endpoint_approved,
)

REGISTRIES = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.ContainerRegistry/registries",
    api_version="2025-04-01",
    permission="Microsoft.ContainerRegistry/registries/read",
)

RULES = (
    Rule(
        Check(
            id="container_registry_admin_disabled",
            title="Admin user disabled",
            severity="high",
            rationale="The admin user is one shared password that no sign-in log ties to a person.",
            remediation="Portal: registry > Access keys > Admin user off. CLI: az acr update -n <name> "
            "--admin-enabled false",
            permission=REGISTRIES.permission,
        ),
        # The specification's default is false, as it is for anonymous pull.
        must_be_off("properties.adminUserEnabled", "The admin user", absent=False),
    ),
    Rule(
        Check(
            id="container_registry_public_network_disabled",
            title="Public network access disabled",
            severity="high",
            rationale="A registry that the internet reaches is one leaked credential away from being read.",
            remediation="Portal: registry > Networking > Public access > Disabled. CLI: az acr update -n "
            "<name> --public-network-enabled false",
            permission=REGISTRIES.permission,
        ),
        # The network rule set only narrows an open network, so it does not decide. By default a registry
        # takes connections from any network (Microsoft's policy d0793b48-0edc-4296-a390-4c75d1bdfd71).
        must_be_one_of(
            "properties.publicNetworkAccess",
            "Public network access",
            allowed=["Disabled"],
            others=["Enabled"],
            absent="Enabled",
        ),
    ),
    Rule(
        Check(
            id="container_registry_private_link_used",
            title="Private link used",
            severity="medium",
            rationale="Through a private endpoint images travel inside the virtual network only.",
            remediation="Portal: registry > Networking > Private access > Create a private endpoint "
            "connection. CLI: az network private-endpoint create --group-id registry ...",
            permission=REGISTRIES.permission,
        ),
        private_endpoint_approved,
    ),
    Rule(
        Check(
            id="container_registry_cmk_encryption",
            title="Encrypted with a customer-managed key",
            severity="low",
            rationale="With a key of one's own the data can be made unreadable without Microsoft's help.",
            remediation="Portal: Container registries > Create > Encryption > Customer-managed key: "
            "Enabled; a registry gets its key at creation. CLI: az acr create --identity <id> "
            "--key-encryption-key <key id> --sku Premium ...",
            permission=REGISTRIES.permission,
        ),
        # The specification gives no default: a key is only given at creation, so who names none has none.
        must_be_on("properties.encryption.status", "Encryption with a customer-managed key", absent=False),
    ),
    Rule(
        Check(
            id="container_registry_anonymous_pull_disabled",
            title="Anonymous pull disabled",
            severity="medium",
            rationale="Anonymous pull publishes every image of the registry to anybody.",
            remediation="Portal: Policy > Definitions > Configure container registries to disable anonymous "
            "authentication > Assign, and remediate. CLI: az acr update -n <name> --anonymous-pull-enabled "
            "false",
            permission=REGISTRIES.permission,
        ),
        must_be_off("properties.anonymousPullEnabled", "Anonymous pull", absent=False),
    ),
)

COLLECTOR = Collector(
    service="container_registry",
    title="Azure Container Registry",
    reads_what="Every container registry with its sign-in, network and encryption settings.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "container_registry",
            "Container Registry Configuration",
            [Kind(noun="container registries", read=REGISTRIES, rules=RULES)],
        ),
    ),
)
