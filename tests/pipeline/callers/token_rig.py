"""The check of callers' tokens against a simulated Entra, with a clock that only a test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec

from local.azure import SimulatedAzure
from local.azure.caller_changes import MintToken
from pipeline.azure.clouds import CLOUDS, Cloud
from pipeline.azure_reader import SharedTransport
from pipeline.callers.admission import Admission
from pipeline.callers.signing_keys import SigningKeys
from pipeline.callers.tokens import AccessTokens
from pipeline.settings import CallerTokens

KEYS = "/discovery/v2.0/keys"
DISCOVERY = "/.well-known/openid-configuration"


@dataclass
class Clock:
    """Seconds as a test says."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Tell them."""
        return self.now


@dataclass
class TokenRig:
    """What a test of tokens works with."""

    azure: SimulatedAzure
    keys: SigningKeys
    rules: CallerTokens
    clock: Clock = field(default_factory=Clock)

    @property
    def tokens(self) -> AccessTokens:
        """The check by the rules as they are now."""
        return AccessTokens(self.rules, self.keys)

    def admission(self, required: str | None = None) -> Admission:
        """The admission with a required role."""
        rules = msgspec.structs.replace(self.rules, required_role=required)
        return Admission(rules, lambda _: AccessTokens(rules, self.keys))

    def token(self, change: MintToken | None = None, **claims: object) -> str:
        """Mint a token, a good one but for what is said."""
        return str(self.azure.apply(change or MintToken(claims=claims))["access_token"])

    def asked(self, ending: str) -> int:
        """Count the requests for an address that Entra was sent."""
        return sum(entry.path.endswith(ending) for entry in self.azure.simulation.log.entries)


@asynccontextmanager
async def token_rig(azure: SimulatedAzure) -> AsyncIterator[TokenRig]:
    """Put the check together, and close its connections."""
    clock = Clock()
    wire = SharedTransport(connection_verify=str(azure.ca_path))
    [api] = azure.world.apis
    rules = CallerTokens(
        audiences=(api.client_id, f"api://{api.client_id}"), tenant_id=azure.tenant.tenant_id
    )
    keys = SigningKeys(cloud_of(azure), rules.tenant_id, wire, monotonic=clock)
    try:
        yield TokenRig(azure, keys, rules, clock)
    finally:
        await wire.close()


def cloud_of(azure: SimulatedAzure) -> Cloud:
    """Give the cloud whose authority is the simulated one."""
    return msgspec.structs.replace(CLOUDS["AzureCloud"], authority=azure.url)
