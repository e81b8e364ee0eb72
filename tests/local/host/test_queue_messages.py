"""Queue messages are decoded as host.json says, and carry the metadata that the real host gives."""

import datetime as dt

import pytest
from azure.storage.queue import QueueMessage

from local.host.functions import QueueFunction
from local.host.queue_messages import UndecodableMessageError, decode, invocation_for

_FUNCTION = QueueFunction(
    name="work", function_id="1", parameter="msg", queue_name="jobs", connection_string=""
)


def _message(text: str) -> QueueMessage:
    message = QueueMessage(content=text)
    message.id, message.pop_receipt, message.dequeue_count = "an id", "a receipt", 2
    message.inserted_on = message.expires_on = message.next_visible_on = dt.datetime(
        2026, 3, 1, tzinfo=dt.UTC
    )
    return message


def _metadata(body: str) -> dict[str, object]:
    invocation = invocation_for(_FUNCTION, _message(""), body.encode())
    return {name: value.value for name, value in invocation.trigger_metadata.items()}


def test_base64_is_decoded() -> None:
    """The default encoding of the queue extension is base64."""
    assert decode(_message("aGVsbG8="), "base64") == b"hello"


def test_text_may_be_taken_as_it_is() -> None:
    """With messageEncoding none a text is its own body."""
    assert decode(_message("aGVsbG8="), "none") == b"aGVsbG8="


@pytest.mark.parametrize("text", ["hello!", "aGVsbG8", "é"])
def test_what_is_no_base64_is_told(text: str) -> None:
    """A text in another encoding is no empty body."""
    with pytest.raises(UndecodableMessageError):
        decode(_message(text), "base64")


def test_metadata_is_that_of_the_message() -> None:
    """Numbers go as JSON, times in the form that the worker library reads."""
    moment = "2026-03-01T00:00:00+00:00"

    assert _metadata("hello") == {
        "QueueTrigger": "hello",
        "Id": "an id",
        "DequeueCount": "2",
        "InsertionTime": moment,
        "ExpirationTime": moment,
        "NextVisibleTime": moment,
        "PopReceipt": "a receipt",
    }


@pytest.mark.parametrize("body", ["[1]", "7", '"id"', "{"])
def test_other_json_overrides_nothing(body: str) -> None:
    """Only the keys of an object replace metadata."""
    assert _metadata(body)["Id"] == "an id"


def test_keys_of_an_object_override_metadata() -> None:
    """A key replaces metadata of its name in any case; an unknown one is added."""
    metadata = _metadata('{"iD": "own", "dequeuecount": {"a": 1}, "more": null}')

    assert (metadata["Id"], metadata["DequeueCount"], metadata["more"]) == ("own", '{"a": 1}', "null")
