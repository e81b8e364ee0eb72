"""The limits that the documents tell are those of the code."""

from pipeline.connecting.attempt_limit import ALL_KEY_HOLDERS, PER_APPLICATION, PER_CALLER, WINDOW
from tests.docs.markdown import text_of

MINUTES = int(WINDOW.total_seconds() / 60)


def test_the_limits_on_refused_credentials_are_told() -> None:
    """The architecture names each of the three and the time they hold for."""
    told = " ".join(text_of("docs/architecture.md").split())

    assert (
        f"within {MINUTES} minutes {PER_APPLICATION} may be refused per application, {PER_CALLER} per caller"
    ) in told
    assert f"{ALL_KEY_HOLDERS} for all callers that hold only a Functions key" in told


def test_the_troubleshooting_table_tells_the_same() -> None:
    """In words."""
    words = {5: "Five", 10: "ten"}
    told = text_of("README.md")

    assert (
        f"{words[PER_APPLICATION]} credentials of the application, or {words[PER_CALLER]} of the caller,"
        f" were refused within {MINUTES} minutes"
    ) in told
