"""What is read of the set-up of Defender for Cloud, each list once a sync."""

from collectors.contract import JsonValue, Read
from collectors.defender.plans import PLANS

ROW = dict[str, JsonValue]
SECURITY = "/subscriptions/{subscription_id}/providers/Microsoft.Security"

CONTACTS = Read(
    path=f"{SECURITY}/securityContacts",
    api_version="2023-12-01-preview",
    permission="Microsoft.Security/securityContacts/read",
)
SETTINGS = Read(
    path=f"{SECURITY}/settings",
    api_version="2022-05-01",
    permission="Microsoft.Security/settings/read",
)
AUTOMATIONS = Read(
    path=f"{SECURITY}/automations",
    api_version="2023-12-01-preview",
    permission="Microsoft.Security/automations/read",
)
PROVISIONING = Read(
    path=f"{SECURITY}/autoProvisioningSettings",
    api_version="2017-08-01-preview",
    permission="Microsoft.Security/autoProvisioningSettings/read",
)
SERVER_SCANNERS = Read(
    path=f"{SECURITY}/serverVulnerabilityAssessmentsSettings",
    api_version="2023-05-01",
    permission="Microsoft.Security/serverVulnerabilityAssessmentsSettings/read",
)
SUPPRESSIONS = Read(
    path=f"{SECURITY}/alertsSuppressionRules",
    api_version="2019-01-01-preview",
    permission="Microsoft.Security/alertsSuppressionRules/read",
)
IOT_SOLUTIONS = Read(
    path=f"{SECURITY}/iotSecuritySolutions",
    api_version="2019-08-01",
    permission="Microsoft.Security/iotSecuritySolutions/read",
)
IOT_HUBS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Devices/IotHubs",
    api_version="2023-06-30",
    permission="Microsoft.Devices/IotHubs/read",
)
ATTACK_SURFACES = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Easm/workspaces",
    api_version="2023-04-01-preview",
    permission="Microsoft.Easm/workspaces/read",
)
SHARED = {
    "plans": PLANS,
    "contacts": CONTACTS,
    "settings": SETTINGS,
    "automations": AUTOMATIONS,
    "provisioning": PROVISIONING,
    "server_scanners": SERVER_SCANNERS,
    "suppressions": SUPPRESSIONS,
    "iot_solutions": IOT_SOLUTIONS,
    "iot_hubs": IOT_HUBS,
    "attack_surfaces": ATTACK_SURFACES,
}
