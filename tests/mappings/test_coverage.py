"""Coverage, stated per control, claims exactly what is mapped: held both ways against the rows."""

from collections.abc import Iterator
from functools import cache

from collectors import registry
from mappings import loader
from mappings.loader import ASSESSMENT_PREFIX, Control

SETTINGS_ONLY = {"cis_azure_6_0_0"}
"""Benchmarks whose controls are settings: what is seen of a setting is all that the control asks for."""


@cache
def mappings() -> loader.Mappings:
    """Load the real mappings, once."""
    return loader.load()


@cache
def by_person() -> frozenset[str]:
    """Give the checks that only a person can answer."""
    checks = (check for collector in registry.load().values() for check in collector.checks)
    return frozenset(check.id for check in checks if check.manual)


def controls() -> Iterator[tuple[str, Control, frozenset[str]]]:
    """Give every control that is no group, with its framework and the checks mapped to it."""
    for framework in mappings().frameworks:
        for control in mappings().controls(framework.id):
            if not control.is_group:
                yield framework.id, control, frozenset(mappings().checks_of(framework.id, control.id))


def stated(*coverages: str) -> set[tuple[str, str]]:
    """Give the controls that state one of these coverages."""
    return {(framework, control.id) for framework, control, _ in controls() if control.coverage in coverages}


def test_nothing_unmapped_claims_to_be_covered() -> None:
    """A coverage that no check gives is a promise to an auditor that nobody keeps."""
    mapped = {(framework, control.id) for framework, control, checks in controls() if checks}

    assert stated("automated", "partial", "manual") - mapped == set()


def test_nothing_mapped_says_none() -> None:
    """A check that was mapped counts, also where a person or Defender answers it."""
    mapped = {(framework, control.id) for framework, control, checks in controls() if checks}

    assert stated("none") & mapped == set()


def test_manual_is_what_people_answer_alone() -> None:
    """With one check that decides by itself a control is no longer a person's, and without one it is."""
    alone = {
        (framework, control.id)
        for framework, control, checks in controls()
        if checks and checks <= by_person()
    }

    assert stated("manual") == alone


def test_automated_is_what_checks_decide_to_the_end() -> None:
    """All of a setting, and nobody has to look; whatever a standard asks for beyond settings is partial."""
    decided = {
        (framework, control.id)
        for framework, control, checks in controls()
        if framework in SETTINGS_ONLY and checks and not checks & by_person()
    }

    assert stated("automated") == decided


def test_defender_answers_without_people() -> None:
    """A control with a recommendation of Defender is never a person's."""
    assessed = {
        (framework, control.id)
        for framework, control, checks in controls()
        if any(check_id.startswith(ASSESSMENT_PREFIX) for check_id in checks)
    }

    assert stated("manual", "none") & assessed == set()
