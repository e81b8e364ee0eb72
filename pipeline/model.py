"""The shapes of the HTTP contract: what the API answers, in the names of API.md."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from collectors.contract import JsonValue

type Frequency = Literal["daily", "hourly"]
type ConnectionStatus = Literal["active", "paused", "attention"]
type RunTrigger = Literal["connect", "manual", "hourly", "daily"]
type RunStatus = Literal["queued", "running", "succeeded", "partial", "failed"]
type CollectorStatus = Literal["pending", "running", "succeeded", "unavailable", "failed"]
type CheckStatus = Literal["pass", "warn", "fail", "unknown"]
type ItemStatus = Literal["collected", "unavailable"]
type EndSource = Literal["entered", "graph", "certificate"]
type Controls = Mapping[str, tuple[str, ...]]


class ProblemView(msgspec.Struct, frozen=True, kw_only=True):
    """A problem inside another answer: what went wrong, what to do, where."""

    code: str
    detail: str
    advice: str = ""
    reason: str = ""
    portal_url: str | None = None


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """Why a connection needs a person."""

    code: str
    detail: str
    advice: str


class AuthView(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection authenticates; never a secret. `..._source`: who told the day it ends.

    `principal_id` is the object id of whom it speaks for: service principal, managed identity or person.
    """

    method: str
    client_id: str | None = None
    principal_id: str | None = None
    secret_expires_on: str | None = None
    secret_expires_on_source: EndSource | None = None
    certificate_thumbprint: str | None = None


class SecretLeft(msgspec.Struct, frozen=True, kw_only=True):
    """A secret in the key vault that nothing uses any more and that is not gone yet.

    Args:
        name, since: in the vault; since when it is so.
        state: `not_deleted` if the vault refused or was away: it is tried again every minute;
            `kept_by_vault` if it is deleted, and purge protection keeps it until the retention ends.
    """

    name: str
    state: Literal["not_deleted", "kept_by_vault"]
    since: str


class SetupCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a connection needs, tried for real."""

    id: str
    title: str
    status: CheckStatus
    detail: str
    advice: str = ""
    portal_url: str | None = None


class VerdictCounts(msgspec.Struct, kw_only=True, rename={"passed": "pass", "failed": "fail"}):
    """How many verdicts of each status."""

    passed: int = 0
    failed: int = 0
    manual: int = 0
    not_applicable: int = 0
    unknown: int = 0


class PartRun(msgspec.Struct, frozen=True, kw_only=True):
    """One evidence item of a collector in a run."""

    kind: str
    status: ItemStatus
    problem: ProblemView | None = None


class CollectorRun(msgspec.Struct, frozen=True, kw_only=True):
    """What one collector did in a run."""

    service: str
    status: CollectorStatus = "pending"
    resources: int = 0
    verdicts: VerdictCounts = msgspec.field(default_factory=VerdictCounts)
    requests: int = 0
    pages: int = 0
    throttled: int = 0
    duration_ms: int = 0
    parts: tuple[PartRun, ...] = ()
    problem: ProblemView | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """How many finding intervals a run opened and closed."""

    opened: int = 0
    closed: int = 0


class SyncRun(msgspec.Struct, frozen=True, kw_only=True):
    """One pass over one connection."""

    id: str
    connection_id: str
    trigger: RunTrigger
    status: RunStatus
    queued_at: str
    started_at: str | None = None
    finished_at: str | None = None
    attempt: int = 0
    collectors: tuple[CollectorRun, ...] = ()
    not_collected: tuple[str, ...] = ()
    changes: Changes = Changes()
    problem: ProblemView | None = None


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription and the credential that reads it."""

    id: str
    name: str
    tenant_id: str
    subscription_id: str
    subscription_name: str
    auth: AuthView
    frequency: Frequency
    services: tuple[str, ...]
    status: ConnectionStatus
    created_at: str
    updated_at: str
    next_sync_at: str | None
    last_sync_run: SyncRun | None
    setup_checks: tuple[SetupCheck, ...]
    attention: Attention | None = None
    secrets_left: tuple[SecretLeft, ...] = ()


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription that was not connected, and why."""

    subscription_id: str
    problem: Mapping[str, JsonValue]


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """What a connect request made, and what it could not."""

    connections: tuple[Connection, ...]
    rejected: tuple[Rejected, ...]


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """Which connections a new secret went to, and which subscriptions it does not open."""

    connections: tuple[Connection, ...]
    rejected: tuple[Rejected, ...] = ()


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One read of Azure as it went, pages of one list together."""

    method: str
    path: str
    api_version: str
    status: int
    pages: int
    items: int
    duration_ms: int


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """How an evidence item came to be."""

    principal: str
    started_at: str
    finished_at: str
    requests: tuple[RequestRecord, ...]
    collector_version: str
    mapping_version: str


class EvidenceItem(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable row of the register; the digest seals what was kept, not what reading adds."""

    id: str
    connection_id: str
    subscription_id: str
    sync_run_id: str
    service: str
    kind: str
    title: str
    status: ItemStatus
    collected_at: str
    summary: Mapping[str, JsonValue]
    controls: Controls
    provenance: Provenance
    digest: str
    previous_digest: str | None
    problem: ProblemView | None = None
    freshness: Literal["fresh", "stale"] = "fresh"
    newest_try: PartRun | None = None
    no_longer_collected: bool = False


class ChainState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a connection's digest chain is unbroken."""

    items: int
    intact: bool
    first_broken: str | None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of one check on one resource, over one interval of time.

    `controls_source` is `live` where the subscription's own regulatory compliance names the controls of a
    recommendation of Defender, `catalogue` where the published mappings do.
    """

    id: str
    connection_id: str
    subscription_id: str
    service: str
    check_id: str
    title: str
    status: str
    severity: str
    resource_id: str
    resource_name: str
    reason: str
    observed: Mapping[str, JsonValue]
    remediation: str
    controls: Controls
    controls_source: Literal["catalogue", "live"] = "catalogue"
    opened_at: str
    closed_at: str | None


class Page[T](msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list; `next_cursor` is null on the last."""

    items: tuple[T, ...]
    next_cursor: str | None
    total: int | None = None
