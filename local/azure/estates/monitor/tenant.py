"""The tenant's diagnostic settings for Microsoft Entra ID; for Intune it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.wire import JsonObject

SENT = (
    "AuditLogs",
    "SignInLogs",
    "NonInteractiveUserSignInLogs",
    "ServicePrincipalSignInLogs",
    "ManagedIdentitySignInLogs",
)
NOT_SENT = ("ProvisioningLogs", "MicrosoftGraphActivityLogs")
WORKSPACE = "/subscriptions/0/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/all"


def entra_settings() -> list[JsonObject]:
    """Give the settings of Entra's logs: every sign-in is sent on, the activity of Microsoft Graph is not."""
    logs = [{"category": name, "enabled": name in SENT} for name in (*SENT, *NOT_SENT)]
    return [
        {
            "id": "providers/microsoft.aadiam/diagnosticSettings/sign-ins",
            "type": None,
            "name": "sign-ins",
            "location": None,
            "tags": None,
            "properties": {"storageAccountId": None, "workspaceId": WORKSPACE, "logs": logs, "metrics": []},
        }
    ]
