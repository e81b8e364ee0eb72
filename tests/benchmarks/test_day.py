"""A simulated day on small cases whose answer is known beforehand."""

from dataclasses import replace

import pytest

from benchmarks.day import INSTANCES, Plan, figures, host
from benchmarks.fleet import Day, Fleet, Host, Load
from benchmarks.instance import Cost, Machine, play, speeds
from tests.docs.markdown import text_of

ONE_BY_ONE = Host(batch=1, threshold=0, polling_s=2, instances=1)
TEN_SECONDS = (0.1,)
LIMITS = Machine().limits


@pytest.mark.parametrize(
    ("cost", "most", "per_second"),
    [
        (Cost(10, 1.0, 0.0, 0.0), 4, (1.0, 1.0, 1.0, 1.0)),
        (Cost(1, 0.0, 0.0, 10.0), 3, (0.1, 0.2, 0.3)),
        (Cost(500, 0.0, 0.0, 0.0), 3, (0.1, 0.2, 0.3)),
    ],
    ids=["one core", "only waiting", "bucket of 250 and 25 a second"],
)
def test_an_instance_is_as_fast_as_what_it_lacks(
    cost: Cost, most: int, per_second: tuple[float, ...]
) -> None:
    """A second of processor each is one sync a second however many there are; waiting is done side by side.

    500 reads are a bucket of 250 and ten seconds for the rest; each subscription has a bucket of its own.
    """
    assert speeds(cost, Machine(), most) == pytest.approx(per_second, rel=0.02)


def test_reads_in_flight_share_their_waiting() -> None:
    """80 reads of a second, eight at a time, are about ten seconds."""
    assert play(Cost(80, 0.0, 1.0, 0.0), Machine(), 1).mean_s == pytest.approx(10, rel=0.1)


def test_who_keeps_to_the_bucket_is_never_throttled() -> None:
    """The limiter is Azure's own bucket; it is refused only what something else has taken."""
    cost = Cost(500, 0.0, 0.0, 0.0)
    alone, beside = play(cost, Machine(), 1), play(cost, Machine(others_per_second=15), 1)

    assert alone.throttled == 0
    assert beside.throttled > 0
    assert 25 <= beside.mean_s < 40


def play_day(connections: int, instances: int, hours: int = 24) -> Day:
    """Play hourly syncs of ten seconds, one at a time for each instance."""
    return Fleet(Load(connections, 0.0, hours), replace(ONE_BY_ONE, instances=instances), TEN_SECONDS).run()


def test_a_day_that_fits_ends_every_sync() -> None:
    """350 syncs of ten seconds fit into an hour, which begins with up to 30 s to decide and 10 s to start."""
    day = play_day(350, 1)

    assert (day.ended, day.skipped, day.instances) == (24 * 350, 0, 1)
    assert len(day.slot_s) == 24
    assert max(day.slot_s) <= 3500 + 30 + 10 + 2
    assert day.within_the_hour


def test_a_day_that_does_not_fit_says_what_it_skipped() -> None:
    """One instance makes 360 syncs an hour: of 400, some lose their slot from the second hour on."""
    day = play_day(400, 1)

    assert not day.within_the_hour
    assert day.ended + day.skipped == 24 * 400
    assert day.ended == pytest.approx(24 * 360, rel=0.02)


def test_two_instances_need_half_the_time() -> None:
    """And no more than there may be are made."""
    day = play_day(400, 2, hours=1)

    assert day.instances == 2
    assert day.slot_s[0] == pytest.approx(2000, abs=45)


def test_the_number_of_instances_is_the_smallest_that_fits() -> None:
    """Ten-second syncs, one at a time: 1,000 an hour need three, as 360 an hour each would do with 2.8."""
    plan = Plan(Cost(1, 0.0, 0.0, 10.0), Load(1000, 0.0, hours=2), replace(ONE_BY_ONE, instances=9))

    assert plan.hourly == pytest.approx(360, rel=0.01)
    assert (plan.instances, plan.day.ended) == (3, 2000)


def test_too_many_connections_are_told() -> None:
    """There is no number of instances within the limit, and the figure is missed."""
    plan = Plan(Cost(1, 0.0, 0.0, 10.0), Load(1000, 0.0, hours=2), replace(ONE_BY_ONE, instances=2))
    missed = [one.name for one in figures(plan, judged=True) if one.missed]

    assert plan.instances is None
    assert missed == ["instances for 1,000 hourly connections", "a day of these"]


@pytest.mark.parametrize(
    ("cost", "gains"),
    [
        (Cost(10, 2.0, 0.0, 0.0), {"processor": 2}),
        (Cost(1, 0.0, 0.0, 10.0), {"syncs at a time": 2}),
        (Cost(80, 0.0, 1.0, 0.0), {"syncs at a time": 2, "reads in flight": 2}),
        (Cost(750, 0.0, 0.0, 0.0), {"syncs at a time": 2, "ARM's bucket": 4}),
    ],
    ids=["processor", "waiting", "Azure's answers", "bucket"],
)
def test_what_holds_an_instance_up_is_what_helps_if_doubled(cost: Cost, gains: dict[str, float]) -> None:
    """A sync of 750 reads takes (750 - 250) / 25 seconds, and (750 - 500) / 50 with twice the bucket."""
    wide = Host(batch=2, threshold=1, polling_s=2, instances=1)
    expected = {
        "syncs at a time": 1.0,
        "processor": 1.0,
        "reads in flight": 1.0,
        "ARM's bucket": 1.0,
        **gains,
    }

    assert Plan(cost, Load(10, 0.0, hours=1), wide).gains == pytest.approx(expected, rel=0.15)


def test_a_day_is_the_same_each_time() -> None:
    """Nothing in it is left to chance."""
    once, again = (Plan.of(Cost(40, 0.2, 0.1, 0.5), 0.001, 500).day for _ in range(2))

    assert once == again


def test_the_host_is_the_apps() -> None:
    """host.json and the Bicep template say what is played."""
    assert (host().batch, host().threshold, host().polling_s) == (4, 2, 2.0)
    assert f"param maximumInstanceCount int = {INSTANCES}\n" in text_of("infra/main.bicep")
