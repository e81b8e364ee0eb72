"""What PostgreSQL is asked: the list of flexible servers, and two lists below each of them."""

from collectors.contract import Read

SERVERS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.DBforPostgreSQL/flexibleServers",
    api_version="2025-08-01",
    permission="Microsoft.DBforPostgreSQL/flexibleServers/read",
)
PARAMETERS = Read(
    path="/{id}/configurations",
    api_version="2024-08-01",
    permission="Microsoft.DBforPostgreSQL/flexibleServers/configurations/read",
)
FIREWALL = Read(
    path="/{id}/firewallRules",
    api_version="2025-08-01",
    permission="Microsoft.DBforPostgreSQL/flexibleServers/firewallRules/read",
)
