"""The worker library that Azure runs, driven in this process: load an app, invoke its functions."""

import asyncio
import importlib
import logging
import re
import sys
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Protocol, cast

from local.host import worker_messages
from local.host.errors import StartRefusedError
from local.host.logs import set_up_logs
from local.host.worker_messages import (
    FunctionMetadataResponse,
    InvocationResponse,
    ParameterBinding,
    RpcException,
    RpcFunctionMetadata,
    StatusResult,
    TypedData,
    WorkerInitResponse,
)

_log = logging.getLogger("local.host")


class WorkerLibrary(Protocol):
    """What this host uses of `azure_functions_runtime`, which carries no type information of its own."""

    invocation_id_cv: ContextVar[str | None]

    def start_threadpool_executor(self) -> None:
        """Make the threads that synchronous functions run on."""

    def get_threadpool_executor(self) -> ThreadPoolExecutor | None:
        """Give those threads."""

    async def worker_init_request(self, request: object) -> WorkerInitResponse:
        """Import and index the app."""

    async def functions_metadata_request(self, request: object) -> FunctionMetadataResponse:
        """List its functions."""

    async def invocation_request(self, request: object) -> InvocationResponse:
        """Run one function once."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """Name a function and what it is called with."""

    function_name: str
    function_id: str
    parameter: str
    data: TypedData
    trigger_metadata: Mapping[str, TypedData] = field(default_factory=dict)
    trace_parent: str = ""
    reason: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Say how an invocation ended; `value` is what the function returned."""

    succeeded: bool
    value: TypedData | None = None


class Worker:
    """Run the functions of one app; the library holds its state in modules, so one app per process."""

    def __init__(self, library: WorkerLibrary, *, timeout_s: float | None) -> None:
        self._library = library
        self._timeout_s = timeout_s

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one function once and log how it went.

        Args:
            invocation: The function and its input.

        Returns:
            The outcome; an error of the function is logged and never raised.
        """
        invocation_id = str(uuid.uuid4())
        token = self._library.invocation_id_cv.set(invocation_id)
        started = time.perf_counter()
        _log.info("Executing %s (%s)", invocation.function_name, invocation.reason)
        try:
            answer = await self._answer(invocation, invocation_id)
            return _outcome(invocation, answer, duration_ms=(time.perf_counter() - started) * 1000)
        finally:
            self._library.invocation_id_cv.reset(token)

    def release_threads(self) -> None:
        """Let idle threads of synchronous functions end."""
        executor = self._library.get_threadpool_executor()
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)

    async def _answer(self, invocation: Invocation, invocation_id: str) -> InvocationResponse:
        task = asyncio.current_task()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._library.invocation_request(_invocation_request(invocation, invocation_id))
        except TimeoutError:
            return _failure(invocation_id, f"Timeout value of {self._timeout_s:g} s was exceeded.")
        except asyncio.CancelledError:
            if task is not None and task.cancelling():
                _log.warning("Cancelled %s while it ran", invocation.function_name)
                raise
            return _failure(invocation_id, "The function raised CancelledError.")
        except BaseException as error:  # noqa: BLE001 - sys.exit() in a function must not end the host
            return _failure(invocation_id, f"The function raised {type(error).__name__}: {error}")


async def load_app(app: Path, *, timeout_s: float | None) -> tuple[Worker, list[RpcFunctionMetadata]]:
    """Import function_app.py of a folder and have the worker library index it.

    Args:
        app: The folder; it becomes the first place that imports are looked up in.
        timeout_s: How long one invocation may take; None for ever.

    Returns:
        The worker and its functions, at least one.

    Raises:
        StartRefusedError: In Azure this app would have no functions.
    """
    sys.path.insert(0, str(app))
    library = cast("WorkerLibrary", importlib.import_module("azure_functions_runtime"))
    set_up_logs(library.invocation_id_cv)
    library.start_threadpool_executor()
    # While it indexes it logs what it also answers, traceback included; the answer is told below, once.
    logging.getLogger("azure.functions").setLevel(logging.CRITICAL)
    init = SimpleNamespace(capabilities={}, function_app_directory=str(app))
    result = await _initialise(library, init, app)
    if result.status != StatusResult.Success:
        raise StartRefusedError(_index_problem(app, result.exception))
    logging.getLogger("azure.functions").setLevel(logging.WARNING)
    listing = await library.functions_metadata_request(SimpleNamespace())
    if not listing.function_metadata_results:
        message = f"No functions were found: {app} holds no function_app.py, or one that registers nothing."
        raise StartRefusedError(message)
    return Worker(library, timeout_s=timeout_s), listing.function_metadata_results


async def _initialise(library: WorkerLibrary, init: SimpleNamespace, app: Path) -> StatusResult:
    request = SimpleNamespace(
        request=SimpleNamespace(worker_init_request=init),
        properties={"host": "127.0.0.1", "protos": worker_messages},
    )
    try:
        return (await library.worker_init_request(request)).result
    except SystemExit as error:
        message = f"function_app.py in {app} ended the process while it was imported: {error}."
        raise StartRefusedError(message) from error


def _index_problem(app: Path, exception: RpcException | None) -> str:
    if exception is None:
        return f"The app in {app} cannot be loaded."
    frames = re.findall(rf'File "{re.escape(str(app))}/([^"]+)", line (\d+)', exception.stack_trace)
    place = f" ({frames[-1][0]}, line {frames[-1][1]})" if frames else ""
    return f"The app in {app} cannot be loaded: {exception.message.strip()}{place}"


def _invocation_request(invocation: Invocation, invocation_id: str) -> SimpleNamespace:
    trace_parent = invocation.trace_parent or f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-00"
    request = SimpleNamespace(
        invocation_id=invocation_id,
        function_id=invocation.function_id,
        input_data=[ParameterBinding(invocation.parameter, invocation.data)],
        trigger_metadata=dict(invocation.trigger_metadata),
        trace_context=SimpleNamespace(trace_parent=trace_parent, trace_state="", attributes={}),
        retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
    )
    return SimpleNamespace(request=SimpleNamespace(invocation_request=request))


def _failure(invocation_id: str, problem: str) -> InvocationResponse:
    exception = RpcException(message=problem, stack_trace="")
    return InvocationResponse(
        invocation_id=invocation_id, result=StatusResult(status=StatusResult.Failure, exception=exception)
    )


def _outcome(invocation: Invocation, answer: InvocationResponse, *, duration_ms: float) -> Outcome:
    name, problem = invocation.function_name, answer.result.exception
    if answer.result.status == StatusResult.Success:
        _log.info("Executed %s (succeeded, %.0f ms)", name, duration_ms)
        return Outcome(succeeded=True, value=answer.return_value)
    detail = f"{problem.message}\n{problem.stack_trace}".strip() if problem else "no reason given"
    _log.error("Executed %s (failed, %.0f ms): %s", name, duration_ms, detail)
    return Outcome(succeeded=False)
