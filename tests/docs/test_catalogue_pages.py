"""The generated pages are what the collectors declare, and nothing known is passed over in silence."""

import csv

import pytest

from collectors import registry
from tests.docs.catalogue_pages import LEFT_OUT, ROOT, pages

PAGES = ("docs/permissions.md", "docs/checks.md", "docs/requests.md", "infra/reader-role-actions.json")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_the_codes(page: str) -> None:
    """It stands as the code makes it."""
    assert (ROOT / page).read_text("utf-8") == pages()[page]


def test_what_is_left_out_is_not_there_and_says_why() -> None:
    """No check is both left out and implemented, and each reason is a sentence."""
    known = {check.id for collector in registry.load().values() for check in collector.checks}
    for file in sorted(LEFT_OUT.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                assert row["check_id"] not in known
                assert row["reason"].endswith(".")
