"""Copies the quickstart's table into the README, between its two markers: shown as it came out."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- quickstart: begin -->", "<!-- quickstart: end -->"


def first_table(markdown: str) -> str:
    """The first table of a Markdown text."""
    lines = markdown.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("|"))
    stop = next((i for i in range(start, len(lines)) if not lines[i].startswith("|")), len(lines))
    return "\n".join(lines[start:stop])


def refreshed(readme: str, report: str) -> str:
    """``readme`` with the first table of ``report`` between its markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{first_table(report)}\n{END}{after}"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    report = (ROOT / "reports" / "quickstart" / "report.md").read_text(encoding="utf-8")
    readme.write_text(refreshed(readme.read_text(encoding="utf-8"), report), encoding="utf-8")
