"""A plain HTTP client of the simulated Azure, for what no Azure SDK would send or show."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
import msgspec
from yarl import URL

from local.azure import SimulatedAzure
from local.azure.world import Application

API_VERSIONS = {
    "Microsoft.Security/assessments": "2025-05-04",
    "Microsoft.Security/assessmentMetadata": "2025-05-04",
    "Microsoft.Security/alerts": "2022-01-01",
    "Microsoft.Security/secureScores": "2020-01-01",
    "Microsoft.Security/pricings": "2024-01-01",
    "Microsoft.Authorization": "2022-04-01",
    "/subscriptions": "2022-12-01",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, body read."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """The body as a JSON object."""
        return msgspec.json.decode(self.body, type=dict[str, object])

    @property
    def value(self) -> list[dict[str, object]]:
        """The rows of a list."""
        return msgspec.convert(self.json["value"], list[dict[str, object]])

    @property
    def code(self) -> str:
        """The code of an ARM error."""
        return str(msgspec.convert(self.json["error"], dict[str, object])["code"])


@dataclass(slots=True)
class Client:
    """Speaks plain HTTP to a simulated Azure as one application."""

    azure: SimulatedAzure
    session: aiohttp.ClientSession
    application: Application
    headers: dict[str, str] = field(default_factory=dict)

    def url(self, path: str, version: str | None = None, **query: str) -> str:
        """Return the URL of an ARM path, with the api-version that fits it unless one is given."""
        fitting = next(known for part, known in API_VERSIONS.items() if part.lower() in path.lower())
        parameters = {"api-version": version or fitting} | {
            f"${name}": value for name, value in query.items()
        }
        return str(URL(self.azure.url + path).with_query(parameters))

    async def get(self, path: str, version: str | None = None, **query: str) -> Heard:
        """GET an ARM path."""
        return await self.send("GET", self.url(path, version, **query))

    async def send(self, method: str, url: str) -> Heard:
        """Send a request with this application's token; redirects are not followed."""
        headers = {"Authorization": f"Bearer {self.azure.token(self.application)}"} | self.headers
        async with self.session.request(method, url, headers=headers, allow_redirects=False) as response:
            return Heard(response.status, response.headers, await response.read())

    async def pages(self, url: str) -> list[list[dict[str, object]]]:
        """Follow page links from a URL to the end; gives each page's rows."""
        pages: list[list[dict[str, object]]] = []
        following: object = url
        while following:
            heard = await self.send("GET", str(following))
            pages.append(heard.value)
            following = heard.json.get("nextLink")
        return pages

    async def ask_for_token(
        self,
        secret: str,
        *,
        tenant: str = "",
        client_id: str = "",
        scope: str = "https://management.azure.com",
    ) -> Heard:
        """Ask Entra for a token with a secret."""
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id or self.application.client_id,
            "client_secret": secret,
            "scope": f"{scope}/.default",
        }
        url = f"{self.azure.url}/{tenant or self.application.tenant_id}/oauth2/v2.0/token"
        async with self.session.post(url, data=form) as response:
            return Heard(response.status, response.headers, await response.read())
