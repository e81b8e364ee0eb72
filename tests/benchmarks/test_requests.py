"""Which requests count as exactly those of a sync."""

from benchmarks.requests import Asked, Lists
from local.api_client import Json
from local.azure.standards import BENCHMARK, NOT_ASSESSED, controls_of

LISTS = Lists(assessments=1001, alerts=0)
ROOT = "/subscriptions/s/providers/Microsoft.Security"
BENCHMARKS = "regulatoryComplianceStandards/a/regulatoryComplianceControls"
ASSESSED = [name for name in controls_of(BENCHMARK) if name not in NOT_ASSESSED]


def entry(path: str, *, token: str = "", authorization: bool = True) -> Json:
    """Give a line of the request log."""
    return {"method": "GET", "path": path, "query": {"$skipToken": token}, "authorization": authorization}


def sync() -> list[Json]:
    """Give the requests of a sync of 1,001 assessments, no alert and three standards; one is assessed."""
    names = (
        "assessments",
        "assessmentMetadata",
        "secureScores",
        "secureScoreControls",
        "alerts",
        "pricings",
        "securityContacts",
        "settings",
        "automations",
        "autoProvisioningSettings",
        "serverVulnerabilityAssessmentsSettings",
        "alertsSuppressionRules",
        "iotSecuritySolutions",
        "regulatoryComplianceStandards",
        *(f"regulatoryComplianceStandards/{name}/regulatoryComplianceControls" for name in "abc"),
        *(f"{BENCHMARKS}/{name}/regulatoryComplianceAssessments" for name in ASSESSED),
    )
    return [
        entry("/subscriptions/s/providers/Microsoft.Devices/IotHubs"),
        entry("/subscriptions/s/providers/Microsoft.Easm/workspaces"),
        *(entry(f"{ROOT}/{name}") for name in names),
        entry(f"{ROOT}/assessments", token="2"),
        entry("/t/oauth2/v2.0/token", authorization=False),
        entry("/msi/token", authorization=False),
        entry("/secrets/x", authorization=False),
        entry("/secrets/x"),
    ]


def test_pages_and_fixed_calls_are_right() -> None:
    """Twenty pages, one for each control that is assessed, and four fixed calls; the vault's are two."""
    asked = Asked.of(sync())

    assert (asked.total, asked.differences(LISTS)) == (24 + len(ASSESSED), [])


def test_a_page_read_twice_is_told() -> None:
    """Once as one page too many, once as an address asked twice."""
    again = entry(f"{ROOT}/assessments", token="2")

    differences = Asked.of([*sync(), again]).differences(LISTS)

    assert [problem.partition(":")[0] for problem in differences] == ["assessments", "asked twice"]


def test_a_page_left_out_is_told() -> None:
    """Also a list that was not read at all."""
    short = [one for one in sync() if one["path"] != f"{ROOT}/alerts"]

    assert Asked.of(short).differences(LISTS) == ["alerts: 0 instead of 1"]


def test_another_call_is_told() -> None:
    """Whatever it asks for."""
    other = entry("/subscriptions/s/resources")

    assert Asked.of([*sync(), other]).differences(LISTS) == ["/subscriptions/s/resources: 1 instead of 0"]
