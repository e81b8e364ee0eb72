"""A random history of syncs, against a simple model of what the register must say at every instant."""

from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.contract import Status
from collectors.errors import AccessDenied, ServiceUnavailable
from pipeline.model import SyncRun
from pipeline.times import rfc3339
from tests.pipeline.sync_rig import Rig, message, verdict

KINDS = ("colour", "shape")
DENIED = AccessDenied("HTTP 403.", permission="Microsoft.Test/things/read", scope="/")
BUSY = ServiceUnavailable("HTTP 503.")

type State = dict[tuple[str, str], tuple[str, str]]
"""Check and resource to status and reason: what is open."""


class PartStory(NamedTuple):
    """What one part meets in one run.

    Args:
        seen: (resource, status, reason) in the order of the list, which may name one twice.
        ending: how it ends: read whole, denied for good, or failing once and then read whole.
        half: verdicts that the failing attempt had emitted.
    """

    seen: list[tuple[str, Status, str]]
    ending: str
    half: list[tuple[str, Status, str]]


verdicts = st.lists(
    st.tuples(
        st.sampled_from("abcd"), st.sampled_from(list(Status)), st.sampled_from(["Seen.", "Seen again."])
    ),
    max_size=5,
)
parts = st.builds(PartStory, verdicts, st.sampled_from(["whole", "whole", "denied", "retried"]), verdicts)
histories = st.lists(st.fixed_dictionaries(dict.fromkeys(KINDS, parts)), min_size=1, max_size=5)


def model(before: State, kind: str, story: PartStory, scope: str) -> State:
    """Give what is open after a part, as a person would reckon."""
    mine = {key: value for key, value in before.items() if key[0] == kind}
    if story.ending == "denied":
        known = mine.get((kind, scope), (Status.UNKNOWN.value, ""))
        if known[0] == Status.UNKNOWN.value:
            mine[kind, scope] = (Status.UNKNOWN.value, "Could not be read: HTTP 403.")
        return mine
    after: State = {}
    for resource, status, reason in story.seen:
        after.setdefault((kind, resource), (status.value, reason))
    return after


async def play(rig: Rig, run: SyncRun, stories: dict[str, PartStory]) -> SyncRun:
    """Make the attempts that a run takes."""
    for attempt in ("first", "second"):
        for kind, story in stories.items():
            failing = attempt == "first" and story.ending == "retried"
            told = story.half if failing or story.ending == "denied" else story.seen
            rig.world.seen[kind] = [verdict(kind, *one) for one in told]
            rig.world.ends.pop(kind, None)
            if failing or story.ending == "denied":
                rig.world.ends[kind] = BUSY if failing else DENIED
        if attempt == "first" and any(story.ending == "retried" for story in stories.values()):
            with pytest.raises(ServiceUnavailable):
                await rig.worker.run(message(run))
            rig.time.later(minutes=1)
        else:
            return await rig.attempt(run)
    raise AssertionError


def changes(before: State, after: State) -> tuple[int, int]:
    """Count intervals opened and closed."""
    opened = sum(before.get(key) != value for key, value in after.items())
    return opened, sum(after.get(key) != value for key, value in before.items())


@pytest.fixture(autouse=True)
def early_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write each operation at once, not a hundred together, so that a failing part leaves rows behind."""
    monkeypatch.setattr("pipeline.syncing.finding_outbox._MOST_WAITING", 0)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
async def test_the_register_equals_the_model_at_every_past_instant(
    rig: Rig, history: list[dict[str, PartStory]]
) -> None:
    """What was open, what changed, and one row per interval: an unchanged verdict wrote none."""
    connection = await rig.connect()
    scope, intervals = connection.subscription_id, 0
    state: State = {}
    instants: list[tuple[str, State]] = []
    for stories in history:
        rig.time.later(hours=1)
        run = await play(rig, await rig.sync_runs.start(connection.id), stories)
        after: State = {}
        for kind, story in stories.items():
            after |= model(state, kind, story, scope)
        expected = changes(state, after)
        state, intervals = after, intervals + expected[0]
        instants.append((rfc3339(rig.time.now), state))
        assert expected == (run.changes.opened, run.changes.closed)

    assert intervals == len(await rig.rows("findings", connection.id))
    for at, then in instants:
        statuses = {f"{check} {resource}": status for (check, resource), (status, _) in then.items()}
        assert statuses == await rig.open_findings(connection.id, as_of=at)
    assert (await rig.register.verify_chain(connection.id)).intact
