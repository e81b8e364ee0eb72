"""Which tries of credentials are counted for whom, with Entra at the other end."""

import pytest

from pipeline.connecting.attempt_limit import PER_APPLICATION, PER_CALLER, Trier
from pipeline.errors import AuthenticationFailed, InvalidRequest, TooManyAttempts
from pipeline.requests import ChangeRequest, ConnectRequest, ManagedIdentityAuth, RotateRequest
from tests.pipeline.app import App

WRONG = "made-up-wrong-secret-value-8Q~nobody"
UNKNOWN = "00000000-1111-4222-8333-444444444444"
CALLER = Trier(address="203.0.113.7")


def wrong(app: App) -> ConnectRequest:
    """Ask to connect with a wrong secret."""
    return app.request("production", auth=app.auth(secret=WRONG))


async def guess(app: App, times: int) -> None:
    """Be refused so often."""
    for _ in range(times):
        with pytest.raises(AuthenticationFailed):
            await app.connections.connect(wrong(app), by=CALLER)


async def test_every_way_to_enter_a_secret_is_held_back(app: App) -> None:
    """Connecting, changing and rotating share the application's count; the stored secret still works."""
    connection = await app.connect()
    await guess(app, PER_APPLICATION)
    new = app.auth()
    rotation = RotateRequest(
        tenant_id=new.tenant_id, client_id=new.client_id, client_secret=new.client_secret
    )

    with pytest.raises(TooManyAttempts):
        await app.connections.connect(app.request("staging"), by=CALLER)
    with pytest.raises(TooManyAttempts):
        await app.connections.change(connection.id, ChangeRequest(auth=new), by=CALLER)
    with pytest.raises(TooManyAttempts):
        await app.connections.rotate(rotation, by=CALLER)
    assert (await app.connections.verify(connection.id)).status == "active"


async def test_what_is_refused_as_entered_does_not_count(app: App) -> None:
    """Who pasted the secret's id six times can still paste its value."""
    pasted = app.request("production", auth=app.auth(secret=UNKNOWN))
    for _ in range(PER_APPLICATION + 1):
        with pytest.raises(InvalidRequest):
            await app.connections.connect(pasted, by=CALLER)

    connected = await app.connections.connect(app.request("production"), by=CALLER)
    assert len(connected.connections) == 1


async def test_a_change_without_a_credential_is_not_held_back(app: App) -> None:
    """Renaming is no try."""
    connection = await app.connect()
    await guess(app, PER_APPLICATION)

    renamed = await app.connections.change(connection.id, ChangeRequest(name="Renamed"), by=CALLER)
    assert renamed.name == "Renamed"


async def test_who_gives_no_secret_locks_no_application(app: App) -> None:
    """A managed identity cannot be guessed: its refusals are the caller's alone."""
    request = ConnectRequest(
        name="Example",
        auth=ManagedIdentityAuth(client_id=UNKNOWN),
        subscription_ids=(app.subscription_id("production"),),
    )
    for _ in range(PER_CALLER):
        with pytest.raises(AuthenticationFailed):
            await app.connections.connect(request, by=CALLER)

    with pytest.raises(TooManyAttempts):
        await app.connections.connect(request, by=CALLER)
    with pytest.raises(AuthenticationFailed):
        await app.connections.connect(request, by=Trier(address="198.51.100.1"))
