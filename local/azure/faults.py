"""Faults on request: which requests go wrong, how, how often."""

from __future__ import annotations

import fnmatch
import itertools
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(StrEnum):
    """What goes wrong."""

    THROTTLE = "throttle"
    """429 with Retry-After."""
    STATUS = "status"
    """`status`, with an ARM error body."""
    AADSTS = "aadsts"
    """Entra's refusal with the number `code`."""
    DROP = "drop"
    """The connection is closed without an answer."""
    DELAY = "delay"
    """The right answer after `delay_s`."""
    TRUNCATE = "truncate"
    """Half of the right body, Content-Length says so."""
    CUT = "cut"
    """Half of the right body, Content-Length says all: the connection breaks in the middle."""
    HTML = "html"
    """200 with an HTML page."""
    FOREIGN_NEXT_LINK = "foreign_next_link"
    """The page link leads to `location`."""
    LOOPING_NEXT_LINK = "looping_next_link"
    """The page link leads to the same page."""
    REDIRECT = "redirect"
    """302 to `location`."""
    EXPIRED = "expired_token"
    """401 as if the token had just expired."""
    DENIED = "denied"
    """403 as if the principal's role were missing."""


class Fault(Struct, kw_only=True):
    """One fault.

    `path` is a shell pattern compared with the path in any case, without the query. The first `skip` matching
    requests pass, the next `count` fail (None: all), the rest pass.
    """

    kind: Kind
    path: str = "*"
    method: str = "*"
    count: int | None = 1
    skip: int = 0
    status: int = 503
    code: str = "ServiceUnavailable"
    retry_after_s: int | None = 1
    retry_after_as_date: bool = False
    delay_s: float = 0.0
    location: str = "https://attacker.invalid/steal"
    fault_id: int = 0
    matched: int = 0
    hits: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Tell whether a request is one this fault is about."""
        same_method = self.method in {"*", method}
        return same_method and fnmatch.fnmatchcase(path.lower(), self.path.lower())

    def strike(self) -> bool:
        """Count a matching request; tell whether it fails."""
        self.matched += 1
        due = self.matched > self.skip and (self.count is None or self.hits < self.count)
        self.hits += due
        return due


@dataclass(slots=True)
class Faults:
    """The faults that are set, oldest first; at most one strikes a request."""

    entries: list[Fault] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, fault: Fault) -> Fault:
        """Set a fault; gives it with its id."""
        fault.fault_id = next(self._ids)
        self.entries.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        self.entries.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes a request, or None."""
        return next((fault for fault in self.entries if fault.matches(method, path) and fault.strike()), None)
