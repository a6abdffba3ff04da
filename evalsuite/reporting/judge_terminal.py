"""Judges in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evalsuite.analysis.judges.attacks import Attacked
from evalsuite.analysis.judges.audit import Audit, JudgeAudit
from evalsuite.analysis.judges.board import Board
from evalsuite.reporting import judge_words as words
from evalsuite.reporting.columns import Cell
from evalsuite.reporting.judge_attacks import (
    ATTACK_TITLES,
    attack_cells,
    attack_notes,
    telling,
)
from evalsuite.reporting.plain import one_line

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table
    from rich.text import Text

MOST_JUDGES = 3
"""Judges whose figures are all shown unless one is asked for; of more the leaderboard is."""


def audit_page(audit: Audit, judges: Sequence[str] = ()) -> Group:
    """The leaderboards, then the figures of ``judges``, or of all where they are few."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = []
    for board in audit.boards:
        if len(board.places) > 1:
            parts += _boards(board, words.board_name(board, audit.boards))
            parts += [Text(line) for line in words.panel_lines(board)]
            parts += [Text(f"• {line}", style="yellow") for line in words.mind(board)]
            parts += [Text(words.explained(board), style="dim"), Text("")]
    few = len({item.judge for item in audit.judges}) <= MOST_JUDGES
    shown = [item for item in audit.judges if item.judge in judges or (not judges and few)]
    for item in shown:
        parts += [_heading(item), Text(words.headline(item)), _figures(item)]
        if item.attacked is not None:
            parts += [Text(""), _attacks(item.attacked)]
            parts += [Text(line, style="dim") for line in attack_notes(item.attacked)]
        parts += [Text(f"• {one_line(line)}", style="yellow") for line in item.doubts]
        parts.append(Text(""))
    if words.unused(audit):
        parts.append(Text(f"• {words.unused(audit)}", style="yellow"))
    return Group(*parts)


def _heading(item: JudgeAudit) -> Text:
    from rich.text import Text

    return Text(one_line(item.name), style="bold cyan")


def _figures(item: JudgeAudit) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("figure", overflow="fold")
    for title in words.FIGURE_TITLES[:-1]:
        table.add_column(title, justify="right", overflow="fold")
    table.add_column("", overflow="fold", style="dim")
    for title, figures in words.shown(item).items():
        table.add_row(Text(title, style="bold"))
        for figure in figures:
            value, *rest, note = words.figure_cells(figure)
            cells = [Text(value, style="bold"), *map(Text, rest), Text(one_line(note))]
            table.add_row(Text(f"  {figure.title}"), *cells)
    return table


def _attacks(item: Attacked) -> Table:
    """The attacks that did something, the worst first."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("attack", overflow="fold", min_width=12)
    for title in ATTACK_TITLES:
        table.add_column(title, justify="right", overflow="fold")
    for result in telling(item):
        name = f"{result.id} (harmless)" if result.control else result.id
        table.add_row(Text(name, style="cyan"), *map(Text, attack_cells(item, result)))
    return table


def _boards(board: Board, name: str) -> list[Table]:
    """The leaderboard, and its domains in a table of their own: together they are too wide."""
    titles = words.board_titles(board)
    cells = [words.board_cells(board, place) for place in board.places]
    inside = range(1, 1 + len(board.domains))
    outside = [column for column in range(len(titles)) if column not in inside]
    found = []
    for columns in (outside, list(inside)):
        if columns:
            rows = [[row[column] for column in columns] for row in cells]
            found.append(_grid(board, name, [titles[column] for column in columns], rows))
    return found


def _grid(board: Board, name: str, titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.title, table.title_justify = one_line(name) or None, "left"
    table.add_column("judge", overflow="fold", min_width=10)
    for title in titles:
        table.add_column(one_line(title), justify="right", no_wrap=True)
    for place, cells in zip(board.places, rows, strict=True):
        texts = [Text(f"{cell.main}\n{cell.small}".rstrip()) for cell in cells]
        table.add_row(Text(one_line(place.judge), style="cyan"), *texts)
    return table
