"""What is kept of a connection: the stored shape, richer than the API's and without any secret."""

from collections.abc import Mapping

import msgspec

from collectors.contract import JsonValue
from pipeline.model import (
    Attention,
    Changes,
    EndSource,
    Frequency,
    ItemStatus,
    PartRun,
    ProblemView,
    RequestRecord,
    SetupCheck,
    VerdictCounts,
)


class CredentialRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A credential as it is kept: where its secret is, never the secret.

    Args:
        secret_name: the Key Vault secret, a fresh name per credential version; None without a secret.
        secret_expires_on: the last day of the application's secret, or of its certificate; None if unknown,
            or if nothing ends.
        secret_expires_on_source: who told that day; None too in rows from before it was kept.
        principal_id: object id of the service principal, as the access token named it; None until known.
        certificate_thumbprint: as the Azure portal shows it; None without a certificate.
        identity_client_id: the app's user-assigned identity that is used; None for the one of the settings.
    """

    method: str
    tenant_id: str
    client_id: str | None = None
    secret_name: str | None = None
    secret_expires_on: str | None = None
    secret_expires_on_source: EndSource | None = None
    principal_id: str | None = None
    certificate_thumbprint: str | None = None
    identity_client_id: str | None = None


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

    def collects(self, service: str) -> bool:
        """Tell whether sync runs still read a service."""
        return self.disconnected_at is None and (self.services is None or service in self.services)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where a connection's register stands: what is committed and where its digest chain ends.

    Args:
        sequence: number of runs committed; finding rows of a higher one are not visible yet.
        items: evidence items in the chain.
        digest: of the newest item; None before the first.
    """

    sequence: int = 0
    items: int = 0
    digest: str | None = None


class PartOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of a collector ended in, kept until its run commits: a retry need not read it again.

    Args:
        counts: verdicts by check id.
        kept: those of findings that stayed open unseen, because a list was refused: no verdicts of the run.
        manifest: sequence number under which the part's new manifest was written; None if nothing changed.
    """

    service: str
    kind: str
    title: str
    status: ItemStatus
    started_at: str
    finished_at: str
    summary: Mapping[str, JsonValue]
    problem: ProblemView | None
    requests: tuple[RequestRecord, ...]
    collector_version: str
    resources: int
    counts: Mapping[str, VerdictCounts]
    changes: Changes
    manifest: int | None
    requests_sent: int
    pages_read: int
    throttled: int
    duration_ms: int
    kept: Mapping[str, VerdictCounts] = {}


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """The newest state of one evidence kind: its newest good item, and how the newest try went.

    Args:
        index: place of the newest good item in the chain; None before the first.
        newest_index: place of the newest item, good or not.
        counts: verdicts by check id that stand as of the newest good item, what it kept included; else those
            of the newest try.
        manifest: sequence number of the manifest that lists the kind's open findings; None without any.
    """

    service: str
    kind: str
    index: int | None
    collected_at: str | None
    newest_index: int
    tried_at: str
    newest_try: PartRun
    counts: Mapping[str, VerdictCounts]
    manifest: int | None
