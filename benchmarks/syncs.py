"""What a first sync and a second one cost, against the floor: time, memory and requests."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.children import Answer
from benchmarks.figures import Figure
from benchmarks.ground import Ground, Storage
from benchmarks.requests import Asked, Lists

FIRST_LIMIT = 1.4
SECOND_LIMIT = 0.4
MEMORY_LIMIT = 1.5
_EXACTLY = 1.0


class WrongSyncError(Exception):
    """Say what a measured sync did that makes its time worthless."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A measured sync, and what it asked of Azure."""

    answer: Answer
    asked: Asked

    @property
    def seconds(self) -> float:
        """How long it took."""
        return float(self.answer["seconds"])


@dataclass(frozen=True, slots=True)
class Round:
    """The floor, a first and a second sync, one right after the other."""

    floor: Answer
    first: Timed
    second: Timed

    @property
    def floor_s(self) -> float:
        """How long the floor took."""
        return float(self.floor["seconds"])


def rounds(ground: Ground, number: int, tell: Callable[[str], None]) -> Iterator[Round]:
    """Measure several times; which goes first changes, so that a machine that tires favours neither."""
    for index in range(number):
        if index % 2:
            first, second = _syncs(ground)
            floor = _floor(ground)
        else:
            floor = _floor(ground)
            first, second = _syncs(ground)
        measured = Round(floor, first, second)
        tell(
            f"round {index + 1} of {number}: floor {measured.floor_s:.2f} s (CPU {floor['cpu_s']:.2f}), "
            f"first sync {first.seconds:.2f} s (CPU {first.answer['cpu_s']:.2f}), "
            f"second sync {second.seconds:.2f} s (CPU {second.answer['cpu_s']:.2f})"
        )
        yield measured


def first_sync(ground: Ground) -> Timed:
    """Measure the first sync of a subscription, in a storage of its own."""
    with Storage.open(ground) as storage:
        return _timed(storage, storage.connect())


def _floor(ground: Ground) -> Answer:
    with Storage.open(ground) as storage:
        return storage.floor()


def _syncs(ground: Ground) -> tuple[Timed, Timed]:
    with Storage.open(ground) as storage:
        run = storage.connect()
        first = _timed(storage, run)
        _require(first, changed=True)
        second = _timed(storage, storage.queue(str(run["connection_id"])))
        _require(second, changed=False)
    return first, second


def _timed(storage: Storage, run: Answer) -> Timed:
    storage.ground.azure.requests(reset=True)
    answer = storage.sync(run)
    return Timed(answer, Asked.of(storage.ground.azure.requests()))


def _require(sync: Timed, *, changed: bool) -> None:
    """Refuse to time a sync that did not do its work: a failed one is quick."""
    answer = sync.answer
    if answer["status"] != "succeeded" or bool(answer["opened"]) != changed or answer["closed"]:
        message = f"A sync was not what it had to be: {answer}."
        raise WrongSyncError(message)


def time_figures(measured: Sequence[Round], *, judged: bool) -> list[Figure]:
    """Hold the times against the floor's, round by round, and take the middle."""
    size = f"{measured[0].floor['rows']:,} rows"
    floor_s = median(one.floor_s for one in measured)
    shown = [Figure(f"floor, {size}", f"{floor_s:.2f} s")]
    takes: list[tuple[str, float, Callable[[Round], Timed]]] = [
        ("first sync", FIRST_LIMIT, lambda one: one.first),
        ("second sync, nothing changed", SECOND_LIMIT, lambda one: one.second),
    ]
    for name, limit, of in takes:
        ratio = median(of(one).seconds / one.floor_s for one in measured)
        seconds = median(of(one).seconds for one in measured)
        shown.append(Figure(name, f"{seconds:.2f} s", ratio, limit, judged=judged))
    return shown


def memory_figure(many: Sequence[Round], few: Timed, *, sizes: tuple[int, int], judged: bool) -> Figure:
    """Hold the memory of a sync of many assessments against that of one of few."""
    most = max(float(one.first.answer["peak_mib"]) for one in many)
    small = float(few.answer["peak_mib"])
    name = f"peak memory at {sizes[0]:,} against {sizes[1]:,}"
    return Figure(name, f"{most:.0f} / {small:.0f} MiB", most / small, MEMORY_LIMIT, judged=judged)


def request_figures(ground: Ground, measured: Sequence[Round]) -> tuple[list[Figure], list[str]]:
    """Hold the requests against the pages there are; gives also what was different."""
    lists = Lists(ground.assessments, ground.subscription.alerts)
    figures: list[Figure] = []
    problems: list[str] = []
    for name, asked in (
        ("requests of a first sync", [one.first.asked for one in measured]),
        ("requests of a second sync", [one.second.asked for one in measured]),
    ):
        different = [problem for one in asked for problem in one.differences(lists)]
        problems += [f"{name}: {problem}" for problem in dict.fromkeys(different)]
        pages, fixed = sum(lists.pages.values()), asked[0].total - sum(lists.pages.values())
        ratio = _EXACTLY + len(different)
        figures.append(Figure(name, f"{pages} pages + {fixed} fixed", ratio, _EXACTLY))
    return figures, problems
