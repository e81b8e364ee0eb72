"""Whether logs are sent: by category, by category group, by several settings together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import JsonValue
from collectors.declarations.diagnostics import logs_not_sent
from collectors.declarations.resources import Resource

WANTED = ("StorageRead", "StorageWrite")
READ: JsonValue = {"category": "StorageRead", "enabled": True}
WRITE: JsonValue = {"category": "storagewrite", "enabled": True}


def setting(*logs: JsonValue) -> Resource:
    """Make a diagnostic setting."""
    return Resource({"id": "s", "properties": {"logs": list(logs)}})


@pytest.mark.parametrize("group", ["allLogs", "audit", "ALLLOGS"])
def test_a_category_group_sends_all(group: str) -> None:
    """The trap of prowler#8460: `categoryGroup: allLogs` is logging switched on."""
    assert logs_not_sent([setting({"categoryGroup": group, "enabled": True})], WANTED) == []


def test_explicit_categories_send_as_well() -> None:
    """The reverse trap, steampipe-mod#320: no group, but each category by its name, in any case."""
    assert logs_not_sent([setting(READ, WRITE)], WANTED) == []
    assert logs_not_sent([setting(READ), setting(WRITE)], WANTED) == []


def test_what_is_switched_off_is_not_sent() -> None:
    """A setting that lists logs without enabling them sends none."""
    off: JsonValue = {"categoryGroup": "allLogs", "enabled": False}

    assert logs_not_sent([setting(off, READ)], WANTED) == ["StorageWrite"]
    assert logs_not_sent([setting()], WANTED) == list(WANTED)


@given(st.sets(st.sampled_from(["A", "B", "C", "D"])), st.lists(st.sampled_from(["a", "B", "c", "D"])))
def test_what_is_missing_is_the_difference(wanted: set[str], sent: list[str]) -> None:
    """However the categories are spread over settings and spelled."""
    settings = [setting({"category": one, "enabled": True}) for one in sent]

    missing = logs_not_sent(settings, sorted(wanted))

    assert set(missing) == wanted - {one.upper() for one in sent}
