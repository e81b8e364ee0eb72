"""The controls of Defender's recommendations as a subscription's own regulatory compliance names them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Self

from mappings.loader import ASSESSMENT_FRAMEWORK, ASSESSMENT_PREFIX, Mappings

type Source = Literal["catalogue", "live"]
"""Who names the controls of a check: the published mappings, or the subscription's regulatory compliance."""


@dataclass(frozen=True)
class LiveControls:
    """Mappings in which a recommendation that is named has the controls named; the others, those published.

    Two of the same content are equal, whatever connections they are of.
    """

    named: frozenset[tuple[str, tuple[str, ...]]]
    _mappings: Mappings = field(compare=False, repr=False)

    @classmethod
    def of(cls, named: Mapping[str, Iterable[str]], mappings: Mappings) -> Self:
        """Lay what was read over the mappings.

        Args:
            named: control ids by the key of a recommendation, as they were read. An id that the catalogue
                lacks is passed over; a recommendation left without any keeps what is published of it.
        """
        catalogue = [one.id for one in mappings.controls(ASSESSMENT_FRAMEWORK) if not one.is_group]
        place = {control_id: number for number, control_id in enumerate(catalogue)}
        kept = (
            (ASSESSMENT_PREFIX + key.lower(), tuple(sorted(place.keys() & set(ids), key=place.__getitem__)))
            for key, ids in named.items()
        )
        return cls(frozenset((check_id, ids) for check_id, ids in kept if ids), mappings)

    def source_of(self, check_id: str) -> Source:
        """Tell who names the controls of a check."""
        return "live" if check_id.lower() in self._by_check else "catalogue"

    def controls_of(self, check_id: str) -> Mapping[str, tuple[str, ...]]:
        """Return the controls that a check supports, by framework, each in catalogue order."""
        published = self._mappings.controls_of(check_id)
        ids = self._by_check.get(check_id.lower())
        return published if ids is None else {**published, ASSESSMENT_FRAMEWORK: ids}

    def checks_of(self, framework_id: str, control_id: str) -> tuple[str, ...]:
        """Return the checks that support a control, sorted: the exact inverse of `controls_of`."""
        published = self._mappings.checks_of(framework_id, control_id)
        if framework_id != ASSESSMENT_FRAMEWORK:
            return published
        kept = (check_id for check_id in published if check_id not in self._by_check)
        return tuple(sorted((*kept, *self._by_control.get(control_id, ()))))

    @cached_property
    def _by_check(self) -> Mapping[str, tuple[str, ...]]:
        return dict(self.named)

    @cached_property
    def _by_control(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for check_id, ids in self.named:
            for control_id in ids:
                found.setdefault(control_id, []).append(check_id)
        return found
