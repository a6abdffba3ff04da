"""Markdown's parts: tables, lists, and text in which nothing can act."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from evalsuite.reporting.columns import Cell
from evalsuite.reporting.plain import one_line

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def escape(text: str) -> str:
    """``text`` on one line with everything Markdown or HTML could act on made literal."""
    return SPECIAL.sub(r"\\\1", one_line(text, 2000)).replace("&", "&amp;")


def bullets(lines: Iterable[str]) -> str:
    """A list; "" without lines."""
    return "\n".join(f"- {escape(line)}" for line in lines)


def cell_words(cell: Cell) -> str:
    """A figure with its small print in brackets."""
    return escape(cell.main) + (f" ({escape(cell.small)})" if cell.small else "")


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of GitHub's Markdown; what is in its cells is escaped already."""
    lines = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
