"""Runs the simulated Azure until it is told to stop: `python -m local.azure --profile demo`."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from local.azure.profiles import Profile
from local.azure.server import SimulatedAzure


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m local.azure", description=__doc__)
    parser.add_argument("--port", type=int, default=8443, help="0 takes a free one")
    parser.add_argument("--profile", choices=[profile.value for profile in Profile], default="small")
    parser.add_argument("--state", type=Path, default=Path(".local/azure"), help="where its files go")
    parser.add_argument("--assessments", type=int, default=10_000, help="how many, in profile large")
    parser.add_argument("--copies", type=int, default=0, help="resources of each list-only type, likewise")
    parser.add_argument("--seed", type=int, default=1, help="for ids and statuses")
    return parser.parse_args()


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    azure = SimulatedAzure(
        options.profile,
        port=options.port,
        state=options.state.absolute(),
        assessments=options.assessments,
        copies=options.copies,
        seed=options.seed,
    )
    async with azure:
        sys.stdout.write(f"Listening on {azure.url}\n")
        sys.stdout.flush()
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(run(arguments()))
