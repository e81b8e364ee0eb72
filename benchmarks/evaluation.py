"""How many verdicts a second one core gives: all that a sync does with what it read, but read and write."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Mapping
from typing import cast, get_origin

import msgspec

from benchmarks.figures import Figure
from collectors import registry
from collectors.contract import POPULATION, Check, Part, Read, Verdict
from collectors.errors import ResourceAbsent
from local.azure.estate import Estate, build_estate

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
VERDICTS_PER_SECOND = 50_000


class EstateReader:
    """Answers from an estate in memory, in pages of a thousand; what is not there is empty or absent."""

    subscription_id = SUBSCRIPTION
    subscription_scope = f"/subscriptions/{SUBSCRIPTION}"

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def limits(self, check: Check) -> Mapping[str, float]:
        """Give a check's default thresholds."""
        return check.thresholds

    async def pages[T](self, read: Read, item: type[T], **fields: str) -> AsyncIterator[list[T]]:
        """Stream a list."""
        rows = await self.items(read, item, **fields)
        for start in range(0, len(rows), 1_000):
            yield rows[start : start + 1_000]

    async def items[T](self, read: Read, item: type[T], **fields: str) -> list[T]:
        """Give a list."""
        listed = self._estate.lists.get(self._path(read, fields))
        rows = listed.rows if listed else []
        return [_decoded(row, item) for row in rows]

    async def get[T](self, read: Read, of: type[T], **fields: str) -> T:
        """Give an object."""
        found = self._estate.objects.get(self._path(read, fields))
        if found is None:
            raise ResourceAbsent("The estate does not hold this.")
        return _decoded(found, of)

    def client[C](self, client_class: type[C]) -> C:
        """Give no client: only declared reads are measured."""
        raise NotImplementedError

    def _path(self, read: Read, fields: Mapping[str, str]) -> str:
        path = read.path.format(subscription_id=SUBSCRIPTION, **fields)
        return f"/{path.lstrip('/')}".lower().rstrip("/")


def _decoded[T](found: object, of: type[T]) -> T:
    """Give what was read as a collector wants it; decoding plain rows is part of reading them."""
    return cast("T", found) if get_origin(of) is dict else msgspec.convert(found, of)


def measure(copies: int, *, judged: bool) -> Figure:
    """Judge the estate of every service, its plain resources so many times; the verdicts a core second.

    Args:
        copies: of each plain resource.
        judged: whether a rate below the promise counts.
    """
    reader = EstateReader(build_estate(SUBSCRIPTION, copies=copies))
    parts = [
        part
        for collector in registry.load().values()
        for part in collector.parts
        if part.kind.endswith("_configuration")
    ]
    gc.collect()
    gc.freeze()  # a sync holds a page of what it reads, not all of it: the collector must not walk it
    began = time.process_time()
    verdicts = asyncio.run(_judge(reader, parts))
    rate = verdicts / (time.process_time() - began)
    name = f"evaluation, {verdicts:,} verdicts"
    return Figure(name, f"{rate:,.0f} a second", VERDICTS_PER_SECOND / rate, 1.0, judged=judged)


async def _judge(reader: EstateReader, parts: list[Part]) -> int:
    verdicts = 0

    async def count(verdict: Verdict) -> None:
        nonlocal verdicts
        verdicts += not verdict.check_id.startswith(POPULATION)

    for part in parts:
        await part.collect(reader, count)
    return verdicts
