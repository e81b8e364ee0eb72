"""What is kept of a connection: the stored shape, richer than the API's and without any secret."""

import msgspec

from pipeline.model import Attention, Frequency, SetupCheck


class CredentialRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A credential as it is kept: where its secret is, never the secret.

    Args:
        secret_name: the Key Vault secret, a fresh name per credential version; None without a secret.
        secret_expires_on: the day the application's secret ends, as the person told us; None if unknown.
        principal_id: object id of the service principal, as the access token named it; None until known.
    """

    method: str
    tenant_id: str
    client_id: str | None = None
    secret_name: str | None = None
    secret_expires_on: str | None = None
    principal_id: str | None = None


class ConnectionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as it is kept.

    Args:
        services: enabled service names, or None for all there are, those added later included.
        paused: whether timers leave it alone.
        attention: what a sync run found wrong with the credential; cleared when one authenticates again.
        etag: of the row as read; a replace demands it unchanged.
        disconnected_at: set when the connection was deleted but its evidence kept; hidden from listings.
    """

    id: str
    name: str
    subscription_id: str
    subscription_name: str
    credential: CredentialRecord
    frequency: Frequency
    created_at: str
    updated_at: str
    services: tuple[str, ...] | None = None
    paused: bool = False
    attention: Attention | None = None
    setup_checks: tuple[SetupCheck, ...] = ()
    disconnected_at: str | None = None
    etag: str = ""
