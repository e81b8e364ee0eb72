"""README's table of settings, made from the code: `python -m tests.docs.settings_table` writes it."""

from pathlib import Path

from pipeline.configuration.table import SETTINGS, Setting

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN = "<!-- settings: made from the code by `.venv/bin/python -m tests.docs.settings_table` -->"
END = "<!-- end of settings -->"


def table() -> str:
    """Give the table: every setting in the order of the code."""
    rows = (_row(setting) for setting in SETTINGS)
    return "\n".join(("| name | meaning | default |", "|---|---|---|", *rows))


def with_table(text: str) -> str:
    """Give a text with the present table between its two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def _row(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else "required" if setting.required else ""
    return f"| `{setting.name}` | {setting.meaning} | {default} |"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
