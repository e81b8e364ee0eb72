"""The floor: the least a program can do that fetches the same lists and keeps the same rows.

It asks Entra for one token; fetches every list that a sync reads, with aiohttp and the same TLS, the lists
beside each other and one page ahead, as a sync does; decodes the JSON with msgspec, only the fields it
keeps; and writes one row per assessment, with the columns and sizes of a finding row, by the app's table
client (azure-data-tables writes the same bytes in three times the time), in transactions of 100, four in
flight. Of further lists it is told how many rows come of each page, and what such rows say.

Keys and kind of write are the fastest there are: each transaction inserts into a partition of its own. For
every row it is sent the emulator looks through the row's whole partition, once to insert, twice to upsert,
so with 50,000 rows in one partition a floor would take five to twenty times as long and hide everything.

There is no retry, no rate limit, no lease, no provenance, no comparison with what was there before, no
manifest and no commit. The program's imports and start are not timed.

Run as `python -m benchmarks.floor`: reads an order as JSON, prints seconds, requests and rows.
"""

import asyncio
import contextlib
import hashlib
import json
import sys
import time
from collections.abc import AsyncIterator

import msgspec
from aiohttp import ClientSession
from azure.core.exceptions import ResourceExistsError

from benchmarks.children import peak_memory_mib
from benchmarks.floor_rows import Further, Row, RowWriter, Sample, further_rows
from pipeline.stores.table_client import QuickTableClient

_SECURITY = "/subscriptions/{}/providers/Microsoft.Security"
_ASSESSMENTS = f"{_SECURITY}/assessments?api-version=2025-05-04"
_METADATA = f"{_SECURITY}/assessmentMetadata?api-version=2025-05-04"
_OTHERS = (
    f"{_SECURITY}/secureScores?api-version=2020-01-01",
    f"{_SECURITY}/secureScoreControls?api-version=2020-01-01",
    f"{_SECURITY}/alerts?api-version=2022-01-01",
    f"{_SECURITY}/pricings?api-version=2024-01-01",
    f"{_SECURITY}/securityContacts?api-version=2023-12-01-preview",
    f"{_SECURITY}/settings?api-version=2022-05-01",
    f"{_SECURITY}/automations?api-version=2023-12-01-preview",
    f"{_SECURITY}/autoProvisioningSettings?api-version=2017-08-01-preview",
    f"{_SECURITY}/serverVulnerabilityAssessmentsSettings?api-version=2023-05-01",
    f"{_SECURITY}/alertsSuppressionRules?api-version=2019-01-01-preview",
    f"{_SECURITY}/iotSecuritySolutions?api-version=2019-08-01",
    "/subscriptions/{}/providers/Microsoft.Devices/IotHubs?api-version=2023-06-30",
    "/subscriptions/{}/providers/Microsoft.Easm/workspaces?api-version=2023-04-01-preview",
)
_STANDARDS = f"{_SECURITY}/regulatoryComplianceStandards?api-version=2019-01-01-preview"
_BENCHMARK = "Microsoft-cloud-security-benchmark"
_CONTROLS = (
    f"{_SECURITY}/regulatoryComplianceStandards/%s/regulatoryComplianceControls"
    "?api-version=2019-01-01-preview"
)
_ASSESSED = (
    f"{_SECURITY}/regulatoryComplianceStandards/{_BENCHMARK}/regulatoryComplianceControls/%s"
    "/regulatoryComplianceAssessments?api-version=2019-01-01-preview"
)
_STATUSES = {"Healthy": "pass", "Unhealthy": "fail", "NotApplicable": "not_applicable"}
_NOW = "2026-01-01T00:00:00.000000Z"


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """Where the simulated Azure and the storage are, and who asks."""

    url: str
    storage: str
    tenant_id: str
    client_id: str
    client_secret: str
    subscription_id: str
    further: list[Further] = []
    samples: list[Sample] = []


class Status(msgspec.Struct, gc=False):
    """The result of an assessment."""

    code: str
    cause: str | None = None
    description: str | None = None


class Details(msgspec.Struct, gc=False):
    """What was assessed."""

    id: str


class Properties(msgspec.Struct, gc=False, rename="camel"):
    """What is kept of an assessment or of its description."""

    display_name: str = ""
    severity: str = "Unknown"
    remediation_description: str = ""
    status: Status | None = None
    resource_details: Details | None = None
    passed_assessments: int = 0
    failed_assessments: int = 0
    skipped_assessments: int = 0

    @property
    def assessed(self) -> int:
        """How many assessments stand under a control."""
        return self.passed_assessments + self.failed_assessments + self.skipped_assessments


class Item(msgspec.Struct, gc=False):
    """An entry of any of the lists."""

    name: str
    properties: Properties


class Named(msgspec.Struct, gc=False):
    """An entry of a further list."""

    id: str = ""


class Page[T](msgspec.Struct, rename="camel"):
    """A page of a list."""

    value: list[T] = []
    next_link: str | None = None
    odata_next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


_ITEMS = msgspec.json.Decoder(Page[Item])
_WHATEVER = msgspec.json.Decoder(Page[object])
_NAMED = msgspec.json.Decoder(Page[Named])


class Floor:
    """One run of the floor.

    Args:
        order: where to read and write.
        web: open connections.
        rows: where they go.
    """

    def __init__(self, order: Order, web: ClientSession, rows: RowWriter) -> None:
        self._order = order
        self._web = web
        self._rows = rows
        self.requests = 0

    async def run(self) -> None:
        """Read everything and write the rows."""
        self._web.headers["Authorization"] = f"Bearer {await self._token()}"
        others = (self._list(path, _WHATEVER) for path in _OTHERS)
        further = (self._further(one) for one in self._order.further)
        await asyncio.gather(self._assessments(), self._standards(), *others, *further)
        await self._rows.finish()

    async def _token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._order.client_id,
            "client_secret": self._order.client_secret,
            "scope": "https://management.azure.com/.default",
        }
        self.requests += 1
        async with self._web.post(f"/{self._order.tenant_id}/oauth2/v2.0/token", data=form) as answer:
            answer.raise_for_status()
            return str((await answer.json())["access_token"])

    async def _assessments(self) -> None:
        known = {item.name: item.properties for item in await self._list(_METADATA, _ITEMS)}
        async for items in self._pages(_ASSESSMENTS, _ITEMS):
            for item in items:
                await self._rows.keep(self._row(item, known))

    async def _further(self, further: Further) -> None:
        number = 0
        async for items in self._pages(further.url, _NAMED, further.method):
            for row in further_rows([item.id for item in items], further, number, self._order.samples):
                await self._rows.keep(row)
            number += 1

    async def _standards(self) -> None:
        standards = await self._list(_STANDARDS, _ITEMS)
        await asyncio.gather(*(self._controls(one.name) for one in standards))

    async def _controls(self, standard: str) -> None:
        """Read a standard's controls, and under those of the benchmark what is assessed."""
        controls = await self._list(_CONTROLS % standard, _ITEMS)
        asked = [one.name for one in controls if standard == _BENCHMARK and one.properties.assessed]
        await asyncio.gather(*(self._list(_ASSESSED % name, _WHATEVER) for name in asked))

    async def _list[T](self, path: str, decoder: msgspec.json.Decoder[Page[T]]) -> list[T]:
        return [item async for items in self._pages(path, decoder) for item in items]

    async def _pages[T](
        self, path: str, decoder: msgspec.json.Decoder[Page[T]], method: str = "GET"
    ) -> AsyncIterator[list[T]]:
        first = self._fetch(path.format(self._order.subscription_id), method)
        ahead: asyncio.Task[bytes] | None = asyncio.create_task(first)
        while ahead:
            page = decoder.decode(await ahead)
            link = page.next_link or page.odata_next_link
            ahead = asyncio.create_task(self._fetch(link, method)) if link else None
            yield page.value

    async def _fetch(self, url: str, method: str) -> bytes:
        self.requests += 1
        async with self._web.request(method, url) as answer:
            answer.raise_for_status()
            return await answer.read()

    def _row(self, item: Item, known: dict[str, Properties]) -> Row:
        status = item.properties.status or Status("")
        resource = item.properties.resource_details.id if item.properties.resource_details else ""
        described = known.get(item.name) or Properties()
        named = hashlib.sha256(f"{item.name}{resource}".encode()).hexdigest()[:32]
        observed = {"status": status.code, "cause": status.cause, "description": status.description}
        body = {
            "title": item.properties.display_name,
            "resource_id": resource,
            "reason": f"Defender for Cloud finds the resource so. {status.description or ''}",
            "observed": {name: value for name, value in observed.items() if value},
            "remediation": described.remediation_description,
        }
        return {
            "RowKey": f"9999999998|{named}",
            "service": "defender",
            "kind": "resource_assessments",
            "check_id": f"defender_assessment:{item.name}",
            "status": _STATUSES.get(status.code, "unknown"),
            "severity": described.severity,
            "resource_key": resource.lower(),
            "opened_at": _NOW,
            "closed_at": _NOW,
            "opened_seq": 1,
            "closed_seq": 2**31 - 1,
            "body": msgspec.json.encode(body).decode(),
        }


async def measure(order: Order) -> dict[str, float | int]:
    """Run the floor once; gives what it took."""
    began, cpu_began = time.perf_counter(), time.process_time()
    table = QuickTableClient.from_connection_string(order.storage, "findings", use_env_settings=False)
    async with ClientSession(order.url) as web, table:
        with contextlib.suppress(ResourceExistsError):
            await table.create_table()
        rows = RowWriter(table, order.subscription_id)
        floor = Floor(order, web, rows)
        await floor.run()
    return {
        "seconds": time.perf_counter() - began,
        "cpu_s": time.process_time() - cpu_began,
        "requests": floor.requests,
        "rows": rows.number,
        "peak_mib": peak_memory_mib(),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)))))
