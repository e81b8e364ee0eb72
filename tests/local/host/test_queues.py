"""Queue functions get each message with lease, renewal, retries and a poison queue, as in the real host."""

import json
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from local.azurite import Azurite
from local.host.launch import HostProcess
from tests.local.host.calls import until, write_app

_APP = """
import asyncio, json, os, time

app = func.FunctionApp()
RESULTS = os.environ["RESULTS"]

def note(queue, **values):
    with open(os.path.join(RESULTS, queue), "a") as file:
        file.write(json.dumps({"at": time.time(), **values}) + "\\n")

def on(name):
    return app.queue_trigger(arg_name="msg", queue_name=name, connection="AzureWebJobsStorage")

@on("%GOOD_QUEUE%")
def good(msg: func.QueueMessage) -> None:
    note("good", id=msg.id, body=msg.get_body().decode(), attempt=msg.dequeue_count,
         inserted=msg.insertion_time.isoformat(), expires=msg.expiration_time.isoformat())

@on("failing")
async def failing(msg: func.QueueMessage) -> None:
    note("failing", attempt=msg.dequeue_count)
    raise ValueError("never works")

@on("odd")
async def odd(msg: func.QueueMessage) -> None:
    note("odd", body=repr(msg.get_body()))

@on("late-poison")
async def late_poison(msg: func.QueueMessage) -> None:
    note("late-poison", attempt=msg.dequeue_count)
    raise ValueError("a poison handler that fails")

@on("long")
async def long(msg: func.QueueMessage) -> None:
    note("long", attempt=msg.dequeue_count)
    await asyncio.sleep(4.5)
    note("long-ended")

@on("tired")
def tired(msg: func.QueueMessage) -> None:
    note("tired")

@on("many")
async def many(msg: func.QueueMessage) -> None:
    note("many", step=1)
    await asyncio.sleep(0.3)
    note("many", step=-1)
"""
_QUEUES = {
    "batchSize": 2,
    "newBatchThreshold": 1,
    "maxDequeueCount": 3,
    "visibilityTimeout": "00:00:01",
    "maxPollingInterval": "00:00:00.2",
}
_LEASE_S = 2


class Queues:
    """Queues of one account, and what the functions above noted."""

    def __init__(self, azurite: Azurite, results: Path) -> None:
        self._connection_string = azurite.connection_string
        self.results = results

    def client(self, name: str) -> QueueClient:
        """Give a client that sends and reads texts as they are."""
        return QueueClient.from_connection_string(self._connection_string, name)

    def send(self, name: str, *bodies: str) -> None:
        """Send messages as the SDK would for a base64 queue."""
        encode = TextBase64EncodePolicy()
        client = QueueClient.from_connection_string(
            self._connection_string, name, message_encode_policy=encode
        )
        with client:
            for body in bodies:
                client.send_message(body)

    def length(self, name: str) -> int:
        """Count the messages of a queue, hidden ones too."""
        try:
            with self.client(name) as client:
                return client.get_queue_properties().approximate_message_count or 0
        except ResourceNotFoundError:
            return 0

    def noted(self, name: str) -> list[dict[str, object]]:
        """Give what was noted so far."""
        path = self.results / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def poison(self, name: str) -> Sequence[str]:
        """Wait for a message in a poison queue and give the texts there."""
        assert until(lambda: self.length(f"{name}-poison") > 0)
        with self.client(f"{name}-poison") as client:
            return [message.content for message in client.peek_messages(max_messages=32)]


@pytest.fixture(scope="module")
def queues(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queues]:
    """Run the app above on queues of which one holds a message that was already tried too often."""
    queues = Queues(azurite, tmp_path_factory.mktemp("results"))
    for name in ("failing", "odd", "late-poison", "long", "many", "tired"):
        with queues.client(name) as client:
            client.create_queue()
    _tire_out(queues)
    host_json = json.dumps({"version": "2.0", "extensions": {"queues": _QUEUES}})
    app = write_app(tmp_path_factory.mktemp("app"), _APP, host_json=host_json)
    settings = {
        "AzureWebJobsStorage": azurite.connection_string,
        "GOOD_QUEUE": "good",
        "RESULTS": str(queues.results),
    }
    with HostProcess(app, environment=settings, arguments=["--queue-lease-s", str(_LEASE_S)]):
        yield queues


def _tire_out(queues: Queues) -> None:
    queues.send("tired", "hello")
    with queues.client("tired") as client:
        for _ in range(4):
            message = client.receive_message()
            assert message is not None
            client.update_message(message, visibility_timeout=0)


def test_message_reaches_its_function_with_its_metadata(queues: Queues) -> None:
    """Body, attempt and times are those of the queue, which may appear late and be named by a setting."""
    with queues.client("good") as client:
        client.create_queue()
    queues.send("good", "hello")

    assert until(lambda: len(queues.noted("good")) == 1)
    (seen,) = queues.noted("good")
    assert (seen["body"], seen["attempt"]) == ("hello", 1)
    assert str(seen["inserted"]) < str(seen["expires"])
    assert until(lambda: queues.length("good") == 0)


def test_failing_message_is_retried_then_poisoned(queues: Queues) -> None:
    """It is tried maxDequeueCount times, visibilityTimeout apart, then moved on as it was."""
    queues.send("failing", "hello")

    assert queues.poison("failing") == ["aGVsbG8="]
    noted = queues.noted("failing")
    assert [entry["attempt"] for entry in noted] == [1, 2, 3]
    assert float(str(noted[1]["at"])) - float(str(noted[0]["at"])) >= 1
    assert until(lambda: queues.length("failing") == 0)


def test_message_tried_too_often_before_is_poisoned_at_once(queues: Queues) -> None:
    """A message above maxDequeueCount moves on without its function being run."""
    assert queues.poison("tired") == ["aGVsbG8="]
    assert queues.noted("tired") == []
    assert until(lambda: queues.length("tired") == 0)


def test_undecodable_message_is_poisoned_and_binary_one_is_not(queues: Queues) -> None:
    """What is no base64 moves on as it was; bytes that are no text are a message like any other."""
    with queues.client("odd") as client:
        client.send_message("no base64!")
        client.send_message("//8=")

    assert queues.poison("odd") == ["no base64!"]
    assert until(lambda: queues.noted("odd") != [])
    assert [entry["body"] for entry in queues.noted("odd")] == [repr(b"\xff\xff")]


def test_failing_poison_handler_leaves_the_message_hidden(queues: Queues) -> None:
    """A poison queue has none of its own: the message comes back when its lease ends, not sooner."""
    queues.send("late-poison", "hello")

    assert until(lambda: len(queues.noted("late-poison")) == 2)
    first, second = (float(str(entry["at"])) for entry in queues.noted("late-poison"))
    assert second - first >= _LEASE_S - 0.5
    assert queues.length("late-poison-poison") == 0


def test_long_message_keeps_its_lease(queues: Queues) -> None:
    """A function of 4.5 s on a lease of 2 s runs once: the lease is renewed meanwhile."""
    queues.send("long", "hello")

    assert until(lambda: queues.noted("long-ended") != [])
    assert until(lambda: queues.length("long") == 0)
    assert len(queues.noted("long")) == 1


def test_parallel_messages_are_limited(queues: Queues) -> None:
    """At most batchSize + newBatchThreshold messages run at once, and all do run."""
    queues.send("many", *map(str, range(10)))

    assert until(lambda: len(queues.noted("many")) == 20)
    running = list(accumulate(int(str(entry["step"])) for entry in queues.noted("many")))
    assert 1 < max(running) <= 3
