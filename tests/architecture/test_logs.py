"""What the app says of itself are declared events, and nothing else."""

from pathlib import Path

import pytest

from tests.architecture import logs
from tests.architecture.source import ROOT, write


def test_nothing_is_logged_but_declared_events() -> None:
    """Queries and alerts may rely on the declarations: no line is written past them."""
    assert logs.loose_logging(ROOT) == []


def test_every_declared_event_is_logged() -> None:
    """A query for an event that nothing logs would be silent for ever."""
    assert logs.unused_events(ROOT) == []


class TestTheRulesThemselves:
    """Each rule finds what it is there to find."""

    @pytest.mark.parametrize(
        "code",
        [
            "import logging\nlogging.info('x')",
            "import logging\n_LOG = logging.getLogger(__name__)",
            "import logging\nlogging.getLogger('a').warning('x')",
            "from logging import getLogger",
            "print('x')",
            "import warnings\nwarnings.warn('x')",
        ],
    )
    def test_loose_logging_is_found(self, tmp_path: Path, code: str) -> None:
        """However it is written."""
        assert len(logs.loose_logging(write(tmp_path, pipeline__a=code))) >= 1

    def test_silencing_a_package_is_not_found(self, tmp_path: Path) -> None:
        """Other people's loggers may be turned down, in any module."""
        code = "import logging\nlogging.getLogger('azure').setLevel(logging.WARNING)"

        assert logs.loose_logging(write(tmp_path, pipeline__a=code)) == []

    def test_an_unused_event_is_found(self, tmp_path: Path) -> None:
        """One that is imported and never made too."""
        root = write(
            tmp_path,
            pipeline__events="class Seen: ...\nclass Unseen: ...",
            pipeline__a="from pipeline.events import Seen, Unseen\nlog(Seen())",
        )

        assert logs.unused_events(root) == ["Unseen"]
