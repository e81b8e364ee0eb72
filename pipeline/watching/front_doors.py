"""Whether Microsoft Entra and Azure Resource Manager can be reached from here, asked without any credential.

A connection's own access is no matter of this: its setup checks tell. OpenID Connect Discovery 1.0; "Azure
Resource Manager REST API": a call without a token is answered 401.
"""

from typing import Any

from azure.core.exceptions import AzureError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import SansIOHTTPPolicy, UserAgentPolicy
from azure.core.pipeline.transport import AsyncHttpResponse, AsyncHttpTransport, HttpRequest

from pipeline.azure.clouds import Cloud
from pipeline.errors import UpstreamUnavailable

_OK, _UNAUTHORISED = 200, 401
_PRODUCT = "azure-evidence-connector"
type _Policy = SansIOHTTPPolicy[Any, Any]
type Transport = AsyncHttpTransport[HttpRequest, AsyncHttpResponse]


class FrontDoors:
    """Knocks at the two.

    Args:
        cloud: where they are.
        connections: to them; whoever gave these closes them.
    """

    def __init__(self, cloud: Cloud, connections: Transport) -> None:
        self._cloud = cloud
        policies: list[_Policy] = [UserAgentPolicy(sdk_moniker=_PRODUCT)]
        self._pipeline = AsyncPipeline(connections, policies)

    async def entra(self) -> None:
        """Read what Entra tells anybody; raises UpstreamUnavailable."""
        address = f"{self._cloud.authority}/organizations/v2.0/.well-known/openid-configuration"
        await self._knock(address, _OK, "Microsoft Entra", "AZURE_AUTHORITY_HOST")

    async def resource_manager(self) -> None:
        """Call without a token, and be refused; raises UpstreamUnavailable."""
        address = f"{self._cloud.resource_manager}/subscriptions?api-version=2022-12-01"
        await self._knock(address, _UNAUTHORISED, "Azure Resource Manager", "AZURE_RESOURCE_MANAGER_URL")

    async def _knock(self, address: str, expected: int, name: str, setting: str) -> None:
        request = HttpRequest("GET", address, headers={"Accept": "application/json"})
        advice = f"Check {setting} and AZURE_CLOUD, and that the app's network lets it out to the host."
        try:
            status = (await self._pipeline.run(request)).http_response.status_code
        except AzureError as error:
            detail = f"{name} cannot be reached ({type(error).__name__})."
            raise UpstreamUnavailable(detail, advice=advice) from error
        if status != expected:
            raise UpstreamUnavailable(f"{name} answered HTTP {status}, not {expected}.", advice=advice)
