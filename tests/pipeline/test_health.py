"""Claims about health: honest, quick, and cheap however often it is asked."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from azure.core.exceptions import ServiceRequestError

from pipeline.errors import SecretUnavailable
from pipeline.health import Health, PartHealth, Probe, Reports, SecretsHealth
from pipeline.watching.old_evidence import ConnectionsHealth
from pipeline.watching.timer_runs import TimerHealth


async def fine() -> None:
    """Work."""


async def refused() -> None:
    """Fail in our words."""
    raise SecretUnavailable("The vault says no.", advice="Give the app a role.")


async def broken() -> None:
    """Fail in somebody else's words."""
    raise RuntimeError("password=hunter2")


async def silent() -> None:
    """Never answer."""
    await asyncio.sleep(3600)


async def cancelled() -> None:
    """End as if somebody had cancelled it."""
    raise asyncio.CancelledError


def health_of(**probes: Probe) -> Health:
    """Make a health of these parts, impatient."""
    return Health(probes, version="1", functions=lambda: ("a", "b"), patience_s=0.05)


async def part_of(probe: Probe) -> PartHealth:
    """Try one part."""
    return (await health_of(part=probe).details()).parts[0]


class TestDetails:
    """Each part is tried by itself."""

    async def test_all_parts_work(self) -> None:
        """Then the app is well, and says what it is."""
        details = await health_of(tables=fine, queue=fine).details()

        assert details.status == "ok"
        assert [(part.name, part.status) for part in details.parts] == [("tables", "ok"), ("queue", "ok")]
        assert (details.version, details.functions) == ("1", ("a", "b"))
        assert details.checked_at.endswith("Z")

    async def test_one_part_that_fails_does_not_hide_the_others(self) -> None:
        """The app is degraded, the other parts still show as they are."""
        details = await health_of(tables=fine, key_vault=refused).details()

        assert details.status == "degraded"
        assert [part.status for part in details.parts] == ["ok", "failed"]

    async def test_an_error_of_ours_is_told_in_its_words(self) -> None:
        """Code, detail and advice stand in the answer."""
        problem = (await part_of(refused)).problem

        assert problem is not None
        assert (problem.code, problem.advice) == ("secret_unavailable", "Give the app a role.")

    async def test_any_other_error_is_told_by_name_alone(self) -> None:
        """A message that nobody wrote for answers is not in one."""
        problem = (await part_of(broken)).problem

        assert problem is not None
        assert problem.detail == "It failed with RuntimeError."

    async def test_a_silent_part_is_given_up(self) -> None:
        """A part that does not answer costs the patience, not more, and the parts are tried together."""
        started = time.monotonic()

        details = await health_of(tables=silent, queue=silent, key_vault=silent).details()

        assert {part.problem.code for part in details.parts if part.problem} == {"no_answer"}
        assert all(part.duration_ms >= 40 for part in details.parts)
        assert time.monotonic() - started < 2

    async def test_a_cancelled_part_is_no_answer(self) -> None:
        """A dependency that cancels itself does not take the call with it."""
        problem = (await part_of(cancelled)).problem

        assert problem is not None
        assert problem.code == "no_answer"


class TestState:
    """What anybody may ask, as often as they like."""

    async def test_many_askers_cost_one_try(self) -> None:
        """Within seconds, a hundred calls try each part once."""
        tries: list[int] = []

        async def counted() -> None:
            tries.append(1)
            await asyncio.sleep(0)

        health = health_of(tables=counted)

        states = await asyncio.gather(*(health.state() for _ in range(100)))

        assert {state.status for state in states} == {"ok"}
        assert len(tries) == 1

    async def test_it_is_tried_again_after_a_few_seconds(self) -> None:
        """A part that fails later shows, and one that recovers too."""
        seconds = [0.0]
        probes: dict[str, Probe] = {"tables": fine}

        async def tables() -> None:
            await probes["tables"]()

        health = Health({"tables": tables}, version="1", functions=tuple, monotonic=lambda: seconds[0])
        before = await health.state()
        probes["tables"] = broken
        cached = await health.state()
        seconds[0] = 5.0

        assert [before.status, cached.status, (await health.state()).status] == ["ok", "ok", "degraded"]


class TestDetailsAndState:
    """Anybody is told of the app's own parts; the details tell more."""

    async def test_what_others_run_is_not_tried_for_anybody(self) -> None:
        """Entra away: the details say so, and the state stays cheap and about this app."""
        health = Health({"tables": fine}, outside={"entra": refused}, version="1", functions=tuple)

        details = await health.details()

        assert [(part.name, part.status) for part in details.parts] == [("tables", "ok"), ("entra", "failed")]
        assert (details.status, (await health.state()).status) == ("degraded", "ok")

    async def test_the_state_asks_for_no_report(self) -> None:
        """Counting is for the details."""

        async def asked() -> ConnectionsHealth:
            raise AssertionError

        health = Health({}, reports=Reports(connections=asked), version="1", functions=tuple)

        assert (await health.state()).status == "ok"

    @pytest.mark.parametrize(("late", "status"), [(True, "degraded"), (False, "ok")])
    async def test_a_late_timer_degrades(self, *, late: bool, status: str) -> None:
        """It does the app's work, so the app is not well."""

        async def timers() -> tuple[TimerHealth, ...]:
            return (TimerHealth(name="plan_hourly_syncs", last_run_at=None, late=late),)

        details = await Health({}, reports=Reports(timers=timers), version="1", functions=tuple).details()

        assert (details.status, details.timers) == (status, await timers())

    async def test_old_evidence_does_not_degrade(self) -> None:
        """Whose credential is refused is no fault of the app."""

        async def connections() -> ConnectionsHealth:
            return ConnectionsHealth(total=3, stale=2, attention=2)

        health = Health({}, reports=Reports(connections=connections), version="1", functions=tuple)
        details = await health.details()

        assert (details.status, details.connections) == ("ok", await connections())


async def left() -> SecretsHealth:
    """Count two secrets."""
    return SecretsHealth(not_deleted=0, kept_by_vault=2)


async def away() -> SecretsHealth:
    """Fail as Table Storage does when it is away."""
    raise ServiceRequestError("made up")


async def never() -> SecretsHealth:
    """Answer too late."""
    await asyncio.sleep(10)
    return await left()


@pytest.mark.parametrize(
    ("count", "expected"),
    [(left, SecretsHealth(not_deleted=0, kept_by_vault=2)), (away, None), (never, None)],
    ids=["told", "away", "late"],
)
async def test_secrets_left(
    count: Callable[[], Awaitable[SecretsHealth]], expected: SecretsHealth | None
) -> None:
    """The details tell how many discarded secrets are not gone yet; where nobody can tell, nothing."""
    health = Health({}, version="1", functions=tuple, reports=Reports(secrets_left=count), patience_s=0.05)

    assert (await health.details()).secrets_left == expected
