"""Every event that the app logs, declared once: name, fields in their order, level, and what it means.

`SyncRunFinished` is logged as `sync_run_finished`; a level that is not told is INFO. Queries, alerts, the
workbook and the list in docs/operations.md are held to what stands here.
"""

import logging

from pipeline.event_log import Event


class SyncRunFinished(Event):
    """A sync run ended; `gaps` are parts that could not be read, `problem` why it failed as a whole."""

    sync_run_id: str
    connection_id: str
    trigger: str
    status: str
    attempt: int
    duration_ms: int
    resources: int
    opened: int
    closed: int
    gaps: int
    problem: str | None
    reason: str | None


class CollectorFinished(Event):
    """One service of a sync run that ended; `problem` is why a part of it could not be read."""

    sync_run_id: str
    connection_id: str
    service: str
    status: str
    resources: int
    requests: int
    pages: int
    throttled: int
    duration_ms: int
    problem: str | None


class SyncAttemptFailed(Event):
    """An attempt at a sync run failed and the queue will try again; the host logs the traceback."""

    level = logging.WARNING
    sync_run_id: str
    connection_id: str
    attempt: int
    problem: str
    error: str


class LeaseTakenOver(Event):
    """A worker found its connection taken over, and stopped; the run is looked at again."""

    level = logging.WARNING
    sync_run_id: str
    connection_id: str


class RunNotGivenUp(Event):
    """A run whose attempts are spent had ended already, or is another worker's."""

    sync_run_id: str
    connection_id: str


class PoisonMessageNotUnderstood(Event):
    """A message in the poison queue names no run; it was dropped."""

    level = logging.ERROR


class SyncsPlanned(Event):
    """A timer queued the runs of its slot: `planned` are new, of `connections` that are due."""

    frequency: str
    planned: int
    connections: int


class SyncsResumed(Event):
    """Runs that a crash left behind were queued again."""

    level = logging.WARNING
    runs: int


class SyncNotQueued(Event):
    """The first run of a new connection could not be queued; the timers will."""

    level = logging.WARNING
    connection_id: str
    error: str


class TimerPastDue(Event):
    """A timer fired late: the app was down when it was due."""

    level = logging.WARNING
    timer: str


class TimerNotRecorded(Event):
    """That a timer ran could not be kept, so the health details may call it late."""

    level = logging.WARNING
    timer: str
    error: str


class ConnectionNeedsAttention(Event):
    """A run found that Entra or Azure refuses a connection's credential as a whole."""

    level = logging.WARNING
    connection_id: str
    code: str


class ConnectionRecovered(Event):
    """A run authenticated with a credential that was refused before."""

    connection_id: str


class SecretExpiring(Event):
    """A client secret or certificate ends in so many days; less than 0: it has ended."""

    level = logging.WARNING
    connection_id: str
    days: int


class ConnectionChangedMeanwhile(Event):
    """Somebody else changed a connection at the same time; the change is made to what it is now."""

    level = logging.DEBUG
    connection_id: str


class Throttled(Event):
    """Azure answered 429; the read waits and is tried again."""

    level = logging.WARNING
    host: str
    path: str
    retry_after_s: float | None
    subscription_id: str


class CallRefused(Event):
    """An HTTP call was answered with a problem of its caller, or of what the app depends on."""

    route: str
    status: int
    code: str
    correlation_id: str


class CallFailed(Event):
    """An HTTP call met a fault of the app; the traceback follows."""

    level = logging.ERROR
    route: str
    correlation_id: str


class HealthProbeFailed(Event):
    """A part that the app depends on did not work when its health was asked for."""

    level = logging.WARNING
    part: str
    problem: str


class StorageFailed(Event):
    """Table Storage did not answer while connections were changed; the caller is told."""

    level = logging.WARNING
    error: str


class SigningKeysNotRead(Event):
    """Entra did not give the keys that callers' tokens are checked with; known ones are kept a day."""

    level = logging.WARNING
    error: str


class AttemptsNotSwept(Event):
    """Old tries of credentials could not be removed; it is tried again in a minute."""

    level = logging.WARNING
    error: str


class AttemptNotSettled(Event):
    """How a try of a credential ended could not be kept: it counts as refused."""

    level = logging.WARNING
    error: str


class SecretNotDeleted(Event):
    """Key Vault did not delete a secret that nothing uses any more; it is tried again."""

    level = logging.WARNING
    secret_name: str | None
    problem: str


class SecretNotPurged(Event):
    """Key Vault keeps a deleted secret until its retention ends."""

    connection_id: str
    secret_name: str | None


class SecretNoteStayed(Event):
    """The note of a discarded secret could not be changed; the sweep does it."""

    level = logging.WARNING
    error: str


class SecretSweepFailed(Event):
    """Discarded secrets could not be looked through; it is tried again in a minute."""

    level = logging.WARNING
    error: str


class SignInNotSwept(Event):
    """An expired sign-in could not be removed; it is tried again in a minute."""

    level = logging.WARNING
    error: str


class RotatedSecretNotKept(Event):
    """A connection's new refresh token could not be kept; the old one stays and works."""

    level = logging.WARNING
    connection_id: str
    error: str


class TableMigrated(Event):
    """A table that an older version of the app wrote was brought to the layout of `version`."""

    table: str
    version: int


class AuditNotWritten(Event):
    """A change was refused because the audit log could not be written."""

    level = logging.WARNING
    action: str
    error: str


class AuditEndingNotWritten(Event):
    """How a change ended could not be written to the audit log: its entry stays `unknown`."""

    level = logging.ERROR
    audit_id: str
    error: str


class AuditRefusalNotWritten(Event):
    """A refusal or a sign-in could not be written to the audit log: only this line knows of it."""

    level = logging.ERROR
    action: str
    error: str
