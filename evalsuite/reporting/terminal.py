"""The summary in a terminal: verdict, systems, tasks, caveats; readable from 40 columns up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from evalsuite.analysis.numbers import NOT_APPLICABLE, UNKNOWN, concurrency_words
from evalsuite.analysis.summary import Summary, SystemFigures
from evalsuite.analysis.verdict import hybrid_sentence, verdict
from evalsuite.reporting import judges
from evalsuite.reporting.amortisation import HEADING, amortised_sentence
from evalsuite.reporting.columns import Cell, Column, rate_cell, systems_columns
from evalsuite.reporting.members import member_rows, member_sentences
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.prompts import TITLES, flip_sentences, sensitivity_cells, tasks_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from evalsuite.analysis.prompt_sensitivity import TaskPrompts

NAME_WIDTH = 24
PADDING = 3
"""Columns a cell takes beside its text: two of padding and a divider."""
NARROW = 90
"""Fewest columns that the table of prompts is readable in."""


def render_terminal(summary: Summary, console: Console) -> None:
    """Print ``summary`` on ``console``, in as many columns as its width has room for."""
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.text import Text

    words = verdict(summary)
    console.print(Rule(Text(one_line(summary.manifest.name), style="bold"), align="left"))
    console.print(Padding(Text(one_line(words.headline, 2000), style="bold"), (1, 0)))
    console.print(_systems_table(summary, console.width))
    console.print(_legend(summary))
    console.print(_tasks_table(summary, console.width))
    for group in summary.prompts:
        _print_prompts(console, group)
    for judged in summary.judges:
        _print_lines(console, judges.heading(judged), judges.judge_sentences(judged))
    _print_lines(console, "Comparisons", words.comparisons)
    _print_lines(console, "By family", words.families)
    hybrids = [hybrid_sentence(item) for item in summary.systems if item.hybrid]
    _print_lines(console, "Inside the hybrids: who was asked", hybrids)
    _print_lines(console, "Against its members", member_sentences(member_rows(summary)))
    _print_lines(console, HEADING, map(amortised_sentence, summary.amortised))
    _print_lines(console, "Mind", words.caveats)


def _systems_table(summary: Summary, width: int) -> Table:
    columns = _fitting(summary.systems, width)
    table = _table("system", [column.title for column in columns])
    for item in summary.systems:
        cells = [_text(column.cell(item), item.on_pareto_front) for column in columns]
        table.add_row(_name(item), *cells)
    return table


def _legend(summary: Summary) -> Text:
    from rich.text import Text

    tasks = summary.manifest.tasks
    n = sum(task.n_samples for task in tasks)
    in_flight = concurrency_words(summary.manifest.concurrency)
    return Text(
        f"◆ no comparable system is both cheaper and right more often. Small print: 95 % "
        f"intervals. {n:,} samples in {tasks_words([task.name for task in tasks])}, concurrency "
        f"{in_flight}; failed answers are not counted as wrong.\n",
        style="dim",
    )


def _tasks_table(summary: Summary, width: int) -> Table:
    """Success rates, a task a row; a system a column where they fit, else a row of its own."""
    from rich.text import Text

    names = [item.entry.name for item in summary.systems]
    found = {(item.task, item.system): item.figures for item in summary.tasks}
    room = width - NAME_WIDTH - PADDING
    wide = sum(max(11, min(14, len(name))) + PADDING for name in names) <= room
    if wide:
        table = _table("task", names)
        for task in summary.manifest.tasks:
            rates = [found.get((task.name, name)) for name in names]
            best = max((_rate(item) for item in rates), default=0.0)
            table.add_row(
                one_line(task.name),
                *(
                    _text(rate_cell(item.success_rate), _rate(item) == best)
                    if item
                    else Text(NOT_APPLICABLE, style="dim")
                    for item in rates
                ),
            )
        return table
    table = _table("task", ["system", "right", "n"])
    for task in summary.manifest.tasks:
        shown = [(name, found[task.name, name]) for name in names if (task.name, name) in found]
        for index, (name, figures) in enumerate(shown):
            table.add_row(
                one_line(task.name) if index == 0 else "",
                Text(one_line(name)),
                _text(rate_cell(figures.success_rate), bold=False),
                Text(f"{figures.n_scored:,}"),
                end_section=index == len(shown) - 1,
            )
    return table


def _print_prompts(console: Console, group: TaskPrompts) -> None:
    """How much the way to ask one task matters, a system a row."""
    from rich.text import Text

    title = f"{one_line(group.task)}, asked in {len(group.prompts)} ways"
    console.print(Text(title, style="bold"))
    if console.width < NARROW:
        for item in group.systems:
            cells = zip(TITLES, sensitivity_cells(item), strict=True)
            words = [
                f"{title} {cell.main}" + f" ({cell.small})" * bool(cell.small)
                for title, cell in cells
            ]
            _print_lines(console, one_line(item.system), words)
    else:
        table = _table("system", TITLES)
        for item in group.systems:
            row = [_text(cell, bold=False) for cell in sensitivity_cells(item)]
            table.add_row(Text(one_line(item.system)), *row)
        console.print(table)
    _print_lines(console, "Ranking flips between these prompts", flip_sentences(group.flips))


def _rate(figures: object) -> float:
    estimate = getattr(figures, "success_rate", None)
    return estimate.value if estimate else -1.0


def _fitting(systems: Iterable[SystemFigures], width: int) -> list[Column]:
    """The most important columns that fit, in their usual order."""
    shown = list(systems)
    names = (line for item in shown for line in _name(item).plain.splitlines())
    left = width - min(NAME_WIDTH, max(map(len, names), default=0)) - PADDING
    chosen: list[Column] = []
    for column in sorted(systems_columns(), key=lambda item: -item.importance):
        cells = [column.cell(item) for item in shown]
        if all(cell.main in {NOT_APPLICABLE, UNKNOWN} for cell in cells):
            continue  # says nothing in this run
        longest = max((max(len(cell.main), len(cell.small)) for cell in cells), default=0)
        need = max(min(longest, 22), min(len(column.title), 10)) + PADDING
        if need > left:
            break
        left -= need
        chosen.append(column)
    return [column for column in systems_columns() if column.title in {c.title for c in chosen}]


def _table(first: str, titles: Iterable[str]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim")
    table.add_column(first, max_width=NAME_WIDTH, overflow="fold")
    for title in titles:
        table.add_column(
            Text(one_line(title)),
            justify="left" if title == "system" else "right",
            overflow="fold",
        )
    return table


def _name(item: SystemFigures) -> Text:
    from rich.text import Text

    name = Text(("◆ " if item.on_pareto_front else "  ") + one_line(item.entry.name))
    if item.baseline:
        name.append("\n  baseline", style="dim")
    elif not item.comparable:
        name.append(f"\n  {len(item.tasks)} task{'s' * (len(item.tasks) != 1)} only", style="dim")
    elif item.entry.kind == "hybrid":
        name.append(f"\n  {one_line(item.entry.pattern)}", style="dim")
    return name


def _text(cell: Cell, bold: bool) -> Text:
    from rich.text import Text

    text = Text(one_line(cell.main), style="bold" if bold else "")
    if cell.small:
        text.append("\n" + one_line(cell.small), style="dim")
    return text


def _print_lines(console: Console, title: str, lines: Iterable[str]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    shown = list(lines)
    if not shown:
        return
    console.print(Text(title, style="bold"))
    for line in shown:
        console.print(Padding(Text(one_line(line, 2000)), (0, 0, 0, 2)))
    console.print()
