"""What a service declares of its resources: the kinds it has, and what is read for each resource."""

from collections.abc import Callable, Mapping

import msgspec

from collectors.contract import JsonValue, Read
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Rule


def _own_id(resource: Resource) -> str:
    return resource.id


class Child(msgspec.Struct, frozen=True):
    """What is read for each resource on its own, because no list of the subscription holds it.

    Args:
        read: its path may use `{id}`, the resource's id without the leading slash.
        of: gives what stands for `{id}` instead, where it is another id than the resource's own.
        many: a list of objects instead of one.
        when: tells for which resources there is anything to ask; the others have none, and are not asked.
        last: read once the others were, so that `when` may look at them.
        keep: leaves out rows that are not asked about, such as SQL's `master`.
        children: what is read for each of its rows in turn.
    """

    read: Read
    many: bool = False
    when: Callable[[Resource], bool] = bool
    keep: Callable[[Resource], bool] = bool
    children: Mapping[str, "Child"] = {}
    of: Callable[[Resource], str] = _own_id
    last: bool = False


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
        refused_as: what stands for the rows inside where their list was refused, as a path below the listed
            resource; that resource itself if None. Needed where the resource is asked the same checks.
        shape: gives a row the `id`, `name` and `type` it is known by, where Azure answers others.
        population: whether these resources are this service's own; False for those of other services, which
            record them: here they are only judged.
    """

    noun: str
    read: Read
    rules: tuple[Rule, ...]
    children: Mapping[str, Child] = {}
    keep: Callable[[Resource], bool] = bool
    inside: str | None = None
    refused_as: str | None = None
    shape: Callable[[Resource], Mapping[str, JsonValue]] | None = None
    population: bool = True

    @property
    def reads(self) -> tuple[Read, ...]:
        """Every read of this kind."""
        return (self.read, *reads_of(self.children))


def reads_of(children: Mapping[str, Child]) -> tuple[Read, ...]:
    """Give every read of children and of theirs."""
    return tuple(read for child in children.values() for read in (child.read, *reads_of(child.children)))
