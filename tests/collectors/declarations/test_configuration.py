"""The machinery of a declared service: what it asks, what it leaves out, what it asks of a subscription."""

from collections.abc import Sequence

import pytest

from collectors.contract import Check, Read, Verdict
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.resources import JsonObject, Resource
from collectors.declarations.rules import Rule, good, judged
from collectors.errors import AccessDenied
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


def names_of(emitted: Sequence[Verdict]) -> set[str]:
    """Give the check ids, those of the population as `population`."""
    return {one.check_id.partition(":")[0] for one in emitted}


async def test_what_belongs_to_another_service_is_only_judged() -> None:
    """It is no part of this service's population, nor counted among its resources."""
    rule = Rule(check("thing_there"), lambda _: good("It is there."))
    kind = Kind("things", THINGS, (rule,), population=False)
    reader = PathReader({"things": [{"id": "t"}]})
    reading, verdicts = await read_part(configuration("thing", "Things", [kind]), reader)

    assert (names_of(verdicts), reading.summary["resources"]) == ({"thing_there"}, 0)


@pytest.mark.parametrize(("answer", "status"), [(None, "pass"), (DENIED, "unknown")])
async def test_a_retired_list_that_is_gone_is_empty(answer: Answer | None, status: str) -> None:
    """Only its absence means that; a refusal stays one."""
    part = configuration(
        "thing", "Things", [], shared={"old": OLD}, retired=("old",), subscription_rules=(NONE_OLD,)
    )
    reader = PathReader({} if answer is None else {"old": answer})
    reading, verdicts = await read_part(part, reader)

    assert [one.status.value for one in verdicts] == [status]
    assert len(reading.refused) == (answer is not None)
