"""Which requests of many services count as exactly those, and what the floor is told of them."""

from benchmarks.breadth import differences, fetched
from benchmarks.floor_rows import Further, further_rows
from local.api_client import Json

SCOPE = "/subscriptions/s/providers/microsoft.network"
GROUPS = f"{SCOPE}/networksecuritygroups"


def entry(path: str, token: str = "") -> Json:
    """Give a line of the request log."""
    query: Json = {"api-version": "1"}
    if token:
        query["$skipToken"] = token
    return {"method": "GET", "path": path, "query": query, "authorization": True}


TWO_PAGES = [entry(GROUPS), entry(GROUPS, "2")]


def test_a_list_is_asked_once_a_page() -> None:
    """However many services need it: a second reading is told, and so is half of one."""
    said = [differences(log, {GROUPS: 2}, {GROUPS}) for log in (TWO_PAGES, TWO_PAGES * 2, TWO_PAGES[:1])]

    assert said == [[], [f"{GROUPS}: 4 instead of 2"], [f"{GROUPS}: 1 instead of 2"]]


def test_a_list_that_no_service_declares_is_told() -> None:
    """However often it was read."""
    assert differences([entry(GROUPS)], {}, set()) == [f"{GROUPS}: 1 instead of 0"]


def test_the_floor_follows_the_first_pages() -> None:
    """Each list begins once, whoever asked again; the rows are shared among all pages, none twice."""
    first = fetched([*TWO_PAGES, *TWO_PAGES, entry(f"{SCOPE}/bastions")], rows=10)

    assert [one.url for one in first] == [f"{GROUPS}?api-version=1", f"{SCOPE}/bastions?api-version=1"]
    assert {one.share for one in first} == {10 / 3}


def test_no_row_is_lost_between_pages() -> None:
    """Whatever the share of a page, together they are as many as they must be, with keys of their own."""
    further = Further("GET", "/list", 10 / 3)
    rows = [row for page in range(3) for row in further_rows(["a", "b"], further, page, [{"service": "x"}])]

    assert (len(rows), len({row["RowKey"] for row in rows})) == (10, 10)
