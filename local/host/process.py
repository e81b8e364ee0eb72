"""One run of the host: load the app, listen, run its functions, stop cleanly."""

import asyncio
import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from aiohttp import web

from local.host.admin import Admin
from local.host.command_line import Options
from local.host.configuration import HostConfiguration
from local.host.errors import StartRefusedError
from local.host.functions import AnyFunction, HttpFunction, QueueFunction, TimerFunction, read_functions
from local.host.http_front import HttpFront
from local.host.queues import QueueListener
from local.host.timers import TimerListener
from local.host.worker import Worker, load_app

_ADDRESS = "127.0.0.1"
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_STOP_WITHIN_S = 10.0
_LONGEST_LINE = 1024 * 1024
_THREADS_END_WITHIN_S = 0.5

_log = logging.getLogger("local.host")


class Listener(Protocol):
    """What triggers functions until the host stops."""

    async def run_until(self, stopping: asyncio.Event) -> None:
        """Trigger functions until the event is set, then finish those that run."""


def run(options: Options, configuration: HostConfiguration) -> None:
    """Run the host until it is told to stop.

    Args:
        options: The command line.
        configuration: host.json.

    Raises:
        StartRefusedError: The app cannot run, or the port is taken.
    """
    asyncio.run(_serve(options, configuration))


async def _serve(options: Options, configuration: HostConfiguration) -> None:
    threads = ThreadPoolExecutor()
    asyncio.get_running_loop().set_default_executor(threads)
    worker, listed = await load_app(options.app, timeout_s=configuration.function_timeout_s)
    functions = read_functions(listed, os.environ, route_prefix=configuration.route_prefix)
    admin = Admin(functions, worker)
    listeners: list[Listener] = [admin, *_listeners(functions, worker, options, configuration)]
    key = options.key or secrets.token_urlsafe(32)
    http = [function for function in functions if isinstance(function, HttpFunction)]
    front = HttpFront(http, worker, key=key, admin=admin, headers=configuration.headers)
    runner, port = await _listen(front, options.port)
    # Who waits for the announcement may stop the host at once after it.
    stopping = _stop_event()
    _announce(functions, port=port, key=None if options.key else key)
    try:
        await _run_listeners(listeners, runner, stopping)
    finally:
        worker.release_threads()
        threads.shutdown(wait=False, cancel_futures=True)
    _ignore_further_signals()
    _leave_stuck_threads()


def _listeners(
    functions: Iterable[AnyFunction], worker: Worker, options: Options, configuration: HostConfiguration
) -> list[Listener]:
    listeners: list[Listener] = []
    for function in functions:
        if isinstance(function, TimerFunction):
            listeners.append(TimerListener(function, worker, state=options.state))
        elif isinstance(function, QueueFunction):
            listeners.append(
                QueueListener(function, worker, configuration.queues, lease_s=options.queue_lease_s)
            )
    return listeners


async def _listen(front: HttpFront, port: int) -> tuple[web.AppRunner, int]:
    # aiohttp waits this long twice, before and after it stops reading, and only then cancels a handler.
    runner = web.AppRunner(
        front.application(),
        access_log=None,
        shutdown_timeout=_STOP_WITHIN_S / 2,
        max_line_size=_LONGEST_LINE,  # the front refuses what the real host refuses
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, _ADDRESS, port).start()
    except OSError as error:
        await runner.cleanup()
        message = f"Port {port} cannot be listened on ({error.strerror}); choose another with --port."
        raise StartRefusedError(message) from error
    return runner, int(runner.addresses[0][1])


def _announce(functions: Sequence[AnyFunction], *, port: int, key: str | None) -> None:
    base = f"http://{_ADDRESS}:{port}"
    lines = ["Functions:", *(f"  {function.name}: {_trigger(function, base)}" for function in functions)]
    if key:
        lines.append(f"Function key (x-functions-key), for this run only: {key}")
    lines.append(f"Listening on {base}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _trigger(function: AnyFunction, base: str) -> str:
    match function:
        case HttpFunction():
            methods = ",".join(sorted(function.methods)) or "any method"
            return f"[{methods}] {base}/{function.route.template} ({function.level})"
        case TimerFunction():
            return f"timer {function.schedule.text}"
        case QueueFunction():
            return f"queue {function.queue_name}"


def _stop_event() -> asyncio.Event:
    stopping = asyncio.Event()
    for number in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


def _ignore_further_signals() -> None:
    """Let no second signal cut the end short: closing the loop would give it back its deadly default."""
    for number in _STOP_SIGNALS:
        asyncio.get_running_loop().remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)


async def _run_listeners(
    listeners: Iterable[Listener], runner: web.AppRunner, stopping: asyncio.Event
) -> None:
    tasks = {asyncio.create_task(listener.run_until(stopping)) for listener in listeners}
    stopped = asyncio.create_task(stopping.wait())
    # A listener ends before the stop only by a fault of this host.
    await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    stopping.set()
    _log.info("Stopping; running invocations have %g s to end", _STOP_WITHIN_S)
    _, (_, late) = await asyncio.gather(runner.cleanup(), asyncio.wait(tasks, timeout=_STOP_WITHIN_S))
    for task in late:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    faults = [result for result in results if isinstance(result, Exception)]
    if faults:
        raise faults[0]


def _leave_stuck_threads() -> None:
    """End the process when a synchronous function still runs: a thread cannot be stopped, only left."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(_THREADS_END_WITHIN_S)
            if thread.is_alive():
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(0)
