"""The mapping files as shipped: every id exists, every size is the published one."""

import re

import pytest

from mappings import loader

FRAMEWORK_IDS = (
    "iso27001_2022",
    "soc2_2017",
    "pci_dss_4_0_1",
    "hipaa_security_rule",
    "mcsb_v1",
    "cis_azure_6_0_0",
    "nist_800_53_r5",
    "nist_csf_2_0",
)

ID_FORMS = {
    "iso27001_2022": r"A\.[5-8]\.\d{1,2}",
    "soc2_2017": r"(CC[1-9]|A1|C1|PI1|P[1-8])\.\d",
    "pci_dss_4_0_1": r"(1?\d|A[1-3])\.\d{1,2}\.\d{1,2}",
    "hipaa_security_rule": r"164\.3(0|1)\d(\([a-e]\)(\(\d\))?(\([ivx]+\))?(\([A-E]\))?)",
    "mcsb_v1": r"(AM|BR|DP|DS|ES|GS|IM|IR|LT|NS|PA|PV)-\d{1,2}",
    "cis_azure_6_0_0": r"\d(\.\d{1,2}){1,3}",
    "nist_800_53_r5": r"[A-Z]{2}-\d{1,2}(\(\d{1,2}\))?",
    "nist_csf_2_0": r"(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-\d{2}",
}


@pytest.fixture(scope="module")
def mappings() -> loader.Mappings:
    """The files of this repository, loaded once."""
    return loader.load()


def mapped_ids(mappings: loader.Mappings, framework_id: str) -> set[str]:
    """The ids of a framework that a check could be mapped to."""
    return {control.id for control in mappings.controls(framework_id) if not control.is_group}


def test_frameworks_are_those_of_the_api(mappings: loader.Mappings) -> None:
    """Exactly the eight frameworks that the API promises are there, in its order."""
    found = tuple(framework.id for framework in mappings.frameworks)

    assert found == FRAMEWORK_IDS


@pytest.mark.parametrize(
    ("framework_id", "size"),
    [
        ("mcsb_v1", 86),
        ("iso27001_2022", 93),
        ("soc2_2017", 61),
        ("nist_csf_2_0", 106),
        ("cis_azure_6_0_0", 127),
    ],
)
def test_catalogue_has_its_published_size(mappings: loader.Mappings, framework_id: str, size: int) -> None:
    """A catalogue holds as many controls as its publisher printed, groups not counted."""
    assert len(mapped_ids(mappings, framework_id)) == size


def test_pci_dss_has_its_published_requirements(mappings: loader.Mappings) -> None:
    """PCI DSS has 205 requirements at the third level, beside those of its appendices."""
    requirements = {id_ for id_ in mapped_ids(mappings, "pci_dss_4_0_1") if not id_.startswith("A")}

    assert len(requirements) == 205


@pytest.mark.parametrize("framework_id", FRAMEWORK_IDS)
def test_control_ids_are_well_formed(mappings: loader.Mappings, framework_id: str) -> None:
    """Every control id has the form that its publisher prints, with no blank or old numbering in it."""
    odd = [id_ for id_ in mapped_ids(mappings, framework_id) if not re.fullmatch(ID_FORMS[framework_id], id_)]

    assert odd == []


@pytest.mark.parametrize("framework_id", sorted(set(FRAMEWORK_IDS) - {"cis_azure_6_0_0"}))
def test_controls_have_titles(mappings: loader.Mappings, framework_id: str) -> None:
    """Every control can be shown by title; only the CIS texts may not be reproduced."""
    untitled = [control.id for control in mappings.controls(framework_id) if not control.title]

    assert untitled == []


def test_cis_titles_are_not_reproduced(mappings: loader.Mappings) -> None:
    """The CIS texts are licensed CC BY-NC-SA: this repository holds their numbers alone."""
    assert {control.title for control in mappings.controls("cis_azure_6_0_0")} == {""}


@pytest.mark.parametrize(
    ("check_id", "iso", "soc2"),
    [
        ("defender_secure_score", {"A.8.8", "A.5.36"}, {"CC7.1"}),
        ("defender_resource_assessments", {"A.8.8", "A.8.9"}, {"CC7.1"}),
        ("defender_security_alerts", {"A.8.16", "A.5.25"}, {"CC7.2"}),
    ],
)
def test_seeds_are_those_of_the_product(
    mappings: loader.Mappings, check_id: str, iso: set[str], soc2: set[str]
) -> None:
    """The three Defender evidence items have exactly their promised ISO and SOC 2 controls."""
    controls = mappings.controls_of(check_id)

    assert (set(controls["iso27001_2022"]), set(controls["soc2_2017"])) == (iso, soc2)


def test_rows_name_their_sources(mappings: loader.Mappings) -> None:
    """Each source of a row is one that the README of the folder explains."""
    known = re.compile(
        r"(analogy:)?(seed|judgement|(azp|prowler)[\w.:-]*|cis6\.0-title|mcsb-xlsx\(r4\))(@\w+)?"
    )
    odd = [row for row in mappings.rows if not all(known.fullmatch(part) for part in row.source.split("+"))]

    assert odd == []


def test_check_ids_are_well_formed(mappings: loader.Mappings) -> None:
    """A check id is words in lower case joined by underscores."""
    odd = [
        row.check_id
        for row in mappings.rows
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", row.check_id)
    ]

    assert odd == []


def test_assessments_are_all_there(mappings: loader.Mappings) -> None:
    """All 363 published recommendations are known, each under a key of its own."""
    assert len(mappings.assessments) == 363


@pytest.mark.parametrize("severity", ["High", "Medium", "Low", ""])
def test_assessments_keep_microsofts_severity(mappings: loader.Mappings, severity: str) -> None:
    """Severity is Microsoft's word or empty, never one that was made up."""
    assert severity in {assessment.severity for assessment in mappings.assessments.values()}
