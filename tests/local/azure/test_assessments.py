"""The generator: exact numbers, the same for the same seed, cheap enough to measure clients with."""

import time

import msgspec
import pytest

from local.azure import SimulatedAzure
from local.azure.assessments import Assessments, Counts, Shape
from local.azure.profiles import Profile, build_world

SUBSCRIPTION = "00000000-1111-2222-3333-444444444444"
CHANGED_AT = "2026-01-05T08:00:00.0000000Z"


def table(shape: Shape) -> Assessments:
    """Make a table of assessments."""
    return Assessments(SUBSCRIPTION, shape, CHANGED_AT)


def rows_of(assessments: Assessments, size: int) -> list[bytes]:
    """Return all pages."""
    pages: list[bytes] = []
    following: int | None = 0
    while following is not None:
        body, following = assessments.page(following, size)
        pages.append(body)
    return pages


@pytest.mark.parametrize(
    ("total", "unhealthy", "not_applicable"), [(1, 1, 0), (7, 3, 2), (1000, 137, 41), (4096, 0, 4096)]
)
def test_numbers_are_exact(total: int, unhealthy: int, not_applicable: int) -> None:
    """As many are unhealthy and not applicable as the shape says."""
    counts = table(Shape(total, unhealthy, not_applicable)).counts()

    assert counts == Counts(total - unhealthy - not_applicable, unhealthy, not_applicable)


def test_identifiers_are_unique() -> None:
    """No two rows have the same id, whole-subscription recommendations included."""
    rows = msgspec.json.decode(rows_of(table(Shape(3000)), 3000)[0], type=list[dict[str, object]])

    assert len({row["id"] for row in rows}) == 3000


def test_rows_are_as_large_as_real_ones() -> None:
    """About 2.6 KB each."""
    size = len(rows_of(table(Shape(1000)), 1000)[0]) / 1000

    assert size == pytest.approx(2600, rel=0.1)


def test_the_same_seed_gives_the_same_rows() -> None:
    """Rows depend on subscription, shape and seed only; another seed spreads the statuses otherwise."""
    first, again = (rows_of(table(Shape(200, 20, seed=5)), 50) for _ in range(2))
    other = rows_of(table(Shape(200, 20, seed=6)), 50)

    assert first == again
    assert first != other


def test_the_same_seed_gives_the_same_ids() -> None:
    """Tenants, applications and subscriptions keep their ids and secrets from start to start."""
    first, again = (build_world(Profile.DEMO, seed=3) for _ in range(2))

    assert [app.secrets[:1] and app.secrets[0].value for app in first.applications] == [
        app.secrets[:1] and app.secrets[0].value for app in again.applications
    ]
    assert [s.subscription_id for s in first.subscriptions] == [
        s.subscription_id for s in again.subscriptions
    ]


def test_fifty_thousand_rows_are_cheap() -> None:
    """Rendering 50,000 rows costs less than two seconds of CPU."""
    assessments = table(Shape(50_000, 2_500, 5_000))
    began = time.process_time()

    rows_of(assessments, 1000)

    assert time.process_time() - began < 2


def test_the_directory_counts_what_the_specification_holds() -> None:
    """The counts of the specification subscription are those of its example bodies."""
    azure = SimulatedAzure("specification")

    content = azure.subscription("specification").content

    assert (content.assessments.counts(), len(content.alerts)) == (Counts(1, 0, 1), 2)


def test_the_large_profile_takes_a_number() -> None:
    """`large` has one subscription with as many assessments as asked for."""
    azure = SimulatedAzure("large", assessments=100_000)

    subscription = azure.subscription("large")

    assert subscription.content.assessments.shape.total == 100_000
    assert len(azure.world.subscriptions) == 1
