"""`python -m benchmarks`: measure everything, print the table, end non-zero if a promise was broken."""

import argparse
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import breadth, day, evaluation, import_cost, listing, syncs, ticks
from benchmarks.figures import Figure, markdown, table
from benchmarks.ground import Ground, Storage

RESULTS = Path(__file__).with_name("results.md")
_FEW = 2_000
_COPIES = 2_000
_DAY_COPIES = 20
_QUICK_FEW = 100
_QUICK_CONNECTIONS, _QUICK_FEWER = 300, 100
_QUICK_COPIES = 120


class Arguments(argparse.Namespace):
    """What was asked for."""

    assessments: int | None
    rounds: int
    quick: bool
    write: bool

    @property
    def many(self) -> int:
        """Assessments of the large subscription."""
        return self.assessments or (300 if self.quick else 50_000)


def parse(arguments: list[str] | None = None) -> Arguments:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--assessments", type=int, help="of the large subscription (50000; 300 if quick)")
    parser.add_argument("--rounds", type=int, default=3, help="how often syncs are measured (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="a small self-check that judges no times")
    parser.add_argument("--write", action="store_true", help=f"also write {RESULTS.name}")
    return parser.parse_args(arguments, Arguments())


def measure(asked: Arguments) -> Iterator[Figure]:
    """Measure one thing after another."""
    tell("Importing ...")
    floor, app = import_cost.measure(2 if asked.quick else 9, judged=not asked.quick)
    yield from (floor, app)
    if app.missed:
        tell("Largest imports beyond the floor:", *import_cost.largest_extras())
    tell("Judging ...")
    yield evaluation.measure(_QUICK_FEW if asked.quick else _FEW, judged=not asked.quick)
    yield from _sync_figures(asked)


def _sync_figures(asked: Arguments) -> Iterator[Figure]:
    judged, few = not asked.quick, _QUICK_FEW if asked.quick else _FEW
    tell(f"Syncing {few:,} assessments ...")
    with Ground.open(few) as small:
        little = syncs.first_sync(small)
    tell(f"Syncing {asked.many:,} assessments ...")
    with Ground.open(asked.many) as ground:
        measured = list(syncs.rounds(ground, 1 if asked.quick else asked.rounds, tell))
        yield from syncs.time_figures(measured, judged=judged)
        yield syncs.memory_figure(measured, little, sizes=(asked.many, few), judged=judged)
        figures, problems = syncs.request_figures(ground, measured)
        yield from figures
        tell(*problems)
    copies = _QUICK_COPIES if asked.quick else _COPIES
    tell(f"Syncing {copies:,} resources of each list-only type ...")
    yield from breadth.figures(asked.many, copies, judged=judged, number=1)
    yield from _further_figures(asked, few)


def _further_figures(asked: Arguments, findings: int) -> Iterator[Figure]:
    connections, fewer = (_QUICK_CONNECTIONS, _QUICK_FEWER) if asked.quick else (ticks.MANY, ticks.FEW)
    with Ground.open(findings) as ground:
        tell(f"Planning {connections:,} connections, and {fewer:,} ...")
        many, few = (ticks.Tick.measured(ground, number) for number in (connections, fewer))
        yield from ticks.figures(many, few, judged=not asked.quick)
        tell("Playing a day of 10,000 hourly connections ...")
    with Ground.open(findings, _DAY_COPIES) as ground:
        cost = day.measured_cost(ground)
    yield from day.figures(day.Plan.of(cost, many.seconds_each), judged=not asked.quick)
    with Ground.open(findings) as ground:
        tell(f"Listing {findings:,} findings ...")
        with Storage.open(ground) as storage:
            run = storage.connect()
            storage.sync(run)
            yield listing.measure(storage, str(run["connection_id"]), findings)


def tell(*lines: str) -> None:
    """Say how far it is, beside the result."""
    for line in lines:
        print(line, file=sys.stderr, flush=True)


def write(figures: list[Figure]) -> None:
    """Keep the figures with machine, day and command."""
    kind = f"{platform.system()} {platform.machine()}"
    machine = f"{kind}, {os.cpu_count()} cores, Python {platform.python_version()}"
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    RESULTS.write_text(markdown(figures, machine=machine, day=today, command=command))


def main() -> int:
    """Measure, print, and give the exit code."""
    asked = parse()
    figures = list(measure(asked))
    print(table(figures))
    if asked.write:
        write(figures)
    missed = [figure.name for figure in figures if figure.missed]
    tell(*(f"Missed: {name}" for name in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
