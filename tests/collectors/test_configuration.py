"""The machinery of a declared service: what it asks, what it leaves out, what it asks of a subscription."""

from collectors.configuration import Child, Kind, configuration
from collectors.contract import Check, Read
from collectors.errors import AccessDenied
from collectors.resources import JsonObject, Resource
from collectors.rules import Rule, good, judged
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses

THINGS = Read("/subscriptions/{subscription_id}/things", "2024-01-01", "Things/read")
PARTS = Read("/{id}/parts", "2024-01-01", "Things/parts/read")
OLD = Read("/subscriptions/{subscription_id}/old", "2024-01-01", "Old/read")
DENIED = AccessDenied("No.", permission="Old/read", scope=SCOPE)


def check(check_id: str) -> Check:
    """Declare a check of which only the id matters."""
    return Check(check_id, "Title", "low", "Because.", "Do.", "Things/read")


def has_parts(thing: Resource) -> bool:
    """Tell whether a thing is of a kind that has parts."""
    return thing.flag("hollow") is True


COUNTED = Rule(check("thing_counted"), lambda thing: good("Counted.", parts=len(thing.rows("parts"))))
NONE_OLD = Rule(
    check("old_absent"), lambda scope: judged(not scope.shared("old"), "None.", "Some."), ("old",)
)
PART = configuration(
    "thing",
    "Things",
    [Kind("things", THINGS, (COUNTED,), {"parts": Child(PARTS, many=True, when=has_parts)})],
    shared={"old": OLD},
    subscription_rules=(NONE_OLD,),
)


async def read(answers: dict[str, Answer]) -> tuple[PathReader, dict[tuple[str, str], str]]:
    """Read a subscription with these things."""
    reader = PathReader({"things": [], "old": [], **answers})
    _, verdicts = await read_part(PART, reader)
    return reader, statuses(verdicts)


async def test_only_what_can_have_children_is_asked_for_them() -> None:
    """A resource that `when` rules out costs no request, and has none."""
    solid: JsonObject = {"id": f"{SCOPE}/things/a"}
    hollow: JsonObject = {"id": f"{SCOPE}/things/b", "hollow": True}
    reader, _ = await read({"things": [solid, hollow], "things/b/parts": [{"id": "p"}]})

    assert sorted(reader.sent) == ["old", "things", "things/b/parts"]


async def test_a_subscription_is_asked_as_a_whole() -> None:
    """A rule of the subscription gives one verdict at its scope, whether there are resources or not."""
    name = SCOPE.rpartition("/")[2]
    _, none = await read({})
    _, some = await read({"old": [{"id": "o"}]})
    _, refused = await read({"old": DENIED})

    said = [found["old_absent", name] for found in (none, some, refused)]
    assert said == ["pass", "fail", "unknown"]
    assert NONE_OLD.check in PART.checks
