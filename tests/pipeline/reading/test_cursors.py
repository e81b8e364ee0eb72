"""Claims about cursors: they open to what was sealed, and to nothing else."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CredentialRejected
from pipeline.errors import InvalidRequest
from pipeline.reading.cursors import KEY_NAME, Cursors

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Vault:
    """A vault shared by instances; each remembers what it read, as the real one does."""

    def __init__(self, shared: dict[str, str] | None = None) -> None:
        self.shared = {} if shared is None else shared
        self.remembered: dict[str, str] = {}
        self.reads = 0

    async def put(self, name: str, value: str, *, expires_on: str | None, tags: dict[str, str]) -> None:
        """Keep the newest value; it never expires, and people can see what it is for."""
        await asyncio.sleep(0)
        assert (expires_on, list(tags)) == (None, ["purpose"])
        self.shared[name] = self.remembered[name] = value

    async def get(self, name: str) -> str:
        """Give what is remembered, else what the vault has."""
        if name not in self.remembered:
            self.reads += 1
            await asyncio.sleep(0)
            if name not in self.shared:
                raise CredentialRejected("There is none.", reason="secret_missing")
            self.remembered[name] = self.shared[name]
        return self.remembered[name]

    def forget(self, name: str) -> None:
        """Drop what is remembered."""
        self.remembered.pop(name, None)


class Clock:
    """Seconds that grow when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Give the seconds."""
        return self.seconds


async def refusal_of(cursors: Cursors, cursor: str, *, bound_to: str = "list") -> InvalidRequest:
    """Give the error that a cursor is refused with."""
    with pytest.raises(InvalidRequest) as raised:
        await cursors.open(cursor, bound_to=bound_to)
    return raised.value


class TestSealing:
    """What is sealed comes back, whole and unaltered."""

    @given(st.text(st.characters(codec="utf-8"), max_size=300), st.text(st.characters(codec="utf-8")))
    async def test_a_position_comes_back(self, position: str, bound_to: str) -> None:
        """Any position opens to itself, and travels in an address without escapes."""
        cursors = Cursors(Vault(), settle_s=0)

        cursor = await cursors.seal(position, bound_to=bound_to)

        assert set(cursor) <= set(ALPHABET)
        assert await cursors.open(cursor, bound_to=bound_to) == position

    @given(st.text("abc-|0123", max_size=40), st.data())
    async def test_an_altered_character_is_refused(self, position: str, data: st.DataObject) -> None:
        """No character can be any other, the last one's unused bits included."""
        cursors = Cursors(Vault(), settle_s=0)
        cursor = await cursors.seal(position, bound_to="list")
        at = data.draw(st.integers(0, len(cursor) - 1))
        other = data.draw(st.sampled_from(ALPHABET).filter(lambda one: one != cursor[at]))

        await refusal_of(cursors, cursor[:at] + other + cursor[at + 1 :])

    @given(st.text(max_size=60))
    async def test_anything_else_is_refused(self, cursor: str) -> None:
        """No text that was not sealed opens, and none is another error."""
        await refusal_of(Cursors(Vault(), settle_s=0), cursor)

    @pytest.mark.parametrize("change", ["{}=", "{}A", " {}", "{}\n"])
    async def test_a_cursor_has_one_spelling(self, change: str) -> None:
        """Padding, additions and white space make it another."""
        cursors = Cursors(Vault(), settle_s=0)
        cursor = await cursors.seal("p", bound_to="list")

        await refusal_of(cursors, change.format(cursor))

    async def test_a_cursor_is_bound_to_its_list(self) -> None:
        """With other filters it is refused, and the error says what to do."""
        cursors = Cursors(Vault(), settle_s=0)
        cursor = await cursors.seal("p", bound_to="list")

        error = await refusal_of(cursors, cursor, bound_to="other list")

        assert [field for field, _ in error.errors] == ["cursor"]
        assert "without a cursor" in error.advice

    async def test_a_very_long_cursor_is_refused_unread(self) -> None:
        """Nothing is computed over what no cursor can be."""
        vault = Vault()

        await refusal_of(Cursors(vault, settle_s=0), "A" * 5000)

        assert vault.reads == 0


class TestKey:
    """One key for all instances, made when it is first needed."""

    async def test_the_key_is_read_once(self) -> None:
        """However many cursors are sealed, Key Vault is asked once."""
        vault = Vault({KEY_NAME: "made before"})
        cursors = Cursors(vault, settle_s=0)

        await asyncio.gather(*(cursors.seal(str(index), bound_to="list") for index in range(20)))

        assert vault.reads == 1
        assert vault.shared == {KEY_NAME: "made before"}

    async def test_instances_that_race_agree(self) -> None:
        """Two instances that both find no key end with the same one."""
        shared: dict[str, str] = {}
        one, two = (Cursors(Vault(shared), settle_s=0.01) for _ in range(2))

        of_one, of_two = await asyncio.gather(one.seal("p", bound_to="x"), two.seal("q", bound_to="x"))

        assert await two.open(of_one, bound_to="x") == "p"
        assert await one.open(of_two, bound_to="x") == "q"

    async def test_a_newer_key_is_found_after_a_minute(self) -> None:
        """An instance with an outdated key reads it again before it refuses, but not at every bad cursor."""
        shared = {KEY_NAME: "old"}
        clock, vault = Clock(), Vault(shared)
        outdated = Cursors(vault, monotonic=clock)
        await outdated.seal("p", bound_to="x")
        shared[KEY_NAME] = "new"
        cursor = await Cursors(Vault(shared)).seal("p", bound_to="x")

        await refusal_of(outdated, cursor, bound_to="x")
        reads_within_a_minute = vault.reads
        clock.seconds += 61

        assert reads_within_a_minute == 1
        assert await outdated.open(cursor, bound_to="x") == "p"
