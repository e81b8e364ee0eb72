"""Lists of the subscription that rules compare resources with: what lies beneath them, and what matches."""

from collections.abc import Iterable

from collectors.contract import Check, Read
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, good, judged
from collectors.errors import AccessDenied
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses

THINGS = Read("/subscriptions/{subscription_id}/things", "2024-01-01", "Things/read")
OTHERS = Read("/subscriptions/{subscription_id}/others", "2024-01-01", "Others/read")
VAULTS = Read("/subscriptions/{subscription_id}/vaults", "2024-01-01", "Vaults/read")
ITEMS = Read("/{id}/items", "2024-01-01", "Vaults/items/read")
DENIED = AccessDenied("No.", permission="Things/read", scope=SCOPE)
CHECK = Check("thing_kept", "Title", "low", "Because.", "Do.", "Things/read")


def source_of(item: Resource) -> Iterable[str]:
    """Give what an item is a copy of."""
    return item.texts("source")


def kept(thing: Resource) -> Judgement:
    """Judge whether a vault holds a copy."""
    found = thing.matching("vaults", source_of, thing.id, within="items")
    return judged(found, "Kept.", "Not kept.")


KEPT = Rule(CHECK, kept, ("vaults",))
PART = configuration(
    "thing",
    "Things",
    [Kind("things", THINGS, (KEPT,)), Kind("others", OTHERS, (Rule(CHECK, lambda _other: good("Yes.")),))],
    shared={"vaults": VAULTS},
    beneath={"vaults": {"items": Child(ITEMS, many=True)}},
)
LAST = SCOPE.rpartition("/")[2]


async def read(answers: dict[str, Answer]) -> dict[tuple[str, str], str]:
    """Read a subscription with these things, others and vaults."""
    reader = PathReader({"things": [], "others": [], "vaults": [], **answers})
    _, verdicts = await read_part(PART, reader)
    return statuses(verdicts)


async def test_what_lies_beneath_a_shared_list_is_found_in_any_case() -> None:
    """Ids are written in different cases by different services."""
    things: Answer = [{"id": f"{SCOPE}/things/{name}"} for name in "ab"]
    items: Answer = [{"id": "i", "source": f"{SCOPE}/things/A".upper()}]
    said = await read({"things": things, "vaults": [{"id": f"{SCOPE}/vaults/v"}], "vaults/v/items": items})

    assert said == {("thing_kept", "a"): "pass", ("thing_kept", "b"): "fail"}


async def test_a_refused_row_is_passed_over() -> None:
    """What one vault refuses does not hide what another holds."""
    vaults: Answer = [{"id": f"{SCOPE}/vaults/v"}, {"id": f"{SCOPE}/vaults/w"}]
    said = await read(
        {
            "things": [{"id": f"{SCOPE}/things/a"}],
            "vaults": vaults,
            "vaults/v/items": DENIED,
            "vaults/w/items": [{"id": "i", "source": f"{SCOPE}/things/a"}],
        }
    )

    assert said == {("thing_kept", "a"): "pass"}


async def test_a_check_of_two_kinds_finds_none_only_where_both_have_none() -> None:
    """One kind without resources is no answer for the other."""
    none = await read({})
    some = await read({"others": [{"id": f"{SCOPE}/others/o"}]})

    assert none == {("thing_kept", LAST): "not_applicable"}
    assert some == {("thing_kept", "o"): "pass"}


async def test_a_check_of_two_kinds_is_not_called_empty_when_one_was_refused() -> None:
    """Nobody knows whether there are resources."""
    reader = PathReader({"things": DENIED, "others": [], "vaults": []})
    reading, verdicts = await read_part(PART, reader)

    assert statuses(verdicts) == {}
    assert [gap.checks for gap in reading.gaps] == [(CHECK,)]
