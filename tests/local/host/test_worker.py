"""An app that would have no functions in Azure does not start here either, and says why."""

from pathlib import Path

import pytest

from local.host.launch import HostProcess, HostStartError
from tests.local.host.calls import write_app

_HTTP = "app = func.FunctionApp()\n@app.route(route='x')\n"
_TIMER = "app = func.FunctionApp()\n@app.timer_trigger(arg_name='clock', schedule='0 0 * * * *')\n"
_QUEUE = "app = func.FunctionApp()\n@app.queue_trigger(arg_name='msg', queue_name='jobs', connection='C')\n"
_OUTPUT = "@app.queue_output(arg_name='out', queue_name='more', connection='C')\n"

# What get_functions() of azure-functions accepts and the worker library does not.
_FAULTY = {
    "output of list[str]": (
        _HTTP + _OUTPUT + "def f(req: func.HttpRequest, out: func.Out[list[str]]) -> str: ...",
        "cannot load the f function",
    ),
    "trigger parameter missing": (_TIMER + "def f() -> None: ...", "cannot load the f function"),
    "parameter too many": (
        _TIMER + "def f(clock: func.TimerRequest, other: str) -> None: ...",
        "cannot load the f function",
    ),
    "parameter with a default": (
        _TIMER + "def f(clock: func.TimerRequest, now=None) -> None: ...",
        "cannot load the f function",
    ),
    "wrong annotation": (
        _HTTP + "def f(req: func.TimerRequest) -> str: ...",
        "do not match the corresponding function parameter's Python type",
    ),
    "output that is no Out": (
        _HTTP + _OUTPUT + "def f(req: func.HttpRequest, out: str) -> str: ...",
        "cannot load the f function",
    ),
    "wrong context": (
        _HTTP + "def f(req: func.HttpRequest, context: str) -> str: ...",
        'the "context" parameter is expected',
    ),
    "answer of dict": (_HTTP + "def f(req: func.HttpRequest) -> dict: ...", "cannot load the f function"),
    "optional answer": (
        "from typing import Optional\n"
        + _HTTP
        + "def f(req: func.HttpRequest) -> Optional[func.HttpResponse]: ...",
        "cannot load the f function",
    ),
    "answer or none": (
        _HTTP + "def f(req: func.HttpRequest) -> func.HttpResponse | None: ...",
        "cannot load the f function",
    ),
    "message as dict": (
        _QUEUE + "def f(msg: dict) -> None: ...",
        "do not match the corresponding function parameter's Python type",
    ),
    "two apps": (
        _HTTP + "def f(req: func.HttpRequest) -> str: ...\nother = func.FunctionApp()",
        "More than one FunctionApp",
    ),
}

_BROKEN = {
    "no app": ("x = 1", "Could not find top level function app instances"),
    "no functions": ("app = func.FunctionApp()", "No functions were found"),
    "missing module": ("import no_such_module", "No module named 'no_such_module'"),
    "error at import": (
        "raise ValueError('a setting is wrong')",
        "ValueError: a setting is wrong (function_app.py, line 2)",
    ),
    "exit at import": ("import sys; sys.exit('bye')", "ended the process while it was imported: bye"),
}


@pytest.mark.parametrize(("code", "message"), (_FAULTY | _BROKEN).values(), ids=_FAULTY | _BROKEN)
def test_app_without_functions_in_azure_does_not_start(tmp_path: Path, code: str, message: str) -> None:
    """The exit code is 1, and the one message holds the worker library's own text."""
    with pytest.raises(HostStartError) as refused:
        HostProcess(write_app(tmp_path, code))

    assert refused.value.exit_code == 1
    assert message in refused.value.output
    assert "Traceback" not in refused.value.output


def test_folder_without_an_app_does_not_start(tmp_path: Path) -> None:
    """A wrong folder is named, not served as an app without functions."""
    with pytest.raises(HostStartError, match=r"holds no function_app\.py"):
        HostProcess(tmp_path)
