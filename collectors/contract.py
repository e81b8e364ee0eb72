"""The contract between a collector and the flow: what it declares, what it is handed, what it answers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import msgspec

from collectors.errors import Terminal

if TYPE_CHECKING:
    type JsonValue = bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None
else:
    type JsonValue = Any  # msgspec follows an alias to its end, and this one has none
type Summary = Mapping[str, JsonValue]
type CheckSeverity = Literal["critical", "high", "medium", "low"]


POPULATION = "population:"
"""Prefix of the check id under which a resource itself is recorded: that it was there, and what it was."""


class Status(StrEnum):
    """The five verdicts. `unknown` is never `pass`, and a read that failed is never `fail`."""

    PASS = auto()
    FAIL = auto()
    MANUAL = auto()
    NOT_APPLICABLE = auto()
    UNKNOWN = auto()


class Read(msgspec.Struct, frozen=True):
    """One request a collector makes, declared: docs, permissions and guards are derived from it.

    Args:
        path: ARM path template; `{subscription_id}` and further named fields are filled at the read.
        api_version: pinned; a different version is a different shape.
        permission: the RBAC action that allows it, as Azure spells it.
        query: further query parameters.
        shared: more than one service reads it, all to items of one type: a run asks for it once, and holds
            the answer for whoever comes next.
    """

    path: str
    api_version: str
    permission: str
    query: tuple[tuple[str, str], ...] = ()
    shared: bool = False


class Verdict(msgspec.Struct, frozen=True):
    """What one check says of one resource, with what decided it.

    Args:
        check_id: ours, or `defender_assessment:<key>`.
        resource_id: the ARM id as Azure spelled it; the subscription's own for subscription-wide checks.
        severity: ours (critical high medium low), or Microsoft's word for its own recommendations.
        reason: one sentence a person can read.
        observed: the deciding values.
    """

    check_id: str
    title: str
    severity: str
    resource_id: str
    status: Status
    reason: str
    observed: Mapping[str, JsonValue]
    remediation: str = ""


class Check(msgspec.Struct, frozen=True):
    """One question about a resource, declared once for evaluation, catalogue and documentation.

    Args:
        id: `<service>_<thing>_<good state>`; never renamed once published.
        title: the good state.
        rationale: why it matters, one sentence.
        remediation: portal path or command that cures a failure.
        permission: what has to be readable for a verdict.
        thresholds: named limits that decide, with their defaults.
        aliases: names the check had elsewhere, such as one of its bad state.
        manual: no API can tell: it shows what there is, never says `pass` or `fail`, and a person looks.
    """

    id: str
    title: str
    severity: CheckSeverity
    rationale: str
    remediation: str
    permission: str
    thresholds: Mapping[str, float] = {}
    aliases: tuple[str, ...] = ()
    manual: bool = False

    def verdict(self, resource_id: str, status: Status, reason: str, **observed: JsonValue) -> Verdict:
        """Answer this check for one resource."""
        return Verdict(
            check_id=self.id,
            title=self.title,
            severity=self.severity,
            resource_id=resource_id,
            status=status,
            reason=reason,
            observed=observed,
            remediation=self.remediation,
        )


class Reader(Protocol):
    """The one narrow way to Azure: reads only, inside one subscription, complete or raising.

    Every method raises the errors of `collectors.errors`; none ever answers "empty" for a read that failed.
    """

    @property
    def subscription_id(self) -> str:
        """The subscription being read."""
        ...

    @property
    def subscription_scope(self) -> str:
        """`/subscriptions/<id>`: the resource id of subscription-wide verdicts."""
        ...

    def pages[T](self, read: Read, item: type[T], **fields: str) -> AsyncIterator[list[T]]:
        """Stream a list page by page, each item decoded to `item`; for lists that may not fit in memory.

        A shared list comes in one piece: it is held for the other services.
        """
        ...

    async def items[T](self, read: Read, item: type[T], **fields: str) -> list[T]:
        """Read a whole list. The same list asked for twice is requested once."""
        ...

    async def get[T](self, read: Read, of: type[T], **fields: str) -> T:
        """Read one object. The same object asked for twice is requested once."""
        ...

    def limits(self, check: Check) -> Mapping[str, float]:
        """Give a check's thresholds as this app is set; its defaults where nothing else is."""
        ...

    def client[C](self, client_class: type[C]) -> C:
        """Build an azure-mgmt client whose every request passes the same guard, limits and record."""
        ...


type Emit = Callable[[Verdict], Awaitable[None]]


class Gap(msgspec.Struct, frozen=True):
    """Checks that could not be answered at all because one read was refused, while the rest went on.

    Args:
        error: what refused it.
    """

    checks: tuple[Check, ...]
    error: Terminal


class Reading(NamedTuple):
    """What collecting a part gives: its summary, and what was refused on the way.

    Args:
        gaps: checks that could not look at everything.
        refused: further reads that were refused, one of each sort; their verdicts were emitted as `unknown`.
        unread: checks some of whose resources could not be listed: what was said of those before stays.
    """

    summary: Summary
    gaps: tuple[Gap, ...] = ()
    refused: tuple[Terminal, ...] = ()
    unread: tuple[Check, ...] = ()


class Part(msgspec.Struct, frozen=True):
    """One evidence item of a collector: read and evaluated on its own, so that a gap stays its own size.

    Args:
        kind: the evidence kind, as in the API.
        checks: what it decides; each becomes `unknown` where the part cannot be read.
        reads: every request it makes.
        collect: reads, emits one verdict per check and resource, gives the summary, with its gaps if it has
            any. Swallows nothing: an error becomes a gap, or goes up, perhaps under a more exact name.
        stands_for: the checks whose controls the item is evidence of, if not all of them: a list read for one
            question may answer others on the way.
    """

    kind: str
    title: str
    checks: tuple[Check, ...]
    reads: tuple[Read, ...]
    collect: Callable[[Reader, Emit], Awaitable[Summary | Reading]]
    stands_for: tuple[Check, ...] | None = None

    @property
    def evidenced(self) -> tuple[Check, ...]:
        """The checks whose controls the item is evidence of."""
        return self.checks if self.stands_for is None else self.stands_for


class Collector(msgspec.Struct, frozen=True):
    """One Azure service, declared.

    Args:
        service: the API's service name, equal to the module's name.
        reads_what: one sentence for people choosing services.
        roles: Azure roles or Graph permissions that suffice.
        version: raised when the same answer would be judged differently.
    """

    service: str
    title: str
    reads_what: str
    roles: tuple[str, ...]
    version: str
    parts: tuple[Part, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every check of the service, in the order of its parts."""
        return tuple(check for part in self.parts for check in part.checks)

    @property
    def reads(self) -> tuple[Read, ...]:
        """Every declared read, once, the first being the one that setup tries."""
        return tuple(dict.fromkeys(read for part in self.parts for read in part.reads))
