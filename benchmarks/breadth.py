"""Many resources of every list-only type, with many assessments: what a sync of all of them costs."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Self
from urllib.parse import urlencode

from azure.data.tables import TableClient

from benchmarks.children import Answer
from benchmarks.figures import Figure
from benchmarks.floor_rows import Further, Sample
from benchmarks.ground import Ground, Storage
from benchmarks.requests import FIXED, OTHERS_PER_PAGE, Lists, kind_of
from benchmarks.syncs import WrongSyncError
from collectors import registry
from local.api_client import Json
from local.azure.list_only import SERVICES, build_lists

LIMIT = 1.4
_EXACTLY = 1.0
_SAMPLES = 1_000
_KEYS = {"PartitionKey", "RowKey"}
_SECOND = 2
_SKIP = "$skiptoken"


@dataclass(frozen=True, slots=True)
class Broad:
    """A first sync of everything and an unchanged second one.

    Args:
        log: what the first asked of Azure.
        again: how many requests the second one made.
        rewritten: whether a finding row carries the number of the second run.
        samples: rows that the first wrote of further services.
    """

    first: Answer
    second: Answer
    log: tuple[Json, ...]
    again: int
    rewritten: bool
    samples: tuple[Sample, ...]

    @classmethod
    def measured(cls, storage: Storage) -> Self:
        """Sync twice."""
        azure, run = storage.ground.azure, storage.connect(*SERVICES)
        azure.requests(reset=True)
        first = storage.sync(run)
        log = tuple(azure.requests(reset=True))
        second = storage.sync(storage.queue(str(run["connection_id"])))
        _require(first, second)
        again = len(azure.requests())
        with TableClient.from_connection_string(storage.connection_string, "findings") as table:
            of_second = f"opened_seq eq {_SECOND} or closed_seq eq {_SECOND}"
            rewritten = next(iter(table.query_entities(of_second)), None) is not None
            rows = int(first["opened"]) - storage.ground.assessments
            return cls(first, second, log, again, rewritten, tuple(_samples(table, rows)))


def _require(*syncs: Answer) -> None:
    """Refuse to time a sync that did not do its work: a failed one is quick."""
    for answer in syncs:
        if answer["status"] != "succeeded":
            message = f"A sync was not what it had to be: {answer}."
            raise WrongSyncError(message)


def _samples(table: TableClient, rows: int) -> Iterator[Sample]:
    """Give a thousand of so many rows of further services.

    Rows lie by service: every so-many-th is taken, and they are put into the order of their finding ids, so
    that the first few of them are of all services too.
    """
    further = table.query_entities("service ne 'defender' and opened_seq eq 1", results_per_page=_SAMPLES)
    taken = islice(further, 0, None, max(1, rows // _SAMPLES))
    for entity in sorted(taken, key=lambda one: str(one["RowKey"]).rpartition("|")[2]):
        kept = {name: value for name, value in entity.items() if name not in _KEYS}
        yield {name: value if isinstance(value, int) else str(value) for name, value in kept.items()}


def figures(assessments: int, copies: int, *, judged: bool, number: int) -> Iterator[Figure]:
    """Measure, and hold everything against what was promised.

    Args:
        copies: resources of each list-only type.
        number: how often; the middle counts.
    """
    with Ground.open(assessments, copies) as ground:
        measured = [_round(ground) for _ in range(number)]
        floor_s = median(float(floor["seconds"]) for floor, _ in measured)
        rows, last = int(measured[-1][0]["rows"]), measured[-1][1]
        yield Figure(f"floor of {copies:,} of each list-only type, {rows:,} rows", f"{floor_s:.2f} s")
        ratio = median(float(broad.first["seconds"]) / float(floor["seconds"]) for floor, broad in measured)
        first_s = median(float(broad.first["seconds"]) for _, broad in measured)
        yield Figure("first sync of these", f"{first_s:.2f} s", ratio, LIMIT, judged=judged)
        yield _unchanged(last)
        yield _requests(last, ground, copies)


def _round(ground: Ground) -> tuple[Answer, Broad]:
    with Storage.open(ground) as storage:
        broad = Broad.measured(storage)
    further = fetched(broad.log, int(broad.first["opened"]) - ground.assessments)
    with Storage.open(ground) as storage:
        return storage.floor(further=[_order(one) for one in further], samples=broad.samples), broad


def _order(further: Further) -> dict[str, object]:
    return {"method": further.method, "url": further.url, "share": further.share}


def fetched(log: Iterable[Json], rows: int) -> list[Further]:
    """Give the first pages that a sync asked of further services, each once, the rows shared among all pages.

    Args:
        log: what the sync asked.
        rows: how many rows it wrote of what it read there.
    """
    asked = {(str(entry["method"]), _url(entry)): entry for entry in log if _is_further(entry)}
    share = rows / len(asked)
    return [Further(method, url, share) for (method, url), entry in asked.items() if not _skips(entry)]


def _is_further(entry: Json) -> bool:
    return kind_of(entry) not in {*FIXED, *Lists(1, 1).pages}


def _url(entry: Json) -> str:
    return f"{entry['path']}?{urlencode(_query(entry))}"


def _skips(entry: Json) -> bool:
    return any(name.lower() == _SKIP for name in _query(entry))


def _query(entry: Json) -> Mapping[str, str]:
    query = entry["query"]
    return {name: str(value) for name, value in query.items()} if isinstance(query, dict) else {}


def _unchanged(broad: Broad) -> Figure:
    """Tell whether the second sync wrote any finding row."""
    changed = int(broad.second["opened"]) + int(broad.second["closed"]) + broad.rewritten
    value = f"{changed} rows, {broad.again} requests"
    return Figure("finding rows of a second sync of these", value, _EXACTLY + changed, _EXACTLY)


def _requests(broad: Broad, ground: Ground, copies: int) -> Figure:
    """Hold what was asked against the pages of every list."""
    subscription_id = ground.subscription.subscription_id
    pages = {
        path: max(1, math.ceil(len(listed.rows) / OTHERS_PER_PAGE)) if listed.paged else 1
        for path, listed in build_lists(subscription_id, copies).lists.items()
    }
    problems = differences(broad.log, pages, _declared(subscription_id))
    asked = sum(map(_is_further, broad.log))
    value = "; ".join([f"{asked} pages", *problems])
    return Figure("requests of a first sync of these", value, _EXACTLY + len(problems), _EXACTLY)


def _declared(subscription_id: str) -> set[str]:
    """Give the lower-cased path of each list that a service declares."""
    known = registry.load()
    return {
        read.path.replace("{subscription_id}", subscription_id).lower()
        for service in SERVICES
        for read in known[service].reads
    }


def differences(log: Iterable[Json], pages: Mapping[str, int], declared: Collection[str]) -> list[str]:
    """Name every list that was not asked exactly once a page, or that no service declares.

    Args:
        pages: how many pages each list has, by its lower-cased path; one for a list that is not there.
        declared: the lower-cased paths that may be asked.
    """
    made = Counter(_first(entry) for entry in log if _is_further(entry))
    expected = {path: pages.get(path, 1) if path in declared else 0 for path, _ in made}
    return [
        f"{path}: {number} instead of {expected[path]}"
        for (path, _), number in sorted(made.items())
        if number != expected[path]
    ]


def _first(entry: Json) -> tuple[str, str]:
    """Tell lists apart: one path may be asked with several filters."""
    rest = {name: value for name, value in _query(entry).items() if name.lower() != _SKIP}
    return str(entry["path"]).lower(), urlencode(rest)
