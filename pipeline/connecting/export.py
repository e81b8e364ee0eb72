"""The configuration as it can be kept elsewhere: all that makes the connections again, without any secret."""

from collections.abc import Callable

import msgspec

import pipeline
from mappings.loader import Mappings
from pipeline.model import Frequency
from pipeline.settings import Settings
from pipeline.stores.protocols import ConnectionStore
from pipeline.stores.records import ConnectionRecord
from pipeline.times import Clock, rfc3339

SCHEMA_VERSION = 1
"""Of the export itself: raised when a member changes its meaning or goes."""


class ExportedAuth(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection authenticates: what `auth` of POST /connections takes, less the secret.

    Args:
        certificate_thumbprint: which certificate is to be entered again.
        identity_client_id: the app's identity that reads, or that stands for a secret; None for its own.
    """

    method: str
    client_id: str | None
    secret_expires_on: str | None
    certificate_thumbprint: str | None
    identity_client_id: str | None


class ExportedConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A connection.

    Args:
        id: what it was called here; one that is made from this has a new id.
        services: None for all there are, those that later versions add included.
    """

    id: str
    name: str
    tenant_id: str
    subscription_id: str
    subscription_name: str
    auth: ExportedAuth
    frequency: Frequency
    services: tuple[str, ...] | None
    status: str
    created_at: str


class ConfigurationExport(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration, and one page of the connections, newest first; `next_cursor` gives the next.

    Args:
        mapping_version: of the mappings of checks to controls.
        settings: effective values of the app settings that decide what is read, when and how hard; others
            belong to one deployment, or are secret.
    """

    schema_version: int
    exported_at: str
    app_version: str
    mapping_version: str
    settings: dict[str, str]
    connections: tuple[ExportedConnection, ...]
    next_cursor: str | None


class ConfigurationExports:
    """Exports the configuration.

    Args:
        mappings: gives the mappings in force.
    """

    def __init__(
        self, store: ConnectionStore, settings: Settings, mappings: Callable[[], Mappings], clock: Clock
    ) -> None:
        self._store = store
        self._settings = settings
        self._mappings = mappings
        self._clock = clock

    async def page(self, *, limit: int, position: str | None) -> ConfigurationExport:
        """Export up to `limit` connections from a position; `next_cursor` holds the raw position."""
        records, following = await self._store.page(limit=limit, position=position)
        return ConfigurationExport(
            schema_version=SCHEMA_VERSION,
            exported_at=rfc3339(self._clock()),
            app_version=pipeline.__version__,
            mapping_version=self._mappings().version,
            settings=exported_settings(self._settings),
            connections=tuple(map(_exported, records)),
            next_cursor=following,
        )


def exported_settings(settings: Settings) -> dict[str, str]:
    """Give the settings that are exported, by name, as app settings spell them."""
    limits = settings.limits
    numbers = {
        "SYNC_DEADLINE_S": settings.sync_deadline_s,
        "SYNC_LEASE_S": settings.sync_lease_s,
        "READS_IN_FLIGHT": limits.in_flight,
        "READS_PER_SECOND": limits.per_second,
        "READ_PATIENCE_S": limits.patience_s,
        "READ_TIMEOUT_S": limits.timeout_s,
        "READ_PAGE_CAP": limits.page_cap,
    }
    return {
        "AZURE_CLOUD": settings.cloud.name,
        "DAILY_SCHEDULE": settings.daily_schedule,
        "HOURLY_SCHEDULE": settings.hourly_schedule,
        "CHECK_THRESHOLDS": msgspec.json.encode(settings.thresholds, order="sorted").decode(),
        **{name: _number(value) for name, value in numbers.items()},
    }


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _exported(record: ConnectionRecord) -> ExportedConnection:
    credential = record.credential
    return ExportedConnection(
        id=record.id,
        name=record.name,
        tenant_id=credential.tenant_id,
        subscription_id=record.subscription_id,
        subscription_name=record.subscription_name,
        auth=ExportedAuth(
            method=credential.method,
            client_id=credential.client_id,
            secret_expires_on=credential.secret_expires_on,
            certificate_thumbprint=credential.certificate_thumbprint,
            identity_client_id=credential.identity_client_id,
        ),
        frequency=record.frequency,
        services=record.services,
        status="paused" if record.paused else "active",
        created_at=record.created_at,
    )
