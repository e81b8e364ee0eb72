"""All state of one simulated Azure, handed to every handler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.azure.faults import Faults
from local.azure.people import People, people_of
from local.azure.request_log import RequestLog
from local.azure.tokens import TokenIssuer
from local.azure.vault import Vault

if TYPE_CHECKING:
    from local.azure.world import World


@dataclass(slots=True)
class PageSizes:
    """Rows per page; `assessments` counts positions, of which removed resources leave a gap."""

    default: int = 100
    assessments: int = 1000


@dataclass(slots=True)
class Simulation:
    """The world and the machinery around it."""

    world: World
    identity_header: str
    control_key: str
    url: str = ""
    identity_endpoint: str = ""
    pages: PageSizes = field(default_factory=PageSizes)
    issuer: TokenIssuer = field(default_factory=TokenIssuer)
    vault: Vault = field(default_factory=Vault)
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    people: People = field(init=False)

    def __post_init__(self) -> None:
        self.people = people_of(self.world)
