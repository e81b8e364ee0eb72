"""Modules and functions stay small, are named by what they do, and catch only what they name."""

from pathlib import Path

import pytest

from tests.architecture import shape
from tests.architecture.allowed import BROAD_EXCEPT, SUPPRESSIONS
from tests.architecture.source import DEPLOYED, DEVELOPMENT, ROOT, write

NOTHING: dict[tuple[str, str], str] = {}


@pytest.mark.parametrize(
    ("places", "limit"), [(DEPLOYED, 35), (DEVELOPMENT, 35), (("tests",), 25)], ids=["app", "tools", "tests"]
)
def test_nine_functions_in_ten_are_short(places: tuple[str, ...], limit: int) -> None:
    """Nine functions in ten fit on half a page, and there are functions."""
    assert 0 < shape.function_length(ROOT, 0.9, *places) <= limit


def test_no_function_is_longer_than_a_page() -> None:
    """No function has more than 60 lines."""
    assert shape.long_functions(ROOT) == []


def test_no_module_is_too_long() -> None:
    """No module has more than 300 lines, no test module more than 500."""
    assert shape.long_modules(ROOT) == []


def test_names_say_what_a_module_does() -> None:
    """There are no utils, helpers, common or manager."""
    assert shape.empty_names(ROOT) == []


def test_nobody_catches_everything() -> None:
    """A handler of Exception turns a failed read into an empty one; the few that may are listed."""
    assert shape.broad_excepts(ROOT, BROAD_EXCEPT) == []


def test_every_silenced_warning_is_known() -> None:
    """Each comment that silences the linter or the type checker is listed with its reason."""
    assert shape.suppressions(ROOT, SUPPRESSIONS) == []


class TestTheRulesThemselves:
    """Each rule finds what it is there to find."""

    def test_a_long_function_is_found(self, tmp_path: Path) -> None:
        """61 lines are one too many."""
        body = "    pass\n" * 60
        root = write(tmp_path, pipeline__a=f"class Runs:\n  def start(self):\n{body}")

        assert shape.long_functions(root) == ["pipeline/a.py:2: Runs.start has 61 lines, 60 at most"]

    def test_a_page_is_not_too_long(self, tmp_path: Path) -> None:
        """60 lines are not."""
        root = write(tmp_path, pipeline__a="async def start():\n" + "    pass\n" * 59)

        assert shape.long_functions(root) == []

    @pytest.mark.parametrize(("long_ones", "length"), [(0, 1), (1, 1), (2, 40)])
    def test_one_long_function_in_ten_goes_through(self, tmp_path: Path, long_ones: int, length: int) -> None:
        """The length given is that of the longest function when the longest tenth is set aside."""
        short, long = "def a(): ...\n", "def b():\n" + "    pass\n" * 39
        root = write(tmp_path, pipeline__a=short * (10 - long_ones) + long * long_ones)

        assert shape.function_length(root, 0.9, "pipeline") == length

    def test_a_project_without_functions_has_no_length(self, tmp_path: Path) -> None:
        """So that the claim about short functions cannot hold for nothing."""
        assert shape.function_length(tmp_path, 0.9, "pipeline") == 0

    @pytest.mark.parametrize(
        ("name", "lines", "found"),
        [("pipeline__a", 301, 1), ("pipeline__a", 300, 0), ("tests__a", 501, 1), ("tests__a", 500, 0)],
    )
    def test_a_long_module_is_found(self, tmp_path: Path, name: str, lines: int, found: int) -> None:
        """Tests may be longer than what they test."""
        assert len(shape.long_modules(write(tmp_path, **{name: "x = 1\n" * lines}))) == found

    @pytest.mark.parametrize("name", ["pipeline__utils", "local__common__a", "tests__http_helpers"])
    def test_an_empty_name_is_found(self, tmp_path: Path, name: str) -> None:
        """As a module, as a package, and as a part of either."""
        assert len(shape.empty_names(write(tmp_path, **{name: ""}))) == 1

    @pytest.mark.parametrize(
        "code",
        [
            "try: ...\nexcept: ...",
            "try: ...\nexcept Exception: ...",
            "try: ...\nexcept (ValueError, BaseException): ...",
            "import contextlib\nwith contextlib.suppress(Exception): ...",
        ],
    )
    def test_a_broad_handler_is_found(self, tmp_path: Path, code: str) -> None:
        """However it is written."""
        assert len(shape.broad_excepts(write(tmp_path, pipeline__a=code), NOTHING)) == 1

    def test_a_narrow_handler_is_not_found(self, tmp_path: Path) -> None:
        """Catching what is named goes through."""
        root = write(tmp_path, pipeline__a="try: ...\nexcept (ValueError, ExceptionGroup): ...")

        assert shape.broad_excepts(root, NOTHING) == []

    def test_a_handler_that_raises_again_is_not_found(self, tmp_path: Path) -> None:
        """Cleaning up after anything hides nothing."""
        root = write(tmp_path, pipeline__a="try: ...\nexcept BaseException:\n    print()\n    raise")

        assert shape.broad_excepts(root, NOTHING) == []

    def test_an_allowed_handler_is_not_found(self, tmp_path: Path) -> None:
        """An allowance is for one function of one file."""
        code = "def work():\n    try: ...\n    except Exception: ..."
        root = write(tmp_path, pipeline__a=code, pipeline__b=code)

        broken = shape.broad_excepts(root, {("pipeline/a.py", "work"): "shown to be needed"})

        assert broken == ["pipeline/b.py:3: work catches everything"]

    def test_a_stale_allowance_is_found(self, tmp_path: Path) -> None:
        """What nothing needs any more is taken off the list."""
        broken = shape.broad_excepts(tmp_path, {("pipeline/a.py", "work"): "was needed"})

        assert broken == ["pipeline/a.py: work is allowed and not there"]

    @pytest.mark.parametrize("comment", ["noqa", "noqa: S603", "type: ignore[arg-type]", "pragma: no cover"])
    def test_a_silenced_warning_is_found(self, tmp_path: Path, comment: str) -> None:
        """Each way to silence a tool is known, with the rest of the comment set aside."""
        root = write(tmp_path, tests__a=f"x = 1  # {comment} - because\n")

        assert shape.suppressions(root, NOTHING) == [f"tests/a.py:1: # {comment}"]

    def test_a_text_that_only_mentions_one_is_not_found(self, tmp_path: Path) -> None:
        """Only comments silence a tool."""
        assert shape.suppressions(write(tmp_path, tests__a="x = '# noqa'\n"), NOTHING) == []
