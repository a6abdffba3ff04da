"""Tasks by systems, in families: the cells of the one table that holds every success rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.measure import Figures
from evalsuite.analysis.numbers import NOT_APPLICABLE, count
from evalsuite.analysis.summary import FamilyFigures, Summary
from evalsuite.records import TaskEntry
from evalsuite.reporting.columns import Cell, rate_cell

FEW = 12
"""Up to so many tasks are shown at once; more are folded into their families."""


@dataclass(frozen=True)
class HeatCell:
    """A rate: its words, its shade from 0 (none right) to 10 (all), and whether none is better.

    ``note`` says what the row's heading does not: another n than the others', and failures.
    """

    cell: Cell
    shade: int
    best: bool
    note: str = ""


@dataclass(frozen=True)
class HeatRow:
    """One task; ``cells`` are in the order of the systems, None where a system was not asked."""

    task: TaskEntry
    n: int
    cells: tuple[HeatCell | None, ...]


@dataclass(frozen=True)
class HeatFamily:
    """A family: its tasks, and over them the systems that have scored answers in all of them."""

    family: str
    cells: tuple[HeatCell | None, ...]
    rows: tuple[HeatRow, ...]


@dataclass(frozen=True)
class Leader:
    """Who is right most often in a family, over how many tasks and answers."""

    family: str
    n_tasks: int
    system: str | None
    rate: Estimate | None
    n_tied: int


def heat(summary: Summary) -> tuple[HeatFamily, ...]:
    """Every (task, system), by family in the order of the manifest."""
    names = [item.entry.name for item in summary.systems]
    found = {(item.task, item.system): item.figures for item in summary.tasks}
    whole = {item.family: dict(item.systems) for item in summary.families}
    families: dict[str, list[TaskEntry]] = {}
    for task in summary.manifest.tasks:
        families.setdefault(task.family, []).append(task)
    return tuple(
        HeatFamily(
            family=family,
            cells=_family_cells(
                [whole.get(family, {}).get(name) for name in names],
                [[found.get((task.name, name)) for task in tasks] for name in names],
            ),
            rows=tuple(
                _row(task, [found.get((task.name, name)) for name in names]) for task in tasks
            ),
        )
        for family, tasks in families.items()
    )


def leaders(summary: Summary) -> tuple[Leader, ...]:
    """The leader of every family, in the order of the manifest."""
    known = {item.family: item for item in summary.families}
    names = dict.fromkeys(task.family for task in summary.manifest.tasks)
    n_tasks = [task.family for task in summary.manifest.tasks]
    return tuple(_leader(family, n_tasks.count(family), known.get(family)) for family in names)


def _leader(family: str, n_tasks: int, figures: FamilyFigures | None) -> Leader:
    if figures is None or not figures.systems:
        return Leader(family, n_tasks, None, None, 0)
    name, first = figures.systems[0]
    tied = sum(not item.distinguishable for item in figures.comparisons)
    return Leader(family, n_tasks, name, first.macro_success_rate, tied)


def _row(task: TaskEntry, row: Sequence[Figures | None]) -> HeatRow:
    scored = [item.n_scored for item in row if item]
    usual = max(scored, key=scored.count, default=0)
    best = _best([item.success_rate for item in row if item])
    return HeatRow(
        task=task,
        n=usual,
        cells=tuple(
            _cell(item.success_rate, best, _note(item, usual)) if item else None for item in row
        ),
    )


def _family_cells(
    row: Sequence[Figures | None], members: Sequence[Sequence[Figures | None]]
) -> tuple[HeatCell | None, ...]:
    """A rate where a system was scored in all tasks; else in how many, None where not asked."""
    best = _best([item.macro_success_rate for item in row if item])
    cells: list[HeatCell | None] = []
    for item, tasks in zip(row, members, strict=True):
        if item is not None:
            cells.append(_cell(item.macro_success_rate, best))
        elif any(tasks):
            n = sum(figures is not None and figures.n_scored > 0 for figures in tasks)
            words = f"{n} of {len(tasks)} tasks"
            cells.append(HeatCell(Cell(NOT_APPLICABLE, words), 0, best=False))
        else:
            cells.append(None)
    return tuple(cells)


def _note(figures: Figures, usual: int) -> str:
    failed = figures.n_system_errors + figures.n_scorer_errors
    if not failed and figures.n_scored == usual:
        return ""
    return f"n {count(figures.n_scored)}" + (f", {count(failed)} failed" if failed else "")


def _best(rates: Sequence[Estimate | None]) -> float | None:
    return max((rate.value for rate in rates if rate), default=None)


def _cell(rate: Estimate | None, best: float | None, note: str = "") -> HeatCell:
    return HeatCell(
        cell=rate_cell(rate),
        shade=round(10 * rate.value) if rate else 0,
        best=rate is not None and rate.value == best,
        note=note,
    )
