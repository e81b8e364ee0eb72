"""What several services read is declared as shared, once; and nothing else is."""

import re
from collections import defaultdict

from collectors import registry
from collectors.contract import Read

_OWN_FIELD = re.compile(r"\{(?!subscription_id\})\w+\}")


def address(read: Read) -> tuple[object, ...]:
    """Name what a read asks for, whatever its api-version.

    Below a resource the path alone does not tell: `/{id}/configurations` is of as many types as have such a
    list. The permission names the type.
    """
    path, below = _OWN_FIELD.subn("{}", read.path.lower())
    return path, tuple(sorted(read.query)), read.permission.lower() if below else ""


def declared() -> dict[tuple[object, ...], dict[str, list[Read]]]:
    """Give every declared read by what it asks for, by service."""
    found: defaultdict[tuple[object, ...], dict[str, list[Read]]] = defaultdict(dict)
    for service, collector in registry.load().items():
        for read in collector.reads:
            found[address(read)].setdefault(service, []).append(read)
    return found


def test_what_two_services_read_is_shared_and_nothing_else() -> None:
    """A list of two services that is not shared would be asked twice; one of one service need not be held."""
    unlike = {
        asked: sorted(services)
        for asked, services in declared().items()
        if {read.shared for reads in services.values() for read in reads} != {len(services) > 1}
    }

    assert unlike == {}


def test_what_two_services_read_is_one_declaration() -> None:
    """Another api-version, or another spelling, would be another request."""
    unlike = {
        asked: found
        for asked, services in declared().items()
        if len(found := {read for reads in services.values() for read in reads}) > 1
    }

    assert unlike == {}
