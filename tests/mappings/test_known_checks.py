"""Rows speak only of checks that a collector evaluates."""

from collectors import registry
from mappings import loader


def test_every_mapped_check_is_evaluated() -> None:
    """A row whose check no collector knows would claim a coverage that is not there."""
    mapped = {row.check_id for row in loader.load().rows}
    known = {check.id for collector in registry.load().values() for check in collector.checks}

    assert mapped - known == set()
