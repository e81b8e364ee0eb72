"""What else a subscription holds: resources by path, and the truth about each, for every service.

A module of `local/azure/estates/` builds one service's resources with an `Estate`, and writes down beside
each what every check must say of it (pass, fail, unknown, not_applicable, manual): tests compare all verdicts
with that.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.azure.generator import made_up_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.azure.wire import JsonObject


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that answers at a path."""

    rows: list[JsonObject]
    paged: bool = True
    action: str | None = None


@dataclass(slots=True)
class Estate:
    """The resources of one subscription, by lower-cased path, and what is true of them.

    Args:
        subscription_id: of the subscription.
        copies: how many of each resource to make, for sizes that matter to benchmarks.
        tenant_id: of its tenant.
    """

    subscription_id: str
    copies: int = 1
    tenant_id: str = ""
    lists: dict[str, Listed] = field(default_factory=dict)
    objects: dict[str, JsonObject] = field(default_factory=dict)
    posts: dict[str, JsonObject] = field(default_factory=dict)
    additions: dict[str, list[JsonObject]] = field(default_factory=dict)
    """Rows that a list with a route of its own has too, by lower-cased path."""
    truth: dict[tuple[str, str], str] = field(default_factory=dict)
    """The verdict that each (check id, lower-cased resource id) must have."""

    @property
    def scope(self) -> str:
        """The ARM scope of the subscription."""
        return f"/subscriptions/{self.subscription_id}"

    def resource_id(self, resource_type: str, name: str, *, group: str = "rg-estate") -> str:
        """Give the id of a resource, its type such as `Microsoft.Storage/storageAccounts`."""
        return f"{self.scope}/resourceGroups/{group}/providers/{resource_type}/{name}"

    def guid(self, *parts: object) -> str:
        """Give a GUID that depends on its parts only."""
        return made_up_id(self.subscription_id, *parts)

    def add(
        self,
        resource_type: str,
        name: str,
        properties: JsonObject,
        *,
        group: str = "rg-estate",
        **more: object,
    ) -> str:
        """Add a resource to the subscription's list of its type, and answer it at its own path; gives its id.

        Args:
            resource_type: such as `Microsoft.Storage/storageAccounts`.
            properties: its `properties`, in the shape of the REST specification.
            more: further members, such as `sku`, `kind` or `tags`.
        """
        resource_id = self.resource_id(resource_type, name, group=group)
        body: JsonObject = {
            "id": resource_id,
            "name": name,
            "type": resource_type,
            "location": "westeurope",
            "tags": {},
            "properties": properties,
            **more,
        }
        self.list_at(f"{self.scope}/providers/{resource_type}").append(body)
        self.objects[resource_id.lower()] = body
        return resource_id

    def list_at(self, path: str, *, paged: bool = True, action: str | None = None) -> list[JsonObject]:
        """Give the rows of the list at a path, made empty if there is none; append to it.

        Args:
            paged: whether the specification pages this list.
            action: the RBAC action it needs, if that is not the path's own.
        """
        return self.lists.setdefault(path.lower(), Listed([], paged=paged, action=action)).rows

    def added_to(self, path: str) -> list[JsonObject]:
        """Give the rows that a list with a route of its own has too; append to it."""
        return self.additions.setdefault(path.lower(), [])

    def answer_at(self, path: str, body: JsonObject) -> None:
        """Answer one object at a path."""
        self.objects[path.lower()] = body

    def answer_post_at(self, path: str, body: JsonObject) -> None:
        """Answer one object to a POST that only reads."""
        self.posts[path.lower()] = body

    def expect(self, resource_id: str, status: str, *check_ids: str) -> None:
        """Write down what checks must say of a resource."""
        for check_id in check_ids:
            self.truth[check_id, resource_id.lower()] = status


def emptied(estate: Estate, subscription_id: str) -> Estate:
    """Give the estate of a subscription that has no resources: the same lists of the subscription, empty."""
    made, scope = Estate(subscription_id), estate.scope.lower()
    for path, listed in estate.lists.items():
        if path.startswith(f"{scope}/providers/"):
            empty = Listed([], paged=listed.paged, action=listed.action)
            made.lists[path.replace(scope, made.scope.lower(), 1)] = empty
    return made


def build_estate(
    subscription_id: str, *, copies: int = 1, services: Iterable[str] | None = None, tenant_id: str = ""
) -> Estate:
    """Build the resources of every service that has a module in `local/azure/estates/`.

    Takes the subscription, how many copies of each resource, the services (None: all) and the tenant. Gives
    the estate.
    """
    package = importlib.import_module("local.azure.estates")
    wanted = None if services is None else set(services)
    made = Estate(subscription_id, copies, tenant_id)
    for module in sorted(found.name for found in pkgutil.iter_modules(package.__path__)):
        if wanted is None or module in wanted:
            importlib.import_module(f"local.azure.estates.{module}").build(made)
    return made
