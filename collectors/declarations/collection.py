"""One reading of a service's configuration: lists, children, shared lists; every gap keeps its own size."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from collections.abc import Collection as Several
from datetime import UTC, datetime

from collectors.contract import Check, Emit, Gap, JsonValue, Read, Reader, Reading, Status, Verdict
from collectors.declarations.judging import evaluate, gap_judgement, population_of, verdict_of
from collectors.declarations.kinds import Child, Kind
from collectors.declarations.resources import Resource, Surroundings
from collectors.declarations.rules import Rule
from collectors.errors import AccessDenied, ResourceAbsent, Terminal

_ROW = dict[str, JsonValue]
_AT_ONCE = 32
"""Children read at one time: several times what Azure is asked at one time, unless that is set higher."""

type _Row = dict[str, JsonValue]
type _Found = Resource | tuple[Resource, ...] | Terminal | None


class Collection:
    """One reading of a service."""

    def __init__(
        self,
        reader: Reader,
        emit: Emit,
        kinds: Sequence[Kind],
        lists: Mapping[str, Read],
        objects: Mapping[str, Read],
        beneath: Mapping[str, Mapping[str, Child]],
        retired: Several[str] = (),
    ) -> None:
        self._reader = reader
        self._emit = emit
        self._kinds = kinds
        self._lists = lists
        self._objects = objects
        self._beneath = beneath
        self._retired = retired
        self._resources: Counter[str] = Counter()
        self._statuses: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._refused: dict[tuple[str, str], Terminal] = {}
        self._unread: dict[str, Check] = {}

    async def run(self, subscription_rules: Sequence[Rule]) -> Reading:
        """Read and judge everything; a kind whose list was refused is a gap, the others go on."""
        surroundings = Surroundings(datetime.now(UTC), await self._read_shared())
        subscription = Resource({"id": self._reader.subscription_scope}, surroundings)
        for verdict in evaluate(subscription, subscription_rules, self._reader.limits):
            await self._record(verdict)
        found = await asyncio.gather(*(self._kind(kind, surroundings) for kind in self._kinds))
        gaps = tuple(gap for gap in found if gap is not None)
        await self._none({check.id for gap in gaps for check in gap.checks})
        return Reading(self._summary(), gaps, tuple(self._refused.values()), tuple(self._unread.values()))

    async def _read_shared(self) -> Mapping[str, tuple[Resource, ...] | Terminal]:
        lists = (self._rows(name, self._reader.items(read, _ROW)) for name, read in self._lists.items())
        objects = (self._rows(name, self._one(read)) for name, read in self._objects.items())
        read = await asyncio.gather(*lists, *objects)
        found = dict(zip([*self._lists, *self._objects], read, strict=True))
        for name, children in self._beneath.items():
            rows = found[name]
            if not isinstance(rows, Terminal):
                found[name] = tuple(await self._with_children(rows, children))
        return found

    async def _one(self, read: Read) -> list[_Row]:
        return [await self._reader.get(read, _ROW)]

    async def _rows(self, name: str, reading: Awaitable[list[_Row]]) -> tuple[Resource, ...] | Terminal:
        try:
            return tuple(map(Resource, await reading))
        except Terminal as error:
            gone = isinstance(error, ResourceAbsent) and name in self._retired
            return () if gone else self._refuse(error)

    def _refuse(self, error: Terminal) -> Terminal:
        """Remember that a read was refused, once for each sort: the run must not look whole."""
        sort = (error.code, error.permission if isinstance(error, AccessDenied) else "")
        self._refused.setdefault(sort, error)
        return error

    async def _pages(self, kind: Kind, surroundings: Surroundings) -> AsyncIterator[list[Resource]]:
        """Give the rows of a kind's list: the shared one if it is shared, else page by page."""
        names = {read: name for name, read in (*self._lists.items(), *self._objects.items())}
        if kind.read not in names:
            async for page in self._reader.pages(kind.read, _ROW):
                yield [Resource(row, surroundings) for row in page]
            return
        found = surroundings.shared[names[kind.read]]
        if isinstance(found, Terminal):
            raise found
        yield [Resource(row.raw, surroundings) for row in found]

    async def _kind(self, kind: Kind, surroundings: Surroundings) -> Gap | None:
        found = 0
        try:
            async for page in self._pages(kind, surroundings):
                kept = [_shaped(row, kind) for row in page if kind.keep(row)]
                found += await self._judge(kind, await self._with_children(kept, kind.children))
        except Terminal as error:
            return Gap(tuple(rule.check for rule in kind.rules), error)
        if kind.population:
            self._resources[kind.noun] += found
        return None

    async def _judge(self, kind: Kind, rows: Sequence[Resource]) -> int:
        """Judge resources, or what lies inside them; gives how many were judged."""
        judged = 0
        for row in rows:
            inner = (row,) if kind.inside is None else self._inside(row, kind.inside)
            if isinstance(inner, Terminal):
                unlisted = _unlisted(row, kind)
                self._unread |= {rule.check.id: rule.check for rule in kind.rules}
                for rule in kind.rules:
                    await self._record(verdict_of(rule, unlisted, gap_judgement(inner)))
                judged += 1
                continue
            for resource in inner:
                if kind.population:
                    await self._emit(population_of(resource))
                for verdict in evaluate(resource, kind.rules, self._reader.limits):
                    await self._record(verdict)
            judged += len(inner)
        return judged

    @staticmethod
    def _inside(row: Resource, name: str) -> tuple[Resource, ...] | Terminal:
        return row.objects(name) if "." in name else row.gap((name,)) or row.rows(name)

    async def _with_children(
        self, rows: Sequence[Resource], children: Mapping[str, Child]
    ) -> Sequence[Resource]:
        for last in (False, True):
            named = {name: child for name, child in children.items() if child.last is last}
            rows = await self._with_some(rows, named) if named else rows
        return rows

    async def _with_some(self, rows: Sequence[Resource], children: Mapping[str, Child]) -> Sequence[Resource]:
        parts: list[dict[str, _Found]] = [_childless(children) for _ in rows]
        wanted = [
            (row, name, child, found)
            for row, found in zip(rows, parts, strict=True)
            for name, child in children.items()
            if child.when(row)
        ]

        async def fill(row: Resource, name: str, child: Child, found: dict[str, _Found]) -> None:
            found[name] = await self._child(row, child)

        await _a_few_at_once(fill, wanted)
        return [row.with_parts(found) for row, found in zip(rows, parts, strict=True)]

    async def _child(self, row: Resource, child: Child) -> _Found:
        resource_id = child.of(row).lstrip("/")
        try:
            if not child.many:
                one = await self._reader.get(child.read, _ROW, id=resource_id)
                return row.with_raw(one)
            listed = await self._reader.items(child.read, _ROW, id=resource_id)
        except ResourceAbsent:
            return () if child.many else None
        except Terminal as error:
            return self._refuse(error)
        rows = [found for found in map(row.with_raw, listed) if child.keep(found)]
        return tuple(await self._with_children(rows, child.children))

    async def _record(self, verdict: Verdict) -> None:
        self._statuses[verdict.check_id][verdict.status] += 1
        await self._emit(verdict)

    async def _none(self, unread: Several[str]) -> None:
        """Record which checks found no resource of any of their kinds: looked for, and none there.

        Args:
            unread: ids of checks of which a kind could not be read, so that nobody knows.
        """
        scope = self._reader.subscription_scope
        for kind in self._kinds:
            for check in (rule.check for rule in kind.rules):
                if check.id not in self._statuses and check.id not in unread:
                    reason = f"The subscription has no {kind.noun}."
                    await self._record(check.verdict(scope, Status.NOT_APPLICABLE, reason, resources=0))

    def _summary(self) -> Mapping[str, JsonValue]:
        totals: Counter[str] = sum(self._statuses.values(), Counter())
        return {
            "resources": self._resources.total(),
            "by_kind": dict(self._resources),
            "verdicts": {status.value: totals[status] for status in Status},
            "checks": [
                {"check_id": check_id, **{status.value: counts[status] for status in Status}}
                for check_id, counts in sorted(self._statuses.items())
            ],
        }


async def _a_few_at_once[*Work](do: Callable[[*Work], Awaitable[None]], each: Sequence[tuple[*Work]]) -> None:
    """Do several things, a few at one time: a task for each would cost more than judging what it reads."""
    waiting = iter(each)

    async def some() -> None:
        for one in waiting:
            await do(*one)

    tasks = [asyncio.create_task(some()) for _ in range(min(_AT_ONCE, len(each)))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _childless(children: Mapping[str, Child]) -> dict[str, _Found]:
    return {name: () if child.many else None for name, child in children.items()}


def _shaped(row: Resource, kind: Kind) -> Resource:
    return row if kind.shape is None else row.with_raw({**row.raw, **kind.shape(row)})


def _unlisted(row: Resource, kind: Kind) -> Resource:
    return row if kind.refused_as is None else row.with_raw({"id": f"{row.id}/{kind.refused_as}"})
