"""The sections of the HTML report, in the order of the page.

A section is a template, ``templates/sections/<id>.html.j2``, and what it shows of a run. One that
has nothing to show is left out of the page and of its navigation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalsuite.analysis import numbers
from evalsuite.analysis.measure import Figures
from evalsuite.analysis.summary import Summary
from evalsuite.analysis.verdict import decision, verdict
from evalsuite.reporting import amortisation, judges, members, plane, prompts, strips
from evalsuite.reporting.columns import Cell, rate_cell, systems_columns
from evalsuite.reporting.explorer import embedded, explore
from evalsuite.store import Run

WIDE, NARROW = 1120, 350
"""Figures are drawn for both, so that type keeps its size on a telephone."""

Shown = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """One section.

    ``context`` gives what its template needs beside ``summary`` and ``manifest``, None where there
    is nothing to show; ``title`` is its name in the navigation.
    """

    id: str
    title: str
    context: Callable[[Run, Summary], Shown | None]


@dataclass(frozen=True)
class HeatCell:
    """A task x system cell: its words, and its shade from 0 (none right) to 10 (all right)."""

    cell: Cell
    shade: int
    best: bool
    note: str


def _verdict(run: Run, summary: Summary) -> Shown:
    return {"verdict": verdict(summary)}


def _plane(run: Run, summary: Summary) -> Shown | None:
    wide = plane.lay_out(summary, width=WIDE, height=470)
    if wide is None:
        return None
    return {"planes": [wide, plane.lay_out(summary, width=NARROW, height=400)]}


def _systems(run: Run, summary: Summary) -> Shown:
    return {"columns": systems_columns()}


def _tasks(run: Run, summary: Summary) -> Shown:
    return {"heat": _heat(summary)}


def _prompts(run: Run, summary: Summary) -> Shown | None:
    return {"prompts": prompts} if summary.prompts else None


def _judges(run: Run, summary: Summary) -> Shown | None:
    return {"judges": judges} if summary.judges else None


def _comparisons(run: Run, summary: Summary) -> Shown:
    return {"decision": decision}


def _latency(run: Run, summary: Summary) -> Shown:
    widths = (WIDE, NARROW)
    return {"strips": [strips.lay_out(run, summary, width=width) for width in widths]}


def _hybrids(run: Run, summary: Summary) -> Shown:
    return {"members": members, "member_rows": members.member_rows(summary)}


def _failures(run: Run, summary: Summary) -> Shown:
    return {"failures": _failed(summary)}


def _fits(run: Run, summary: Summary) -> Shown | None:
    return {} if any(item.fits for item in summary.systems) else None


def _amortisation(run: Run, summary: Summary) -> Shown | None:
    return {"amortisation": amortisation} if summary.amortised else None


def _conditions(run: Run, summary: Summary) -> Shown:
    return {}


def _samples(run: Run, summary: Summary) -> Shown:
    explorer = explore(run, summary)
    return {"explorer": explorer, "data": embedded(explorer.data)}


SECTIONS: Sequence[Section] = (
    Section("verdict", "Verdict", _verdict),
    Section("plane", "Cost and quality", _plane),
    Section("systems", "Systems", _systems),
    Section("tasks", "Tasks", _tasks),
    Section("prompts", "Prompts", _prompts),
    Section("judges", "Judges", _judges),
    Section("comparisons", "Comparisons", _comparisons),
    Section("latency", "Latency", _latency),
    Section("hybrids", "Hybrids", _hybrids),
    Section("failures", "Failures", _failures),
    Section("fits", "Preparation", _fits),
    Section("amortisation", "Break-even", _amortisation),
    Section("conditions", "How it was run", _conditions),
    Section("samples", "Samples", _samples),
)


def _heat(summary: Summary) -> list[tuple[Any, list[HeatCell | None]]]:
    """(task entry, a cell a system) in the manifest's order; None where a system was not asked."""
    found = {(item.task, item.system): item.figures for item in summary.tasks}
    return [
        (task, _heat_row([found.get((task.name, item.entry.name)) for item in summary.systems]))
        for task in summary.manifest.tasks
    ]


def _heat_row(row: Sequence[Figures | None]) -> list[HeatCell | None]:
    rates = [item.success_rate.value for item in row if item and item.success_rate]
    best = max(rates, default=None)
    cells: list[HeatCell | None] = []
    for figures in row:
        if figures is None:
            cells.append(None)
            continue
        rate = figures.success_rate
        failed = figures.n_system_errors + figures.n_scorer_errors
        note = f"n {numbers.count(figures.n_scored)}"
        note += f", {numbers.count(failed)} failed" if failed else ""
        cells.append(
            HeatCell(
                cell=rate_cell(rate),
                shade=round(10 * rate.value) if rate else 0,
                best=rate is not None and rate.value == best,
                note=note,
            )
        )
    return cells


def _failed(summary: Summary) -> list[tuple[str, str, dict[str, int], Figures]]:
    """(task, system, kind -> answers, figures) wherever something failed or was unreadable."""
    return [
        (item.task, item.system, item.figures.failures, item.figures)
        for item in summary.tasks
        if item.figures.failures or item.figures.n_format_errors
    ]
