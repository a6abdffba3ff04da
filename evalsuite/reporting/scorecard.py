"""The scorecard of each system, in cells and tables, for the command line, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.numbers import (
    INFINITE,
    NOT_APPLICABLE,
    UNKNOWN,
    count,
    duration,
    energy,
    interval,
    money,
)
from evalsuite.analysis.scorecard import Scorecard
from evalsuite.reporting.columns import Cell, rate_cell
from evalsuite.reporting.plain import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

LABEL_WIDTH, CARD_WIDTH = 22, 26
HEADING = "Scorecard"
TITLES = (
    "success",
    "cost per success",
    "schema valid",
    "executable",
    "tool calls ran",
    "readable",
    "p50",
    "p95",
    "energy per request",
    "escalated",
    "failed",
)
HELP = (
    "After Sharma and Mehta 2025 (arXiv:2510.03847). Success: rate over scored answers, every task "
    "weighing the same. Cost per success: all spend over successes. Schema valid, executable: "
    "answers whose every call follows its schema, or can be bound to its function; unreadable ones "
    "do not. Tool calls ran: calls that the system made which gave a result. Readable: scored "
    "answers that the task could read. p50, p95: seconds end to end. Energy per request: joules "
    "over attempted answers. Escalated: answers that took more than one role. Failed: answers "
    "without a score, in none of the rates. Small print: 95 % intervals and n."
)
"""What the columns are, in one line."""


def scorecard_cells(item: Scorecard) -> tuple[Cell, ...]:
    """The cells below ``TITLES``; a figure that does not exist says why."""
    return (
        _share(item.success, "nothing scored"),
        _cost(item),
        _share(item.schema_valid, "no task with a schema"),
        _share(item.executable, "no task of calls"),
        _share(item.tools_ran, "made no call of a tool"),
        _share(item.readable, "nothing scored"),
        _seconds(item.p50_seconds),
        _seconds(item.p95_seconds),
        _energy(item),
        _share(item.escalation, "asks no other"),
        _failed(item),
    )


def telling(cards: Sequence[Scorecard]) -> tuple[list[int], list[str]]:
    """The columns in which any of ``cards`` has a figure, and what is to be said of the others."""
    rows = [scorecard_cells(item) for item in cards]
    shown, silent = [], []
    for at, title in enumerate(TITLES):
        cells = [row[at] for row in rows]
        if all(cell.main == NOT_APPLICABLE for cell in cells):
            reasons = dict.fromkeys(cell.small for cell in cells)
            silent.append(f"{title} ({', '.join(reasons)})")
        else:
            shown.append(at)
    return shown, silent


def to_markdown(cards: Sequence[Scorecard]) -> str:
    """All ``cards`` as a table of GitHub-flavoured Markdown, a system a row."""
    from evalsuite.reporting.markdown_text import escape

    shown, silent = telling(cards)
    lines = ["| system | " + " | ".join(TITLES[at] for at in shown) + " |"]
    lines.append("|" + " --- |" * (len(shown) + 1))
    for item in cards:
        cells = scorecard_cells(item)
        words = [cells[at].main + f" ({cells[at].small})" * bool(cells[at].small) for at in shown]
        lines.append("| " + " | ".join([escape(item.system), *map(escape, words)]) + " |")
    lines += ["", HELP, *([f"Of no system here: {'; '.join(silent)}."] if silent else [])]
    return "\n".join(lines) + "\n"


def render_scorecards(cards: Sequence[Scorecard], console: Console) -> None:
    """Print ``cards``, a system a column; as many tables as the width of ``console`` takes."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown, silent = telling(cards)
    at_once = max(1, (console.width - LABEL_WIDTH) // CARD_WIDTH)
    for start in range(0, len(cards), at_once):
        some = cards[start : start + at_once]
        table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim")
        table.add_column("", max_width=LABEL_WIDTH)
        for item in some:
            table.add_column(Text(one_line(item.system)), justify="right", overflow="fold")
        columns = [scorecard_cells(item) for item in some]
        for at in shown:
            table.add_row(TITLES[at], *(_text(column[at]) for column in columns))
        console.print(table)
    if silent:
        console.print(Text(f"Of no system here: {'; '.join(silent)}.", style="dim"))


def _text(cell: Cell) -> Text:
    from rich.text import Text

    text = Text(one_line(cell.main))
    if cell.small:
        text.append("\n" + one_line(cell.small), style="dim")
    return text


def _share(estimate: Estimate | None, why: str) -> Cell:
    if estimate is None:
        return Cell(NOT_APPLICABLE, why)
    cell = rate_cell(estimate)
    return Cell(cell.main, f"{cell.small}, n {count(estimate.n)}", cell.value)


def _cost(item: Scorecard) -> Cell:
    estimate = item.usd_per_success
    if estimate is None:
        words = f"{count(item.n_unpriced)} of {count(item.n_attempted)} answers unpriced"
        return Cell(UNKNOWN, words)
    if money(estimate.value) == INFINITE:
        return Cell(INFINITE, "no success", estimate.value)
    return Cell(money(estimate.value), interval(estimate, money), estimate.value)


def _seconds(estimate: Estimate | None) -> Cell:
    if estimate is None:
        return Cell(NOT_APPLICABLE, "not timed")
    bounds = interval(estimate, duration)
    return Cell(duration(estimate.value), f"{bounds}, n {count(estimate.n)}", estimate.value)


def _energy(item: Scorecard) -> Cell:
    estimate = item.joules_per_request
    if estimate is None:
        words = f"known of {count(item.n_energy_known)} of {count(item.n_attempted)}"
        return Cell(UNKNOWN, words if item.n_energy_known else "no counter, no estimate")
    words = ", ".join(filter(None, [" and ".join(item.energy_kinds), interval(estimate, energy)]))
    return Cell(energy(estimate.value), f"{words}, n {count(estimate.n)}", estimate.value)


def _failed(item: Scorecard) -> Cell:
    return Cell(count(item.n_failed), f"of {count(item.n_attempted)}", item.n_failed)
