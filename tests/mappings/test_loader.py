"""The loader: what it answers, and what it refuses, with file and line."""

import shutil
from pathlib import Path

import pytest

import mappings
from mappings import data_files, loader

FOLDER = Path(mappings.__file__).parent
SOME_ASSESSMENT = "86f91051-9d6a-47c3-a07f-bd14cb214b45"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the mapping files that a test may spoil."""
    shutil.copytree(FOLDER, tmp_path / "mappings", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return tmp_path / "mappings"


@pytest.fixture(scope="module")
def loaded() -> loader.Mappings:
    """The files of this repository, loaded once."""
    return loader.load()


def append(path: Path, line: str) -> int:
    """Add a line to a file, and return its number."""
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(line + "\n")
    return len(path.read_text(encoding="utf-8").splitlines())


def replace(path: Path, old: str, new: str) -> None:
    """Change the first occurrence of a text that must be there."""
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8", newline="")


class TestAnswers:
    """What a caller gets from well-formed files."""

    def test_controls_of_a_check_stand_in_catalogue_order(self, loaded: loader.Mappings) -> None:
        """The controls of a check come as the catalogue prints them, not as the rows were written."""
        assert loaded.controls_of("defender_secure_score")["iso27001_2022"] == ("A.5.36", "A.8.8")

    def test_an_unmapped_check_has_no_controls(self, loaded: loader.Mappings) -> None:
        """A check that no row names supports nothing, which is no error."""
        assert loaded.controls_of("storage_unheard_of") == {}

    def test_an_assessment_has_its_benchmark_controls(self, loaded: loader.Mappings) -> None:
        """A recommendation of Defender supports the MCSB controls that Microsoft gives for it."""
        assert loaded.controls_of(f"defender_assessment:{SOME_ASSESSMENT}") == {"mcsb_v1": ("PV-2",)}

    def test_an_assessment_key_may_be_in_any_case(self, loaded: loader.Mappings) -> None:
        """Azure does not promise the case of a key."""
        controls = loaded.controls_of(f"defender_assessment:{SOME_ASSESSMENT.upper()}")

        assert controls == {"mcsb_v1": ("PV-2",)}

    def test_an_unknown_assessment_has_no_controls(self, loaded: loader.Mappings) -> None:
        """A recommendation that is newer than the file is mapped to nothing rather than guessed at."""
        assert loaded.controls_of("defender_assessment:00000000-0000-0000-0000-000000000000") == {}

    def test_checks_of_is_the_inverse_of_controls_of(self, loaded: loader.Mappings) -> None:
        """Whatever one direction says, the other says too."""
        for framework in loaded.frameworks:
            for control in loaded.controls(framework.id):
                for check_id in loaded.checks_of(framework.id, control.id):
                    assert control.id in loaded.controls_of(check_id)[framework.id]

    def test_checks_of_a_control_names_every_mapped_check(self, loaded: loader.Mappings) -> None:
        """Each row is found again from its control."""
        for row in loaded.rows:
            assert row.check_id in loaded.checks_of(row.framework, row.control_id)

    def test_a_group_has_no_checks(self, loaded: loader.Mappings) -> None:
        """Nothing is mapped to what only holds controls together."""
        assert loaded.checks_of("iso27001_2022", "A.8") == ()

    def test_a_control_knows_its_group(self, loaded: loader.Mappings) -> None:
        """A catalogue can be shown as a tree."""
        control = next(control for control in loaded.controls("soc2_2017") if control.id == "CC7.1")

        assert (control.parent, control.is_group) == ("CC7", False)

    def test_a_control_states_its_coverage(self, loaded: loader.Mappings) -> None:
        """How far the checks of a control reach stands beside it; a group has nothing to cover."""
        stated = {one.id: one.coverage for one in loaded.controls("soc2_2017")}

        assert [stated[one] for one in ("CC1.1", "CC4.2", "CC7.1", "CC7")] == [
            "none",
            "manual",
            "partial",
            None,
        ]

    def test_an_unknown_framework_is_an_error(self, loaded: loader.Mappings) -> None:
        """A framework that is not there is never an empty catalogue."""
        with pytest.raises(KeyError):
            loaded.controls("iso27001_2013")


class TestVersion:
    """The version names exactly the content that was loaded."""

    def test_same_content_has_the_same_version(self, loaded: loader.Mappings, copy: Path) -> None:
        """Another folder with the same files has the same version."""
        assert loader.load(copy).version == loaded.version

    def test_version_is_sixteen_hexadecimal_digits(self, loaded: loader.Mappings) -> None:
        """It is short enough to stand on every evidence item."""
        assert len(loaded.version) == 16
        assert int(loaded.version, 16) >= 0

    @pytest.mark.parametrize(
        "name", sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.csv"))
    )
    def test_one_changed_byte_changes_the_version(
        self, loaded: loader.Mappings, copy: Path, name: str
    ) -> None:
        """No file can change without the version saying so."""
        (copy / name).write_bytes((copy / name).read_bytes() + b"\n")

        assert read_version(copy) != loaded.version

    def test_line_ends_do_not_change_the_version(self, loaded: loader.Mappings, copy: Path) -> None:
        """A checkout with Windows line ends is the same content."""
        for path in copy.rglob("*.csv"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

        assert loader.load(copy).version == loaded.version


def read_version(folder: Path) -> str:
    """The version of a folder whose rows need not be right."""
    return data_files.content_version(data_files.read_folder(folder).values())


class TestRefusals:
    """A spoilt copy is refused, and the error says where."""

    @pytest.mark.parametrize(
        ("file", "line", "problem"),
        [
            ("controls/defender.csv", "soc2_2017,CC7.9,defender_x,seed", "soc2_2017 has no control 'CC7.9'"),
            ("controls/defender.csv", "iso27001_2022,A.8,defender_x,seed", "no control 'A.8' to map to"),
            ("controls/defender.csv", "iso27001_2013,A.9.1,defender_x,seed", "no framework 'iso27001_2013'"),
            (
                "controls/defender.csv",
                "soc2_2017,CC7.1,defender_secure_score,seed",
                "defender_secure_score is mapped to CC7.1 twice",
            ),
            ("controls/defender.csv", "soc2_2017,CC7.1,defender_x,", "source is empty"),
            ("controls/defender.csv", "soc2_2017,CC7.1,,seed", "check_id is empty"),
            ("controls/defender.csv", "soc2_2017, CC7.1,defender_x,seed", "white space"),
            ("controls/defender.csv", "soc2_2017,CC7.1,defender_x", "4 fields expected, 3 found"),
            ("controls/defender.csv", 'soc2_2017,CC7.1,"defender_x"y,seed', "expected after"),
            ("catalogues/soc2_2017.csv", "CC7.1,Again,CC7,control,none", "CC7.1 is listed twice"),
            (
                "catalogues/soc2_2017.csv",
                "CC7.9,New,CC77,control,none",
                "parent CC77 does not stand above CC7.9",
            ),
            ("catalogues/soc2_2017.csv", "CC7.9,New,CC7,leaf,none", "kind is 'leaf'"),
            (
                "catalogues/soc2_2017.csv",
                "CC7.9,New,CC7,control,most",
                "coverage is 'most', none of automated",
            ),
            ("catalogues/soc2_2017.csv", "CC7.9,New,CC7,control,", "coverage is ''"),
            ("catalogues/soc2_2017.csv", "CC10,New,,group,none", "a group has no coverage of its own"),
            ("catalogues/soc2_2017.csv", ",New,CC7,control,none", "control_id is empty"),
            ("frameworks.csv", "soc2_2017,a,b,c,d,e", "framework soc2_2017 is listed twice"),
            ("frameworks.csv", "soc2_2030,a,b,c,,e", "link is empty"),
            ("defender_assessments.csv", "not-a-guid,Name,High,x,PV-2", "'not-a-guid' is not a GUID"),
            ("defender_assessments.csv", f"{SOME_ASSESSMENT.upper()},Name,High,x,PV-2", "in lower case"),
            ("defender_assessments.csv", f"{SOME_ASSESSMENT},Name,High,x,PV-2", "is listed twice"),
            (
                "defender_assessments.csv",
                "00000000-0000-0000-0000-000000000000,Name,Critical,x,PV-2",
                "severity 'Critical'",
            ),
            (
                "defender_assessments.csv",
                "00000000-0000-0000-0000-000000000000,Name,High,x,PV-2;XX-1",
                "mcsb_v1 has no control 'XX-1'",
            ),
            (
                "defender_assessments.csv",
                "00000000-0000-0000-0000-000000000000,Name,High,x,PV-2;PV-2",
                "a control is named twice",
            ),
        ],
    )
    def test_a_wrong_line_is_refused(self, copy: Path, file: str, line: str, problem: str) -> None:
        """Each kind of wrong line stops the load, with the file, the line and the problem."""
        number = append(copy / file, line)

        with pytest.raises(loader.MappingError) as refused:
            loader.load(copy)

        assert (refused.value.file, refused.value.line) == (file, number)
        assert problem in refused.value.problem
        assert f"mappings/{file}, line {number}: " in str(refused.value)

    def test_a_wrong_header_is_refused(self, copy: Path) -> None:
        """Columns in another order would put values in the wrong place."""
        replace(copy / "controls/defender.csv", "control_id,check_id", "check_id,control_id")

        with pytest.raises(loader.MappingError, match=r"mappings/controls/defender.csv, line 1: the columns"):
            loader.load(copy)

    def test_an_empty_file_is_refused(self, copy: Path) -> None:
        """A file that lost its content is not a file without rows."""
        (copy / "controls/defender.csv").write_bytes(b"")

        with pytest.raises(loader.MappingError, match=r"controls/defender.csv, line 1"):
            loader.load(copy)

    def test_other_encodings_are_refused(self, copy: Path) -> None:
        """A byte that is not UTF-8 is named by its line."""
        path = copy / "controls/defender.csv"
        path.write_bytes(path.read_bytes() + b"soc2_2017,CC7.1,defender_\xe9,seed\n")
        number = len(path.read_bytes().splitlines())

        with pytest.raises(loader.MappingError, match=rf"line {number}: not UTF-8"):
            loader.load(copy)

    @pytest.mark.parametrize("name", ["frameworks.csv", "catalogues/mcsb_v1.csv", "defender_assessments.csv"])
    def test_a_missing_file_is_refused(self, copy: Path, name: str) -> None:
        """A catalogue that was not deployed is not an empty one."""
        (copy / name).unlink()

        with pytest.raises(loader.MappingError, match=rf"mappings/{name}, line 1: the file is missing"):
            loader.load(copy)
