"""Refresh tokens that rotate: whatever dies between two steps, the connection works and nothing is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from local.azure.faults import Fault, Kind
from local.azure.knobs import SetVault
from pipeline.connecting.discarded_secrets import DiscardedSecrets
from pipeline.errors import Conflict
from pipeline.model import Attention
from pipeline.sign_in.rotation import SecretRotation
from pipeline.stores.records import ConnectionRecord
from pipeline.stores.secret_ledger import SecretLedger
from tests.pipeline.sign_in.people import People

if TYPE_CHECKING:
    from pipeline.stores.protocols import ConnectionStore, SecretStore

STEPS = ("note the new", "put", "note the old", "replace", "strike the new", "delete", "strike the old")
REFUSED = Attention(code="x", detail="x", advice="x")
ENOUGH = timedelta(minutes=15)
"""How long a secret that was announced is left alone."""

type Work = Callable[..., Awaitable[object]]


class Died(BaseException):
    """The process died."""


class Doomed:
    """A step of the rotation at which the process dies, right before it or right after it."""

    def __init__(self, step: str, *, after: bool) -> None:
        self._left, self._after = STEPS.index(step), after

    def on_the_way(self, work: Work) -> Work:
        """Let something that is done be one of the steps, in their order."""

        async def step(*given: object, **named: object) -> object:
            here, self._left = self._left == 0, self._left - 1
            if here and not self._after:
                raise Died
            done = await work(*given, **named)
            if here:
                raise Died
            return done

        return step


async def rotate(people: People, record: ConnectionRecord, doom: Doomed, secret: str) -> None:
    """Rotate a connection's secret, and die on the way."""
    app = people.app
    ledger = SecretLedger(app.tables)
    rotation = SecretRotation(
        app.store, app.secrets, DiscardedSecrets(ledger, app.store, app.secrets, clock=app.clock)
    )
    steps = ((ledger, "write"), (app.secrets, "put"), (app.store, "replace"), (ledger, "strike"))
    with pytest.MonkeyPatch.context() as patch:
        for part, name in (*steps, (app.secrets, "delete")):
            patch.setattr(part, name, doom.on_the_way(getattr(part, name)))
        await rotation.of(record.id, str(record.credential.secret_name))(secret)


async def swept(people: People) -> None:
    """Let a quarter of an hour pass, and sweep."""
    people.app.now += ENOUGH
    await people.app.discarded.sweep()


async def noted(people: People) -> list[str]:
    """Give the states of all notes."""
    return [note.state for note in await SecretLedger(people.app.tables).notes()]


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
    """The row names a secret that works, and nothing else is left once the notes were looked through."""
    record = await people.connected()
    fresh = people.values()[str(record.credential.secret_name)]
    with pytest.raises(Died):
        await rotate(people, record, Doomed(step, after=after), fresh)

    standing = await people.app.store.get(record.id)
    assert standing.credential.secret_name in people.values()

    await swept(people)
    assert people.secrets_of(record) == [standing.credential.secret_name]
    assert await noted(people) == []

    again = await people.used(standing)
    assert people.secrets_of(record) == [again.credential.secret_name]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_and_a_use(people: People, step: str, *, after: bool) -> None:
    """A use right after the crash meets nothing of it, and the sweep takes nothing that the use left."""
    record = await people.connected()
    fresh = people.values()[str(record.credential.secret_name)]
    with pytest.raises(Died):
        await rotate(people, record, Doomed(step, after=after), fresh)

    again = await people.used(await people.app.store.get(record.id))
    await swept(people)

    assert people.secrets_of(record) == [again.credential.secret_name]
    assert await noted(people) == []
    await people.used(again)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_before_the_disconnect(people: People, step: str, *, after: bool) -> None:
    """Nothing of the sign-in is left in the vault once its connection is gone."""
    record = await people.connected()
    with pytest.raises(Died):
        await rotate(people, record, Doomed(step, after=after), "made up")
    await people.app.connections.disconnect(record.id, purge_evidence=False)
    await swept(people)

    assert people.secrets_of(record) == []
    assert await noted(people) == []


async def test_no_note_stays(people: People) -> None:
    """What goes well leaves no note."""
    record = await people.connected()
    await people.used(record)

    assert await noted(people) == []


async def test_the_credential_stays_open(people: People) -> None:
    """A rotation does not drop the access token that it came with."""
    record = await people.connected()
    first = await people.app.credentials.open(record.credential, kept_by=record.id)
    await people.app.credentials.authenticate(first)
    now = await people.app.store.get(record.id)

    assert now.credential != record.credential
    assert await people.app.credentials.open(now.credential, kept_by=record.id) is first


class TestProtectedVault:
    """A vault that keeps what is deleted."""

    async def test_one_note_tells_of_all(self, people: People) -> None:
        """However often a refresh token was replaced, the connection tells of the newest that is kept."""
        people.app.azure.apply(SetVault(purgeable=False))
        record = await people.connected()
        names = [record.credential.secret_name]
        for _ in range(3):
            record = await people.used(record)
            names.append(record.credential.secret_name)

        [left] = (await people.app.connections.get(record.id)).secrets_left
        assert (left.name, left.state) == (names[-2], "kept_by_vault")

    async def test_until_the_newest_is_gone(self, people: People) -> None:
        """Tried again once a day, and told of no more when the retention has ended."""
        people.app.azure.apply(SetVault(purgeable=False))
        record = await people.used(await people.connected())
        people.vault.deleted.clear()

        people.app.now += timedelta(days=1)
        await people.app.discarded.sweep()

        assert (await people.app.connections.get(record.id)).secrets_left == ()
        assert people.secrets_of(record) == [record.credential.secret_name]

    async def test_a_crash_stops_no_later_rotation(self, people: People) -> None:
        """A name that the vault keeps after a sweep is never asked for again."""
        people.app.azure.apply(SetVault(purgeable=False))
        record = await people.connected()
        fresh = people.values()[str(record.credential.secret_name)]
        with pytest.raises(Died):
            await rotate(people, record, Doomed("replace", after=False), fresh)
        await swept(people)

        now = await people.used(record)

        assert now.credential.secret_name != record.credential.secret_name
        assert list(people.values()) != []


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
    rotation = SecretRotation(people.app.store, people.app.secrets, people.app.discarded)
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
    await swept(people)
    assert people.secrets_of(record) == [again.credential.secret_name]
    assert await noted(people) == []


async def test_a_store_that_is_away(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then too, and the new token is not left in the vault for good."""
    record = await people.connected()
    with monkeypatch.context() as patch:
        patch.setattr(people.app.store, "replace", people.app.fail_storage)
        await people.used(record)

    again = await people.used(await people.app.store.get(record.id))
    await swept(people)
    assert people.secrets_of(record) == [again.credential.secret_name]


async def test_a_connection_that_went(people: People) -> None:
    """A rotation that comes late writes nothing."""
    record = await people.connected()
    rotated = SecretRotation(people.app.store, people.app.secrets, people.app.discarded).of(
        record.id, str(record.credential.secret_name)
    )
    await people.app.connections.disconnect(record.id, purge_evidence=False)

    await rotated("made up")

    assert people.secrets_of(record) == []


async def test_a_conflict_that_stays(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up after a few tries, and the old secret works and is alone."""
    record = await people.connected()

    async def conflict(_: ConnectionRecord) -> ConnectionRecord:
        raise Conflict("made up")

    with monkeypatch.context() as patch:
        patch.setattr(people.app.store, "replace", conflict)
        await people.used(record)

    await swept(people)
    assert (await people.app.store.get(record.id)).credential == record.credential
    assert people.secrets_of(record) == [record.credential.secret_name]


def test_the_store_is_what_the_rotation_asks_for(people: People) -> None:
    """The real parts fulfil the protocols."""
    parts: tuple[ConnectionStore, SecretStore] = (people.app.store, people.app.secrets)

    assert all(parts)
