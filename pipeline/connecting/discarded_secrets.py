"""Secrets that no connection names any more: deleted, told of until they are gone, tried again every minute.

"Azure Key Vault soft-delete overview": where purging is not allowed, a deleted secret stays until its
retention ends. That is said, not hidden.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from azure.core.exceptions import AzureError

from pipeline.authentication.generations import root_of
from pipeline.authentication.methods import METHODS
from pipeline.errors import SecretUnavailable
from pipeline.event_log import log
from pipeline.events import SecretNotDeleted, SecretNoteStayed, SecretNotPurged, SecretSweepFailed
from pipeline.health import SecretsHealth
from pipeline.model import SecretLeft
from pipeline.stores.protocols import ConnectionStore, SecretStore
from pipeline.stores.records import CredentialRecord
from pipeline.stores.secret_ledger import NoteState, SecretLedger, SecretNote
from pipeline.times import Clock, from_rfc3339, rfc3339

WAIT: Mapping[NoteState, timedelta] = {
    "announced": timedelta(minutes=15),
    "not_deleted": timedelta(0),
    "kept_by_vault": timedelta(days=1),
}
"""How long a secret is left alone: one that was announced may be about to be named by a connection."""
AT_A_TIME = 50
NO_CONNECTION = ""
"""Whose a secret is that no connection ever named: one of a sign-in."""


class DiscardedSecrets:
    """Deletes secrets, and forgets none before it is gone."""

    def __init__(
        self, ledger: SecretLedger, store: ConnectionStore, secrets: SecretStore, *, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._secrets = secrets
        self._clock = clock

    async def announce(self, connection_id: str, credential: CredentialRecord) -> None:
        """Note a secret before it is put, or before the connection's row stops naming it."""
        await self._write(connection_id, credential, "announced")

    async def keep(self, credential: CredentialRecord) -> None:
        """Strike off a secret that a connection names now; where that fails, the sweep does."""
        try:
            await self._ledger.strike(credential.secret_name)
        except AzureError as error:
            log(SecretNoteStayed(error=type(error).__name__))

    async def drop(self, connection_id: str, credential: CredentialRecord) -> None:
        """Delete a secret; one that stays is noted and tried again, so the caller goes on."""
        try:
            await self.delete(connection_id, credential)
        except SecretUnavailable as error:
            log(SecretNotDeleted(secret_name=credential.secret_name, problem=error.code))
        except AzureError as error:
            log(SecretNoteStayed(error=type(error).__name__))

    async def delete(self, connection_id: str, credential: CredentialRecord) -> None:
        """Delete a secret and strike it off, or note what is left of it.

        Raises:
            SecretUnavailable: Key Vault did not delete it; it is tried again every minute.
        """
        name = credential.secret_name
        if name is None:
            return
        try:
            gone = await self._secrets.delete(name)
        except SecretUnavailable:
            await self._write(connection_id, credential, "not_deleted")
            raise
        kept = _kept_key(credential)
        if not gone:
            log(SecretNotPurged(connection_id=connection_id, secret_name=name))
            await self._write(connection_id, credential, "kept_by_vault", key=kept)
        elif kept is not None and await self._tells_of(kept, name):
            await self._ledger.strike(kept)
        if gone or kept is not None:
            await self._ledger.strike(name)

    async def left(self) -> Mapping[str, tuple[SecretLeft, ...]]:
        """Give what is left in the vault of secrets that were discarded, by connection."""
        found: defaultdict[str, tuple[SecretLeft, ...]] = defaultdict(tuple)
        for note in await self._ledger.notes():
            if note.state != "announced":
                left = SecretLeft(name=note.credential.secret_name or "", state=note.state, since=note.since)
                found[note.connection_id] += (left,)
        return found

    async def count(self) -> SecretsHealth:
        """Count what is left of all connections, those that were disconnected too."""
        states = Counter(left.state for of_one in (await self.left()).values() for left in of_one)
        return SecretsHealth(not_deleted=states["not_deleted"], kept_by_vault=states["kept_by_vault"])

    async def sweep(self) -> None:
        """Try again what is due, a bounded number at one time; what fails is left to the next minute."""
        try:
            notes = [note for note in await self._ledger.notes() if _due(note, self._clock())]
            for note in sorted(notes, key=lambda one: one.tried_at)[:AT_A_TIME]:
                await self._again(note)
        except AzureError as error:
            log(SecretSweepFailed(error=type(error).__name__))

    async def _again(self, note: SecretNote) -> None:
        if await self._is_named(note):
            await self._ledger.strike(note.credential.secret_name)
        else:
            await self.drop(note.connection_id, note.credential)

    async def _is_named(self, note: SecretNote) -> bool:
        record = await self._store.find(note.connection_id)
        if record is None or record.disconnected_at is not None:
            return False
        return record.credential.secret_name == note.credential.secret_name

    async def _tells_of(self, key: str, secret_name: str) -> bool:
        note = await self._ledger.find(key)
        return note is not None and note.credential.secret_name == secret_name

    async def _write(
        self, connection_id: str, credential: CredentialRecord, state: NoteState, *, key: str | None = None
    ) -> None:
        now, place = rfc3339(self._clock()), key or credential.secret_name
        before = await self._ledger.find(place) if place else None
        since = before.since if before is not None and before.state == state else now
        note = SecretNote(
            connection_id=connection_id,
            credential=credential,
            state=state,
            since=since,
            tried_at=now,
            key=key,
        )
        await self._ledger.write(note)


def _kept_key(credential: CredentialRecord) -> str | None:
    """Name the one note for all generations that the vault keeps of a secret that is replaced at each use."""
    if credential.secret_name is None or not METHODS[credential.method].rotates:
        return None
    return f"{root_of(credential.secret_name)}-kept"


def _due(note: SecretNote, now: datetime) -> bool:
    return from_rfc3339(note.tried_at) + WAIT[note.state] <= now
