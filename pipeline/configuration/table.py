"""The app settings by name, with what they mean: README's table and every default come from here."""

import msgspec


class Setting(msgspec.Struct, frozen=True):
    """One app setting.

    Args:
        name: as it stands among the app settings and in local.settings.json.
        meaning: one sentence for the person who sets it.
        default: what holds if it is not set; "" if nothing does.
        required: whether the app refuses to start without it.
    """

    name: str
    meaning: str
    default: str = ""
    required: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "AzureWebJobsStorage",
        "Host storage: the queue of sync runs and the timers' locks. Instead, for access by identity:"
        " `AzureWebJobsStorage__queueServiceUri` and `AzureWebJobsStorage__tableServiceUri`.",
        required=True,
    ),
    Setting("AzureWebJobsStorage__queueServiceUri", "Address of the queue service, for access by identity."),
    Setting("AzureWebJobsStorage__tableServiceUri", "Address of the table service, for access by identity."),
    Setting(
        "EVIDENCE_STORAGE",
        "Connection string of the storage account that keeps connections, evidence and findings; the host"
        " storage if neither this nor `EVIDENCE_STORAGE__tableServiceUri` is set.",
    ),
    Setting("EVIDENCE_STORAGE__tableServiceUri", "The same by identity: address of its table service."),
    Setting("KEY_VAULT_URL", "The key vault that keeps the connections' secrets.", required=True),
    Setting("AZURE_CLOUD", "`AzureCloud`, `AzureUSGovernment` or `AzureChinaCloud`.", "AzureCloud"),
    Setting("AZURE_AUTHORITY_HOST", "Overrides where Entra gives tokens; from the cloud if not set."),
    Setting("AZURE_RESOURCE_MANAGER_URL", "Overrides the address of Azure Resource Manager; from the cloud."),
    Setting("MICROSOFT_GRAPH_URL", "Overrides the address of Microsoft Graph; from the cloud."),
    Setting("AZURE_CLIENT_ID", "Client id of the app's own user-assigned managed identity."),
    Setting(
        "DAILY_SCHEDULE", "When daily connections are synced: NCRONTAB, six fields, UTC.", "0 30 2 * * *"
    ),
    Setting(
        "HOURLY_SCHEDULE", "When hourly connections are synced: NCRONTAB, six fields, UTC.", "0 5 * * * *"
    ),
    Setting(
        "SYNC_DEADLINE_S",
        "Seconds after which a sync run gives up; keep it well under functionTimeout.",
        "1200",
    ),
    Setting(
        "SYNC_LEASE_S", "Seconds for which a worker that died keeps its connection from the next one.", "60"
    ),
    Setting("READS_IN_FLIGHT", "Reads of Azure under way at one time, per tenant and subscription.", "8"),
    Setting("READS_PER_SECOND", "Reads of Azure per second, per tenant and subscription.", "25"),
    Setting("READ_PATIENCE_S", "Seconds one read may wait because Azure throttles it.", "120"),
    Setting("READ_TIMEOUT_S", "Seconds one try of a read may take.", "60"),
    Setting("READ_PAGE_CAP", "Pages one list may have; more is an error, never a shorter list.", "10000"),
    Setting(
        "CHECK_THRESHOLDS",
        "Thresholds of checks that differ from their defaults (`GET /checks`), as JSON:"
        ' `{"defender_secure_score": {"target_percentage": 90}}`.',
    ),
    Setting("SIGN_IN_CLIENT_ID", "Application of the sign-in flow; without it there is no sign-in flow."),
    Setting("SIGN_IN_CLIENT_SECRET", "Its client secret, as a Key Vault reference."),
    Setting("SIGN_IN_REDIRECT_URL", "Its redirect address: this app's `/api/sign-in/callback`."),
    Setting("SIGN_IN_RETURN_URLS", "Addresses a sign-in may return to, separated by commas."),
    Setting("SIGN_IN_TENANT", "Who may sign in: `common`, `organizations` or a tenant.", "common"),
    Setting(
        "API_AUDIENCE",
        "Who the callers' bearer tokens must be for: client id or application ID URI of this app's own"
        " registration, several separated by commas. Without it a Functions key suffices.",
    ),
    Setting("API_TENANT_ID", "Tenant that issues the callers' tokens; needed with `API_AUDIENCE`."),
    Setting("API_ALLOWED_CLIENT_IDS", "Client ids that may call, separated by commas; any if not set."),
    Setting(
        "API_REQUIRED_ROLE",
        "Not set: `Evidence.Read` may GET, `Evidence.Manage` may do everything. One of these two: every call"
        " needs at least that one. Any other name: your own app role, which every call needs and which may do"
        " everything.",
    ),
    Setting(
        "PORTAL_ORIGINS",
        "Web pages that may call from a browser: exact origins such as `https://portal.example.com`,"
        " separated by commas; none if not set.",
    ),
    Setting("SSL_CERT_FILE", "A private certificate authority (local only), as a bundle with the system's."),
    Setting("REQUESTS_CA_BUNDLE", "The same file again: some libraries look here."),
)
DEFAULTS = {setting.name: setting.default for setting in SETTINGS}
