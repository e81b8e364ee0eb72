"""Each alert rule keeps to what Azure takes of a log search rule.

Windows and frequencies: those that azurerm_monitor_scheduled_query_rules_alert_v2 lists; states:
https://learn.microsoft.com/azure/azure-monitor/service-limits (a stateful rule: every 12 hours at least).
"""

import re
from collections.abc import Mapping

import pytest

from tests.infra.bicep import INFRA, Node, Template

_MINUTES = ("PT5M", "PT10M", "PT15M", "PT30M", "PT45M")
_HOURS = ("PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H")
_DAYS = {"P1D": 24, "P2D": 48}
HOURS = {one: int(one[2:-1]) / 60 for one in _MINUTES} | {one: float(one[2:-1]) for one in _HOURS} | _DAYS


def _rules() -> dict[str, Mapping[str, Node]]:
    rules = Template.read(INFRA / "modules" / "alerts.bicep").tree["variables"]["rules"]["value"]
    assert isinstance(rules, list)
    return {str(one["name"]): one for one in rules if isinstance(one, dict)}


EACH = pytest.mark.parametrize("rule", _rules().values(), ids=_rules())


@EACH
def test_its_times_are_ones_that_azure_takes(rule: Mapping[str, Node]) -> None:
    """It looks at least as far back as its window, and is evaluated once a day at least."""
    frequency, window, back = (HOURS[str(rule[one])] for one in ("frequency", "window", "lookBack"))

    assert frequency <= min(window, 24)
    assert window <= back


@EACH
def test_only_what_is_evaluated_often_has_a_state(rule: Mapping[str, Node]) -> None:
    """Azure keeps the state of an alert only if its rule is evaluated every 12 hours or more often."""
    assert rule["stateful"] == (HOURS[str(rule["frequency"])] <= 12)


@EACH
def test_it_looks_as_far_back_as_its_query(rule: Mapping[str, Node]) -> None:
    """`ago(25h)` in a query needs a time range that holds 25 hours."""
    for hours in re.findall(r"ago\((\d+)h\)", str(rule["query"])):
        assert int(hours) <= HOURS[str(rule["lookBack"])]


def test_a_rule_fires_at_what_its_title_says() -> None:
    """Something missing: less than one; throttling: more than 100; all else: anything at all."""
    assert {name: (rule["operator"], rule["threshold"]) for name, rule in _rules().items()} == {
        "sync-failed": ("GreaterThan", 0),
        "poison-message": ("GreaterThan", 0),
        "hourly-missing": ("LessThan", 1),
        "daily-missing": ("LessThan", 1),
        "secret-expiring": ("GreaterThan", 0),
        "throttling": ("GreaterThan", 100),
    }
