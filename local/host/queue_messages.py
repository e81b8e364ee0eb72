"""Queue messages in the form that the worker library speaks."""

import base64
import binascii
import datetime as dt
import json
import uuid
from collections.abc import Mapping
from typing import Literal

from azure.storage.queue import QueueMessage

from local.host.functions import QueueFunction
from local.host.worker import Invocation
from local.host.worker_messages import TypedData


class UndecodableMessageError(Exception):
    """Say that the text of a message is not in the encoding that host.json names."""


def decode(message: QueueMessage, encoding: Literal["base64", "none"]) -> bytes:
    """Give the body of a message as it was before it was put into the queue.

    Args:
        message: As read from the queue.
        encoding: `messageEncoding` of host.json.

    Raises:
        UndecodableMessageError: It is no base64 although it should be.
    """
    text = str(message.content or "")
    if encoding == "none":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UndecodableMessageError(message.id) from error


def invocation_for(function: QueueFunction, message: QueueMessage, body: bytes) -> Invocation:
    """Give the call of a queue function for a message.

    Args:
        function: The function.
        message: The message.
        body: Its decoded body.
    """
    metadata = {
        "Id": str(message.id),
        "DequeueCount": message.dequeue_count or 0,
        "InsertionTime": _moment(message.inserted_on),
        "ExpirationTime": _moment(message.expires_on),
        "NextVisibleTime": _moment(message.next_visible_on),
        "PopReceipt": str(message.pop_receipt),
    }
    return _invocation(
        function, body, metadata, reason=f"message {message.id}, attempt {message.dequeue_count}"
    )


def invocation_by_hand(function: QueueFunction, text: str) -> Invocation:
    """Give the call of a queue function for a text that was never in a queue.

    Args:
        function: The function.
        text: The body of the message.
    """
    now = _moment(dt.datetime.now(dt.UTC))
    times = dict.fromkeys(("InsertionTime", "ExpirationTime", "NextVisibleTime"), now)
    metadata = {"Id": str(uuid.uuid4()), "DequeueCount": 1, "PopReceipt": "", **times}
    return _invocation(function, text.encode(), metadata, reason="run by hand")


def _invocation(
    function: QueueFunction, body: bytes, metadata: Mapping[str, object], *, reason: str
) -> Invocation:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        data, values = TypedData(bytes=body), dict(metadata)
    else:
        data, values = TypedData(string=text), _overridden({"QueueTrigger": text, **metadata}, text)
    return Invocation(
        function_name=function.name,
        function_id=function.function_id,
        parameter=function.parameter,
        data=data,
        trigger_metadata={name: _typed(value) for name, value in values.items()},
        reason=reason,
    )


def _overridden(metadata: Mapping[str, object], text: str) -> dict[str, object]:
    """Let the top-level keys of a JSON message replace metadata of the same name, whatever the case.

    So does the real host: QueueTriggerBinding.cs, Azure/azure-functions-python-worker issue 1373.
    """
    try:
        document = json.loads(text)
    except ValueError:
        return dict(metadata)
    if not isinstance(document, dict):
        return dict(metadata)
    given = {str(key): value for key, value in document.items()}
    names = {name.lower(): name for name in metadata}
    return {**metadata, **{names.get(key.lower(), key): value for key, value in given.items()}}


def _typed(value: object) -> TypedData:
    return TypedData(string=value) if isinstance(value, str) else TypedData(json=json.dumps(value))


def _moment(moment: dt.datetime | None) -> str:
    return moment.isoformat() if moment else ""
