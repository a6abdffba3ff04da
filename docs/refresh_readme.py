"""Copies the quickstart's table into the README, between its two markers: shown as it came out."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- quickstart: begin -->", "<!-- quickstart: end -->"
COLUMNS = ("system", "kind", "right", "scored", "failed", "$ / 1k right", "p50", "escalated")


def first_table(markdown: str) -> str:
    """The first table of a Markdown text, in the columns that fit a README."""
    lines = markdown.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("|"))
    stop = next((i for i in range(start, len(lines)) if not lines[i].startswith("|")), len(lines))
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[start:stop]]
    kept = [[cell.strip() for cell in rows[0]].index(column) for column in COLUMNS]
    return "\n".join("|" + "|".join(row[index] for index in kept) + "|" for row in rows)


def refreshed(readme: str, report: str) -> str:
    """``readme`` with the first table of ``report`` between its markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{first_table(report)}\n{END}{after}"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    report = (ROOT / "reports" / "quickstart" / "report.md").read_text(encoding="utf-8")
    readme.write_text(refreshed(readme.read_text(encoding="utf-8"), report), encoding="utf-8")
