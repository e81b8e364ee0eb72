"""A check that only a person can answer says so, and no other does."""

from collections import defaultdict

from collectors import registry
from collectors.contract import Status
from collectors.declarations.rules import Rule
from collectors.defender.recommendations import EXEMPTIONS_REVIEWED
from tests.collectors.reachable import decisions, everything


def deciding() -> dict[str, set[Status]]:
    """Give which of `pass` and `fail` the judges of each check can say."""
    found: defaultdict[str, set[Status]] = defaultdict(set)
    for collector in registry.load().values():
        for part in collector.parts:
            for rule in everything(part.collect):
                if isinstance(rule, Rule):
                    found[rule.check.id] |= decisions((rule.judge, rule.within))
    return found


def manual_checks() -> set[str]:
    """Give the checks that are declared as a person's."""
    return {check.id for collector in registry.load().values() for check in collector.checks if check.manual}


def test_a_check_is_manual_exactly_where_no_judge_of_it_decides() -> None:
    """What can pass or fail is no person's task; what a person has to answer claims no verdict of its own.

    Exemptions are judged without a rule; test_defender_recommendations has both answers, and neither decides.
    """
    undecided = {check_id for check_id, said in deciding().items() if not said}

    assert undecided == manual_checks() - {EXEMPTIONS_REVIEWED.id}


def test_every_check_is_looked_at() -> None:
    """All have rules but those of Defender's scores, assessments and alerts."""
    checks = {check.id for collector in registry.load().values() for check in collector.checks}

    assert {check_id.partition("_")[0] for check_id in checks - deciding().keys()} == {"defender"}
