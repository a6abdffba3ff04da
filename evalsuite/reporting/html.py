"""One self-contained HTML file a run: no network, no inline handlers, model output only as text."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalsuite.analysis import numbers
from evalsuite.analysis.measure import Figures
from evalsuite.analysis.speculation import speculation_sentence
from evalsuite.analysis.summary import Summary
from evalsuite.analysis.verdict import decision, verdict
from evalsuite.reporting import amortisation, judges, members, plane, strips
from evalsuite.reporting.columns import Cell, rate_cell, systems_columns
from evalsuite.reporting.explorer import embedded, explore
from evalsuite.reporting.plain import visible
from evalsuite.reporting.prompts import HELP, TITLES, flip_sentences, sensitivity_cells, tasks_words
from evalsuite.store import Run

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "templates"
WIDE, NARROW = 1120, 350
"""Figures are drawn for both, so that type keeps its size on a telephone."""


@dataclass(frozen=True)
class HeatCell:
    """A task x system cell: its words, and its shade from 0 (none right) to 10 (all right)."""

    cell: Cell
    shade: int
    best: bool
    note: str


def write_html(run: Run, summary: Summary, path: Path) -> None:
    """Write the report of ``run``, of which ``summary`` was made, to ``path`` (UTF-8)."""
    path.write_text(to_html(run, summary), encoding="utf-8")


def to_html(run: Run, summary: Summary) -> str:
    """The report as one HTML document that opens in any browser, offline."""
    style, script = _source("report.css"), _source("report.js")
    explorer = explore(run, summary)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            summary=summary,
            manifest=summary.manifest,
            verdict=verdict(summary),
            columns=systems_columns(),
            planes=[
                plane.lay_out(summary, width=WIDE, height=470),
                plane.lay_out(summary, width=NARROW, height=400),
            ],
            strips=[
                strips.lay_out(run, summary, width=WIDE),
                strips.lay_out(run, summary, width=NARROW),
            ],
            heat=_heat(summary),
            tasks_words=tasks_words([task.name for task in summary.manifest.tasks]),
            judges=judges,
            prompts_help=HELP,
            prompts_titles=TITLES,
            sensitivity_cells=sensitivity_cells,
            flip_sentences=flip_sentences,
            amortisation=amortisation,
            members=members.member_rows(summary),
            members_help=members.HELP,
            members_titles=members.TITLES,
            member_cells=members.member_cells,
            decision=decision,
            failures=_failures(summary),
            explorer=explorer,
            data=embedded(explorer.data),
            style=style,
            script=script,
            style_hash=_csp_hash(style),
            script_hash=_csp_hash(script),
        )
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("evalsuite.reporting", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        concurrency=numbers.concurrency_words,
        money=numbers.money,
        percent=numbers.percent,
        points=numbers.points,
        times=numbers.times,
        count=numbers.count,
        duration=numbers.duration,
        energy=numbers.energy,
        bounds=_bounds,
        rate=rate_cell,
        drafting=speculation_sentence,
        visible=visible,
        tied=_tied,
        moment=_moment,
        pretty=_pretty,
    )
    return environment


def _source(name: str) -> str:
    return files("evalsuite.reporting").joinpath(TEMPLATES, name).read_text(encoding="utf-8")


def _csp_hash(source: str) -> str:
    """The hash by which the page's own policy admits this one inline block and no other."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


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


def _failures(summary: Summary) -> list[tuple[str, str, dict[str, int], Figures]]:
    """(task, system, kind -> answers, figures) wherever something failed or was unreadable."""
    return [
        (item.task, item.system, item.figures.failures, item.figures)
        for item in summary.tasks
        if item.figures.failures or item.figures.n_format_errors
    ]


def _bounds(estimate: Any, unit: str) -> str:
    """The interval of ``estimate`` written as its ``unit`` is."""
    write = {
        "money": numbers.money,
        "percent": numbers.percent,
        "points": numbers.points,
        "times": numbers.times,
        "duration": numbers.duration,
    }[unit]
    return numbers.interval(estimate, write)


def _tied(text: str) -> str:
    """``text`` with the percent sign kept on the line of its number."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _moment(seconds: float | None) -> str:
    """A time stamp in UTC, to the minute."""
    if seconds is None:
        return numbers.UNKNOWN
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _pretty(value: object) -> str:
    """Configuration as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
