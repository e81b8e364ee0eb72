"""Secrets in Key Vault, through the real client."""

import asyncio
from datetime import UTC, datetime

import pytest
from azure.core.pipeline.transport import AsyncHttpTransport

from collectors.errors import CredentialRejected
from local.azure import key_vault
from local.azure.faults import Fault, Kind
from local.azure.knobs import SetVault
from local.azure.wire import Answer
from pipeline.errors import SecretUnavailable
from pipeline.stores import secrets
from pipeline.stores.secrets import CACHED_FOR_S, KeyVaultSecrets
from tests.pipeline.app import App

VALUE = "made-up-value"


class Seconds:
    """A clock that a test winds."""

    now = 0.0

    def __call__(self) -> float:
        """Tell the seconds."""
        return self.now


async def put(app: App, name: str = "one", *, expires_on: str | None = None) -> str:
    """Keep a secret under a name."""
    await app.secrets.put(name, VALUE, expires_on=expires_on, tags={"connection_id": "c1"})
    return name


async def test_put_then_get(app: App) -> None:
    """What was put is given back, by Key Vault itself."""
    name = await put(app)
    app.secrets.forget(name)

    assert await app.secrets.get(name) == VALUE


async def test_expiry_and_tags(app: App) -> None:
    """A secret expires in the vault when its last day is over, and says whose it is."""
    await put(app, expires_on="2031-05-01")

    kept = app.azure.simulation.vault.secrets["one"].newest
    assert kept.expires == int(datetime(2031, 5, 2, tzinfo=UTC).timestamp())
    assert kept.tags == {"connection_id": "c1"}


async def test_read_once_within_five_minutes(app: App) -> None:
    """A secret is asked of Key Vault once in five minutes, and again after them."""
    seconds = Seconds()
    store = KeyVaultSecrets(app.settings, app.identity, connections=app.wire, monotonic=seconds)
    await store.put("one", VALUE, expires_on=None, tags={})
    app.azure.simulation.vault.secrets["one"].newest.value = "another"

    seconds.now = CACHED_FOR_S - 1
    early = await store.get("one")
    seconds.now = CACHED_FOR_S
    late = await store.get("one")

    assert (early, late) == (VALUE, "another")


async def test_get_of_a_missing_secret(app: App) -> None:
    """A secret that is gone is the credential's problem: a person must enter it again."""
    with pytest.raises(CredentialRejected) as refused:
        await app.secrets.get("never-there")

    assert refused.value.reason == "secret_missing"


async def test_get_of_a_disabled_secret(app: App) -> None:
    """A secret that somebody disabled is as good as gone."""
    name = await put(app)
    app.azure.simulation.vault.secrets[name].newest.enabled = False
    app.secrets.forget(name)

    with pytest.raises(CredentialRejected) as refused:
        await app.secrets.get(name)

    assert refused.value.reason == "secret_missing"


async def test_get_without_the_role(app: App) -> None:
    """A vault that does not let the app in may do so later, and the advice names the role."""
    app.azure.simulation.vault.owners.clear()

    with pytest.raises(SecretUnavailable) as failed:
        await app.secrets.get("one")

    assert "Key Vault Secrets Officer" in failed.value.advice


async def test_firewall_answers(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 403 whose body is no error of Key Vault's says nothing about the secret."""
    monkeypatch.setattr(key_vault, "_refuse", lambda _: Answer(403, b"<html>blocked</html>"))

    with pytest.raises(SecretUnavailable) as failed:
        await app.secrets.get("one")

    assert "(Forbidden)" in failed.value.detail


@pytest.mark.parametrize("kind", [Kind.STATUS, Kind.DROP, Kind.HTML], ids=["503", "dropped", "html"])
async def test_vault_does_not_answer(app: App, kind: Kind) -> None:
    """A vault that fails is tried again later; nothing is said about the secret."""
    name = await put(app)
    app.secrets.forget(name)
    app.azure.add_fault(Fault(kind=kind, path="/secrets/*", count=None))

    with pytest.raises(SecretUnavailable):
        await app.secrets.get(name)


async def test_put_fails(app: App) -> None:
    """A secret that the vault does not take raises, and its value is in no message."""
    app.azure.add_fault(Fault(kind=Kind.STATUS, path="/secrets/*", count=None))

    with pytest.raises(SecretUnavailable) as failed:
        await put(app)

    assert VALUE not in f"{failed.value!r} {failed.value.detail} {failed.value.advice}"


async def test_delete_leaves_nothing(app: App) -> None:
    """A deleted secret is purged, in the vault and in memory."""
    name = await put(app)

    assert await app.secrets.delete(name)
    assert app.vault_names == []
    with pytest.raises(CredentialRejected):
        await app.secrets.get(name)


async def test_delete_in_a_protected_vault(app: App) -> None:
    """A vault that forbids purging keeps the deleted secret, and the caller is told."""
    app.azure.apply(SetVault(purgeable=False))
    name = await put(app)

    assert not await app.secrets.delete(name)
    assert list(app.azure.simulation.vault.deleted) == [name]


async def test_delete_twice(app: App) -> None:
    """Deleting what is gone already is no error, and nothing is left of it."""
    name = await put(app)
    await app.secrets.delete(name)

    assert await app.secrets.delete(name)


async def test_delete_resumes(app: App) -> None:
    """A secret that an earlier try deleted without purging is purged."""
    name = await put(app)
    vault = app.azure.simulation.vault
    vault.delete(vault.secrets[name])

    assert await app.secrets.delete(name)
    assert app.vault_names == []


@pytest.mark.parametrize("path", ["/secrets/*", "/deletedsecrets/*"])
@pytest.mark.parametrize("kind", [Kind.STATUS, Kind.DROP], ids=["503", "dropped"])
async def test_delete_fails(app: App, path: str, kind: Kind) -> None:
    """A vault that fails while deleting or purging raises, so that somebody asks again."""
    name = await put(app)
    app.azure.add_fault(Fault(kind=kind, path=path, method="DELETE", count=None))

    with pytest.raises(SecretUnavailable):
        await app.secrets.delete(name)


async def test_close_forgets(app: App) -> None:
    """Closing drops every value; the store opens again when asked."""
    name = await put(app)
    app.azure.simulation.vault.secrets[name].newest.value = "another"
    await app.secrets.close()

    assert await app.secrets.get(name) == "another"


async def test_own_identity_is_closed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store closes an identity and connections of its own; an unknown CA is a failure to answer."""
    monkeypatch.setattr(AsyncHttpTransport, "sleep", lambda *_: asyncio.sleep(0))
    store = KeyVaultSecrets(app.settings)
    with pytest.raises(SecretUnavailable):
        await store.get("one")

    await store.close()


async def test_challenge_for_something_else(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vault in Azure whose challenge names something else than the vault's cloud gets no token."""
    monkeypatch.setattr(secrets, "is_azure_vault", lambda _: True)

    with pytest.raises(SecretUnavailable):
        await app.secrets.get("one")

    assert "/msi/token" not in {entry.path for entry in app.azure.simulation.log.entries}


@pytest.mark.parametrize(
    ("url", "azure"),
    [
        ("https://v.vault.azure.net", True),
        ("https://v.vault.usgovcloudapi.net:443", True),
        ("https://v.vault.azure.cn", True),
        ("https://127.0.0.1:8443", False),
        ("https://vault.azure.net.attacker.invalid", False),
    ],
)
def test_challenge_is_verified_in_azure(url: str, *, azure: bool) -> None:
    """What a vault demands a token for is compared with its name wherever its name is Azure's."""
    assert secrets.is_azure_vault(url) is azure
