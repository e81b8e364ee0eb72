"""What a declared service shares: lists and single objects read once, children by another id."""

from collectors.contract import Check, Read
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.declarations.rules import Rule, judged
from collectors.errors import AccessDenied
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses

THINGS = Read("/subscriptions/{subscription_id}/things", "2024-01-01", "Things/read")
OWNER = Read("/owners/{id}", "2024-01-01", "Owners/read")
HOME = Read("/subscriptions/{subscription_id}/home", "2024-01-01", "Home/read")
THING: JsonObject = {"id": f"{SCOPE}/things/A", "owner": "o"}
DENIED = AccessDenied("No.", permission="Things/read", scope=SCOPE)


def check(check_id: str) -> Check:
    """Declare a check of which only the id matters."""
    return Check(check_id, "Title", "low", "Because.", "Do.", "Things/read")


def owned(thing: Resource) -> str:
    """Give the id of a thing's owner."""
    return thing.text("owner") or ""


def at_home(thing: Resource) -> JsonObject:
    """Give a thing the id it has at home."""
    return {"id": f"/homes/{thing.shared('home')[0].name}/{thing.name}"}


RULE = Rule(check("thing_owned"), lambda thing: judged(thing.part("owner"), "Yes.", "No."), ("owner",))
KIND = Kind("things", THINGS, (RULE,), {"owner": Child(OWNER, of=owned)}, shape=at_home)
PART = configuration("thing", "Things", [KIND], shared={"things": THINGS}, objects={"home": HOME})


async def read(things: Answer) -> tuple[list[str], dict[tuple[str, str], str], int]:
    """Read a subscription with these things; gives what was asked, the verdicts, and the gaps."""
    home: JsonObject = {"id": "/h/Here"}
    answers: dict[str, Answer] = {"things": things, "home": home, "/owners/o": {"id": "/owners/o"}}
    reader = PathReader(answers)
    reading, verdicts = await read_part(PART, reader)
    return sorted(reader.sent), statuses(verdicts), len(reading.gaps)


async def test_what_is_shared_is_read_once() -> None:
    """A kind whose list is shared takes its resources from there."""
    sent, _, _ = await read([THING])

    assert len(sent) == len(set(sent)) == len(("home", "things", "owner"))


async def test_a_resource_is_known_by_its_shape() -> None:
    """What Azure calls by another id is shown under the one the service gives it."""
    _, found, _ = await read([THING])

    assert list(found.values()) == ["pass"]
    assert next(iter(found))[1].lower().endswith("a")


async def test_a_shared_list_that_was_refused_is_a_gap_of_its_kind() -> None:
    """Sharing a list hides nothing of its refusal."""
    _, found, gaps = await read(DENIED)

    assert (found, gaps) == ({}, 1)


def test_an_object_is_found_by_the_end_of_its_id() -> None:
    """Azure spells ids in several casings, with and without the subscription before them."""
    role = Resource({"id": f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/ABC"})
    one = Resource({"id": "x"}, Surroundings(role.now, {"roles": (role,)}))

    assert one.found("roles", "/providers/microsoft.authorization/roledefinitions/abc") is role
    assert one.found("roles", "abd") is None
    assert one.found("roles", None) is None
