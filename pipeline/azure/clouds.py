"""Where each Azure cloud answers: the one table of endpoints, and what a setting may override of it.

Hosts: azure-cli's cloud table and the developer guides of Azure Government and Azure China; vault suffixes:
"Azure Key Vault basic concepts"; Graph: "National cloud deployments" of Microsoft Graph; token exchange:
"Configure an application to trust a managed identity".
"""

import msgspec


class Cloud(msgspec.Struct, frozen=True, kw_only=True):
    """The endpoints of one cloud, none with a trailing slash.

    Args:
        name: as `AZURE_CLOUD` spells it.
        authority: where Entra gives tokens.
        resource_manager: base address of Azure Resource Manager.
        graph: base address of Microsoft Graph, without the version.
        portal: base address of the Azure portal.
        vault_suffix: what host names of key vaults end with.
        resource_manager_scope: what a token for Azure Resource Manager is asked for; an override of the
            address does not change it.
        graph_scope: what a token for Microsoft Graph is asked for.
        tokens_v1: how issuers of v1.0 tokens begin.
        exchange_audience: whom a managed identity's token is for that stands for an application's secret.
    """

    name: str
    authority: str
    resource_manager: str
    graph: str
    portal: str
    vault_suffix: str
    resource_manager_scope: str
    graph_scope: str
    tokens_v1: str = "https://sts.windows.net"
    exchange_audience: str


_TABLE = (
    Cloud(
        name="AzureCloud",
        authority="https://login.microsoftonline.com",
        resource_manager="https://management.azure.com",
        graph="https://graph.microsoft.com",
        portal="https://portal.azure.com",
        vault_suffix=".vault.azure.net",
        resource_manager_scope="https://management.azure.com/.default",
        graph_scope="https://graph.microsoft.com/.default",
        exchange_audience="api://AzureADTokenExchange",
    ),
    Cloud(
        name="AzureUSGovernment",
        authority="https://login.microsoftonline.us",
        resource_manager="https://management.usgovcloudapi.net",
        graph="https://graph.microsoft.us",
        portal="https://portal.azure.us",
        vault_suffix=".vault.usgovcloudapi.net",
        resource_manager_scope="https://management.usgovcloudapi.net/.default",
        graph_scope="https://graph.microsoft.us/.default",
        exchange_audience="api://AzureADTokenExchangeUSGov",
    ),
    Cloud(
        name="AzureChinaCloud",
        authority="https://login.chinacloudapi.cn",
        resource_manager="https://management.chinacloudapi.cn",
        graph="https://microsoftgraph.chinacloudapi.cn",
        portal="https://portal.azure.cn",
        vault_suffix=".vault.azure.cn",
        resource_manager_scope="https://management.chinacloudapi.cn/.default",
        graph_scope="https://microsoftgraph.chinacloudapi.cn/.default",
        tokens_v1="https://sts.chinacloudapi.cn",
        exchange_audience="api://AzureADTokenExchangeChina",
    ),
)
CLOUDS = {cloud.name: cloud for cloud in _TABLE}
