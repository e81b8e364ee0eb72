"""How often credentials may be refused: counted for application and caller, over all instances."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import ServiceUnavailable
from pipeline.connecting.attempt_limit import (
    ALL_KEY_HOLDERS,
    PER_APPLICATION,
    PER_CALLER,
    WINDOW,
    AttemptLimit,
    Scope,
    Trier,
    scopes_of,
)
from pipeline.errors import AuthenticationFailed, TooManyAttempts, UpstreamUnavailable
from pipeline.stores.attempt_table import AttemptTable, Try, try_key_at
from tests.pipeline.faulty_storage import faulty
from tests.pipeline.sync_rig import NOON, Rig, Time, rigged

FIVE = [Scope("application|a", 5)]
CALLER = Trier(address="203.0.113.7")


@pytest.fixture
def time() -> Time:
    """A clock that stands."""
    return Time()


@pytest.fixture
async def table(rig: Rig) -> AsyncIterator[AttemptTable]:
    """A table without tries."""
    await rig.tables.remove("attempts", "PartitionKey ge ''")
    yield AttemptTable(rig.tables)
    await rig.tables.remove("attempts", "PartitionKey ge ''")


@pytest.fixture
def limit(table: AttemptTable, time: Time) -> AttemptLimit:
    """A limit that does not wait long."""
    return AttemptLimit(table, time, patience_s=0.4)


async def refused(limit: AttemptLimit, scopes: Sequence[Scope] = FIVE) -> None:
    """Try a credential that Entra refuses."""
    with pytest.raises(AuthenticationFailed):
        async with limit.attempt(scopes):
            raise AuthenticationFailed("No.", reason="invalid_client_secret")


async def accepted(limit: AttemptLimit, scopes: Sequence[Scope] = FIVE, *, after_s: float = 0) -> None:
    """Try a credential that Entra accepts."""
    async with limit.attempt(scopes):
        await asyncio.sleep(after_s)


async def held(limit: AttemptLimit, scopes: Sequence[Scope] = FIVE) -> TooManyAttempts:
    """Try a credential, and be held back before Entra would be asked."""
    with pytest.raises(TooManyAttempts) as caught:
        async with limit.attempt(scopes):
            raise AssertionError
    return caught.value


async def test_the_sixth_try_is_held_back(limit: AttemptLimit) -> None:
    """Five may be refused in a quarter of an hour; a good secret comes too late then."""
    for _ in range(5):
        await refused(limit)

    await held(limit)


async def test_another_application_is_free(limit: AttemptLimit) -> None:
    """Each has its own count."""
    for _ in range(5):
        await refused(limit)

    await accepted(limit, [Scope("application|b", 5)])


async def test_what_is_accepted_never_counts(limit: AttemptLimit) -> None:
    """However often."""
    for _ in range(12):
        await accepted(limit)


async def test_being_accepted_forgives_nothing(limit: AttemptLimit) -> None:
    """Who knows one good secret cannot wash four bad guesses away with it."""
    for _ in range(4):
        await refused(limit)
    await accepted(limit)
    await refused(limit)

    await held(limit)


async def test_silence_of_entra_does_not_count(limit: AttemptLimit) -> None:
    """Nothing was learnt."""
    for _ in range(6):
        with pytest.raises(ServiceUnavailable):
            async with limit.attempt(FIVE):
                raise ServiceUnavailable("No answer.")

    await accepted(limit)


async def test_what_is_cut_off_counts(limit: AttemptLimit, time: Time) -> None:
    """Nobody knows what Entra said, so a crash is no way to guess on."""
    for _ in range(5):
        with pytest.raises(RuntimeError):
            async with limit.attempt(FIVE):
                raise RuntimeError
    time.later(minutes=3)

    assert (await held(limit)).retry_after_s == timedelta(minutes=12).total_seconds()


async def test_the_oldest_refusal_leaves_first(limit: AttemptLimit, time: Time) -> None:
    """The wait is told to the second, and then is over for one try."""
    for _ in range(5):
        await refused(limit)
        time.later(minutes=1)
    wait_s = (await held(limit)).retry_after_s

    assert wait_s == timedelta(minutes=10).total_seconds()
    time.later(seconds=wait_s - 1)
    await held(limit)
    time.later(seconds=2)
    await refused(limit)
    await held(limit)


async def test_being_held_back_does_not_lengthen_the_wait(limit: AttemptLimit, time: Time) -> None:
    """Nor does it leave anything in the table."""
    for _ in range(5):
        await refused(limit)
    for _ in range(20):
        await held(limit)
    time.later(minutes=16)

    await accepted(limit)


async def test_instances_count_together(table: AttemptTable, time: Time) -> None:
    """A limit of each would be a multiple of the limit."""
    instances = [AttemptLimit(table, time, patience_s=0.4) for _ in range(5)]
    for instance in instances:
        await refused(instance)

    for instance in instances:
        await held(instance)


async def test_many_at_once_are_no_more_than_one_after_another(table: AttemptTable, time: Time) -> None:
    """Of forty guesses at the same moment over two instances, five reach Entra."""
    instances = [AttemptLimit(table, time) for _ in range(2)]
    asked = 0

    async def guess(number: int) -> None:
        nonlocal asked
        async with instances[number % 2].attempt(FIVE):
            asked += 1
            await asyncio.sleep(0.1)
            raise AuthenticationFailed("No.")

    outcomes = await asyncio.gather(*map(guess, range(40)), return_exceptions=True)

    assert asked <= 5
    assert {type(one) for one in outcomes} == {AuthenticationFailed, TooManyAttempts}


async def test_many_good_ones_at_once_all_pass(table: AttemptTable, time: Time) -> None:
    """A portal that connects twelve subscriptions in twelve calls waits a moment, and is not held back."""
    limit = AttemptLimit(table, time)

    await asyncio.gather(*(accepted(limit, after_s=0.05) for _ in range(12)))


async def test_who_waits_too_long_for_others_is_held_back(limit: AttemptLimit, time: Time) -> None:
    """Shortly, for they are under way and not refused."""
    others = [asyncio.create_task(accepted(limit, after_s=2)) for _ in range(5)]
    await asyncio.sleep(0.3)
    time.later(seconds=1)

    error = await held(limit)
    assert error.retry_after_s < 1
    assert "refused" not in error.detail
    await asyncio.gather(*others)


async def test_every_scope_must_have_room(limit: AttemptLimit) -> None:
    """A caller who goes from application to application is held back; others are not."""
    for number in range(PER_CALLER):
        await refused(limit, scopes_of(f"app-{number}", guessable=True, by=CALLER))

    await held(limit, scopes_of("another", guessable=True, by=CALLER))
    await accepted(limit, scopes_of("another", guessable=True, by=Trier(address="198.51.100.1")))


async def test_without_a_count_nothing_is_tried(table: AttemptTable, storage: str, time: Time) -> None:
    """A storage that is away must not make guessing free."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as other:
        await other.tables.table("attempts")
        proxy.strike("dies before", 1)
        with pytest.raises(UpstreamUnavailable):
            await accepted(AttemptLimit(AttemptTable(other.tables), time))

    assert await table.since(FIVE[0].name, NOON - WINDOW) == []


async def test_an_answer_that_got_lost_counts_once(table: AttemptTable, storage: str, time: Time) -> None:
    """The client sends its row again, and finds it there."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as other:
        await other.tables.table("attempts")
        proxy.strike("answer lost", 1)
        await refused(AttemptLimit(AttemptTable(other.tables), time))

    assert [one.refused for one in await table.since(FIVE[0].name, NOON - WINDOW)] == [True]


@pytest.mark.parametrize("outcome", [accepted, refused])
async def test_an_outcome_that_cannot_be_written_is_no_error(
    table: AttemptTable, storage: str, time: Time, outcome: type, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller gets the answer; the try counts as refused once it cannot be under way any more."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as other:
        await other.tables.table("attempts")
        proxy.strike("dies before", 2)
        await outcome(AttemptLimit(AttemptTable(other.tables), time))

    assert "attempt_not_settled" in caplog.text
    time.later(minutes=3)
    await held(AttemptLimit(table, time), [Scope(FIVE[0].name, 1)])


async def test_old_tries_are_swept(limit: AttemptLimit, table: AttemptTable, time: Time) -> None:
    """Those that count stay, whoever they are of."""
    old, new = Scope("application|old", 5), Scope("application|new", 5)
    await refused(limit, [old])
    time.later(minutes=10)
    await refused(limit, [new])
    time.later(minutes=6)
    await limit.sweep()

    assert await table.since(old.name, NOON) == []
    assert len(await table.since(new.name, NOON)) == 1


async def test_sweeping_fails_quietly(storage: str, time: Time, caplog: pytest.LogCaptureFixture) -> None:
    """The next minute sweeps again."""
    async with faulty(storage) as proxy, rigged(proxy.connection_string) as other:
        table = AttemptTable(other.tables)
        await refused(AttemptLimit(table, time))
        proxy.strike("dies before", 1)
        time.later(minutes=16)
        await AttemptLimit(table, time).sweep()

    assert "attempts_not_swept" in caplog.text


class TestScopes:
    """Whom a try is counted for."""

    def test_a_key_holder_is_its_address_and_all_of_them(self) -> None:
        """Nobody can tell key holders apart for sure, so there is a limit for all."""
        scopes = scopes_of("a", guessable=True, by=CALLER)

        assert [scope.limit for scope in scopes] == [PER_APPLICATION, PER_CALLER, ALL_KEY_HOLDERS]

    def test_a_token_is_whom_it_names(self) -> None:
        """Wherever that caller is."""
        here, there = (Trier(token_of="t|o", address=address) for address in ("203.0.113.7", "203.0.113.8"))

        assert scopes_of("a", guessable=True, by=here) == scopes_of("a", guessable=True, by=there)
        assert len(scopes_of("a", guessable=True, by=here)) == 2

    def test_who_gives_no_secret_does_not_lock_an_application(self) -> None:
        """A managed identity and a federated credential cannot be guessed; the caller's count remains."""
        limits = [scope.limit for scope in scopes_of("a", guessable=False, by=CALLER)]

        assert limits == [PER_CALLER, ALL_KEY_HOLDERS]

    def test_nobody_is_held_back_who_is_not_outside(self) -> None:
        """Then only the application counts."""
        assert [scope.limit for scope in scopes_of("a", guessable=True, by=None)] == [PER_APPLICATION]

    def test_case_makes_no_other_application(self) -> None:
        """Ids are the same in any case."""
        assert scopes_of("AB", guessable=True, by=None) == scopes_of("ab", guessable=True, by=None)

    @given(st.text(), st.text(min_size=1), st.text())
    def test_any_name_can_be_a_partition(self, client: str, token: str, address: str) -> None:
        """Whatever a caller sends as an id or an address."""
        trier = Trier(token_of=None if address else token, address=address)

        for scope in scopes_of(client, guessable=True, by=trier):
            assert scope.name.replace("|", "").isalnum()


class MemoryTable:
    """Fulfils `AttemptStore`."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Try] = {}

    async def claim(self, scope: str, key: str, /) -> None:
        """Keep it."""
        self.rows[scope, key] = Try(key, refused=False)

    async def since(self, scope: str, at: datetime, /) -> list[Try]:
        """Give them."""
        first = try_key_at(at)
        return sorted(row for (of, key), row in self.rows.items() if of == scope and key >= first)

    async def refuse(self, scope: str, key: str, /) -> None:
        """Mark it."""
        self.rows[scope, key] = Try(key, refused=True)

    async def withdraw(self, scope: str, key: str, /) -> None:
        """Forget it."""
        self.rows.pop((scope, key), None)

    async def sweep(self, before: datetime, /) -> None:
        """Forget what is older."""
        self.rows = {place: row for place, row in self.rows.items() if row.key >= try_key_at(before)}


@given(st.lists(st.booleans(), max_size=20))
async def test_the_sixth_bad_one_is_the_end_whatever_stands_between(tries: list[bool]) -> None:
    """All pass until Entra has refused five, and none after."""
    limit = AttemptLimit(MemoryTable(), Time())
    for number, good in enumerate(tries):
        if tries[:number].count(False) >= 5:
            await held(limit)
        else:
            await (accepted(limit) if good else refused(limit))
