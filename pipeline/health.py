"""Tells whether the app can work: tries what it depends on, each part by itself, each within seconds."""

import asyncio
import platform
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import msgspec
from azure.core.exceptions import AzureError

from collectors.errors import ConnectorError
from pipeline.event_log import log
from pipeline.events import HealthProbeFailed
from pipeline.model import ProblemView
from pipeline.times import rfc3339, utc_now

PATIENCE_S = 4.0
FRESH_FOR_S = 5.0

type Probe = Callable[[], Awaitable[object]]
"""Uses one dependency in the cheapest way that proves it usable; raises if it is not."""


type CountSecrets = Callable[[], Awaitable["SecretsHealth"]]


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


class HealthDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What works and what does not, for those who run the app."""

    status: Literal["ok", "degraded"]
    checked_at: str
    version: str
    python: str
    functions: tuple[str, ...]
    parts: tuple[PartHealth, ...]
    secrets_left: SecretsHealth | None = None


class Health:
    """Tries the dependencies of the app.

    Args:
        probes: how each part is tried, by its name (`tables`, `queue`, `key_vault`).
        version: of the app.
        functions: the names of its functions.
        secrets_left: counts secrets that are not gone yet.
        patience_s: how long one part may take.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        probes: Mapping[str, Probe],
        *,
        version: str,
        functions: tuple[str, ...],
        secrets_left: CountSecrets | None = None,
        patience_s: float = PATIENCE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probes = dict(probes)
        self._version = version
        self._functions = functions
        self._secrets_left = secrets_left
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._newest: tuple[float, HealthDetails] | None = None

    async def state(self) -> HealthState:
        """Tell whether all parts work; tried at most once in a few seconds, however many ask."""
        async with self._lock:
            if self._newest is None or self._monotonic() - self._newest[0] >= FRESH_FOR_S:
                self._newest = (self._monotonic(), await self.details())
            return HealthState(status=self._newest[1].status)

    async def details(self) -> HealthDetails:
        """Try all parts now, at the same time, and tell how each went."""
        parts = await asyncio.gather(*(self._try(name, probe) for name, probe in self._probes.items()))
        return HealthDetails(
            status="ok" if all(part.status == "ok" for part in parts) else "degraded",
            checked_at=rfc3339(utc_now()),
            version=self._version,
            python=platform.python_version(),
            functions=self._functions,
            parts=tuple(parts),
            secrets_left=await self._count_secrets(),
        )

    async def _count_secrets(self) -> SecretsHealth | None:
        """Count them; None if nobody can tell: the tables, a part of their own, say why."""
        if self._secrets_left is None:
            return None
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._secrets_left()
        except (AzureError, TimeoutError):
            return None

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


def _view(error: BaseException | None) -> ProblemView | None:
    """Describe an error of ours in its words, any other by its name alone: its message is not for answers."""
    if error is None:
        return None
    if isinstance(error, ConnectorError):
        return ProblemView(code=error.code, detail=error.detail, advice=error.advice, reason=error.reason)
    return ProblemView(code="internal_error", detail=f"It failed with {type(error).__name__}.")
