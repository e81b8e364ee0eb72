"""The configuration of a service: its resources read once, each judged by every rule, every gap its own size.

A service declares kinds of resources (a list, what is read for each resource, the rules): a collector stays a
declaration. What it needs for that stands here.
"""

from collections.abc import Collection as Several
from collections.abc import Mapping, Sequence

from collectors.contract import Emit, Part, Read, Reader, Reading
from collectors.declarations.collection import Collection
from collectors.declarations.judging import evaluate, gap_judgement
from collectors.declarations.kinds import Child, Kind, reads_of
from collectors.declarations.rules import Rule

__all__ = ["Child", "Kind", "configuration", "evaluate", "gap_judgement"]


def configuration(
    service: str,
    title: str,
    kinds: Sequence[Kind],
    *,
    shared: Mapping[str, Read] | None = None,
    objects: Mapping[str, Read] | None = None,
    beneath: Mapping[str, Mapping[str, Child]] | None = None,
    retired: Several[str] = (),
    subscription_rules: tuple[Rule, ...] = (),
) -> Part:
    """Make the part `<service>_configuration`.

    Args:
        kinds: the kinds of resources.
        shared: lists of the subscription that rules compare resources with, by name; a kind with the same
            read takes its resources from there.
        objects: single objects that are shared as lists of one.
        beneath: what is read for each row of a shared list, by the list's name.
        retired: names of shared lists that Azure is taking away: once such a list is gone, it is empty.
        subscription_rules: what is asked of the subscription as a whole, from its shared lists.
    """
    lists, single, inner = shared or {}, objects or {}, beneath or {}

    async def collect(reader: Reader, emit: Emit) -> Reading:
        collection = Collection(reader, emit, kinds, lists, single, inner, retired)
        return await collection.run(subscription_rules)

    reads = [read for kind in kinds for read in kind.reads]
    reads += [read for children in inner.values() for read in reads_of(children)]
    rules = [*(rule for kind in kinds for rule in kind.rules), *subscription_rules]
    return Part(
        kind=f"{service}_configuration",
        title=title,
        checks=tuple({rule.check.id: rule.check for rule in rules}.values()),
        reads=tuple(dict.fromkeys([*reads, *lists.values(), *single.values()])),
        collect=collect,
    )
