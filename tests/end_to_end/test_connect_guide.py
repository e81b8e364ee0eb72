"""The guide over HTTP, and that what it asks for connects."""

from collections.abc import Mapping

import msgspec
import pytest

from local.stack import Stack
from pipeline.connecting.guide.views import ConnectGuide, WayToConnect
from tests.end_to_end.conftest import Connect
from tests.end_to_end.test_ways_to_connect import certificate, identity, reader

__all__ = ["reader"]

type Values = Mapping[str, str]


@pytest.fixture(scope="module")
def ways(stack: Stack) -> dict[str, WayToConnect]:
    """The ways as the host tells them, for one subscription."""
    asked = stack.subscription_id("production")
    reply = stack.api.call("GET", f"/connect/guide?subscription_ids={asked}")
    guide = msgspec.convert(reply.document, ConnectGuide)
    assert reply.status == 200
    assert [field.name for field in guide.fields if field.required] == ["name", "subscription_ids"]
    return {one.method: one for one in guide.ways}


def filled(way: WayToConnect, values: Values) -> dict[str, str]:
    """Fill a form in: each field that the guide has, by its name, from what there is."""
    assert {field.name for field in way.fields if field.required} <= set(values)
    fields = {field.name: values[field.name] for field in way.fields if field.name in values}
    return {"method": way.method, **fields}


def test_every_way_is_told(stack: Stack, ways: dict[str, WayToConnect]) -> None:
    """With a script for the subscription; the templates are where the host runs."""
    assert len(ways) == 5
    assert all(
        f"subscriptions=({stack.subscription_id('production')})" in one.script for one in ways.values()
    )


def test_a_bad_id_is_refused(stack: Stack) -> None:
    """And never echoed into a script."""
    reply = stack.api.call("GET", "/connect/guide?subscription_ids=%24(id)")

    [fault] = msgspec.convert(reply.document["errors"], list[dict[str, str]])
    assert (reply.status, fault["field"]) == (400, "subscription_ids")


def test_an_unknown_method_is_refused(stack: Stack) -> None:
    """With those there are."""
    reply = stack.api.call("GET", "/connect/guide?method=password")

    [fault] = msgspec.convert(reply.document["errors"], list[dict[str, str]])
    assert (reply.status, fault["field"]) == (400, "method")
    assert "client_secret" in fault["message"]


def test_a_client_secret_connects(stack: Stack, ways: dict[str, WayToConnect], connect: Connect) -> None:
    """The fields of the guide, filled in, are a connect request."""
    values = {name: str(value) for name, value in stack.connector().items()}

    assert connect("production", auth=filled(ways["client_secret"], values))["id"]


def test_a_certificate_connects(stack: Stack, ways: dict[str, WayToConnect], connect: Connect) -> None:
    """As above."""
    _, auth = certificate(stack)

    assert connect("production", auth=filled(ways["certificate"], auth))["id"]


def test_a_managed_identity_connects(stack: Stack, ways: dict[str, WayToConnect], connect: Connect) -> None:
    """As above."""
    assert connect("production", auth=filled(ways["managed_identity"], identity(stack)))["id"]


def test_a_federated_credential_connects(
    ways: dict[str, WayToConnect], connect: Connect, reader: dict[str, str]
) -> None:
    """As above."""
    assert connect("foreign", auth=filled(ways["federated"], reader))["id"]
