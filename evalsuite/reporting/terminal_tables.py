"""Tables of the terminal: one look, cells with their small print, text that cannot act."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from evalsuite.reporting.columns import Cell
from evalsuite.reporting.plain import one_line

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

NAME_WIDTH = 24
PADDING = 2
"""Columns a cell takes beside its text."""
WORDS = frozenset({"system", "right most often", "judge", "role"})
"""Titles of columns of words, which are not set flush right."""


def plain_table(first: str, titles: Iterable[str], *, name_width: int = NAME_WIDTH) -> Table:
    """An empty table whose ``first`` column has the names; a rule under the titles, no frame."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 0, 0, 1), header_style="dim")
    table.add_column(first, max_width=name_width, overflow="fold")
    for title in titles:
        table.add_column(
            Text(one_line(title)),
            justify="left" if title in WORDS else "right",
            overflow="fold",
        )
    return table


def cell_text(cell: Cell, *, bold: bool) -> Text:
    """A figure over its small print."""
    from rich.text import Text

    text = Text(one_line(cell.main), style="bold" if bold else "")
    if cell.small:
        text.append("\n" + one_line(cell.small), style="dim")
    return text
