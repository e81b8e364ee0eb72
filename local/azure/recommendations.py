"""The Defender for Cloud recommendations that generated subscriptions are assessed against."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("recommendations.csv")
WHOLE_SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One recommendation, by its public key (learn.microsoft.com, Defender recommendations reference).

    `benchmark` names the controls of the Microsoft cloud security benchmark that stand over it, as the live
    service spells them. They are those that were published, but for four: two stand under another control by
    now, one is newer than any publication (its key is made up), and one left the benchmark.
    """

    key: str
    display_name: str
    severity: str
    resource_type: str
    benchmark: tuple[str, ...]

    @property
    def category(self) -> str:
        """The metadata category that fits the resource type."""
        namespace = self.resource_type.split("/", maxsplit=1)[0].removeprefix("Microsoft.")
        known = {
            "subscription": "IdentityAndAccess",
            "Network": "Networking",
            "Storage": "Data",
            "Sql": "Data",
            "DocumentDB": "Data",
            "Cache": "Data",
            "ContainerService": "Container",
            "ContainerRegistry": "Container",
            "Web": "AppServices",
        }
        return known.get(namespace, "Compute")


@cache
def recommendations() -> tuple[Recommendation, ...]:
    """Return all recommendations, in the order of the file: neighbours differ in resource type."""
    with SOURCE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Recommendation(
                row["key"],
                row["display_name"],
                row["severity"],
                row["resource_type"],
                tuple(name for name in row["benchmark"].split(";") if name),
            )
            for row in csv.DictReader(file)
        )
