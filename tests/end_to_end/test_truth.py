"""Every service through HTTP: what the register says of each resource is what is true of it."""

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.end_to_end.conftest import QUICK, Connect
from tests.end_to_end.reading import evidence, findings, rows, synced


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The world of the demo, in which the connector may read everything the truth is about."""
    with Stack("demo", tmp_path_factory.mktemp("stack"), settings=QUICK) as running:
        yield running


def test_every_verdict_in_the_register_is_the_truth(stack: Stack, connect: Connect) -> None:
    """All services of a subscription: each finding has the status its resource was built for."""
    services = [str(service["name"]) for service in stack.api.items("/services")]
    connection = connect("production", services=services)
    run = synced(stack.api, connection, timeout_s=120)

    [production] = [one for one in rows(stack.azure.world()["subscriptions"]) if one["name"] == "production"]
    truth = {(one["check_id"], str(one["resource_id"])): one["status"] for one in rows(production["truth"])}
    found = {
        (one["check_id"], str(one["resource_id"]).lower()): one["status"]
        for one in findings(stack.api, connection)
    }
    wrong = {
        key: (truth.get(key), found.get(key)) for key in truth | found if truth.get(key) != found.get(key)
    }
    assert wrong == {}
    assert {one["service"] for one in rows(run["collectors"])} == set(services)


def test_every_service_leaves_its_evidence(stack: Stack, connect: Connect) -> None:
    """One item per kind, each with its counts and mapped to controls."""
    services = [str(service["name"]) for service in stack.api.items("/services")]
    connection = connect("production", services=services)
    synced(stack.api, connection, timeout_s=120)

    items = evidence(stack.api, connection, "&limit=1000")
    kinds = [one["evidence_kinds"] for one in stack.api.items("/services")]
    expected = {str(kind) for several in kinds if isinstance(several, list) for kind in several}
    assert set(items) == expected
