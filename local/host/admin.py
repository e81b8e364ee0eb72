"""Run a timer or queue function by hand, as the admin endpoint of the real host does."""

import asyncio
import json
from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from local.host.functions import AnyFunction, HttpFunction, QueueFunction, TimerFunction
from local.host.queue_messages import invocation_by_hand
from local.host.timers import timer_invocation
from local.host.worker import Invocation, Worker


class Admin:
    """Answer `POST /admin/functions/{name}` for every function that is not called by HTTP anyway.

    Source: learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http.

    Args:
        functions: All functions of the app.
        worker: Runs them.
    """

    def __init__(self, functions: Iterable[AnyFunction], worker: Worker) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._worker = worker
        self._running: set[asyncio.Task[object]] = set()

    async def run_until(self, stopping: asyncio.Event) -> None:
        """Wait for the stop, then for what still runs."""
        await stopping.wait()
        await asyncio.gather(*self._running)

    def run(self, name: str, body: bytes) -> web.Response:
        """Start a function and answer at once.

        Args:
            name: The function, in any case.
            body: `{"input": "..."}`; the input is the text of the message for a queue function.

        Returns:
            202, 404 for an unknown function, 400 for a body or a function that cannot be run so.
        """
        function = self._functions.get(name.lower())
        if function is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        text = _input(body)
        if text is None:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text='The body must be JSON: {"input": "..."}')
        if isinstance(function, HttpFunction):
            return web.Response(status=HTTPStatus.BAD_REQUEST, text="Call an HTTP function by its route.")
        task = asyncio.create_task(self._worker.invoke(_invocation(function, text)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return web.Response(status=HTTPStatus.ACCEPTED)


def _input(body: bytes) -> str | None:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return None
    text = document.get("input", "") if isinstance(document, dict) else None
    return text if isinstance(text, str) else None


def _invocation(function: TimerFunction | QueueFunction, text: str) -> Invocation:
    if isinstance(function, TimerFunction):
        return timer_invocation(function, status=None, past_due=False, reason="run by hand")
    return invocation_by_hand(function, text)
