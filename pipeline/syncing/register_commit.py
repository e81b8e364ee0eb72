"""Make a finished run part of the register: items, pointers, head, run and lease in one transaction."""

from collections.abc import Callable, Sequence

import msgspec

from mappings.loader import Mappings
from pipeline.authentication.methods import METHODS
from pipeline.controls import controls_of
from pipeline.evidence import Stamp, append, point
from pipeline.model import EvidenceItem, SyncRun
from pipeline.stores.evidence_table import EvidenceTable
from pipeline.stores.leases import Lease
from pipeline.stores.manifests import ManifestTable
from pipeline.stores.records import ConnectionRecord, CredentialRecord, Head, PartOutcome, Pointer
from pipeline.stores.run_table import RunTable


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has ended, to be committed.

    Args:
        outcomes: one per part, in the order of the collectors.
        checks: check ids by evidence kind.
        staged: the outcomes whose staged rows go with the commit.
    """

    run: SyncRun
    connection: ConnectionRecord
    outcomes: Sequence[PartOutcome]
    checks: dict[str, tuple[str, ...]]
    staged: Sequence[PartOutcome]


class RegisterCommit:
    """Commits finished runs.

    Args:
        mappings: gives the mappings in force; read when the first run commits.
    """

    def __init__(
        self,
        evidence: EvidenceTable,
        manifests: ManifestTable,
        runs: RunTable,
        mappings: Callable[[], Mappings],
    ) -> None:
        self._evidence = evidence
        self._manifests = manifests
        self._runs = runs
        self._mappings = mappings

    async def commit(self, finished: Finished, lease: Lease) -> None:
        """Commit a run; raises LeaseLost if another worker took over, and then nothing was written."""
        connection_id = finished.connection.id
        pointers = {pointer.kind: pointer for pointer in await self._evidence.pointers(connection_id)}
        head = await self._evidence.head(connection_id)
        head, items, moved = self._links(finished, head, pointers)
        async with lease.renewing:
            lease.ensure()
            with_these = [
                *self._runs.finishing(finished.run, list(finished.staged)),
                self._runs.cleaning(connection_id),
                lease.release(),
            ]
            await self._evidence.commit(
                connection_id, head, items=items, pointers=moved, with_these=with_these
            )
        await self._drop_old_manifests(connection_id, finished.outcomes)

    def _links(
        self, finished: Finished, head: Head, pointers: dict[str, Pointer]
    ) -> tuple[Head, list[tuple[int, EvidenceItem]], list[Pointer]]:
        mappings, stamp = self._mappings(), self._stamp(finished)
        items: list[tuple[int, EvidenceItem]] = []
        moved: list[Pointer] = []
        for outcome in finished.outcomes:
            place = head.items
            controls = controls_of(finished.checks[outcome.kind], mappings)
            head, item = append(head, outcome, stamp, controls)
            items.append((place, item))
            moved.append(point(pointers.get(outcome.kind), outcome, place))
        return msgspec.structs.replace(head, sequence=head.sequence + 1), items, moved

    def _stamp(self, finished: Finished) -> Stamp:
        credential = finished.connection.credential
        return Stamp(
            connection_id=finished.connection.id,
            subscription_id=finished.connection.subscription_id,
            sync_run_id=finished.run.id,
            principal=_principal(credential),
            mapping_version=self._mappings().version,
        )

    async def _drop_old_manifests(self, connection_id: str, outcomes: Sequence[PartOutcome]) -> None:
        for outcome in outcomes:
            if outcome.manifest is not None:
                await self._manifests.remove_older(connection_id, outcome.kind, outcome.manifest)


def _principal(credential: CredentialRecord) -> str:
    """Say who read: an application by its client id, a person, who reads through one, by the object id."""
    if METHODS[credential.method].personal and credential.principal_id:
        return credential.principal_id
    return credential.client_id or credential.method
