"""Tells whether the app can work: tries what it depends on, each part by itself, each within seconds."""

import asyncio
import platform
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Literal

import msgspec
from azure.core.exceptions import AzureError

from collectors.errors import ConnectorError
from pipeline.event_log import log
from pipeline.events import HealthProbeFailed
from pipeline.model import ProblemView
from pipeline.times import rfc3339, utc_now
from pipeline.watching.old_evidence import ConnectionsHealth
from pipeline.watching.timer_runs import TimerHealth

PATIENCE_S = 4.0
FRESH_FOR_S = 5.0

type Names = Callable[[], tuple[str, ...]]
type Probe = Callable[[], Awaitable[object]]
"""Uses one dependency in the cheapest way that proves it usable; raises if it is not."""


class HealthState(msgspec.Struct, frozen=True, kw_only=True):
    """All that anybody may know."""

    status: Literal["ok", "degraded"]


class PartHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One dependency, tried for real."""

    name: str
    status: Literal["ok", "failed"]
    duration_ms: int
    problem: ProblemView | None = None


class SecretsHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How many secrets that nothing uses any more are not gone yet, those of ended connections too."""

    not_deleted: int
    kept_by_vault: int


class Reports(msgspec.Struct, frozen=True, kw_only=True):
    """What the details tell besides how each part works; None for what nobody asks.

    Args:
        timers: when each timer last ran.
        connections: how many have old evidence, or need a person.
        secrets_left: how many secrets are not gone yet.
    """

    timers: Callable[[], Awaitable[tuple[TimerHealth, ...]]] | None = None
    connections: Callable[[], Awaitable[ConnectionsHealth]] | None = None
    secrets_left: Callable[[], Awaitable[SecretsHealth]] | None = None


class HealthDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What works and what does not, for those who run the app.

    Args:
        status: `degraded` if a part failed or a timer is late; old evidence is no fault of the app.
        timers, connections, secrets_left: None if nobody could tell: the tables, a part, say why.
    """

    status: Literal["ok", "degraded"]
    checked_at: str
    version: str
    python: str
    functions: tuple[str, ...]
    parts: tuple[PartHealth, ...]
    timers: tuple[TimerHealth, ...] | None = None
    connections: ConnectionsHealth | None = None
    secrets_left: SecretsHealth | None = None


class Health:
    """Tries the dependencies of the app.

    Args:
        probes: how each part of the app is tried, by its name (`tables`, `queue`, `key_vault`).
        outside: the same for what belongs to others (`entra`, `resource_manager`): only for the details.
        version: of the app.
        functions: gives the names of the functions that the host found.
        reports: what else the details tell.
        patience_s: how long one part may take.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        probes: Mapping[str, Probe],
        *,
        version: str,
        functions: Names,
        outside: Mapping[str, Probe] | None = None,
        reports: Reports | None = None,
        patience_s: float = PATIENCE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probes = dict(probes)
        self._version = version
        self._functions = functions
        self._outside = dict(outside or {})
        self._reports = reports or Reports()
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._newest: tuple[float, HealthState] | None = None

    async def state(self) -> HealthState:
        """Tell whether the app's own parts work; tried at most once in a few seconds, however many ask."""
        async with self._lock:
            if self._newest is None or self._monotonic() - self._newest[0] >= FRESH_FOR_S:
                parts = await self._tried(self._probes)
                self._newest = (self._monotonic(), HealthState(status=_status(parts)))
            return self._newest[1]

    async def details(self) -> HealthDetails:
        """Try all parts now, at the same time, and tell how each went."""
        parts, timers, connections, secrets_left = await asyncio.gather(
            self._tried({**self._probes, **self._outside}),
            self._told(self._reports.timers),
            self._told(self._reports.connections),
            self._told(self._reports.secrets_left),
        )
        return HealthDetails(
            status=_status(parts, timers or ()),
            checked_at=rfc3339(utc_now()),
            version=self._version,
            python=platform.python_version(),
            functions=self._functions(),
            parts=parts,
            timers=timers,
            connections=connections,
            secrets_left=secrets_left,
        )

    async def _told[T](self, report: Callable[[], Awaitable[T]] | None) -> T | None:
        """Ask for a report; None if nobody can tell."""
        if report is None:
            return None
        try:
            async with asyncio.timeout(self._patience_s):
                return await report()
        except (AzureError, ConnectorError, TimeoutError):
            return None

    async def _tried(self, probes: Mapping[str, Probe]) -> tuple[PartHealth, ...]:
        return tuple(await asyncio.gather(*(self._try(name, probe) for name, probe in probes.items())))

    async def _try(self, name: str, probe: Probe) -> PartHealth:
        started = self._monotonic()
        problem = await self._problem_of(probe)
        if problem is not None:
            log(HealthProbeFailed(part=name, problem=problem.code))
        return PartHealth(
            name=name,
            status="ok" if problem is None else "failed",
            duration_ms=round((self._monotonic() - started) * 1000),
            problem=problem,
        )

    async def _problem_of(self, probe: Probe) -> ProblemView | None:
        task = asyncio.ensure_future(probe())
        try:
            await asyncio.wait({task}, timeout=self._patience_s)
        finally:
            late = task.cancel()
        if late or task.cancelled():
            detail = f"It did not answer within {self._patience_s:g} seconds."
            return ProblemView(code="no_answer", detail=detail)
        return _view(task.exception())


def _status(parts: Iterable[PartHealth], timers: Iterable[TimerHealth] = ()) -> Literal["ok", "degraded"]:
    failed = any(part.status == "failed" for part in parts) or any(timer.late for timer in timers)
    return "degraded" if failed else "ok"


def _view(error: BaseException | None) -> ProblemView | None:
    """Describe an error of ours in its words, any other by its name alone: its message is not for answers."""
    if error is None:
        return None
    if isinstance(error, ConnectorError):
        return ProblemView(code=error.code, detail=error.detail, advice=error.advice, reason=error.reason)
    return ProblemView(code="internal_error", detail=f"It failed with {type(error).__name__}.")
