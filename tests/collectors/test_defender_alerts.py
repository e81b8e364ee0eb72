"""Security alerts: what counts as active, which are shown, and when silence says nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import Status
from collectors.defender.alerts import NONE_ACTIVE, PART, SAMPLES, Alert, Tally, pressing_first
from collectors.errors import AccessDenied, ResourceAbsent, ServiceNotEnabled, UnexpectedAnswer
from tests.collectors.memory_reader import Body, MemoryReader, Pages, Sent, collected, official

SCOPE = "/subscriptions/20ff7fc3-e762-44dd-bd96-b71116dcdc23"
MACHINE = f"{SCOPE}/resourceGroups/myRg1/providers/Microsoft.Compute/virtualMachines/vm1"

alerts = st.builds(
    Alert,
    name=st.text(max_size=3),
    severity=st.none() | st.sampled_from(["High", "medium", "Low", "Informational", "Extreme"]),
    status=st.none() | st.sampled_from(["Active", "ACTIVE", "InProgress", "Resolved", "Dismissed", "Odd"]),
    start_time_utc=st.none() | st.datetimes() | st.datetimes(timezones=st.just(UTC)),
)


def row(
    name: str = "a1", status: str | None = "Active", severity: str | None = "High", **more: object
) -> Body:
    """Make an alert in the shape of the specification."""
    properties = {"alertDisplayName": f"Alert {name}", "status": status, "severity": severity}
    return {"id": f"{SCOPE}/alerts/{name}", "name": name, "properties": properties | more}


def plan(name: str, tier: str) -> Body:
    """Make a Defender plan."""
    return {"name": name, "properties": {"pricingTier": tier}}


def reader(rows: Pages, plans: Pages = ((),)) -> MemoryReader:
    """Read these alerts."""
    return MemoryReader({"alerts": rows, "pricings": plans})


class TestOfficialExample:
    """Microsoft's own example body: two active alerts, one High and one Medium."""

    async def test_the_summary_counts_and_samples(self) -> None:
        """The times are RFC 3339 in UTC, the resource is the alert's Azure resource."""
        summary, _ = await collected(PART, reader([official("alerts_list_subscription")]))

        assert summary == {
            "active": 2,
            "by_severity": {"High": 1, "Medium": 1, "Low": 0, "Informational": 0},
            "by_status": {"Active": 2},
            "samples": [
                {
                    "name": "2518298467986649999_4d25bfef-2d77-4a08-adc0-3e35715cc92a",
                    "display_name": "Azure Security Center test alert (not a threat)",
                    "severity": "High",
                    "started_at": "2020-02-22T00:00:00Z",
                    "resource_id": MACHINE,
                },
                {
                    "name": "2518765996949954086_2325cf9e-42a2-4f72-ae7f-9b863cba2d22",
                    "display_name": "Suspicious Screensaver process executed",
                    "severity": "Medium",
                    "started_at": "2019-05-07T13:51:45.004591Z",
                    "resource_id": MACHINE,
                },
            ],
        }

    async def test_active_alerts_fail_the_subscription(self) -> None:
        """One verdict, on the subscription, with the counts that decided it."""
        _, verdicts = await collected(PART, reader([official("alerts_list_subscription")]))

        assert verdicts == [
            NONE_ACTIVE.verdict(SCOPE, Status.FAIL, "Active security alerts: 2.", active=2, in_progress=0)
        ]


class TestVerdict:
    """Which alerts fail the check."""

    @pytest.mark.parametrize(
        ("statuses", "status"),
        [
            (["Active", "Resolved"], Status.FAIL),
            (["active"], Status.FAIL),
            (["Resolved", "Dismissed"], Status.PASS),
            (["InProgress"], Status.PASS),
            (["Resolved", "Escalated"], Status.UNKNOWN),
            (["Resolved", None], Status.UNKNOWN),
            (["Active", "Escalated"], Status.FAIL),
        ],
    )
    async def test_only_active_ones_fail(self, statuses: list[str | None], status: Status) -> None:
        """In any case of the word; what is not documented is neither active nor settled."""
        _, verdicts = await collected(PART, reader([[row(status=one) for one in statuses]]))

        assert [verdict.status for verdict in verdicts] == [status]

    async def test_alerts_in_progress_are_told(self) -> None:
        """They pass, for somebody works on them, and they are seen to."""
        _, verdicts = await collected(PART, reader([[row(status="InProgress")]]))

        assert verdicts[0].observed == {"active": 0, "in_progress": 1}
        assert verdicts[0].reason == "No security alert is active; in progress: 1."

    async def test_words_that_are_not_documented_stand_as_they_came(self) -> None:
        """They are counted under their own names, and absent ones as Unknown."""
        rows = [row(severity="Extreme"), row(severity=None), row(status="Escalated"), row(status=None)]

        summary, _ = await collected(PART, reader([rows]))

        assert summary["by_status"] == {"Active": 2, "Escalated": 1, "Unknown": 1}
        assert {**summary["by_severity"], "High": 0, "Medium": 0, "Low": 0, "Informational": 0} == {
            **dict.fromkeys(("High", "Medium", "Low", "Informational"), 0),
            "Extreme": 1,
            "Unknown": 1,
        }


class TestSamples:
    """The ten most pressing active alerts."""

    @given(pages=st.lists(st.lists(alerts, max_size=15), max_size=4))
    def test_samples_are_the_first_of_all(self, pages: Sequence[list[Alert]]) -> None:
        """Kept page by page, they are what sorting all alerts at once would have put first."""
        tally = Tally()
        for page in pages:
            tally.add(page)

        active = [one for page in pages for one in page if (one.status or "").lower() == "active"]
        assert tally.most_pressing == sorted(active, key=pressing_first)[:SAMPLES]

    @given(page=st.lists(alerts, max_size=30))
    def test_the_numbers_add_up(self, page: list[Alert]) -> None:
        """The statuses add up to all alerts, the severities to the active ones."""
        tally = Tally()
        tally.add(page)

        assert tally.by_status.total() == len(page)
        assert tally.by_severity.total() == tally.active
        assert len(tally.most_pressing) == min(tally.active, SAMPLES)

    def test_severity_comes_before_time(self) -> None:
        """An old alert of high severity stands before a new one of low; of two alike the newer is first."""
        day = datetime(2026, 3, 1, tzinfo=UTC)
        in_order = (
            Alert("1", severity="High", start_time_utc=day),
            Alert("2", severity="High", start_time_utc=day - timedelta(days=1)),
            Alert("3", severity="High"),
            Alert("4", severity="Low", start_time_utc=day + timedelta(days=1)),
            Alert("5", severity="Extreme", start_time_utc=day + timedelta(days=2)),
        )

        assert {tuple(sorted(some, key=pressing_first)) for some in permutations(in_order)} == {in_order}

    @pytest.mark.parametrize(
        ("more", "expected"),
        [
            ({}, {"started_at": None, "resource_id": None}),
            ({"startTimeUtc": "2026-03-01T10:00:00"}, {"started_at": "2026-03-01T10:00:00Z"}),
            ({"startTimeUtc": "2026-03-01T10:00:00+02:00"}, {"started_at": "2026-03-01T08:00:00Z"}),
            ({"resourceIdentifiers": []}, {"resource_id": None}),
            ({"resourceIdentifiers": [{"type": "LogAnalytics", "agentId": "x"}]}, {"resource_id": None}),
            (
                {
                    "resourceIdentifiers": [
                        {"type": "New"},
                        {"type": "AzureResource", "azureResourceId": MACHINE},
                    ]
                },
                {"resource_id": MACHINE},
            ),
        ],
        ids=["nothing", "no zone", "another zone", "no identifier", "workspace only", "second identifier"],
    )
    async def test_an_absent_property_spoils_no_sample(self, more: Body, expected: Body) -> None:
        """What Azure does not tell is null, times are UTC whatever zone they came in."""
        summary, _ = await collected(PART, reader([[row(**more)]]))

        sample = summary["samples"][0]
        assert {name: sample[name] for name in expected} == expected


class TestSilence:
    """No alert at all."""

    @pytest.mark.parametrize(
        ("plans", "status"),
        [
            ([plan("VirtualMachines", "Standard"), plan("Dns", "Free")], Status.PASS),
            ([plan("VirtualMachines", "standard")], Status.PASS),
            ([plan("VirtualMachines", "Free")], Status.UNKNOWN),
            ([plan("CloudPosture", "Standard"), plan("VirtualMachines", "Free")], Status.UNKNOWN),
            ([], Status.UNKNOWN),
        ],
        ids=["one plan on", "in another case", "all free", "posture only", "no plan"],
    )
    async def test_silence_counts_only_where_somebody_watches(
        self, plans: list[Body], status: Status
    ) -> None:
        """Without a plan that raises alerts, the absence of alerts is unknown and not a pass."""
        summary, verdicts = await collected(PART, reader([[]], [plans]))

        assert [verdict.status for verdict in verdicts] == [status]
        assert (summary["active"], summary["samples"], summary["by_status"]) == (0, [], {})

    async def test_the_official_plans_count_as_watching(self) -> None:
        """Microsoft's example of plans, several of them on, can be read."""
        _, verdicts = await collected(PART, reader([[]], [official("pricings_list_scope")]))

        assert verdicts[0].status is Status.PASS

    async def test_the_plans_are_not_read_where_there_are_alerts(self) -> None:
        """A settled alert shows that somebody watches; every page of the alerts is read once."""
        azure = reader([[row(status="Resolved")], [row(status="Dismissed")]])

        await collected(PART, azure)

        assert azure.sent == [Sent("alerts", "2022-01-01", 0), Sent("alerts", "2022-01-01", 1)]

    @pytest.mark.parametrize(
        "error",
        [
            AccessDenied("no", permission="Microsoft.Security/alerts/read", scope=SCOPE),
            ResourceAbsent("404"),
            ServiceNotEnabled("off"),
        ],
        ids=["denied", "not found", "never registered"],
    )
    @pytest.mark.parametrize("name", ["alerts", "pricings"])
    async def test_a_failed_read_is_never_silence(self, name: str, error: ResourceAbsent) -> None:
        """Neither a refused list of alerts nor refused plans become a verdict."""
        answers: dict[str, Pages] = {"alerts": [[]], "pricings": [[]]}

        with pytest.raises(type(error)):
            await collected(PART, MemoryReader(answers | {name: error}))

    @pytest.mark.parametrize(
        "rows",
        ["no list", [[{"id": "x"}]], [[row(startTimeUtc="yesterday")]], [[row(resourceIdentifiers="x")]]],
        ids=["value is no list", "no name", "no time", "no identifiers"],
    )
    async def test_an_answer_of_another_shape_is_said_to_be_one(self, rows: Pages) -> None:
        """What the specification does not describe is never one alert less."""
        with pytest.raises(UnexpectedAnswer):
            await collected(PART, reader(rows))

    async def test_what_it_holds_is_not_repeated(self) -> None:
        """The error stays short and quotes no alert: a page may be megabytes, and names attacked people."""
        rows = [row(f"a{number}", description="private" * 100) for number in range(100)]

        with pytest.raises(UnexpectedAnswer) as caught:
            await collected(PART, reader([[*rows, row(startTimeUtc="yesterday")]]))

        assert "private" not in caught.value.detail
        assert len(caught.value.detail) < 200
