"""The product at work on this machine: connect four subscriptions, sync, read the evidence register.

`python -m local.demo` stops everything at the end; `--keep` leaves it running for work until Ctrl-C.
"""

import argparse
import signal
import socket
import sys
import tempfile
import time
from http import HTTPStatus
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from local import demo_tables as tables
from local.api_client import ENDED, ApiClient, Json
from local.stack import REPOSITORY, Stack

SUBSCRIPTIONS = ("specification", "production", "staging", "sandbox")
PREFERRED_PORT = 7071
_SYNC_WITHIN_S = 120


def main() -> int:
    """Run the demo; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    keep: bool = parser.parse_args().keep
    signal.signal(signal.SIGTERM, _interrupt)
    # Off a terminal a fixed width keeps the tables whole in a log.
    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    with tempfile.TemporaryDirectory() as scratch:
        state = REPOSITORY / ".local" / "dev" if keep else Path(scratch)
        state.mkdir(parents=True, exist_ok=True)
        try:
            _show(console, state, keep=keep)
        except KeyboardInterrupt:
            console.print("\nStopped.")
    return 0


def _show(console: Console, state: Path, *, keep: bool) -> None:
    began = time.monotonic()
    console.print("[bold]1/4 Starting[/] Azurite, the simulated Azure and the Functions host ...")
    with Stack("demo", state, arguments=("--port", str(_port() if keep else 0))) as stack:
        console.print(f"    The API is at {stack.host.base_url}/api, Azure is played by {stack.azure.url}.")
        _connect(console, stack)
        _sync(console, stack.api)
        _register(console, stack.api)
        console.print(tables.reach(stack, keep=keep))
        if keep:
            console.print("\nRunning. Press Ctrl-C to stop everything.")
            signal.pause()
    console.print(f"Everything is stopped. It took {time.monotonic() - began:.0f} seconds.")


def _connect(console: Console, stack: Stack) -> None:
    console.print(
        f"\n[bold]2/4 Connecting[/] {len(SUBSCRIPTIONS)} subscriptions with one service principal"
        " (POST /api/connections) ..."
    )
    request = {
        "name": "Demo",
        "auth": stack.connector(),
        "subscription_ids": [stack.subscription_id(name) for name in SUBSCRIPTIONS],
        "frequency": "hourly",
        "sync_now": False,
    }
    reply = stack.api.call("POST", "/connections", request)
    if reply.status != HTTPStatus.CREATED:
        raise SystemExit(f"Connecting failed with HTTP {reply.status}: {reply.body}")
    for table in tables.setup_checks(list(stack.api.items("/connections"))):
        console.print(table)


def _sync(console: Console, api: ApiClient) -> None:
    console.print("\n[bold]3/4 Syncing now[/] (POST /api/sync-runs) ...")
    started = api.call("POST", "/sync-runs").document["items"]
    runs = [run for run in started if isinstance(run, dict)] if isinstance(started, list) else []
    columns = (TextColumn("    {task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task(f"{len(runs)} subscriptions", total=1.0)
        deadline = time.monotonic() + _SYNC_WITHIN_S
        while not all(run["status"] in ENDED for run in runs):
            if time.monotonic() > deadline:
                raise SystemExit(f"The sync did not end within {_SYNC_WITHIN_S} seconds.")
            time.sleep(0.1)
            runs = [api.get(f"/connections/{run['connection_id']}/sync-runs/{run['id']}") for run in runs]
            progress.update(task, completed=sum(_done(run) for run in runs) / len(runs))
    console.print(tables.sync_runs(runs, list(api.items("/connections"))))


def _done(run: Json) -> float:
    """Tell how much of a run is done, 0 to 1, by its collectors."""
    collectors = run["collectors"]
    if run["status"] in ENDED or not isinstance(collectors, list) or not collectors:
        return float(run["status"] in ENDED)
    ended = [
        one for one in collectors if isinstance(one, dict) and one["status"] not in {"pending", "running"}
    ]
    return len(ended) / len(collectors)


def _register(console: Console, api: ApiClient) -> None:
    console.print("\n[bold]4/4 The evidence register[/] (GET /api/evidence)")
    connections = list(api.items("/connections"))
    evidence = list(api.items("/evidence"))
    console.print(tables.register(evidence, connections))
    for line in tables.gaps(evidence, connections):
        console.print(line)
    states = {
        str(framework["title"]): list(api.items(f"/frameworks/{framework['id']}/controls?limit=1000"))
        for framework in api.items("/frameworks")
    }
    console.print(tables.frameworks(states))
    failing = list(api.items("/findings?status=fail&limit=1000"))
    console.print(tables.findings(failing, connections))
    for connection in connections:
        chain = api.get(f"/connections/{connection['id']}/evidence/verify")
        if not chain["intact"]:
            raise SystemExit(f"The digest chain of {connection['subscription_name']} is broken.")
    console.print(f"The digest chains of all {len(connections)} connections are intact.")


def _port() -> int:
    """Give the port of the Functions tools, or 0 (a free one) if another program has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PREFERRED_PORT))
        except OSError:
            return 0
    return PREFERRED_PORT


def _interrupt(number: int, frame: object) -> None:
    """End on SIGTERM as on Ctrl-C, so that nothing is left running."""
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
