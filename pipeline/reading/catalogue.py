"""What the app knows before it reads anything: its services, its checks and the frameworks they support."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Self

import msgspec

from collectors.contract import Check, Collector
from pipeline.controls import framework_views
from pipeline.errors import InvalidRequest, NotFound
from pipeline.framework_model import FrameworkView
from pipeline.model import Controls, Page
from pipeline.reading.cursors import refused

if TYPE_CHECKING:
    from mappings.loader import Mappings


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """One question about a resource, and the controls its answer supports."""

    id: str
    service: str
    title: str
    severity: str
    rationale: str
    remediation: str
    permission: str
    thresholds: Mapping[str, float]
    aliases: tuple[str, ...]
    controls: Controls


class ServiceView(msgspec.Struct, frozen=True, kw_only=True):
    """One Azure service that can be read, and what reading it takes."""

    name: str
    title: str
    reads: str
    roles: tuple[str, ...]
    permissions: tuple[str, ...]
    evidence_kinds: tuple[str, ...]
    checks: int
    version: str


class Catalogue:
    """Answers what exists, built once when it is first asked.

    Args:
        load_collectors: gives every collector by service name.
        load_mappings: gives the frameworks and their mappings.
    """

    def __init__(
        self,
        load_collectors: Callable[[], Mapping[str, Collector]],
        load_mappings: "Callable[[], Mappings]",
    ) -> None:
        self._load_collectors = load_collectors
        self._load_mappings = load_mappings

    @classmethod
    def of_this_app(cls) -> Self:
        """Make the catalogue of the collectors and mappings that are deployed with the app."""

        def load_collectors() -> Mapping[str, Collector]:
            from collectors import registry

            return registry.load()

        def load_mappings() -> "Mappings":
            from mappings import loader

            return loader.load()

        return cls(load_collectors, load_mappings)

    def checks(self, *, limit: int, position: str | None, service: str | None = None) -> Page[CheckView]:
        """List the checks, those of one service together.

        Raises:
            InvalidRequest: there is no such service, or no such position.
        """
        self.demand(service=service)
        items = [view for view in self._checks if service in {None, view.service}]
        return page_after(items, lambda view: view.id, limit=limit, position=position)

    def services(self, *, limit: int, position: str | None) -> Page[ServiceView]:
        """List the services.

        Raises:
            InvalidRequest: there is no such position.
        """
        return page_after(self._services, lambda view: view.name, limit=limit, position=position)

    def frameworks(self, *, limit: int, position: str | None) -> Page[FrameworkView]:
        """List the frameworks.

        Raises:
            InvalidRequest: there is no such position.
        """
        return page_after(self._frameworks, lambda view: view.id, limit=limit, position=position)

    def find_framework(self, framework_id: str) -> FrameworkView:
        """Give one framework.

        Raises:
            NotFound: there is none of that id.
        """
        for view in self._frameworks:
            if view.id == framework_id:
                return view
        raise NotFound(
            "There is no framework of this id.", advice="GET /api/frameworks lists the ids there are."
        )

    def demand(
        self, *, service: str | None = None, framework: str | None = None, control: str | None = None
    ) -> None:
        """Go on if what a filter names exists; a control, in the framework given or in any.

        Raises:
            InvalidRequest: names each filter that no row could ever meet.
        """
        faults = []
        names = [view.name for view in self._services]
        framework_ids = [view.id for view in self._frameworks]
        if service is not None and service not in names:
            faults.append(("service", "must be one of " + ", ".join(names)))
        if framework is not None and framework not in framework_ids:
            faults.append(("framework", "must be one of " + ", ".join(framework_ids)))
        elif control is not None and not self._has_control(
            [framework] if framework else framework_ids, control
        ):
            faults.append(("control", "must be the id of a control, such as CC7.1 of soc2_2017"))
        if faults:
            fields = ", ".join(field for field, _ in faults)
            raise InvalidRequest(f"Not valid in the query: {fields}.", errors=faults)

    def _has_control(self, frameworks: Sequence[str], control_id: str) -> bool:
        return any(
            control.id == control_id
            for framework in frameworks
            for control in self._mappings.controls(framework)
            if not control.is_group
        )

    @cached_property
    def _collectors(self) -> Mapping[str, Collector]:
        return self._load_collectors()

    @cached_property
    def _mappings(self) -> "Mappings":
        return self._load_mappings()

    @cached_property
    def _checks(self) -> tuple[CheckView, ...]:
        return tuple(
            _check_view(collector.service, check, self._mappings.controls_of(check.id))
            for collector in self._collectors.values()
            for check in collector.checks
        )

    @cached_property
    def _services(self) -> tuple[ServiceView, ...]:
        return tuple(_service_view(collector) for collector in self._collectors.values())

    @cached_property
    def _frameworks(self) -> tuple[FrameworkView, ...]:
        return framework_views(self._mappings)


def page_after[T](
    items: Sequence[T], key: Callable[[T], str], *, limit: int, position: str | None
) -> Page[T]:
    """Give the page of a whole list that begins after the item whose key is the position.

    Args:
        items: the list in its order.
        key: names an item once and for all.
        limit: how many items at most.
        position: the key of the last item of the page before; None for the first page.

    Raises:
        InvalidRequest: no item has that key: the list has changed with a new version of the app.
    """
    keys = [key(item) for item in items]
    if position is not None and position not in keys:
        raise refused()
    start = 0 if position is None else keys.index(position) + 1
    end = start + limit
    more = end < len(items)
    return Page(items=tuple(items[start:end]), next_cursor=keys[end - 1] if more else None, total=len(items))


def _check_view(service: str, check: Check, controls: Controls) -> CheckView:
    return CheckView(
        id=check.id,
        service=service,
        title=check.title,
        severity=check.severity,
        rationale=check.rationale,
        remediation=check.remediation,
        permission=check.permission,
        thresholds=check.thresholds,
        aliases=check.aliases,
        controls=dict(controls),
    )


def _service_view(collector: Collector) -> ServiceView:
    return ServiceView(
        name=collector.service,
        title=collector.title,
        reads=collector.reads_what,
        roles=collector.roles,
        permissions=tuple(dict.fromkeys(read.permission for read in collector.reads)),
        evidence_kinds=tuple(part.kind for part in collector.parts),
        checks=len(collector.checks),
        version=collector.version,
    )
