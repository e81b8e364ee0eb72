"""How the children of many resources are read: a few at one time, and no further once one must be retried."""

import asyncio
from collections.abc import Mapping
from typing import override

import pytest

from collectors.contract import Check, Part, Read
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, good
from collectors.errors import AccessDenied, Transient
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part

THINGS = Read("/subscriptions/{subscription_id}/things", "2024-01-01", "Things/read")
PARTS = Read("/{id}/parts", "2024-01-01", "Things/parts/read")
DENIED = AccessDenied("No.", permission="Things/more/read", scope=SCOPE)
NUMBER = 200
MOST = 32


def part() -> Part:
    """Give a part that reads the parts of every thing."""
    check = Check("thing_counted", "Title", "low", "Because.", "Do.", "Things/read")
    rule = Rule(check, lambda thing: good("Counted.", parts=[one.name for one in thing.rows("parts")]))
    return configuration(
        "thing", "Things", [Kind("things", THINGS, (rule,), {"parts": Child(PARTS, many=True)})]
    )


def answers(parts: Mapping[int, Answer]) -> dict[str, Answer]:
    """Give many things with a part each, but for some."""
    listed: Answer = [{"id": f"{SCOPE}/things/{number}"} for number in range(NUMBER)]
    each: dict[str, Answer] = {f"things/{number}/parts": [{"id": f"p{number}"}] for number in range(NUMBER)}
    return {"things": listed, **each, **{f"things/{number}/parts": part for number, part in parts.items()}}


class SlowReader(PathReader):
    """Takes turns before it answers, and counts how many wait."""

    def __init__(self, parts: Mapping[int, Answer]) -> None:
        super().__init__(answers(parts), page_size=NUMBER)
        self.waiting = self.most = 0

    @override
    async def items[T](self, read: Read, item: type[T], **fields: str) -> list[T]:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        return await super().items(read, item, **fields)


async def test_each_resource_gets_its_own_children() -> None:
    """Whatever order they arrive in, and however many are read beside each other."""
    reader = SlowReader({})
    _, verdicts = await read_part(part(), reader)

    judged = [one.observed["parts"] for one in verdicts if one.check_id == "thing_counted"]
    assert judged == [[f"p{number}"] for number in range(NUMBER)]
    assert reader.most == MOST


async def test_nothing_more_is_asked_once_the_attempt_has_failed() -> None:
    """The run is tried again from the start of the part: what else it asked would be asked twice."""
    reader = SlowReader({0: Transient("Later.")})
    with pytest.raises(Transient):
        await read_part(part(), reader)

    await asyncio.sleep(0.01)
    assert len(reader.sent) <= 1 + 2 * MOST  # what was under way may have sent one more


async def test_the_last_child_is_asked_for_once_the_others_are_known() -> None:
    """Whether there is anything to ask may rest on what another child answered."""
    check = Check("thing_counted", "Title", "low", "Because.", "Do.", "Things/read")
    more = Child(Read("/{id}/more", "2024-01-01", "Things/more/read"), many=True, last=True, when=_first)
    kind = Kind("things", THINGS, (Rule(check, _named),), {"more": more, "parts": Child(PARTS, many=True)})
    reader = PathReader(answers({}) | {"things/0/more": [{"id": "m"}], "things/1/more": DENIED})
    reading, verdicts = await read_part(configuration("thing", "Things", [kind]), reader)

    judged = [one.observed["names"] for one in verdicts if one.check_id == "thing_counted"]
    assert judged[:2] == [["p0", "m"], ["p1"]]
    assert reading.refused == ()


def _first(thing: Resource) -> bool:
    return [one.name for one in thing.rows("parts")] == ["p0"]


def _named(thing: Resource) -> Judgement:
    return good("Named.", names=[one.name for name in ("parts", "more") for one in thing.rows(name)])
