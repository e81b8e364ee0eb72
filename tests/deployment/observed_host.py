"""The local host, which at its end writes down where each module that it had loaded came from.

It is run by `python -S -P` with a PYTHONPATH of its own, so that neither the working copy nor its virtual
environment can be imported from: run by path, this file adds nothing.
"""

import json
import os
import runpy
import sys
from pathlib import Path

OBSERVED = "TEST_MODULES_FILE"
"""The environment variable that names the file to write."""


def origins() -> dict[str, str]:
    """Give the file of every loaded module that has one."""
    loaded = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    return {name: str(Path(file).resolve()) for name, file in loaded.items() if file}


if __name__ == "__main__":
    try:
        runpy.run_module("local.host", run_name="__main__", alter_sys=True)
    finally:
        Path(os.environ[OBSERVED]).write_text(json.dumps(origins()), encoding="utf-8")
