"""Queue functions: work on a planned run, and end one whose attempts are spent."""

from collections.abc import Callable
from typing import Protocol

import azure.functions as func
import msgspec

from pipeline import event_log
from pipeline.events import PoisonMessageNotUnderstood
from pipeline.stores.run_queue import POISON_QUEUE, QUEUE, RunMessage

_new_blueprint: Callable[[], func.Blueprint] = func.Blueprint  # whose constructor is not annotated
_STORAGE = "AzureWebJobsStorage"


class Worker(Protocol):
    """Works on runs."""

    async def run(self, message: RunMessage) -> None:
        """Make an attempt at a run; raises to have it tried again."""
        ...

    async def give_up(self, message: RunMessage) -> None:
        """End a run whose attempts are spent."""
        ...


def blueprint(worker: Worker) -> func.Blueprint:
    """Make the queue functions."""
    bp = _new_blueprint()

    @bp.queue_trigger(arg_name="message", queue_name=QUEUE, connection=_STORAGE)
    async def run_sync(message: func.QueueMessage) -> None:
        await worker.run(msgspec.json.decode(message.get_body(), type=RunMessage))

    @bp.queue_trigger(arg_name="message", queue_name=POISON_QUEUE, connection=_STORAGE)
    async def give_up_sync(message: func.QueueMessage) -> None:
        try:
            spent = msgspec.json.decode(message.get_body(), type=RunMessage)
        except msgspec.MsgspecError:
            # It names no run to end, and raising would only bring it back: poison has no poison queue.
            event_log.exception(PoisonMessageNotUnderstood())
            return
        await worker.give_up(spent)

    return bp
