"""Checks and mappings to controls: what a check supports, and the state of each control. Pure functions."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from mappings.live import LiveControls
from mappings.loader import ASSESSMENT_PREFIX, Control, Coverage, Mappings
from pipeline.framework_model import ControlState, ControlStateName, EvidenceReference, FrameworkView
from pipeline.model import Controls, EvidenceItem, VerdictCounts
from pipeline.verdict_counts import total

_NO_VERDICTS = VerdictCounts()
_COVERAGES: tuple[Coverage, ...] = ("automated", "partial", "manual", "none")


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
    counts: Mapping[str, VerdictCounts],
    *,
    live: Sequence[tuple[LiveControls, Mapping[str, VerdictCounts]]] = (),
    items: Sequence[EvidenceItem] = (),
) -> tuple[ControlState, ...]:
    """Give the state of every control of a framework, in catalogue order; groups are no controls.

    The first of these that holds is the state of a control:

    1. `manual`: no check supports it; people gather its evidence.
    2. `no_evidence`: checks support it, and none has a verdict.
    3. `fail`: a verdict is `fail`, whatever the others are.
    4. `partial`: a verdict is `pass`, but one is `unknown` or `manual`, or a check did not run. What was seen
       is good; not all was seen.
    5. `pass`: every verdict that applies is `pass`.
    6. `unknown`: a verdict is `unknown`, none is `pass`.
    7. `manual`: a verdict is `manual`, none is `pass` or `unknown`.
    8. `no_evidence`: what ran does not apply, and a check did not run.
    9. `not_applicable`: everything ran and nothing applies.

    A check that did not run is one of ours without any verdict (its service is switched off, or was never
    read). A recommendation of Defender without one is none: Defender lists only what it found to assess.

    `coverage` is what the catalogue states, whatever the verdicts are. Only `live` can differ from it: it may
    take away the recommendations that were a control's only checks, or give a control its first.

    Args:
        framework_id: one of `mappings.frameworks`.
        counts: the verdicts that stand now, by check id.
        live: those of connections whose regulatory compliance names the controls of recommendations, each
            under its own names; `counts` are of the others.
        items: the newest good evidence items, of which each control is told its newest.

    Raises:
        KeyError: there is no such framework.
    """
    newest = _newest_items(framework_id, items)
    sources: list[tuple[Mappings | LiveControls, Mapping[str, VerdictCounts]]] = [*live]
    if counts or not live:
        sources.append((mappings, counts))
    return tuple(
        _control_state(control, _given(framework_id, control.id, sources), newest=newest.get(control.id))
        for control in mappings.controls(framework_id)
        if not control.is_group
    )


def _given(
    framework_id: str,
    control_id: str,
    sources: Iterable[tuple[Mappings | LiveControls, Mapping[str, VerdictCounts]]],
) -> Mapping[str, VerdictCounts]:
    """Give the verdicts of each check that supports a control, by check id, also of one without any."""
    given: dict[str, VerdictCounts] = {}
    for source, counts in sources:
        for check_id in source.checks_of(framework_id, control_id):
            found = counts.get(check_id, _NO_VERDICTS)
            given[check_id] = total((given[check_id], found)) if check_id in given else found
    return dict(sorted(given.items()))


def _control_state(
    control: Control, given: Mapping[str, VerdictCounts], *, newest: EvidenceItem | None
) -> ControlState:
    verdicts = total(given.values())
    silent = tuple(
        check_id
        for check_id, one in given.items()
        if one == _NO_VERDICTS and not check_id.startswith(ASSESSMENT_PREFIX)
    )
    return ControlState(
        id=control.id,
        title=control.title,
        parent=control.parent,
        coverage=_coverage(control, given),
        state=_state(verdicts, mapped=bool(given), complete=not silent),
        verdicts=verdicts,
        checks=tuple(given),
        without_verdict=silent,
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
