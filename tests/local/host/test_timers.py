"""Timer functions run on schedule, once for what was missed, never twice at a time."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.host.launch import HostProcess
from tests.local.host.calls import until, write_app

_APP = """
import json, os, time

app = func.FunctionApp()
RESULTS = os.environ["RESULTS"]

def note(name, **values):
    with open(os.path.join(RESULTS, name), "a") as file:
        file.write(json.dumps({"at": time.time(), **values}) + "\\n")

@app.timer_trigger(arg_name="timer", schedule="%OFTEN%")
def often(timer: func.TimerRequest) -> None:
    note("often", **timer.to_dict())

@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
async def failing(timer: func.TimerRequest) -> None:
    note("failing")
    raise ValueError("a tick that fails")

@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def overlong(timer: func.TimerRequest) -> None:
    note("overlong", step=1)
    time.sleep(1.4)
    note("overlong", step=-1)

@app.timer_trigger(arg_name="timer", schedule="0 0 3 1 1 *")
def missed(timer: func.TimerRequest) -> None:
    note("missed", **timer.to_dict())

@app.timer_trigger(arg_name="timer", schedule="0 0 3 1 1 *", use_monitor=False)
def unmonitored(timer: func.TimerRequest) -> None:
    note("unmonitored")

@app.timer_trigger(arg_name="timer", schedule="0 0 3 1 1 *", run_on_startup=True)
def at_start(timer: func.TimerRequest) -> None:
    note("at_start", **timer.to_dict())
"""
_ONE_AGO = "2025-01-01T03:00:00+00:00"
_TWO_AGO = "2024-01-01T03:00:00+00:00"


class Timers:
    """Where the timers above note their runs, and where the host keeps their status."""

    def __init__(self, folder: Path) -> None:
        self.results = folder / "results"
        self.state = folder / "state"
        self.results.mkdir()
        (self.state / "timers").mkdir(parents=True)

    def noted(self, name: str) -> list[dict[str, object]]:
        """Give what was noted so far."""
        path = self.results / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def status(self, name: str) -> dict[str, str]:
        """Give the kept status of a timer."""
        values = json.loads((self.state / "timers" / f"{name}.json").read_text())
        assert isinstance(values, dict)
        return values

    def keep(self, name: str, **status: str) -> None:
        """Write a status as an earlier run of the host would."""
        (self.state / "timers" / f"{name}.json").write_text(json.dumps(status))


@pytest.fixture(scope="module")
def timers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Timers]:
    """Run the app above; `missed` and `unmonitored` were due while no host ran."""
    folder = tmp_path_factory.mktemp("timers")
    timers = Timers(folder)
    for name in ("missed", "unmonitored"):
        timers.keep(name, Last=_TWO_AGO, Next=_ONE_AGO, LastUpdated=_TWO_AGO)
    settings = {"OFTEN": "* * * * * *", "RESULTS": str(timers.results)}
    app = write_app(folder / "app", _APP)
    with HostProcess(app, environment=settings, arguments=["--state", str(timers.state)]):
        assert until(lambda: len(timers.noted("overlong")) >= 5)
        yield timers


def test_timer_fires_on_its_occurrences(timers: Timers) -> None:
    """A schedule given by a setting fires second after second, once in each."""
    seconds = [int(float(str(entry["at"]))) for entry in timers.noted("often")]

    assert len(seconds) >= 2
    assert sorted(set(seconds)) == seconds


def test_error_does_not_stop_the_schedule(timers: Timers) -> None:
    """A function that raises is run again at its next occurrence."""
    assert until(lambda: len(timers.noted("failing")) >= 2)


def test_timer_does_not_overlap_itself(timers: Timers) -> None:
    """An occurrence that falls into a run is left out."""
    steps = [entry["step"] for entry in timers.noted("overlong")[:4]]

    assert steps == [1, -1, 1, -1]


def test_missed_occurrence_fires_once_at_start(timers: Timers) -> None:
    """What was due while no host ran is made up for once, and says that it is past due."""
    (run,) = timers.noted("missed")

    assert run["past_due"] is True
    assert run["schedule_status"] == {"Last": _TWO_AGO, "Next": _ONE_AGO, "LastUpdated": _TWO_AGO}


def test_status_is_written_after_the_run(timers: Timers) -> None:
    """After the run the status holds its time and the next occurrence."""
    assert until(lambda: timers.status("missed")["Last"] != _TWO_AGO)
    ran_at = dt.datetime.fromisoformat(timers.status("missed")["Last"])

    assert timers.status("missed")["Next"] == f"{ran_at.year + 1}-01-01T03:00:00+00:00"


def test_unmonitored_timer_makes_up_for_nothing(timers: Timers) -> None:
    """With use_monitor=False nothing that was kept is looked at."""
    assert timers.noted("unmonitored") == []


def test_timer_of_every_second_is_not_monitored(timers: Timers) -> None:
    """More than one run a minute is not monitored unless asked for, so no status is kept."""
    assert not (timers.state / "timers" / "often.json").exists()


def test_run_on_startup_fires_at_start(timers: Timers) -> None:
    """A timer with run_on_startup runs at once, not past due, on its freshly kept status."""
    (run,) = timers.noted("at_start")

    assert run["past_due"] is False
    assert str(run["schedule_status"]).count("0001-01-01T00:00:00+00:00") == 1
