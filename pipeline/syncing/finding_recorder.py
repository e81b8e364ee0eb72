"""Verdicts in, interval changes out: only what differs from the last committed run is written."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from collectors.contract import POPULATION, Status, Verdict
from pipeline.ids import finding_id
from pipeline.model import Changes, VerdictCounts
from pipeline.stores.finding_table import Intervals, place_of, status_code, status_of
from pipeline.stores.manifests import OpenFinding, check_mark
from pipeline.syncing.finding_outbox import FindingOutbox, FindingWriter

_UNKNOWN = status_code(Status.UNKNOWN)


class FindingRecorder:
    """Compare the verdicts of one part with the findings that are open, and write the differences.

    Holds some hundred bytes per finding, whatever a finding says: 50,000 fit easily.

    Args:
        intervals: how rows of this part and run are written.
        before: the open findings as of the last committed run; emptied as they are seen again.
        writer: where transactions go.
        may_write: called before each transaction; raises once this worker must stop.
    """

    def __init__(
        self,
        intervals: Intervals,
        before: dict[bytes, OpenFinding],
        writer: FindingWriter,
        may_write: Callable[[], None],
    ) -> None:
        self._intervals = intervals
        self._before = before
        self._outbox = FindingOutbox(writer, may_write)
        self._opened = 0
        self._closed = 0
        self._resources: set[int] = set()
        self._gaps: set[bytes] = set()
        self.open: dict[bytes, OpenFinding] = {}
        self.counts: defaultdict[str, VerdictCounts] = defaultdict(VerdictCounts)
        self.kept: defaultdict[str, VerdictCounts] = defaultdict(VerdictCounts)

    @property
    def sequence(self) -> int:
        """The sequence number that the changes carry."""
        return self._intervals.sequence

    @property
    def changes(self) -> Changes:
        """How many intervals were opened and closed so far."""
        return Changes(opened=self._opened, closed=self._closed)

    @property
    def changed(self) -> bool:
        """Whether anything was opened or closed."""
        return bool(self._opened or self._closed)

    @property
    def resources(self) -> int:
        """How many different resources had a verdict so far."""
        return len(self._resources)

    async def emit(self, verdict: Verdict) -> None:
        """Take one verdict; a second one for the same check and resource is the same row read twice."""
        found = finding_id(self._intervals.connection_id, verdict.check_id, verdict.resource_id)
        if found in self.open:
            return
        if not verdict.check_id.startswith(POPULATION):
            count(self.counts[verdict.check_id], verdict.status)
        self._resources.add(hash(verdict.resource_id.lower()))
        mark = _fingerprint(verdict)
        known = self._before.pop(found, None)
        if known is not None and known[0] == mark:
            self.open[found] = known
            return
        self.open[found] = opened = self._entry(verdict, mark)
        await self._close(found, known)
        await self._open(found, opened, verdict)

    async def emit_gap(self, verdict: Verdict) -> None:
        """Take an `unknown` that stands for everything a check could not look at.

        A check that has an open `pass` or `fail` of the same resource keeps it: the last thing anybody saw.
        """
        found = finding_id(self._intervals.connection_id, verdict.check_id, verdict.resource_id)
        known = self._before.get(found)
        if found in self.open or found in self._gaps:
            return  # answered already, or refused by another read too
        self._gaps.add(found)
        count(self.counts[verdict.check_id], verdict.status)
        mark = _fingerprint(verdict)
        if known is None or (known[2] == _UNKNOWN and known[0] != mark):
            self._before[found] = opened = self._entry(verdict, mark)
            await self._close(found, known)
            await self._open(found, opened, verdict)

    async def finish(self, *, unread: Iterable[str] = ()) -> None:
        """Close the intervals of what was not seen any more, and wait until all is written.

        What stays open unseen is counted in `kept`, by its last status: the run did not find it so, and
        still nobody said otherwise.

        Args:
            unread: ids of checks that could not look at everything; nothing of theirs closes, nor does any
                resource count as gone: which of them were not listed nobody knows.
        """
        kept = {check_mark(check_id): check_id for check_id in unread}
        if kept:
            kept[check_mark(POPULATION)] = POPULATION
        for found, known in self._before.items():
            if known[3] in kept:
                self.open[found] = known
                self._count_kept(kept[known[3]], found, known[2])
            else:
                await self._close(found, known)
        self._before.clear()
        await self._outbox.flush()

    async def finish_gap(self, unknowns: Iterable[Verdict]) -> None:
        """Record that the part could not be read at all: nothing closes."""
        for verdict in unknowns:
            await self.emit_gap(verdict)
        self.open, self._before = self._before, {}
        await self._outbox.flush()

    async def abandon(self) -> None:
        """Stop writing; what was written stays invisible and is swept by the next attempt."""
        await self._outbox.abandon()

    def _count_kept(self, check_id: str, found: bytes, code: int) -> None:
        is_counted_gap = code == _UNKNOWN and found in self._gaps
        if check_id != POPULATION and not is_counted_gap:
            count(self.kept[check_id], status_of(code))

    def _entry(self, verdict: Verdict, mark: bytes) -> OpenFinding:
        """Give what is kept of an interval that opens now, in the next place of its run."""
        is_resource = verdict.check_id.startswith(POPULATION)
        code, check = (
            status_code(verdict.status),
            check_mark(POPULATION if is_resource else verdict.check_id),
        )
        place = place_of(self._intervals.part, self._opened)
        self._opened += 1
        return mark, self._intervals.sequence, code, check, place

    async def _open(self, found: bytes, opened: OpenFinding, verdict: Verdict) -> None:
        await self._outbox.add(self._intervals.opening(found, verdict, opened[4]))

    async def _close(self, found: bytes, known: OpenFinding | None) -> None:
        if known is not None:
            self._closed += 1
            await self._outbox.add(self._intervals.closing(found, known[1], known[4]))


def count(counts: VerdictCounts, status: Status) -> None:
    """Add one verdict."""
    name = {Status.PASS: "passed", Status.FAIL: "failed"}.get(status, status.value)
    setattr(counts, name, getattr(counts, name) + 1)


def _fingerprint(verdict: Verdict) -> bytes:
    """Digest what makes a verdict another verdict: not its wording elsewhere, not the remedy's text."""
    deciding = (verdict.status, verdict.severity, verdict.reason, verdict.observed)
    return hashlib.blake2b(msgspec.json.encode(deciding, order="sorted"), digest_size=8).digest()
