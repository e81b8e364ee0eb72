"""The request log: what was asked and answered, never a secret or a token."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.azure.wire import Query

# Query parameters whose value is never kept: authorization codes and the like.
HIDDEN = frozenset(
    {
        "code",
        "client_secret",
        "client_assertion",
        "id_token",
        "access_token",
        "refresh_token",
        "sig",
        "state",
        "nonce",
    }
)


class LogEntry(Struct, frozen=True):
    """One request and its answer. `status` 0: the connection was dropped without one."""

    number: int
    at: float
    method: str
    path: str
    query: dict[str, str]
    status: int
    principal: str | None
    authorization: bool
    duration_ms: float
    fault: str | None = None


def shown(query: Query) -> dict[str, str]:
    """Return the query parameters with hidden values masked."""
    return {key: "***" if key.lower() in HIDDEN else value for key, value in query.pairs}


@dataclass(slots=True)
class RequestLog:
    """Requests in the order they were answered."""

    entries: list[LogEntry] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next_number(self) -> int:
        """Return a number no other entry has."""
        return next(self._numbers)

    def add(self, entry: LogEntry) -> None:
        """Keep an entry."""
        self.entries.append(entry)

    def clear(self) -> None:
        """Forget all entries."""
        self.entries.clear()

    def writes(self) -> list[LogEntry]:
        """Return the requests that were not reads, token requests aside."""
        return [
            entry
            for entry in self.entries
            if entry.method not in {"GET", "HEAD"} and not entry.path.lower().endswith("/oauth2/v2.0/token")
        ]
