"""A table's client that writes its transactions itself: byte for byte what the SDK writes, in less time.

azure-data-tables puts a transaction together with `email.message`, and takes the answer apart with it, which
is much of the processor time that storing rows takes. Addresses, rows, signing and retries stay the SDK's; so
does every other request.
https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
"""

import re
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, override
from uuid import uuid4

from azure.core.exceptions import HttpResponseError
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.data.tables import TableTransactionError
from azure.data.tables.aio import TableClient

_STATUS = re.compile(rb"^HTTP/1\.1 (\d{3})", re.MULTILINE)
_MESSAGE = re.compile(rb'^{"odata.error":.*}\r?$', re.MULTILINE)
_HEADERS = {
    "DataServiceVersion": "3.0",
    "MaxDataServiceVersion": "3.0;NetFx",
    "Accept": "application/json",
}


class QuickTableClient(TableClient):
    """Fulfils TableClient; transactions give no metadata of their rows."""

    @override
    async def _batch_send(
        self, table_name: str, *reqs: HttpRequest, **kwargs: Any
    ) -> list[Mapping[str, Any]]:
        batch, changeset = f"batch_{uuid4()}", f"changeset_{uuid4()}"
        request = HttpRequest(
            "POST",
            f"{self.scheme}://{self._primary_hostname}/$batch",
            headers={
                "x-ms-version": self.api_version,
                **_HEADERS,
                "Content-Type": f"multipart/mixed; boundary={batch}",
            },
            content=transaction_body(reqs, batch, changeset),
        )
        response = await self._client.send_request(request, stream=True, **kwargs)
        body = await response.read()
        statuses = [int(status) for status in _STATUS.findall(body)]
        for status in statuses:
            if status >= HTTPStatus.BAD_REQUEST:  # answered once for all: nothing of it was done
                raise _refused(response, status, body)
        if response.status_code != HTTPStatus.ACCEPTED or len(statuses) != len(reqs):
            raise HttpResponseError(response=response)
        return []


def transaction_body(parts: tuple[HttpRequest, ...], batch: str, changeset: str) -> bytes:
    """Write the requests of a transaction as one multipart body.

    Args:
        batch: the outer boundary.
        changeset: the inner boundary.
    """
    now = formatdate(usegmt=True)
    lines = [f"--{batch}", f"Content-Type: multipart/mixed; boundary={changeset}", ""]
    for number, part in enumerate(parts):
        lines += [f"--{changeset}", *_part(part, number, now)]
    lines += [f"--{changeset}--", "", f"--{batch}--", ""]
    return "\r\n".join(lines).encode()


def _part(part: HttpRequest, number: int, now: str) -> Iterator[str]:
    yield "Content-Type: application/http"
    yield "Content-Transfer-Encoding: binary"
    yield f"Content-ID: {number}"
    yield ""
    yield f"{part.method} {part.url} HTTP/1.1"
    yield from (f"{name}: {value}" for name, value in part.headers.items())
    yield f"x-ms-date: {now}"
    yield f"Date: {now}"
    yield ""
    content = part.content
    yield content.decode() if isinstance(content, bytes) else str(content or "")


def _refused(response: AsyncHttpResponse, status: int, body: bytes) -> TableTransactionError:
    said = _MESSAGE.search(body)
    error = TableTransactionError(message=said[0].decode() if said else None, response=response)
    error.status_code = status
    return error
