"""Refresh tokens that rotate: whatever dies between two steps, the connection works and nothing is lost."""

import asyncio
from typing import override

import msgspec
import pytest

from local.azure.faults import Fault, Kind
from pipeline.errors import Conflict
from pipeline.model import Attention
from pipeline.sign_in.rotation import SecretRotation
from pipeline.stores.protocols import ConnectionStore, SecretStore
from pipeline.stores.records import ConnectionRecord
from tests.pipeline.sign_in.people import People

STEPS = ("put", "replace", "delete")
REFUSED = Attention(code="x", detail="x", advice="x")


class Died(BaseException):
    """The process died."""


class Doomed:
    """A step of the rotation at which the process dies, right before it or right after it."""

    def __init__(self, step: str, *, after: bool) -> None:
        self.step, self.after = step, after

    def before(self, step: str) -> None:
        """Die before a step."""
        if step == self.step and not self.after:
            raise Died

    def done(self, step: str) -> None:
        """Die after a step."""
        if step == self.step and self.after:
            raise Died


class DoomedSecrets(SecretStore):
    """The real vault, up to where the process dies."""

    def __init__(self, secrets: SecretStore, doom: Doomed) -> None:
        self._secrets, self._doom = secrets, doom

    @override
    async def put(self, name: str, value: str, *, expires_on: str | None, tags: dict[str, str]) -> None:
        self._doom.before("put")
        await self._secrets.put(name, value, expires_on=expires_on, tags=tags)
        self._doom.done("put")

    @override
    async def get(self, name: str) -> str:
        return await self._secrets.get(name)

    @override
    async def delete(self, name: str) -> bool:
        self._doom.before("delete")
        gone = await self._secrets.delete(name)
        self._doom.done("delete")
        return gone


async def rotate(people: People, record: ConnectionRecord, doom: Doomed, secret: str) -> None:
    """Rotate a connection's secret, and die on the way."""
    store = people.app.store
    real = store.replace

    async def replace(changed: ConnectionRecord) -> ConnectionRecord:
        doom.before("replace")
        replaced = await real(changed)
        doom.done("replace")
        return replaced

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "replace", replace)
        rotation = SecretRotation(store, DoomedSecrets(people.app.secrets, doom))
        await rotation.of(record.id, str(record.credential.secret_name))(secret)


async def test_every_use_leaves_one_secret(people: People) -> None:
    """The newest refresh token alone is in the vault, under the name in the row."""
    record = await people.connected()
    for _ in range(3):
        record = await people.used(record)

    assert people.secrets_of(record) == [record.credential.secret_name]
    grant = people.app.azure.simulation.people.refresh_tokens[
        people.values()[str(record.credential.secret_name)]
    ]
    assert grant.number == 3


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_at_any_step(people: People, step: str, *, after: bool) -> None:
    """The row names a secret that works; the next use, and the disconnect, find whatever was left."""
    record = await people.connected()
    fresh = people.values()[str(record.credential.secret_name)]
    with pytest.raises(Died):
        await rotate(people, record, Doomed(step, after=after), fresh)

    standing = await people.app.store.get(record.id)
    assert standing.credential.secret_name in people.values()

    again = await people.used(standing)
    assert people.secrets_of(record) == [again.credential.secret_name]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_before_the_disconnect(people: People, step: str, *, after: bool) -> None:
    """Nothing of the sign-in is left in the vault once its connection is gone."""
    record = await people.connected()
    with pytest.raises(Died):
        await rotate(people, record, Doomed(step, after=after), "made up")
    await people.app.connections.disconnect(record.id, purge_evidence=False)

    assert people.secrets_of(record) == []


async def test_a_change_meanwhile(people: People) -> None:
    """Somebody who changes the connection at the same time keeps the change, and the rotation is kept too."""
    record = await people.connected()
    store = people.app.store
    real, changed = store.replace, asyncio.Event()

    async def replace(wanted: ConnectionRecord) -> ConnectionRecord:
        if not changed.is_set():
            changed.set()
            await real(msgspec.structs.replace(record, attention=REFUSED))
        return await real(wanted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "replace", replace)
        now = await people.used(record)

    assert now.attention == REFUSED
    assert now.credential.secret_name != record.credential.secret_name
    assert people.secrets_of(record) == [now.credential.secret_name]


async def test_a_new_credential_meanwhile(people: People) -> None:
    """A rotation of a credential that was replaced leaves nothing behind and changes nothing."""
    record = await people.connected()
    other = await people.connected("staging")
    current = await people.app.store.replace(msgspec.structs.replace(record, credential=other.credential))

    await people.app.credentials.open(record.credential, anew=True, kept_by=record.id)
    await people.used(record)

    assert (await people.app.store.get(record.id)).credential == current.credential


async def test_two_rotations_at_once(people: People) -> None:
    """Two uses of one connection at one time end with one secret, which works."""
    record = await people.connected()
    rotation = SecretRotation(people.app.store, people.app.secrets)
    name = str(record.credential.secret_name)
    value = people.values()[name]

    await asyncio.gather(*(rotation.of(record.id, name)(value) for _ in range(4)))

    now = await people.app.store.get(record.id)
    assert people.secrets_of(record) == [now.credential.secret_name]
    await people.used(now)


async def test_connections_of_one_person(people: People) -> None:
    """Several connections that are used at once each end with a secret of their own that works."""
    done = await people.finish()
    made = await people.connect("production", "staging", "sandbox", sign_in_id=done.sign_in_id)
    records = [await people.app.store.get(one.id) for one in made.connections]

    await asyncio.gather(*(people.used(record) for record in records))

    for record in records:
        now = await people.used(await people.app.store.get(record.id))
        assert people.secrets_of(record) == [now.credential.secret_name]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_vault_that_is_away(people: People, method: str) -> None:
    """The access token is given all the same: the secret that is kept goes on working."""
    record = await people.connected()
    people.app.azure.add_fault(Fault(kind=Kind.STATUS, path="/secrets/*", method=method, count=None))

    await people.used(record)
    people.app.azure.simulation.faults.clear()

    again = await people.used(await people.app.store.get(record.id))
    assert people.secrets_of(record) == [again.credential.secret_name]


async def test_a_store_that_is_away(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then too, and the new token is not left in the vault for good."""
    record = await people.connected()
    with monkeypatch.context() as patch:
        patch.setattr(people.app.store, "replace", people.app.fail_storage)
        await people.used(record)

    again = await people.used(await people.app.store.get(record.id))
    assert people.secrets_of(record) == [again.credential.secret_name]


async def test_a_connection_that_went(people: People) -> None:
    """A rotation that comes late writes nothing."""
    record = await people.connected()
    rotated = SecretRotation(people.app.store, people.app.secrets).of(
        record.id, str(record.credential.secret_name)
    )
    await people.app.connections.disconnect(record.id, purge_evidence=False)

    await rotated("made up")

    assert people.secrets_of(record) == []


async def test_a_conflict_that_stays(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up after a few tries, and the old secret works."""
    record = await people.connected()

    async def conflict(_: ConnectionRecord) -> ConnectionRecord:
        raise Conflict("made up")

    with monkeypatch.context() as patch:
        patch.setattr(people.app.store, "replace", conflict)
        await people.used(record)

    assert (await people.app.store.get(record.id)).credential == record.credential


def test_the_store_is_what_the_rotation_asks_for(people: People) -> None:
    """The real parts fulfil the protocols."""
    parts: tuple[ConnectionStore, SecretStore] = (people.app.store, people.app.secrets)

    assert all(parts)
