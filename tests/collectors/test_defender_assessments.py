"""Assessments: one verdict per recommendation and resource, severities joined, gaps told from clean bills."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import Part, Status, Verdict
from collectors.defender.assessments import ALL_HEALTHY, PART, plain_text
from collectors.defender.recommendations import CHECKS
from collectors.errors import AccessDenied, ResourceAbsent, ServiceNotEnabled, UnexpectedAnswer
from tests.collectors.memory_reader import Body, MemoryReader, Pages, Sent, official
from tests.collectors.memory_reader import collected as all_collected

SCOPE = "/subscriptions/20ff7fc3-e762-44dd-bd96-b71116dcdc23"
DISK = f"{SCOPE}/resourceGroups/Data/providers/Microsoft.Compute/disks/Disk1"
MARK = "/providers/Microsoft.Security/assessments/"


def row(key: str = "k1", code: str | None = "Unhealthy", resource: str = DISK, **more: object) -> Body:
    """Make an assessment in the shape of the specification."""
    properties = {
        "displayName": f"Recommendation {key}",
        "resourceDetails": {"source": "Azure", "id": resource},
        "status": {"code": code},
    }
    return {"id": f"{resource}{MARK}{key}", "name": key, "properties": properties | more}


def without(name: str) -> Body:
    """Make an assessment that lacks one property."""
    one = row()
    del one["properties"][name]
    return one


def described(key: str, severity: str | None = "High", remediation: str | None = None) -> Body:
    """Make the metadata of a recommendation."""
    return {"name": key, "properties": {"severity": severity, "remediationDescription": remediation}}


def plan(name: str, tier: str = "Free") -> Body:
    """Make a Defender plan."""
    return {"name": name, "properties": {"pricingTier": tier}}


def reader(rows: Pages, metadata: Pages = ((),), plans: Pages = ((),)) -> MemoryReader:
    """Read these assessments."""
    return MemoryReader({"assessments": rows, "assessmentMetadata": metadata, "pricings": plans})


async def collected(part: Part, azure: MemoryReader) -> tuple[dict[str, Any], list[Verdict]]:
    """Collect; what single recommendations answer is tested by itself, and comes once per check."""
    summary, verdicts = await all_collected(part, azure)
    answers = {check.id for check in CHECKS}
    rest = [one for one in verdicts if one.check_id not in answers]
    assert len(verdicts) == len(rest) + len(CHECKS)
    return summary, rest


async def verdict_of(one: Body, *metadata: Body) -> dict[str, Any]:
    """Give the verdict on a single row, by field."""
    _, verdicts = await collected(PART, reader([[one]], [metadata]))
    first = verdicts[0]
    return {name: getattr(first, name) for name in first.__struct_fields__}


class TestOfficialExample:
    """Microsoft's own example bodies: one healthy scale set, one whose assessment is off by policy."""

    @staticmethod
    def azure() -> MemoryReader:
        """Answer the examples."""
        return reader([official("assessments_list")], [official("assessmentMetadata_list_subscription")])

    async def test_each_row_is_a_verdict_on_its_resource(self) -> None:
        """The key, the severity and the resource are Microsoft's, the status is ours."""
        _, verdicts = await collected(PART, self.azure())

        assert [(one.check_id, one.severity, one.resource_id[-5:], one.status) for one in verdicts[:-1]] == [
            ("defender_assessment:21300918-b2e3-0346-785f-c77ff57d243b", "Medium", "vmss1", Status.PASS),
            (
                "defender_assessment:21300918-b2e3-0346-785f-c77ff57d243b",
                "Medium",
                "vmss2",
                Status.NOT_APPLICABLE,
            ),
        ]

    async def test_the_cause_of_not_applicable_is_kept(self) -> None:
        """Why an assessment does not apply stands in what was observed and in the reason."""
        _, verdicts = await collected(PART, self.azure())

        assert verdicts[1].observed["cause"] == "OffByPolicy"
        assert "(OffByPolicy): The effective policy" in verdicts[1].reason

    async def test_the_summary_counts_rows(self) -> None:
        """Two rows: one healthy, one not applicable."""
        summary, _ = await collected(PART, self.azure())

        assert summary == {
            "total": 2,
            "healthy": 1,
            "unhealthy": 0,
            "not_applicable": 1,
            "recommendations_unhealthy": 0,
            "by_severity": {"High": 0, "Medium": 0, "Low": 0, "Unknown": 0},
            "high_severity": [],
        }

    async def test_a_recommendation_without_description_spoils_no_row(self) -> None:
        """Metadata without properties leaves the severity Unknown, and every other row as it is."""
        metadata = [{"name": "k1", "properties": None}, {"name": "k2"}, described("k3", "Low")]

        summary, _ = await collected(PART, reader([[row("k1"), row("k2"), row("k3")]], [metadata]))

        assert summary["by_severity"] == {"High": 0, "Medium": 0, "Low": 1, "Unknown": 2}

    async def test_the_remediation_is_text(self) -> None:
        """The markup of Microsoft's remediation is gone, its words are all there."""
        _, verdicts = await collected(PART, self.azure())

        assert verdicts[0].remediation == (
            "To install an endpoint protection solution: 1.  Follow the instructions in "
            "How do I turn on antimalware in my virtual machine scale set"
        )


class TestVerdict:
    """One row, one verdict."""

    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("Healthy", Status.PASS),
            ("Unhealthy", Status.FAIL),
            ("NotApplicable", Status.NOT_APPLICABLE),
            ("unhealthy", Status.FAIL),
            ("Quarantined", Status.UNKNOWN),
            (None, Status.UNKNOWN),
        ],
    )
    async def test_a_status_is_never_guessed(self, code: str | None, status: Status) -> None:
        """The documented statuses count in any case, anything else is unknown."""
        assert (await verdict_of(row(code=code)))["status"] is status

    async def test_an_undocumented_status_is_told(self) -> None:
        """The word that Azure used stands in the reason and in what was observed."""
        verdict = await verdict_of(row(code="Quarantined"))

        assert "'Quarantined'" in verdict["reason"]
        assert verdict["observed"] == {"status": "Quarantined"}

    @pytest.mark.parametrize("absent", ["status", "displayName", "resourceDetails"])
    async def test_an_absent_property_spoils_no_row(self, absent: str) -> None:
        """Without status it is unknown, without a name its key stands, without details its own id tells."""
        verdict = await verdict_of(without(absent))

        assert (verdict["status"] is Status.UNKNOWN) is (absent == "status")
        assert verdict["title"] == ("k1" if absent == "displayName" else "Recommendation k1")
        assert verdict["resource_id"] == DISK

    @pytest.mark.parametrize(
        ("told", "metadata", "severity"),
        [
            ("KEY", described("key", "High"), "High"),
            ("key", described("KEY", "low"), "Low"),
            ("key", described("key", "Critical"), "Critical"),
            ("key", described("key", "Severe"), "Severe"),
            ("key", described("key", None), "Unknown"),
            ("key", described("another"), "Unknown"),
        ],
        ids=["upper row", "upper metadata", "critical", "new word", "none", "unmatched"],
    )
    async def test_the_severity_is_microsofts_word(self, told: str, metadata: Body, severity: str) -> None:
        """Keys match in any case; where nothing matches the severity is Unknown, never a guess."""
        verdict = await verdict_of(row(told), metadata)

        assert (verdict["check_id"], verdict["severity"]) == ("defender_assessment:key", severity)

    @pytest.mark.parametrize("key", ["id", "Id", "ID"])
    async def test_the_resource_is_found_under_any_spelling(self, key: str) -> None:
        """The id stands under id, or Id in older answers; its own spelling is kept."""
        details = {"source": "Azure", key: DISK.replace("Data", "DATA")}

        assert (await verdict_of(row(resourceDetails=details)))["resource_id"] == DISK.replace("Data", "DATA")

    @pytest.mark.parametrize(
        "details",
        [
            {"source": "OnPremise", "machineName": "m", "vmuuid": "v", "workspaceId": "/w"},
            {"source": "OnPremiseSql", "serverName": "s", "databaseName": "d"},
            {"source": "Aws", "id": "arn:aws:ec2:eu-west-1:1:instance/i"},
            {"source": "Gcp", "Id": "projects/p/zones/z/instances/i"},
            {},
        ],
        ids=["machine", "sql", "aws", "gcp", "nothing"],
    )
    async def test_machines_elsewhere_are_known_by_the_row(self, details: Body) -> None:
        """Outside Azure the resource is what stands before the assessment in the row's own id."""
        assert (await verdict_of(row(resourceDetails=details)))["resource_id"] == DISK

    async def test_the_rows_id_is_cut_in_any_case(self) -> None:
        """The provider's name is not always spelled the same."""
        one = row(resourceDetails=None) | {"id": f"{DISK}{MARK.upper()}k1"}

        assert (await verdict_of(one))["resource_id"] == DISK

    async def test_a_row_of_another_form_keeps_its_id(self) -> None:
        """An id without an assessment in it is not cut."""
        one = row(resourceDetails=None) | {"id": "/something/else"}

        assert (await verdict_of(one))["resource_id"] == "/something/else"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("1. <b>Open</b> it.<br>2. Close it.<BR/>", "1. Open it.\n2. Close it."),
        ("<p>First</p><p>Second</p>", "First\nSecond"),
        ("keep a < b and 3 > 2, R&amp;D", "keep a < b and 3 > 2, R&D"),
        ('<a href="https://x">Link</a>', "Link"),
        ("", ""),
    ],
)
def test_markup_becomes_text(markup: str, text: str) -> None:
    """Tags go, line breaks and everything a reader sees stay."""
    assert plain_text(markup) == text


class TestSummary:
    """Rows and recommendations, counted apart."""

    async def test_rows_and_recommendations_are_counted_apart(self) -> None:
        """Three unhealthy rows of two recommendations; severities count rows, names stand once and sorted."""
        rows = [row("b", resource=f"{DISK}{number}") for number in range(2)]
        rows += [row("a"), row("c", code="Healthy")]
        metadata = [described("a"), described("b", "Critical"), described("c", "Low")]

        summary, _ = await collected(PART, reader([rows], [metadata]))

        assert (summary["unhealthy"], summary["recommendations_unhealthy"]) == (3, 2)
        assert summary["by_severity"] == {"High": 1, "Medium": 0, "Low": 0, "Unknown": 0, "Critical": 2}
        assert summary["high_severity"] == ["Recommendation a", "Recommendation b"]

    async def test_no_name_is_left_out(self) -> None:
        """However many recommendations of high severity there are, all are named."""
        keys = [f"k{number:03}" for number in range(120)]

        summary, _ = await collected(PART, reader([[*map(row, keys)]], [[*map(described, keys)]]))

        assert summary["high_severity"] == [f"Recommendation {key}" for key in keys]

    @given(
        codes=st.lists(
            st.tuples(
                st.sampled_from(["Healthy", "Unhealthy", "NotApplicable", "New", None]),
                st.sampled_from("abcd"),
            ),
            min_size=1,
            max_size=30,
        )
    )
    async def test_the_numbers_add_up(self, codes: Sequence[tuple[str | None, str]]) -> None:
        """The statuses add up to the total, the severities to the unhealthy rows, the verdicts to both."""
        metadata = [described("a"), described("b", "Medium"), described("c", "Odd")]

        summary, verdicts = await collected(
            PART, reader([[row(key, code) for code, key in codes]], [metadata])
        )

        parts = ("healthy", "unhealthy", "not_applicable", "other")
        assert sum(summary.get(part, 0) for part in parts) == summary["total"] == len(codes)
        assert sum(summary["by_severity"].values()) == summary["unhealthy"]
        assert len(verdicts) == len(codes) + 1
        assert summary.get("other") != 0


class TestSubscription:
    """The check that sums up, at the subscription."""

    @pytest.mark.parametrize(
        ("codes", "status"),
        [
            (["Healthy", "NotApplicable"], Status.PASS),
            (["Healthy", "Unhealthy", "New"], Status.FAIL),
            (["Healthy", "New"], Status.UNKNOWN),
            (["NotApplicable"], Status.NOT_APPLICABLE),
        ],
    )
    async def test_one_unhealthy_row_fails_it(self, codes: list[str], status: Status) -> None:
        """A status that is not known is never a pass, and not-applicable ones alone prove nothing."""
        _, verdicts = await collected(PART, reader([[row(code=code) for code in codes]]))

        assert (verdicts[-1].check_id, verdicts[-1].resource_id) == (ALL_HEALTHY.id, SCOPE)
        assert verdicts[-1].status is status
        assert verdicts[-1].observed["total"] == len(codes)


class TestGaps:
    """An empty list, and lists that cannot be read."""

    async def test_an_empty_list_with_defender_on_is_evidence(self) -> None:
        """Zero assessments where the plans can be read: collected, and not applicable so far."""
        summary, verdicts = await collected(PART, reader([[]], plans=[[plan("VirtualMachines")]]))

        assert summary["total"] == 0
        assert [one.status for one in verdicts] == [Status.NOT_APPLICABLE]
        assert "24 hours" in verdicts[0].reason

    async def test_an_empty_list_without_defender_is_a_gap(self) -> None:
        """Azure answers an empty list for a subscription that never registered: the plans tell."""
        with pytest.raises(ServiceNotEnabled):
            await collected(PART, reader([[]], plans=ServiceNotEnabled("never registered")))

    @pytest.mark.parametrize("name", ["assessments", "assessmentMetadata"])
    @pytest.mark.parametrize(
        "error",
        [AccessDenied("no", permission="p", scope=SCOPE), ResourceAbsent("404"), UnexpectedAnswer("HTML")],
        ids=["denied", "not found", "broken"],
    )
    async def test_a_list_that_fails_fails_the_part(self, name: str, error: ResourceAbsent) -> None:
        """No severity is guessed and no row is left out because one of the two lists was refused."""
        answers: dict[str, Pages] = {"assessments": [[row()]], "assessmentMetadata": [[]]}

        with pytest.raises(type(error)):
            await collected(PART, MemoryReader(answers | {name: error}))

    @pytest.mark.parametrize(
        "broken", [{"id": DISK}, {"name": "k"}, 7, {"id": 1, "name": "k", "properties": {}}]
    )
    async def test_a_row_of_another_shape_is_not_skipped(self, broken: object) -> None:
        """What cannot be read as an assessment is an unexpected answer, not one row less."""
        with pytest.raises(UnexpectedAnswer):
            await collected(PART, reader([[row()], [broken]]))


async def test_every_page_is_read_once() -> None:
    """Metadata first, then page after page; the plans are asked for only where there is nothing."""
    azure = reader([[row("a")], [row("b")], []], [[described("a")], [described("b")]])

    summary, _ = await collected(PART, azure)

    assert (summary["total"], summary["by_severity"]["High"]) == (2, 2)
    assert azure.sent == [
        *(Sent("assessmentMetadata", "2025-05-04", page) for page in range(2)),
        *(Sent("assessments", "2025-05-04", page) for page in range(3)),
    ]
