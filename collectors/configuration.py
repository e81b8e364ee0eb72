"""The configuration of a service: its resources read once, each judged by every rule, every gap its own size.

A service declares kinds of resources (a list, what is read for each resource, the rules). This module reads
and judges them; a collector stays a declaration.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from collectors.contract import (
    POPULATION,
    Check,
    Emit,
    Gap,
    JsonValue,
    Part,
    Read,
    Reader,
    Reading,
    Status,
    Verdict,
)
from collectors.errors import AccessDenied, ResourceAbsent, Terminal
from collectors.resources import Resource, Surroundings
from collectors.rules import Judgement, Rule, unknown

_ROW = dict[str, JsonValue]

type _Row = dict[str, JsonValue]
type Limits = Callable[[Check], Mapping[str, float]]
type _Found = Resource | tuple[Resource, ...] | Terminal | None


def _own_id(resource: Resource) -> str:
    return resource.id


class Child(msgspec.Struct, frozen=True):
    """What is read for each resource on its own, because no list of the subscription holds it.

    Args:
        read: its path may use `{id}`, the resource's id without the leading slash.
        of: gives what stands for `{id}` instead, where it is another id than the resource's own.
        many: a list of objects instead of one.
        when: tells for which resources there is anything to ask; the others have none, and are not asked.
        keep: leaves out rows that are not asked about, such as SQL's `master`.
        children: what is read for each of its rows in turn.
    """

    read: Read
    many: bool = False
    when: Callable[[Resource], bool] = bool
    keep: Callable[[Resource], bool] = bool
    children: Mapping[str, "Child"] = {}
    of: Callable[[Resource], str] = _own_id


class Kind(msgspec.Struct, frozen=True):
    """One kind of resource of a service.

    Args:
        noun: what people call it, in the plural.
        read: the list that holds all of them.
        rules: what is asked of each.
        children: what is read for each, by name; only what the rules need is read.
        keep: leaves out rows that are not of this kind.
        inside: rows within each listed resource that are judged in its place: the name of one of `children`,
            such as the databases of a server, or a dotted path, such as the subnets of a network.
        shape: gives a row the `id`, `name` and `type` it is known by, where Azure answers others.
    """

    noun: str
    read: Read
    rules: tuple[Rule, ...]
    children: Mapping[str, Child] = {}
    keep: Callable[[Resource], bool] = bool
    inside: str | None = None
    shape: Callable[[Resource], Mapping[str, JsonValue]] | None = None

    @property
    def reads(self) -> tuple[Read, ...]:
        """Every read of this kind."""
        return (self.read, *_reads_of(self.children))


def configuration(
    service: str,
    title: str,
    kinds: Sequence[Kind],
    *,
    shared: Mapping[str, Read] | None = None,
    objects: Mapping[str, Read] | None = None,
    beneath: Mapping[str, Mapping[str, Child]] | None = None,
    subscription_rules: tuple[Rule, ...] = (),
) -> Part:
    """Make the part `<service>_configuration`.

    Args:
        kinds: the kinds of resources.
        shared: lists of the subscription that rules compare resources with, by name; a kind with the same
            read takes its resources from there.
        objects: single objects that are shared as lists of one.
        beneath: what is read for each row of a shared list, by the list's name.
        subscription_rules: what is asked of the subscription as a whole, from its shared lists.
    """
    lists, single, inner = shared or {}, objects or {}, beneath or {}

    async def collect(reader: Reader, emit: Emit) -> Reading:
        return await _Collection(reader, emit, kinds, lists, single, inner).run(subscription_rules)

    reads = [read for kind in kinds for read in kind.reads]
    reads += [read for children in inner.values() for read in _reads_of(children)]
    rules = [*(rule for kind in kinds for rule in kind.rules), *subscription_rules]
    return Part(
        kind=f"{service}_configuration",
        title=title,
        checks=tuple({rule.check.id: rule.check for rule in rules}.values()),
        reads=tuple(dict.fromkeys([*reads, *lists.values(), *single.values()])),
        collect=collect,
    )


def evaluate(resource: Resource, rules: Sequence[Rule], limits: Limits | None = None) -> list[Verdict]:
    """Judge a resource by every rule; a needed part that was refused makes that verdict `unknown`.

    Args:
        limits: gives a check's thresholds as they are set; their defaults if None.
    """
    return [_verdict(rule, resource, _judgement(rule, resource, limits)) for rule in rules]


def gap_judgement(error: Terminal) -> Judgement:
    """Say that something could not be read, and what would cure it."""
    observed: dict[str, JsonValue] = {"problem": error.code}
    if isinstance(error, AccessDenied):
        observed["missing_permission"] = error.permission
    return unknown(f"Could not be read: {error.detail} {error.advice}".rstrip(), **observed)


class _Collection:
    """One reading of a service."""

    def __init__(
        self,
        reader: Reader,
        emit: Emit,
        kinds: Sequence[Kind],
        lists: Mapping[str, Read],
        objects: Mapping[str, Read],
        beneath: Mapping[str, Mapping[str, Child]],
    ) -> None:
        self._reader = reader
        self._emit = emit
        self._kinds = kinds
        self._lists = lists
        self._objects = objects
        self._beneath = beneath
        self._resources: Counter[str] = Counter()
        self._statuses: dict[str, Counter[str]] = {}

    async def run(self, subscription_rules: Sequence[Rule]) -> Reading:
        """Read and judge everything; a kind whose list was refused is a gap, the others go on."""
        surroundings = Surroundings(datetime.now(UTC), await self._read_shared())
        subscription = Resource({"id": self._reader.subscription_scope}, surroundings)
        for verdict in evaluate(subscription, subscription_rules, self._reader.limits):
            await self._record(verdict)
        found = await asyncio.gather(*(self._kind(kind, surroundings) for kind in self._kinds))
        gaps = tuple(gap for gap in found if gap is not None)
        await self._none({check.id for gap in gaps for check in gap.checks})
        return Reading(self._summary(), gaps)

    async def _read_shared(self) -> Mapping[str, tuple[Resource, ...] | Terminal]:
        lists = (self._rows(self._reader.items(read, _ROW)) for read in self._lists.values())
        objects = (self._rows(self._one(read)) for read in self._objects.values())
        read = await asyncio.gather(*lists, *objects)
        found = dict(zip([*self._lists, *self._objects], read, strict=True))
        for name, children in self._beneath.items():
            rows = found[name]
            if not isinstance(rows, Terminal):
                found[name] = tuple(
                    await asyncio.gather(*(self._with_children(row, children) for row in rows))
                )
        return found

    async def _one(self, read: Read) -> list[_Row]:
        return [await self._reader.get(read, _ROW)]

    @staticmethod
    async def _rows(reading: Awaitable[list[_Row]]) -> tuple[Resource, ...] | Terminal:
        try:
            return tuple(map(Resource, await reading))
        except Terminal as error:
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
                read = await asyncio.gather(*(self._with_children(row, kind.children) for row in kept))
                found += await self._judge(kind, read)
        except Terminal as error:
            return Gap(tuple(rule.check for rule in kind.rules), error)
        self._resources[kind.noun] += found
        return None

    async def _judge(self, kind: Kind, rows: Sequence[Resource]) -> int:
        """Judge resources, or what lies inside them; gives how many were judged."""
        judged = 0
        for row in rows:
            inner = (row,) if kind.inside is None else self._inside(row, kind.inside)
            if isinstance(inner, Terminal):
                for rule in kind.rules:
                    await self._record(_verdict(rule, row, gap_judgement(inner)))
                judged += 1
                continue
            for resource in inner:
                await self._emit(_population(resource))
                for verdict in evaluate(resource, kind.rules, self._reader.limits):
                    await self._record(verdict)
            judged += len(inner)
        return judged

    @staticmethod
    def _inside(row: Resource, name: str) -> tuple[Resource, ...] | Terminal:
        return row.objects(name) if "." in name else row.gap((name,)) or row.rows(name)

    async def _with_children(self, row: Resource, children: Mapping[str, Child]) -> Resource:
        if not children:
            return row
        read = await asyncio.gather(*(self._child(row, child) for child in children.values()))
        return row.with_parts(dict(zip(children, read, strict=True)))

    async def _child(self, row: Resource, child: Child) -> _Found:
        if not child.when(row):
            return () if child.many else None
        resource_id = child.of(row).lstrip("/")
        try:
            if not child.many:
                one = await self._reader.get(child.read, _ROW, id=resource_id)
                return row.with_raw(one)
            listed = await self._reader.items(child.read, _ROW, id=resource_id)
        except ResourceAbsent:
            return () if child.many else None
        except Terminal as error:
            return error
        rows = [found for found in map(row.with_raw, listed) if child.keep(found)]
        return tuple(await asyncio.gather(*(self._with_children(each, child.children) for each in rows)))

    async def _record(self, verdict: Verdict) -> None:
        self._statuses.setdefault(verdict.check_id, Counter())[verdict.status] += 1
        await self._emit(verdict)

    async def _none(self, unread: Collection[str]) -> None:
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


def _shaped(row: Resource, kind: Kind) -> Resource:
    return row if kind.shape is None else row.with_raw({**row.raw, **kind.shape(row)})


def _judgement(rule: Rule, resource: Resource, limits: Limits | None) -> Judgement:
    error = resource.gap(rule.needs)
    if error is not None:
        return gap_judgement(error)
    return rule.decide(resource, None if limits is None else limits(rule.check))


def _verdict(rule: Rule, resource: Resource, judgement: Judgement) -> Verdict:
    status, reason, observed = judgement
    return rule.check.verdict(resource.id, status, reason, **observed)


def _population(resource: Resource) -> Verdict:
    """Record that a resource was there."""
    kind = resource.text("type") or ""
    observed = {name: resource.at(name) for name in ("name", "type", "location", "tags")}
    return Verdict(
        check_id=f"{POPULATION}{kind.lower()}",
        title=kind,
        severity="",
        resource_id=resource.id,
        status=Status.NOT_APPLICABLE,
        reason="It was found.",
        observed=observed,
    )


def _reads_of(children: Mapping[str, Child]) -> tuple[Read, ...]:
    return tuple(read for child in children.values() for read in (child.read, *_reads_of(child.children)))
