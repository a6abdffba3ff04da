"""Success by task in a terminal: as much of the table of tasks by systems as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evalsuite.analysis.numbers import NOT_APPLICABLE, percent
from evalsuite.analysis.summary import Summary
from evalsuite.reporting.columns import Cell
from evalsuite.reporting.heat import FEW, HeatCell, HeatRow, heat, leaders
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.terminal_tables import NAME_WIDTH, PADDING, cell_text, plain_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NAMED, EXACT, ROUNDED = 11, 5, 3
"""Columns that a success rate takes: with its interval, to a tenth of a percent, to one percent."""
TITLE = "% right, by task"


def print_tasks(console: Console, summary: Summary, *, every_task: bool = False) -> None:
    """Rates with intervals where all names fit, else rates under the numbers of systems.

    More than ``FEW`` tasks are shown as families with their leaders unless ``every_task``.
    """
    rows = [row for family in heat(summary) for row in family.rows]
    names = [item.entry.name for item in summary.systems]
    if len(rows) > FEW and not every_task:
        _print_leaders(console, summary)
    elif _names_fit(summary, console.width):
        _print_named(console, rows, names)
    elif _width(summary, ROUNDED) <= console.width:
        _print_numbered(console, rows, len(names), _width(summary, EXACT) <= console.width)
    else:
        _print_leaders(console, summary)


def numbered(summary: Summary, width: int, *, every_task: bool = False) -> bool:
    """Whether ``print_tasks`` names systems by their place in the systems table."""
    shown = every_task or len(summary.manifest.tasks) <= FEW
    return shown and not _names_fit(summary, width) and _width(summary, ROUNDED) <= width


def _names_fit(summary: Summary, width: int) -> bool:
    columns = (max(NAMED, min(14, len(item.entry.name))) for item in summary.systems)
    return _first(summary) + sum(column + PADDING for column in columns) <= width


def _width(summary: Summary, column: int) -> int:
    """Columns that task, n and so wide a figure a system take."""
    most = max((task.n_samples for task in summary.manifest.tasks), default=0)
    n = max(1, len(f"{most * summary.manifest.repeats:,}")) + PADDING
    return _first(summary) + n + len(summary.systems) * (column + PADDING)


def _first(summary: Summary) -> int:
    longest = max((len(one_line(task.name)) for task in summary.manifest.tasks), default=0)
    return max(len(TITLE), min(NAME_WIDTH, longest)) + PADDING


def _print_named(console: Console, rows: Sequence[HeatRow], names: Sequence[str]) -> None:
    table = plain_table("task", names)
    for row in rows:
        table.add_row(one_line(row.task.name), *(_cell(item) for item in row.cells))
    console.print(table)


def _print_numbered(console: Console, rows: Sequence[HeatRow], n_systems: int, exact: bool) -> None:
    from rich.text import Text

    table = plain_table(TITLE, ["n", *(str(i + 1) for i in range(n_systems))])
    for row in rows:
        table.add_row(
            one_line(row.task.name),
            Text(f"{row.n:,}", style="dim"),
            *(_short(item, exact) for item in row.cells),
        )
    console.print(table)
    console.print(
        Text("Numbers as in the table above; intervals are in the report.\n", style="dim")
    )


def _short(item: HeatCell | None, exact: bool) -> Text:
    """A rate alone, without its sign."""
    value = None if item is None else item.cell.value
    if value is None:
        words = NOT_APPLICABLE
    elif exact:
        words = f"{100 * value:.1f}"
    else:
        words = f"{100 * value:.0f}"
    return cell_text(Cell(words), bold=item is not None and item.best)


def _cell(item: HeatCell | None) -> Text:
    if item is None:
        return cell_text(Cell(NOT_APPLICABLE), bold=False)
    small = f"{item.cell.small}, {item.note}" if item.note else item.cell.small
    return cell_text(Cell(item.cell.main, small), bold=item.best)


def _print_leaders(console: Console, summary: Summary) -> None:
    from rich.text import Text

    table = plain_table("family", ["tasks", "right most often", "right", "n", "as good"])
    for item in leaders(summary):
        rate = item.rate
        table.add_row(
            one_line(item.family),
            f"{item.n_tasks:,}",
            Text(one_line(item.system) if item.system else "nobody in all tasks"),
            Text(percent(rate.value) if rate else NOT_APPLICABLE),
            Text(f"{rate.n:,}" if rate else NOT_APPLICABLE, style="dim"),
            Text(f"{item.n_tied:,}" if item.system else NOT_APPLICABLE),
        )
    console.print(table)
    n = len(summary.manifest.tasks)
    console.print(
        Text(
            f"As good: systems that cannot be told apart from it. Each of the {n:,} tasks is in "
            "the report.\n",
            style="dim",
        )
    )
