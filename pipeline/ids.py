"""Identities: opaque to callers, newest first in a table, stable where they must be."""

import hashlib
import secrets
from datetime import datetime

from pipeline.times import epoch_ms

_LAST_MS = 10**13 - 1
_LAST_INDEX = 10**12 - 1
_LONGEST = 64


def newest_first(at: datetime) -> str:
    """Write a time so that later times sort before earlier ones (13 digits, good until the year 2286)."""
    return f"{_LAST_MS - epoch_ms(at):013d}"


def new_connection_id(at: datetime) -> str:
    """Make an id that sorts the newest connection first and cannot be guessed."""
    return f"{newest_first(at)}{secrets.token_hex(8)}"


def new_audit_id(at: datetime) -> str:
    """Make an id that sorts the newest entry of the audit log first and is never used twice."""
    return f"{newest_first(at)}{secrets.token_hex(8)}"


def new_run_id(at: datetime) -> str:
    """Make an id that sorts the newest run first, whichever slot it may serve late."""
    return f"{newest_first(at)}-{secrets.token_hex(4)}"


def is_id(text: str) -> bool:
    """Tell whether a text may be the id of a connection or a run: a key that no table refuses."""
    return len(text) <= _LONGEST and text.isascii() and text.replace("-", "").isalnum()


def item_key(index: int) -> str:
    """Write the place in the digest chain so that later items sort first."""
    return f"{_LAST_INDEX - index:012d}"


def evidence_id(connection_id: str, index: int) -> str:
    """Name an evidence item by its connection and its place in the digest chain (0 is the first)."""
    return f"{connection_id}-{index}"


def parse_evidence_id(text: str) -> tuple[str, int] | None:
    """Split an evidence id into connection and index, or give None for what is none."""
    connection_id, _, index = text.rpartition("-")
    if not connection_id or not (index.isascii() and index.isdigit()) or len(index) > len(str(_LAST_INDEX)):
        return None
    return connection_id, int(index)


def finding_id(connection_id: str, check_id: str, resource_id: str) -> bytes:
    """Give the 16 bytes that name a finding, whatever its verdict, wording or the casing of its resource."""
    text = f"{connection_id}\n{check_id}\n{resource_id.lower()}"
    return hashlib.sha256(text.encode()).digest()[:16]
