"""What Azure SQL is asked: two lists of the subscription, and what no list of a subscription holds."""

from collectors.contract import Read

_PROVIDER = "/subscriptions/{subscription_id}/providers/Microsoft.Sql"


def _below(parent: str, path: str, version: str = "2023-08-01") -> Read:
    action = path.partition("/")[0]
    return Read(f"/{{id}}/{path}", version, f"Microsoft.Sql/{parent}/{action}/read")


SERVER_LIST = Read(
    path=f"{_PROVIDER}/servers",
    api_version="2023-08-01",
    permission="Microsoft.Sql/servers/read",
    # With it the list tells the Entra administrator, which would else be a request for each server.
    query=(("$expand", "administrators/activedirectory"),),
)
INSTANCE_LIST = Read(f"{_PROVIDER}/managedInstances", "2023-08-01", "Microsoft.Sql/managedInstances/read")

# Each of these exists below one server only (REST specification): a request for each is unavoidable.
AUDITING = _below("servers", "auditingSettings/default")
ALERTS = _below("servers", "securityAlertPolicies/Default")
PROTECTOR = _below("servers", "encryptionProtector/current", "2021-11-01")
FIREWALL = _below("servers", "firewallRules")
FIREWALL_V6 = _below("servers", "ipv6FirewallRules")
CLASSIC_ASSESSMENT = _below("servers", "vulnerabilityAssessments/default")
# The express configuration answers here, and only preview versions know it.
EXPRESS_ASSESSMENT = _below("servers", "sqlVulnerabilityAssessments/default", "2024-05-01-preview")
DATABASE_LIST = _below("servers", "databases")

# Below one database only.
ENCRYPTION = _below("servers/databases", "transparentDataEncryption/current")
RETENTION = _below("servers/databases", "backupLongTermRetentionPolicies/default")

# Below one managed instance only.
INSTANCE_ALERTS = _below("managedInstances", "securityAlertPolicies/Default")
INSTANCE_ASSESSMENT = _below("managedInstances", "vulnerabilityAssessments/default")
