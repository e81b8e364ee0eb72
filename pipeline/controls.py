"""Checks and mappings to controls: what a check supports, and the state of each control. Pure functions."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from mappings.live import LiveControls
from mappings.loader import ASSESSMENT_PREFIX, Control, Coverage, Mappings
from pipeline.framework_model import ControlState, ControlStateName, EvidenceReference, FrameworkView
from pipeline.model import Controls, EvidenceItem, VerdictCounts
from pipeline.verdict_counts import total, total_by_check

_NO_VERDICTS = VerdictCounts()
_COVERAGES: tuple[Coverage, ...] = ("automated", "partial", "manual", "none")


class ConnectionVerdicts(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts of one connection, each by check id.

    Args:
        standing: those that stand now.
        dropped: the last ones of services that are switched off, or of a connection that is disconnected.
        lists_recommendations: whether the newest sync read the list of Defender's recommendations.
    """

    standing: Mapping[str, VerdictCounts] = {}
    dropped: Mapping[str, VerdictCounts] = {}
    lists_recommendations: bool = True


@dataclass(frozen=True)
class Gathered:
    """What connections gathered whose recommendations support the same controls.

    Args:
        controls: which controls a check supports: as published, or as the subscriptions name them.
    """

    controls: Mappings | LiveControls
    connections: Sequence[ConnectionVerdicts] = ()

    def is_silent(self, check_id: str) -> bool:
        """Tell whether a check did not run in one of the connections, or there is none."""
        ran = self._listed if check_id.startswith(ASSESSMENT_PREFIX) else self._ran[check_id]
        return ran < max(1, len(self.connections))

    @cached_property
    def standing(self) -> Mapping[str, VerdictCounts]:
        """The verdicts that stand, by check id."""
        return total_by_check(one.standing for one in self.connections)

    @cached_property
    def dropped(self) -> Mapping[str, VerdictCounts]:
        """The last verdicts of what is no longer collected, by check id."""
        return total_by_check(one.dropped for one in self.connections)

    @cached_property
    def _listed(self) -> int:
        return sum(one.lists_recommendations for one in self.connections)

    @cached_property
    def _ran(self) -> Counter[str]:
        given = (item for one in self.connections for item in one.standing.items())
        return Counter(check_id for check_id, verdicts in given if verdicts != _NO_VERDICTS)


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a check says, over all connections."""

    standing: VerdictCounts
    dropped: VerdictCounts
    is_silent: bool


def controls_of(check_ids: Iterable[str], mappings: Mappings) -> Controls:
    """Give the controls that any of the checks supports, by framework, each once and in catalogue order."""
    found = [controls for check_id in check_ids if (controls := mappings.controls_of(check_id))]
    if len(found) == 1:  # every finding comes this way: its controls stand in order already
        return dict(found[0])
    named: defaultdict[str, set[str]] = defaultdict(set)
    for controls in found:
        for framework_id, control_ids in controls.items():
            named[framework_id].update(control_ids)
    return {
        framework.id: tuple(
            control.id for control in mappings.controls(framework.id) if control.id in named[framework.id]
        )
        for framework in mappings.frameworks
        if framework.id in named
    }


def framework_views(mappings: Mappings) -> tuple[FrameworkView, ...]:
    """Give every framework with the number of its controls, and how many of them checks support."""
    return tuple(
        FrameworkView(
            id=framework.id,
            title=framework.title,
            publisher=framework.publisher,
            version=framework.version,
            link=framework.link,
            note=framework.note,
            controls=len(stated := [one.coverage for one in mappings.controls(framework.id) if one.coverage]),
            coverage=dict.fromkeys(_COVERAGES, 0) | Counter(stated),
        )
        for framework in mappings.frameworks
    )


def control_states(
    framework_id: str,
    mappings: Mappings,
    gathered: Sequence[Gathered] = (),
    *,
    items: Sequence[EvidenceItem] = (),
) -> tuple[ControlState, ...]:
    """Give the state of every control of a framework, in catalogue order; groups are no controls.

    The first of these that holds is the state of a control:

    1. `manual`: no check supports it; people gather its evidence.
    2. `no_evidence`: checks support it, and none has a verdict that stands.
    3. `fail`: a verdict is `fail`, whatever the others are.
    4. `partial`: a verdict is `pass`, but one is `unknown` or `manual`, or a check did not run. What was seen
       is good; not all was seen.
    5. `pass`: every verdict that applies is `pass`.
    6. `unknown`: a verdict is `unknown`, none is `pass`.
    7. `manual`: a verdict is `manual`, none is `pass` or `unknown`.
    8. `no_evidence`: what ran does not apply, and a check did not run.
    9. `not_applicable`: everything ran and nothing applies.

    A check did not run if one of the connections has no verdict of it that stands: its service is switched
    off there, or was never read. What a service said before it was switched off stands no more, and is
    counted apart. A recommendation of Defender has no verdict where Defender does not list it, and that is no
    gap, for Defender lists only what it found to assess; where the list was not read it is one.

    A verdict stands until somebody looks again: where a list or a whole part could not be read, what it said
    last counts, and an `unknown` beside it.

    `coverage` is what the catalogue states, whatever the verdicts are. Only what subscriptions name can
    differ from it: it may take away the recommendations that were a control's only checks, or give a control
    its first.

    Args:
        framework_id: one of `mappings.frameworks`.
        gathered: what the connections gathered, those together whose controls have the same checks.
        items: the newest good evidence items, of which each control is told its newest.

    Raises:
        KeyError: there is no such framework.
    """
    newest = _newest_items(framework_id, items)
    several = gathered or (Gathered(mappings),)
    return tuple(
        _control_state(control, _answers(framework_id, control.id, several), newest=newest.get(control.id))
        for control in mappings.controls(framework_id)
        if not control.is_group
    )


def _answers(framework_id: str, control_id: str, several: Iterable[Gathered]) -> Mapping[str, _Answer]:
    """Give what each check says that supports a control, by check id, also of one without any verdict."""
    supporting: defaultdict[str, list[Gathered]] = defaultdict(list)
    for one in several:
        for check_id in one.controls.checks_of(framework_id, control_id):
            supporting[check_id].append(one)
    return {check_id: _answer(check_id, supporting[check_id]) for check_id in sorted(supporting)}


def _answer(check_id: str, several: Sequence[Gathered]) -> _Answer:
    return _Answer(
        standing=total(one.standing.get(check_id, _NO_VERDICTS) for one in several),
        dropped=total(one.dropped.get(check_id, _NO_VERDICTS) for one in several),
        is_silent=any(one.is_silent(check_id) for one in several),
    )


def _control_state(
    control: Control, answers: Mapping[str, _Answer], *, newest: EvidenceItem | None
) -> ControlState:
    verdicts = total(one.standing for one in answers.values())
    silent = tuple(check_id for check_id, one in answers.items() if one.is_silent)
    return ControlState(
        id=control.id,
        title=control.title,
        parent=control.parent,
        coverage=_coverage(control, answers),
        state=_state(verdicts, mapped=bool(answers), complete=not silent),
        verdicts=verdicts,
        checks=tuple(answers),
        without_verdict=silent,
        no_longer_collected=tuple(
            check_id for check_id, one in answers.items() if one.dropped != _NO_VERDICTS
        ),
        last_verdicts=total(one.dropped for one in answers.values()),
        newest_evidence=_reference(newest) if newest else None,
    )


def _state(verdicts: VerdictCounts, *, mapped: bool, complete: bool) -> ControlStateName:
    """Say the state; the order of the rules is that of `control_states`."""
    sure = complete and not verdicts.unknown and not verdicts.manual
    rules: tuple[tuple[bool, ControlStateName], ...] = (
        (not mapped, "manual"),
        (verdicts == _NO_VERDICTS, "no_evidence"),
        (verdicts.failed > 0, "fail"),
        (verdicts.passed > 0, "pass" if sure else "partial"),
        (verdicts.unknown > 0, "unknown"),
        (verdicts.manual > 0, "manual"),
        (not complete, "no_evidence"),
    )
    return next((state for holds, state in rules if holds), "not_applicable")


def _coverage(control: Control, checks: Collection[str]) -> Coverage:
    if not checks or control.coverage is None:
        return "none"
    first = any(check_id.startswith(ASSESSMENT_PREFIX) for check_id in checks)
    return "partial" if first and control.coverage in {"none", "manual"} else control.coverage


def _newest_items(framework_id: str, items: Sequence[EvidenceItem]) -> Mapping[str, EvidenceItem]:
    oldest_first = sorted(items, key=lambda item: item.collected_at)
    return {control_id: item for item in oldest_first for control_id in item.controls.get(framework_id, ())}


def _reference(item: EvidenceItem) -> EvidenceReference:
    return msgspec.convert(item, EvidenceReference, from_attributes=True)
