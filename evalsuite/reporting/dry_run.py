"""What a run would ask and could cost, on one page, before anything is sent."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.table import Table
from rich.text import Text

from evalsuite.analysis.numbers import EN_DASH, UNKNOWN, money
from evalsuite.records import total
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.short import compact
from evalsuite.running.plan import Plan, PlannedCalls

_LEAST_NAME_CELLS = 14
_BETWEEN = 3
"""Cells between two columns: a cell of padding on either side, and a divider."""

_LONGEST_NOTE = 2000


@dataclass(frozen=True, kw_only=True)
class _Row:
    """Some planned calls under one name, indented below the system they are part of."""

    name: str
    calls: Sequence[PlannedCalls]
    depth: int = 0


@dataclass(frozen=True, kw_only=True)
class _Column:
    title: str
    importance: int
    cell: Callable[[Sequence[PlannedCalls]], str]
    left: bool = False


@dataclass(frozen=True)
class DryRunPage:
    """The page; tables keep the columns that matter most where the terminal is narrow."""

    plan: Plan

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = self.plan.rows
        tasks = list(dict.fromkeys(row.task for row in rows))
        yield Text(_headline(rows) + "\n", style="bold")
        yield _table("system", _by_system(rows), _Row(name="total", calls=rows), options)
        yield Text()
        if len(tasks) > 1:
            yield _table("task", [_of_task(task, rows) for task in tasks], None, options)
            yield Text()
        if self.plan.judges:
            yield Text(f"{_judging(self.plan.judges)}\n", style="bold")
            whole = _Row(name="total", calls=self.plan.judges)
            yield _table("judge: of what", _by_judge(self.plan.judges), whole, options)
            yield Text()
        unknown = _unknown((*rows, *self.plan.judges))
        for line in (*unknown, *(f"Would stop: {why}." for why in self.plan.unready)):
            yield Text(line, style="yellow")
        yield Text(f"Assumed: {one_line(self.plan.assumed, _LONGEST_NOTE)}.", style="dim")
        yield Text("Nothing was asked.")


def dry_run_page(plan: Plan) -> DryRunPage:
    """``plan`` for people: calls, tokens and cost by system and by task, as ranges."""
    return DryRunPage(plan)


def dry_run_json(plan: Plan) -> str:
    """``plan`` for machines: every row, the totals of the systems, what is assumed, and judges.

    null is unknown. ASCII, so that no name in it can drive a terminal.
    """
    content = {
        "usd_at_least": plan.usd_at_least,
        "usd_at_most": plan.usd_at_most,
        "assumed": plan.assumed,
        "unready": list(plan.unready),
        "rows": [dataclasses.asdict(row) for row in plan.rows],
        "judges": [dataclasses.asdict(row) for row in plan.judges],
    }
    return json.dumps(content, indent=2)


def _headline(rows: Sequence[PlannedCalls]) -> str:
    """A hybrid has a row for each of its members, and gives one answer a sample."""
    answered = {(row.task, row.system): row.samples for row in rows if row.phase == "answer"}
    systems = {system for _, system in answered}
    tasks = {task for task, _ in answered}
    return (
        f"{sum(answered.values()):,} answers by {_plural(len(systems), 'system')} on "
        f"{_plural(len(tasks), 'task')}: {_calls(rows)} calls, cost {_usd(rows)}"
    )


def _judging(rows: Sequence[PlannedCalls]) -> str:
    return (
        f"Then the judges: {_calls(rows)} calls, cost {_usd(rows)}; every "
        "answer there, and as short or as long as it may be"
    )


def _plural(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"


# -- rows -------------------------------------------------------------------------------------


def _by_system(rows: Sequence[PlannedCalls]) -> list[_Row]:
    """A row a system, and below it one for each of its roles and for practice, over all tasks."""
    made: list[_Row] = []
    for system in dict.fromkeys(row.system for row in rows):
        own = [row for row in rows if row.system == system]
        parts: dict[str, list[PlannedCalls]] = {}
        for row in own:
            practice = "practice" if row.phase == "fit" else ""
            parts.setdefault(", ".join(filter(None, (practice, row.role))), []).append(row)
        made.append(_Row(name=system, calls=own))
        if set(parts) != {""}:
            made += [
                _Row(name=part or "answers", calls=calls, depth=1) for part, calls in parts.items()
            ]
    return made


def _of_task(task: str, rows: Sequence[PlannedCalls]) -> _Row:
    return _Row(name=task, calls=[row for row in rows if row.task == task])


def _by_judge(rows: Sequence[PlannedCalls]) -> list[_Row]:
    """A row a judge and task, named as its questions are; by whom, where several judge alike."""
    made: dict[tuple[str, str], list[PlannedCalls]] = {}
    for row in rows:
        made.setdefault((row.task, row.system), []).append(row)
    tasks = [task for task, _ in made]
    return [
        _Row(name=f"{task}, by {by}" if tasks.count(task) > 1 else task, calls=calls)
        for (task, by), calls in made.items()
    ]


def _unknown(rows: Sequence[PlannedCalls]) -> list[str]:
    """One line for each reason why something is unknown, with the systems or models it is of."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.note:
            whose = row.system if row.calls_at_most is None else row.model
            found.setdefault(row.note, {})[one_line(whose)] = None
    return [
        f"Unknown for {', '.join(names)}: {one_line(note, _LONGEST_NOTE)}."
        for note, names in found.items()
    ]


# -- cells ------------------------------------------------------------------------------------


def _model(rows: Sequence[PlannedCalls]) -> str:
    models = {row.model for row in rows}
    return one_line(models.pop()) if len(models) == 1 else ""


def _calls(rows: Sequence[PlannedCalls]) -> str:
    least = sum(row.calls_at_least for row in rows)
    return _range(least, total(row.calls_at_most for row in rows), lambda n: f"{n:,.0f}")


def _input(rows: Sequence[PlannedCalls]) -> str:
    least = sum(row.input_tokens_at_least for row in rows)
    return _range(least, total(row.input_tokens_at_most for row in rows), compact)


def _output(rows: Sequence[PlannedCalls]) -> str:
    most = total(row.output_tokens_at_most for row in rows)
    return UNKNOWN if most is None else compact(most)


def _usd(rows: Sequence[PlannedCalls]) -> str:
    """A range; where some of it is unknown, the least that the rest costs."""
    least = [row.usd_at_least for row in rows if row.usd_at_least is not None]
    most = total(row.usd_at_most for row in rows)
    if most is None and not sum(least):
        return UNKNOWN
    return _range(sum(least), most if len(least) == len(rows) else None, money)


def _range(least: float, most: float | None, write: Callable[[float], str]) -> str:
    """``2,000``, ``2,000–4,000``, or ``2,000 or more``."""
    low = write(least)
    if most is None:
        return f"{low} or more"
    high = write(most)
    return low if low == high else f"{low}{EN_DASH}{high.removeprefix('$')}"


_COLUMNS = (
    _Column(title="model", importance=2, cell=_model, left=True),
    _Column(title="calls", importance=5, cell=_calls),
    _Column(title="tokens in", importance=3, cell=_input),
    _Column(title="out, at most", importance=4, cell=_output),
    _Column(title="cost", importance=6, cell=_usd),
)


# -- layout -----------------------------------------------------------------------------------


def _table(first: str, rows: Sequence[_Row], whole: _Row | None, options: ConsoleOptions) -> Table:
    """``rows``, and ``whole`` below them, with the columns that fit."""
    everything = [*rows, whole] if whole else list(rows)
    longest = max(cell_len("  " * row.depth + one_line(row.name)) for row in everything)
    name_cells = min(longest, max(_LEAST_NAME_CELLS, options.max_width // 3))
    columns, left = _fitting(everything, options.max_width - name_cells)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    table.add_column(first, overflow="ellipsis", no_wrap=True, max_width=name_cells + left)
    for column in columns:
        justify: JustifyMethod = "left" if column.left else "right"
        table.add_column(column.title, justify=justify, no_wrap=True)
    for row in everything:
        if row is whole:
            table.add_section()
        style = "dim" if row.depth else "bold"
        cells = [Text(column.cell(row.calls), style=style) for column in columns]
        table.add_row(Text("  " * row.depth + one_line(row.name), style=style), *cells)
    return table


def _fitting(rows: Sequence[_Row], room: int) -> tuple[list[_Column], int]:
    """The most important columns that fit in ``room`` cells, in their order; what is left."""
    chosen = set()
    for column in sorted(_COLUMNS, key=lambda item: -item.importance):
        cells = [cell_len(column.cell(row.calls)) for row in rows]
        need = max(cell_len(column.title), *cells) + _BETWEEN
        if any(cells) and need <= room:
            chosen.add(column.title)
            room -= need
    return [column for column in _COLUMNS if column.title in chosen], room
