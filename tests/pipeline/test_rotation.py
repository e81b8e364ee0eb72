"""One new secret for every connection of an application."""

import pytest

from local.azure.changes import RevokeRole
from pipeline.errors import AuthenticationFailed, Conflict, InvalidRequest, NotFound
from pipeline.requests import RotateRequest
from pipeline.stores.records import ConnectionRecord
from tests.pipeline.app import App, check_of


def rotation(app: App, secret: str, ends: str | None = None, **other: str) -> RotateRequest:
    """Ask to rotate the connector's secret."""
    owner = app.azure.connector
    ids = {"tenant_id": owner.tenant_id, "client_id": owner.client_id} | other
    return RotateRequest(**ids, client_secret=secret, secret_expires_on=ends)


async def test_every_connection_of_the_application(app: App) -> None:
    """Each connection of the application has the new secret, each under a name of its own."""
    await app.connections.connect(app.request("production", "staging"))
    old = set(app.vault_names)

    rotated = await app.connections.rotate(rotation(app, app.new_secret(), app.day(100)))

    assert len(rotated.connections) == 2
    assert rotated.rejected == ()
    assert {one.auth.secret_expires_on for one in rotated.connections} == {app.day(100)}
    assert old.isdisjoint(app.vault_names)
    assert len(app.vault_names) == 2


async def test_others_stay(app: App) -> None:
    """Connections of other applications keep their secret."""
    stranger = app.azure.application("other-company-app")
    await app.connect("foreign", auth=app.auth(stranger))
    made = await app.connect()

    rotated = await app.connections.rotate(rotation(app, app.new_secret()))

    assert [one.id for one in rotated.connections] == [made.id]


async def test_ids_in_any_case(app: App) -> None:
    """Tenant and client ids are compared in any case."""
    await app.connect()
    owner = app.azure.connector
    asked = rotation(
        app,
        app.new_secret(),
        tenant_id=owner.tenant_id.upper(),
        client_id=owner.client_id.upper(),
    )

    assert len((await app.connections.rotate(asked)).connections) == 1


async def test_cures_attention(app: App) -> None:
    """A connection whose secret expired works again."""
    made = await app.connect_refused()

    rotated = await app.connections.rotate(rotation(app, app.new_secret()))

    assert [(one.id, one.status) for one in rotated.connections] == [(made.id, "active")]


async def test_refused_secret(app: App) -> None:
    """A secret that Entra refuses changes no connection."""
    await app.connect()
    names = app.vault_names

    with pytest.raises(AuthenticationFailed):
        await app.connections.rotate(rotation(app, "wrong"))

    assert app.vault_names == names


async def test_secret_id(app: App) -> None:
    """The fields of a rotation are named as a rotation spells them."""
    await app.connect()

    with pytest.raises(InvalidRequest) as refused:
        await app.connections.rotate(rotation(app, app.azure.tenant.tenant_id))

    assert [field for field, _ in refused.value.errors] == ["client_secret"]


async def test_unknown_application(app: App) -> None:
    """An application that no connection uses has nothing to rotate."""
    with pytest.raises(NotFound):
        await app.connections.rotate(rotation(app, "made-up"))


async def test_more_than_one_page(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are found on every page of the list."""
    monkeypatch.setattr("pipeline.connections._PAGE", 1)
    await app.connections.connect(app.request("production", "staging", "sandbox"))

    assert len((await app.connections.rotate(rotation(app, app.new_secret()))).connections) == 3


async def test_lost_role(app: App) -> None:
    """A connection that lost its role gets the new secret too: the role may come back."""
    made = await app.connect()
    app.azure.apply(RevokeRole(subscription="production"))

    (one,) = (await app.connections.rotate(rotation(app, app.new_secret()))).connections

    assert one.id == made.id
    assert check_of(one, "subscription_visible").status == "fail"


async def test_one_that_could_not_be_changed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that could not be changed is told with the reason, and keeps its old secret."""
    await app.connections.connect(app.request("production", "staging"))
    replace, staging = app.store.replace, app.subscription_id("staging")

    async def refuse_one(record: ConnectionRecord) -> ConnectionRecord:
        if record.subscription_id == staging:
            raise Conflict("It was changed meanwhile.")
        return await replace(record)

    monkeypatch.setattr(app.store, "replace", refuse_one)
    rotated = await app.connections.rotate(rotation(app, app.new_secret(keep_old=True)))

    assert [one.subscription_name for one in rotated.connections] == ["production"]
    assert [(one.subscription_id, one.problem["code"]) for one in rotated.rejected] == [(staging, "conflict")]
    assert len(app.vault_names) == 2
