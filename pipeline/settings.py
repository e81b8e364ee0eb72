"""What the app is told by its app settings: read once at start, checked together, refused in one message."""

from collections.abc import Mapping
from typing import Self, override

import msgspec

from pipeline.azure.clouds import CLOUDS, Cloud
from pipeline.configuration.table import SETTINGS, Setting
from pipeline.configuration.values import StorageTarget, Values
from pipeline.errors import SettingsError

__all__ = ["SETTINGS", "ReadLimits", "Setting", "Settings", "StorageTarget"]


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """The application of the sign-in flow. Shows no secret when printed."""

    client_id: str
    client_secret: str
    redirect_url: str
    return_urls: tuple[str, ...]
    tenant: str

    @override
    def __repr__(self) -> str:
        return f"SignIn(client_id={self.client_id!r})"


class CallerTokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller's own bearer token must say.

    Args:
        audiences: one of which it must be for; never empty.
        tenant_id: who must have issued it.
        allowed_client_ids: who may have asked for it; anybody if empty.
        required_role: the app role that every call needs; None leaves it to the two roles of this app.
    """

    audiences: tuple[str, ...]
    tenant_id: str
    allowed_client_ids: tuple[str, ...] = ()
    required_role: str | None = None


class ReadLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How hard Azure may be asked; the defaults are Azure's own limits.

    Args:
        bucket: reads that may be made at once after a pause, per tenant and subscription.
        per_second: reads per second after that.
        in_flight: reads that may be under way at one time.
        patience_s: seconds one call may spend waiting because Azure asked to.
        timeout_s: seconds one try may take.
        tries: how often a failing service is asked before the call gives up.
        page_cap: pages one list may have.
    """

    bucket: int = 250
    per_second: float = 25.0
    in_flight: int = 8
    patience_s: float = 120.0
    timeout_s: float = 60.0
    tries: int = 4
    page_cap: int = 10_000


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting of the app, checked. Shows no secret when printed.

    Args:
        tables: where evidence, findings and connections are kept.
        queues: where sync runs wait.
        key_vault_url: the vault of the connections' secrets.
        cloud: the endpoints, overrides applied.
        client_id: the app's own user-assigned identity, if it has one.
        daily_schedule, hourly_schedule: NCRONTAB in six fields, UTC.
        sync_deadline_s: seconds after which a sync run gives up by itself, well under functionTimeout.
        sync_lease_s: seconds for which a worker that died keeps its connection.
        limits: how hard Azure may be asked.
        thresholds: thresholds of checks that differ from their defaults, by check id and name.
        sign_in: the sign-in flow, None if it is not configured.
        callers: the callers' tokens, None if a Functions key suffices.
        portal_origins: web origins whose pages may call.
    """

    tables: StorageTarget
    queues: StorageTarget
    key_vault_url: str
    daily_schedule: str
    hourly_schedule: str
    cloud: Cloud = CLOUDS["AzureCloud"]
    client_id: str | None = None
    sync_deadline_s: float = 1200.0
    sync_lease_s: float = 60.0
    limits: ReadLimits = ReadLimits()
    thresholds: Mapping[str, Mapping[str, float]] = {}
    sign_in: SignIn | None = None
    callers: CallerTokens | None = None
    portal_origins: tuple[str, ...] = ()

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings from an environment.

        Takes the app settings by name; blank ones count as absent. Gives the settings.

        Raises:
            SettingsError: names every setting that is missing or malformed.
        """
        values = Values.of(environment)
        settings = cls(
            tables=values.storage("EVIDENCE_STORAGE", "AzureWebJobsStorage", service="table"),
            queues=values.storage("AzureWebJobsStorage", service="queue"),
            key_vault_url=values.url("KEY_VAULT_URL"),
            cloud=_cloud(values),
            client_id=values.guid("AZURE_CLIENT_ID"),
            daily_schedule=values.schedule("DAILY_SCHEDULE"),
            hourly_schedule=values.schedule("HOURLY_SCHEDULE"),
            sync_deadline_s=values.number("SYNC_DEADLINE_S"),
            sync_lease_s=values.number("SYNC_LEASE_S"),
            limits=_limits(values),
            thresholds=values.thresholds("CHECK_THRESHOLDS"),
            sign_in=_sign_in(values),
            callers=_callers(values),
            portal_origins=values.origins("PORTAL_ORIGINS"),
        )
        if values.problems:
            raise SettingsError(
                f"The app cannot start: {'; '.join(dict.fromkeys(values.problems))}.",
                advice="Correct these app settings and start again. README.md lists every setting.",
            )
        return settings

    @property
    def authority_host(self) -> str:
        """Where Entra gives tokens."""
        return self.cloud.authority

    @property
    def resource_manager_url(self) -> str:
        """The base address of Azure Resource Manager."""
        return self.cloud.resource_manager

    @property
    def resource_manager_scope(self) -> str:
        """What a token for Azure Resource Manager is asked for."""
        return self.cloud.resource_manager_scope

    @property
    def graph_url(self) -> str:
        """The base address of Microsoft Graph, without the version."""
        return self.cloud.graph

    @property
    def graph_scope(self) -> str:
        """What a token for Microsoft Graph is asked for."""
        return self.cloud.graph_scope

    def portal_url(self, page: str) -> str | None:
        """Give the address of a page of the Azure portal, None for "".

        Takes the part of the address after the host, such as an error's `portal_page`.
        """
        return f"{self.cloud.portal}/{page.removeprefix('/')}" if page else None

    @override
    def __repr__(self) -> str:
        return f"Settings(cloud={self.cloud.name!r}, key_vault_url={self.key_vault_url!r})"


def _cloud(values: Values) -> Cloud:
    cloud = values.cloud("AZURE_CLOUD")
    return msgspec.structs.replace(
        cloud,
        authority=values.url("AZURE_AUTHORITY_HOST", default=cloud.authority),
        resource_manager=values.url("AZURE_RESOURCE_MANAGER_URL", default=cloud.resource_manager),
        graph=values.url("MICROSOFT_GRAPH_URL", default=cloud.graph),
    )


def _limits(values: Values) -> ReadLimits:
    return ReadLimits(
        in_flight=int(values.number("READS_IN_FLIGHT", whole=True)),
        per_second=values.number("READS_PER_SECOND"),
        patience_s=values.number("READ_PATIENCE_S"),
        timeout_s=values.number("READ_TIMEOUT_S"),
        page_cap=int(values.number("READ_PAGE_CAP", whole=True)),
    )


def _sign_in(values: Values) -> SignIn | None:
    names = ("SIGN_IN_CLIENT_ID", "SIGN_IN_CLIENT_SECRET", "SIGN_IN_REDIRECT_URL")
    if not values.any_of(*names):
        return None
    client_id = values.guid("SIGN_IN_CLIENT_ID", needed_by="sign-in")
    return SignIn(
        client_id=client_id or "",
        client_secret=values.text("SIGN_IN_CLIENT_SECRET", needed_by="sign-in") or "",
        redirect_url=values.url("SIGN_IN_REDIRECT_URL", loopback=True, needed_by="sign-in"),
        return_urls=values.urls("SIGN_IN_RETURN_URLS"),
        tenant=values.tenant("SIGN_IN_TENANT"),
    )


def _callers(values: Values) -> CallerTokens | None:
    names = ("API_TENANT_ID", "API_ALLOWED_CLIENT_IDS", "API_REQUIRED_ROLE")
    if not values.any_of("API_AUDIENCE", *names):
        return None
    return CallerTokens(
        audiences=values.audiences("API_AUDIENCE", needed_by="callers' tokens"),
        tenant_id=values.guid("API_TENANT_ID", needed_by="callers' tokens") or "",
        allowed_client_ids=values.guids("API_ALLOWED_CLIENT_IDS"),
        required_role=values.role("API_REQUIRED_ROLE"),
    )
