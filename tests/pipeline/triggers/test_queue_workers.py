"""The queue functions: messages in, runs worked on or given up."""

import azure.functions as func
import msgspec
import pytest

from pipeline.stores.run_queue import POISON_QUEUE, QUEUE, RunMessage
from pipeline.triggers.queue_workers import blueprint

MESSAGE = RunMessage(connection_id="c", sync_run_id="r")


class Worker:
    """Notes what it is asked for, and may fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.ran: list[RunMessage] = []
        self.given_up: list[RunMessage] = []

    async def run(self, message: RunMessage) -> None:
        """Work."""
        self.ran.append(message)
        if self.error is not None:
            raise self.error

    async def give_up(self, message: RunMessage) -> None:
        """End."""
        self.given_up.append(message)


def functions(worker: Worker) -> dict[str, func.Function]:
    """Give the functions by name."""
    app = func.FunctionApp()
    app.register_functions(blueprint(worker))
    return {str(one.get_function_name()): one for one in app.get_functions()}


def trigger_of(function: func.Function) -> dict[str, object]:
    """Give the options of a function's trigger."""
    trigger = function.get_trigger()
    assert trigger is not None
    options: dict[str, object] = trigger.get_dict_repr()
    return options


def delivery(body: bytes) -> func.QueueMessage:
    """Give a message as it is delivered."""
    return func.QueueMessage(body=body)


def test_they_listen_to_the_queues_that_are_written_to() -> None:
    """On the host's storage."""
    triggers = {name: trigger_of(one) for name, one in functions(Worker()).items()}
    found = {name: (one["queueName"], one["connection"]) for name, one in triggers.items()}

    assert found == {
        "run_sync": (QUEUE, "AzureWebJobsStorage"),
        "give_up_sync": (POISON_QUEUE, "AzureWebJobsStorage"),
    }


async def test_a_message_is_worked_on() -> None:
    """As the queue's sender wrote it."""
    worker = Worker()
    await functions(worker)["run_sync"].get_user_function()(delivery(msgspec.json.encode(MESSAGE)))

    assert worker.ran == [MESSAGE]


async def test_a_failure_goes_up_so_that_the_queue_tries_again() -> None:
    """Nothing is swallowed."""
    run = functions(Worker(ConnectionError()))["run_sync"].get_user_function()
    with pytest.raises(ConnectionError):
        await run(delivery(msgspec.json.encode(MESSAGE)))


@pytest.mark.parametrize("body", [b"", b"x", b"{}", b'{"connection_id":"c","sync_run_id":"r","more":1}'])
async def test_what_is_no_message_goes_to_poison_and_ends_there(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The worker is not asked; poison notes it and does not bring it back for ever."""
    worker = Worker()
    both = functions(worker)
    with pytest.raises(msgspec.MsgspecError):
        await both["run_sync"].get_user_function()(delivery(body))
    await both["give_up_sync"].get_user_function()(delivery(body))

    assert (worker.ran, worker.given_up) == ([], [])
    assert "poison_message_not_understood" in caplog.text


async def test_a_spent_message_ends_its_run() -> None:
    """After the last delivery."""
    worker = Worker()
    await functions(worker)["give_up_sync"].get_user_function()(delivery(msgspec.json.encode(MESSAGE)))

    assert worker.given_up == [MESSAGE]
