"""The documents of the project, taken apart: code blocks, tables, links, what they name."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/architecture.md",
    "docs/backup.md",
    "docs/operations.md",
    "docs/scale.md",
    "docs/security.md",
    "changelog.d/README.md",
)

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_CELL = re.compile(r"(?<!\\)\|")


def text_of(document: str) -> str:
    """Read a document."""
    return (ROOT / document).read_text("utf-8")


def section(document: str, title: str) -> str:
    """Give what stands below a heading of the second level, up to the next one."""
    _, found, rest = text_of(document).partition(f"\n## {title}\n")
    assert found, f"{document} has no section {title}"
    return rest.partition("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    """Give the blocks of one language, in order."""
    return [code for name, code in _BLOCK.findall(text) if name == language]


def rows(text: str) -> list[list[str]]:
    """Give the rows of a text's tables without their headings, cell by cell."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in _CELL.split(line)[1:-1]] for line in lines]
    rules = {at for at, row in enumerate(cells) if set("".join(row)) == {"-"}}
    return [row for at, row in enumerate(cells) if at not in rules and at + 1 not in rules]


def code_words(text: str) -> list[str]:
    """Give what stands between single backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def links(text: str) -> list[str]:
    """Give where a text's links lead."""
    return _LINK.findall(text)


def anchors(text: str) -> set[str]:
    """Give the anchors of a text's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
