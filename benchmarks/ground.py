"""What every measurement of a sync stands on: one simulated Azure, and a storage of its own for each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import msgspec

from benchmarks.children import Answer, run_child
from local.azurite import Azurite
from local.stack import SimulatedAzureProcess

SUBSCRIPTION = "large"


class Secret(msgspec.Struct):
    """A secret of the simulated directory."""

    client_secret: str


class Connector(msgspec.Struct):
    """The app registration that reads the simulated subscription."""

    tenant_id: str
    client_id: str
    secrets: list[Secret]


class Subscription(msgspec.Struct):
    """A simulated subscription."""

    name: str
    subscription_id: str
    alerts: int


class Directory(msgspec.Struct):
    """What a simulated Azure tells of itself."""

    connector: Connector
    subscriptions: list[Subscription]


@dataclass(frozen=True)
class Ground:
    """A simulated Azure in a process of its own, with one subscription of so many assessments."""

    azure: SimulatedAzureProcess
    assessments: int

    @classmethod
    @contextmanager
    def open(cls, assessments: int, copies: int = 0) -> Iterator[Self]:
        """Start it, and stop it at the end.

        Args:
            copies: resources of each list-only type that the subscription has besides.
        """
        with (
            TemporaryDirectory(prefix="benchmark-") as state,
            SimulatedAzureProcess("large", Path(state), assessments=assessments, copies=copies) as azure,
        ):
            yield cls(azure, assessments)

    @property
    def directory(self) -> Directory:
        """Who may read what."""
        return msgspec.convert(self.azure.directory, Directory)

    @property
    def subscription(self) -> Subscription:
        """The one subscription."""
        return next(one for one in self.directory.subscriptions if one.name == SUBSCRIPTION)

    @property
    def caller(self) -> dict[str, str]:
        """The credential that reads the subscription, with the subscription."""
        connector = self.directory.connector
        return {
            "tenant_id": connector.tenant_id,
            "client_id": connector.client_id,
            "client_secret": connector.secrets[0].client_secret,
            "subscription_id": self.subscription.subscription_id,
        }


class Storage:
    """The app against one ground and one storage that nothing else uses."""

    def __init__(self, ground: Ground, azurite: Azurite) -> None:
        self.ground = ground
        self.connection_string = azurite.connection_string

    @classmethod
    @contextmanager
    def open(cls, ground: Ground) -> Iterator[Self]:
        """Start an empty storage, and stop it at the end."""
        with Azurite() as azurite:
            yield cls(ground, azurite)

    @property
    def environment(self) -> dict[str, str]:
        """The app settings."""
        return {**self.ground.azure.settings, "AzureWebJobsStorage": self.connection_string}

    def floor(self, **besides: object) -> Answer:
        """Run the floor once; takes what it fetches and writes besides the service with the longest lists."""
        place = {"url": self.ground.azure.url, "storage": self.connection_string}
        order = {**place, **self.ground.caller, **besides}
        return run_child("-m", "benchmarks.floor", order=order, environment=self.environment)

    def connect(self, *services: str) -> Answer:
        """Connect the subscription; gives the connection and its first run, queued.

        Args:
            services: to be read besides the one with the longest lists.
        """
        return self._app({"do": "connect", **self.ground.caller, "further_services": services})

    def queue(self, connection_id: str) -> Answer:
        """Queue another run."""
        return self._app({"do": "queue", "connection_id": connection_id})

    def sync(self, run: Answer) -> Answer:
        """Work on a queued run."""
        return self._app({"do": "sync", **run})

    def sync_warm(self, run: Answer) -> Answer:
        """Work on a queued run and on one after it, in one process; gives what the second took."""
        return self._app({"do": "warm", **run})

    def _app(self, order: dict[str, object]) -> Answer:
        return run_child("-m", "benchmarks.worker", order=order, environment=self.environment)
