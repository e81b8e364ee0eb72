"""What starting the app costs: importing function_app, against importing only the libraries it must have."""

import re
from statistics import median

from benchmarks.children import run_child
from benchmarks.figures import Figure

LIMIT = 1.3
FLOOR = ("azure.functions", "azure.identity.aio", "azure.data.tables.aio", "azure.keyvault.secrets.aio")
APP = ("function_app",)
SETTINGS = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "KEY_VAULT_URL": "https://example.vault.azure.net",
}
_TIMED = """
import json, time
began = time.perf_counter()
import {modules}
print(json.dumps({{"seconds": time.perf_counter() - began}}))
"""
_LISTED = """
import json, sys
import {modules}
print(json.dumps({{"modules": " ".join(sys.modules)}}))
"""
_TIMES = """
import json, subprocess, sys
program = [sys.executable, "-X", "importtime", "-c", "import {modules}"]
ran = subprocess.run(program, capture_output=True, check=True, text=True)
print(json.dumps({{"times": ran.stderr}}))
"""
_MEASURED = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \| +(\S+)$", re.MULTILINE)
_SHOWN = 10


def measure(times: int, *, judged: bool) -> tuple[Figure, Figure]:
    """Import both in turn in fresh processes, after one of each that compiles; gives floor and app."""
    floor, app = [], []
    for _ in range(times + 1):
        floor.append(_seconds(FLOOR))
        app.append(_seconds(APP))
    floor_s, app_s = median(floor[1:]), median(app[1:])
    return (
        Figure("importing the Azure libraries", f"{floor_s:.3f} s"),
        Figure("importing function_app", f"{app_s:.3f} s", app_s / floor_s, LIMIT, judged=judged),
    )


def largest_extras() -> list[str]:
    """Name what function_app imports beyond the floor, the largest first, each with its own time."""
    known = set(str(_child(_LISTED, FLOOR)["modules"]).split())
    printed = str(_child(_TIMES, APP)["times"])
    own = {name: int(microseconds) for microseconds, _, name in _MEASURED.findall(printed)}
    extra = sorted((item for item in own.items() if item[0] not in known), key=lambda item: -item[1])
    return [f"{microseconds / 1000:.1f} ms {name}" for name, microseconds in extra[:_SHOWN]]


def _seconds(modules: tuple[str, ...]) -> float:
    return float(_child(_TIMED, modules)["seconds"])


def _child(program: str, modules: tuple[str, ...]) -> dict[str, float | int | str]:
    source = program.format(modules=", ".join(modules))
    return run_child("-c", source, order={}, environment=SETTINGS)
