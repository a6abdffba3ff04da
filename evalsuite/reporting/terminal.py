"""The summary in a terminal: verdict, systems, tasks, caveats; readable from 40 columns up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from evalsuite.analysis.numbers import NOT_APPLICABLE, UNKNOWN, concurrency_words
from evalsuite.analysis.summary import Summary, SystemFigures
from evalsuite.analysis.verdict import hybrid_sentence, verdict
from evalsuite.reporting import energy, failures, judges, pass_at_k, slices, tie_groups
from evalsuite.reporting.amortisation import HEADING, amortised_sentence
from evalsuite.reporting.columns import Column, systems_columns
from evalsuite.reporting.members import member_rows, member_sentences
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.prompts import TITLES, flip_sentences, sensitivity_cells, tasks_words
from evalsuite.reporting.terminal_tables import NAME_WIDTH, PADDING, cell_text, plain_table
from evalsuite.reporting.terminal_tasks import numbered, print_tasks

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from evalsuite.analysis.prompt_sensitivity import TaskPrompts

MOST_LINES = 5
"""Sentences of one list that are shown; the rest is in the report."""
NARROW = 90
"""Fewest columns that the table of prompts is readable in."""


def render_terminal(summary: Summary, console: Console, *, every_task: bool = False) -> None:
    """Print ``summary`` on ``console``, in as many columns as its width has room for.

    Many tasks are shown as families, long lists by their beginning, unless ``every_task``.
    """
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.text import Text

    words = verdict(summary)
    console.print(Rule(Text(one_line(summary.manifest.name), style="bold"), align="left"))
    console.print(Padding(Text(one_line(words.headline, 2000), style="bold"), (1, 0)))
    console.print(_systems_table(summary, console.width, every_task))
    console.print(_legend(summary))
    print_tasks(console, summary, every_task=every_task)
    for group in summary.prompts:
        _print_prompts(console, group)
    for judged in summary.judges:
        _print_lines(console, judges.heading(judged), judges.judge_sentences(judged))
    most = None if every_task else MOST_LINES
    _print_lines(console, "Comparisons", words.comparisons, most)
    _print_lines(console, "By family", words.families, most)
    for title, lines in _details(summary):
        _print_lines(console, title, lines, most)
    hybrids = [hybrid_sentence(item) for item in summary.systems if item.hybrid]
    _print_lines(console, "Inside the hybrids: who was asked", hybrids)
    _print_lines(console, "Against its members", member_sentences(member_rows(summary)))
    _print_lines(console, HEADING, map(amortised_sentence, summary.amortised))
    _print_lines(console, "Mind", words.caveats)


def _details(summary: Summary) -> Iterator[tuple[str, list[str]]]:
    """What there is to say by system beyond rates and comparisons, short of the tables."""
    yield "Ties", tie_groups.tie_sentences(summary.ties)
    yield slices.HEADING, slices.slice_sentences(summary.slices)
    failing = [item for item in failures.failing(summary) if item.kinds]
    yield "Failures", [failures.failure_sentence(item) for item in failing]
    yield pass_at_k.HEADING, [pass_at_k.repeated_sentence(item) for item in summary.repeated]
    yield energy.HEADING, energy.energy_lines(summary)


def _systems_table(summary: Summary, width: int, every_task: bool) -> Table:
    marks = _marks(summary, width, every_task)
    columns = _fitting(summary.systems, width, marks)
    table = plain_table("system", [column.title for column in columns])
    for item, mark in zip(summary.systems, marks, strict=True):
        cells = [cell_text(column.cell(item), bold=item.on_pareto_front) for column in columns]
        table.add_row(_name(item, mark), *cells)
    return table


def _marks(summary: Summary, width: int, every_task: bool) -> list[str]:
    """What stands before the name of each system: its number where tasks use it, and ◆."""
    digits = (
        len(str(len(summary.systems))) if numbered(summary, width, every_task=every_task) else 0
    )
    return [
        (f"{place:>{digits}} " if digits else "") + ("◆ " if item.on_pareto_front else "  ")
        for place, item in enumerate(summary.systems, start=1)
    ]


def _legend(summary: Summary) -> Text:
    from rich.text import Text

    tasks = summary.manifest.tasks
    n = sum(task.n_samples for task in tasks)
    in_flight = concurrency_words(summary.manifest.concurrency)
    return Text(
        f"◆ no comparable system is both cheaper and right more often. Small print: 95 % "
        f"intervals. {n:,} samples in {tasks_words([task.name for task in tasks])}, answers in "
        f"flight: {in_flight}; failed answers are not counted as wrong.\n",
        style="dim",
    )


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
        table = plain_table("system", TITLES)
        for item in group.systems:
            row = [cell_text(cell, bold=False) for cell in sensitivity_cells(item)]
            table.add_row(Text(one_line(item.system)), *row)
        console.print(table)
    _print_lines(console, "Ranking flips between these prompts", flip_sentences(group.flips))


def _fitting(systems: Iterable[SystemFigures], width: int, marks: Sequence[str]) -> list[Column]:
    """The most important columns that fit, in their usual order."""
    shown = list(systems)
    cells_of = zip(shown, marks, strict=True)
    names = (line for item, mark in cells_of for line in _name(item, mark).plain.splitlines())
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


def _name(item: SystemFigures, mark: str) -> Text:
    from rich.text import Text

    name = Text(mark + one_line(item.entry.name))
    indent = "\n" + " " * len(mark)
    if item.baseline:
        name.append(f"{indent}baseline", style="dim")
    elif not item.comparable:
        n = len(item.tasks)
        name.append(f"{indent}{n} task{'s' * (n != 1)} only", style="dim")
    else:
        name.append(f"{indent}{one_line(item.entry.pattern)}", style="dim")
    return name


def _print_lines(
    console: Console, title: str, lines: Iterable[str], most: int | None = None
) -> None:
    """``title`` over ``lines``, indented; of more than ``most`` the first, and how many more."""
    from rich.padding import Padding
    from rich.text import Text

    shown = list(lines)
    if not shown:
        return
    console.print(Text(title, style="bold"))
    for line in shown[:most]:
        console.print(Padding(Text(one_line(line, 2000)), (0, 0, 0, 2)))
    left = len(shown[most:]) if most is not None else 0
    if left:
        more = f"and {left:,} more, in the report"
        console.print(Padding(Text(more, style="dim"), (0, 0, 0, 2)))
    console.print()
